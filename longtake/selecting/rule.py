"""What one dataset is chosen by, every number resolved: a threshold on VTSS, hand-set thresholds, or both."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from longtake.errors import UserError
from longtake.records import Score
from longtake.selecting.config import Range, SelectingConfig, Thresholds
from longtake.selecting.thresholds import Verdict, bounds, check_measured, judge, margin, only


@dataclass(frozen=True, slots=True)
class Rule:
    """A clip is kept if its VTSS is high enough and it is within the thresholds."""

    vtss_min: float | None
    """None: VTSS is not asked."""
    thresholds: Thresholds
    """All open where they are not asked."""


def rule_of(config: SelectingConfig, vtss_min: float | None) -> Rule:
    """The rule of a config, with the threshold on VTSS that is given or was found for it."""
    return Rule(
        None if config.by == "thresholds" else vtss_min,
        only() if config.by == "vtss" else config.thresholds,
    )


def decide(score: Score, rule: Rule) -> Verdict:
    """Whether the clip is kept; VTSS is asked first. UserError where it was measured, but not by what the rule asks for."""
    by_hand = judge(score, rule.thresholds)
    if rule.vtss_min is None or score.reason is not None:
        return by_hand
    if score.vtss is None:
        raise UserError(_without_vtss(1, 1))
    if score.vtss >= rule.vtss_min:
        return by_hand
    return Verdict(False, "vtss_low", "; ".join(filter(None, (_vtss_detail(score, rule.vtss_min), by_hand.detail))))


def check_scored(scores: Iterable[Score], config: SelectingConfig) -> None:
    """UserError if a clip that was measured lacks what the config chooses by."""
    measured = [score for score in scores if score.reason is None]
    if config.by != "thresholds" and (missing := sum(score.vtss is None for score in measured)):
        raise UserError(_without_vtss(missing, len(measured)))
    if config.by != "vtss":
        check_measured(measured, config.thresholds)


def comparable(thresholds: Thresholds, absent: Collection[str]) -> Thresholds:
    """What VTSS can be compared with: the thresholds without those on VTSS itself, and on metrics that clips lack."""
    return replace(thresholds, vtss=Range(), **{metric: Range() for metric in absent})


def distance(score: Score, rule: Rule, spread: Mapping[str, float]) -> float:
    """How far the clip is from being judged otherwise: above 0 or 0 inside, below 0 outside, as `margin` says.

    Of VTSS alone in its own points; beside thresholds in its spread, as theirs.
    """
    by_hand = margin(score, rule.thresholds, spread)
    if rule.vtss_min is None or score.reason is not None:
        return by_hand
    above = (math.nan if score.vtss is None else score.vtss) - rule.vtss_min
    if math.isnan(above):
        return -math.inf
    return min(by_hand, above / spread["vtss"]) if any(bounds(rule.thresholds)) else above


def _vtss_detail(score: Score, least: float) -> str:
    detail = f"vtss {score.vtss:g}, at least {least:g}"
    if score.vtss_reason and score.vtss_gain:
        detail += f"; most of it: {score.vtss_reason} ({score.vtss_gain:.2g} would be gained)"
    return detail


def _without_vtss(missing: int, measured: int) -> str:
    return (
        f"clips are chosen by VTSS, but {missing} of {measured} have none; score again with a network (scoring_config: "
        "{measuring: {suitability: {weights: ...}}}), or choose by hand-set thresholds (selecting_config: {by: thresholds})"
    )
