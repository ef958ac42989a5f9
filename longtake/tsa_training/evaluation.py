"""What a trained network is worth, from samples of sources that it was not trained on."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.selecting.config import Thresholds
from longtake.tsa_training.agreement import DRAWS, agree, rank_correlation
from longtake.tsa_training.decisions import compare_ways, roc_of, shift_thresholds
from longtake.tsa_training.findings import Agreement, Evaluation, Ladders, MetricAgreement, Rung, Share
from longtake.tsa_training.judged import CLEAN, Judged, metric_columns, once, scores, targets

__all__ = ["Judged", "evaluate", "judge_ladders", "judge_metrics"]

Name = TypeVar("Name", str, int)

ALL_GROUP = "held-out sources"
TRAINED_GROUP = "held-out sources, trained kinds"
UNSEEN_GROUP = "held-out sources, held-out kinds"


def evaluate(
    rows: Sequence[Judged], *, vtss_min: float, thresholds: Thresholds | None = None, seed: int = 0, draws: int = DRAWS
) -> Evaluation:
    """Everything at once, on the samples of held-out sources; the others choose the signs of the sub-metrics.

    `thresholds` are the defaults of `selecting` unless told. UserError if no sample comes from a held-out source.
    """
    tested = [row for row in rows if row.held_out_source]
    if not tested:
        raise UserError(
            f"none of {len(rows)} samples comes from a held-out source, so there is nothing to evaluate on; hold out "
            "at least one source"
        )
    manual = thresholds or Thresholds()
    samples, trained = once(tested), once(row for row in rows if not (row.held_out_source or row.held_out_kind))
    dimensions, kinds = _split(tested, lambda row: row.dimension), _split(tested, lambda row: row.kind)

    return Evaluation(
        vtss_min=vtss_min,
        samples=len(samples),
        sources=len({row.source for row in samples}),
        groups=_agreements(group(tested), seed, draws),
        dimensions=_agreements(dimensions, seed, draws),
        kinds=_agreements(kinds, seed, draws),
        ladders=judge_ladders(tested),
        metrics=judge_metrics(trained, samples),
        best_metrics={kind: judge_metrics(chosen, chosen)[0] for kind, chosen in kinds.items()},
        decisions=compare_ways(samples, vtss_min, manual),
        shifts=shift_thresholds(samples, vtss_min, manual),
        roc=roc_of(samples),
    )


def group(tested: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Samples of held-out sources: all; the clean, and those with kinds of defects as in training; those with other kinds."""
    return {
        ALL_GROUP: once(tested),
        TRAINED_GROUP: once(row for row in tested if not row.held_out_kind),
        UNSEEN_GROUP: _with_clean([row for row in tested if row.held_out_kind], tested),
    }


def judge_ladders(rows: Sequence[Judged]) -> Ladders:
    """Which neighbouring steps are in order: VTSS must fall from one to the next; a tie is wrong.

    A ladder has the kind of its most severe sample. Steps with a missing one between them are no neighbours.
    ValueError if two samples stand on one step of a ladder.
    """
    ladders: dict[str, dict[int, Judged]] = defaultdict(dict)
    for row in rows:
        if row.ladder is not None and ladders[row.ladder].setdefault(row.step, row) is not row:
            raise ValueError(f"ladder {row.ladder} has two samples at step {row.step}; give each ladder its own name")
    pairs: list[tuple[str, int, bool]] = []
    steps: dict[str, dict[int, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for ladder in ladders.values():
        kind = ladder[max(ladder)].kind
        for step, row in ladder.items():
            steps[kind][step].append(row)
            if worse := ladder.get(step + 1):
                pairs.append((kind, step, worse.vtss < row.vtss))
    return Ladders(
        all=Share(sum(in_order for _, _, in_order in pairs), len(pairs)),
        by_kind=_shares((kind, in_order) for kind, _, in_order in pairs),
        by_step=_shares((step, in_order) for _, step, in_order in pairs),
        rungs={kind: tuple(_rung(step, steps[kind][step]) for step in sorted(steps[kind])) for kind in sorted(steps)},
    )


def judge_metrics(trained: Sequence[Judged], tested: Sequence[Judged]) -> tuple[MetricAgreement, ...]:
    """How well every sub-metric alone orders the tested samples by target, the best one first.

    Its sign is the one that it has in training. A sample without it has the median of the clean training samples.
    """
    known, asked = metric_columns(trained), metric_columns(tested)
    clean = np.array([not row.kinds for row in trained], bool)
    wanted, known_wanted = targets(tested), targets(trained)
    found = []
    for name in known:
        centre = _median(known[name][clean])
        before, after = (np.where(np.isfinite(column), column, centre) for column in (known[name], asked[name]))
        found.append(
            MetricAgreement(
                name=name,
                srcc=_oriented(before, known_wanted, after, wanted),
                folded_srcc=_oriented(np.abs(before - centre), known_wanted, np.abs(after - centre), wanted),
            )
        )
    return tuple(sorted(found, key=lambda row: -math.inf if math.isnan(row.best) else row.best, reverse=True))


def _shares(pairs: Iterable[tuple[Name, bool]]) -> dict[Name, Share]:
    """By name, in its order."""
    found: dict[Name, list[bool]] = defaultdict(list)
    for name, in_order in pairs:
        found[name].append(in_order)
    return {name: Share(sum(found[name]), len(found[name])) for name in sorted(found)}


def _with_clean(chosen: Sequence[Judged], rows: Sequence[Judged]) -> list[Judged]:
    """The chosen rows, and the clean ones at the foot of their ladders, each sample once."""
    ladders = {row.ladder for row in chosen} - {None}
    return once([*chosen, *(row for row in rows if not row.kinds and row.ladder in ladders)])


def _split(rows: Sequence[Judged], name_of: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    """Defective rows by name, each with the clean ones of their ladders."""
    names = sorted(set(map(name_of, rows)) - {CLEAN})
    return {name: _with_clean([row for row in rows if name_of(row) == name], rows) for name in names}


def _agreements(groups: Mapping[str, Sequence[Judged]], seed: int, draws: int) -> dict[str, Agreement]:
    return {
        name: agree(scores(rows), targets(rows), [row.source for row in rows], seed=seed, draws=draws)
        for name, rows in groups.items()
    }


def _rung(step: int, rows: Sequence[Judged]) -> Rung:
    target, vtss = float(targets(rows).mean()), float(scores(rows).mean())
    return Rung(step=step, samples=len(rows), target=target, vtss=vtss)


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


def _oriented(
    before: NDArray[np.float64],
    before_target: NDArray[np.float64],
    after: NDArray[np.float64],
    target: NDArray[np.float64],
) -> float:
    """SRCC of what is tested, above 0 where it has the sign of what was trained on."""
    return rank_correlation(after, target) * float(np.sign(rank_correlation(before, before_target)))
