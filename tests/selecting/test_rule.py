import math

import pytest

from longtake.errors import UserError
from longtake.selecting.config import Range, SelectingConfig, Thresholds
from longtake.selecting.rule import Rule, check_scored, comparable, decide, distance, rule_of
from longtake.selecting.thresholds import MEASURES, bounds, only

from .drawn import score

BY_VTSS = Rule(2.4, only())
BOTH = Rule(2.4, only(clarity=Range(min=0.5)))
UNIT = dict.fromkeys(MEASURES, 0.5)


def test_a_rule_asks_for_what_the_config_chooses_by():
    thresholds = only(clarity=Range(min=0.5))
    assert rule_of(SelectingConfig(by="vtss"), 2.4) == BY_VTSS
    assert rule_of(SelectingConfig(by="both", thresholds=thresholds), 2.4) == BOTH
    assert rule_of(SelectingConfig(by="thresholds", thresholds=thresholds), 2.4) == Rule(None, thresholds)


def test_a_clip_that_vtss_drops_says_by_how_much_and_for_what():
    verdict = decide(score(vtss=1.8, vtss_reason="text_share", vtss_gain=0.4), BY_VTSS)
    assert (verdict.kept, verdict.reason) == (False, "vtss_low")
    assert verdict.detail == "vtss 1.8, at least 2.4; most of it: text_share (0.4 would be gained)"
    assert decide(score(vtss=1.8), BY_VTSS).detail == "vtss 1.8, at least 2.4"
    assert decide(score(vtss=2.4, clarity=0.0), BY_VTSS).kept


def test_by_both_a_clip_must_pass_both_and_vtss_is_the_first_reason():
    assert decide(score(vtss=3.0, clarity=0.6), BOTH).kept
    assert decide(score(vtss=3.0, clarity=0.4), BOTH).reason == "clarity_low"
    failing = decide(score(vtss=1.8, clarity=0.4), BOTH)
    assert (failing.reason, failing.detail) == ("vtss_low", "vtss 1.8, at least 2.4; clarity 0.4, at least 0.5")


def test_a_score_that_is_no_number_is_not_kept():
    broken = score(vtss=math.nan)
    assert decide(broken, BY_VTSS).reason == "vtss_low"
    assert distance(broken, BY_VTSS, UNIT) == -math.inf


def test_a_clip_that_could_not_be_measured_is_not_measured_by_whatever_rule():
    blind = score(**dict.fromkeys(MEASURES), reason="corrupt")
    for rule in (BY_VTSS, BOTH):
        assert decide(blind, rule).reason == "not_measured"
        assert distance(blind, rule, UNIT) == -math.inf
    check_scored([blind], SelectingConfig(by="vtss"))


def test_clips_without_vtss_are_the_users_mistake_with_both_ways_out():
    with pytest.raises(UserError) as fault:
        check_scored([score(), score(vtss=None)], SelectingConfig(by="vtss"))
    for words in ("1 of 2 have none", "suitability", "by: thresholds"):
        assert words in str(fault.value)
    with pytest.raises(UserError, match="score again"):
        decide(score(vtss=None), BY_VTSS)
    check_scored([score(vtss=None)], SelectingConfig(by="thresholds"))
    with pytest.raises(UserError, match="no text_share"):
        check_scored([score(text_share=None)], SelectingConfig(by="both"))
    check_scored([score(text_share=None)], SelectingConfig(by="vtss"))


def test_the_distance_is_in_points_of_vtss_and_beside_thresholds_in_spreads():
    assert distance(score(vtss=3.4), BY_VTSS, UNIT) == pytest.approx(1)
    assert distance(score(vtss=3.4, clarity=9.0), BOTH, UNIT) == pytest.approx(2)
    assert distance(score(vtss=3.4, clarity=0.25), BOTH, UNIT) == pytest.approx(-0.5)
    assert distance(score(vtss=1.4, clarity=0.75), BOTH, UNIT) == pytest.approx(-2)


def test_vtss_is_compared_with_thresholds_on_what_all_clips_have_but_not_with_itself():
    compared = comparable(Thresholds(vtss=Range(min=3), aesthetic=Range(min=4)), {"text_share"})
    found = {metric for metric, _, _ in bounds(compared)}
    assert not found & {"vtss", "text_share"}
    assert {"aesthetic", "motion"} <= found


@pytest.mark.parametrize(("vtss", "kept"), [(2.39, False), (2.4, True)])
def test_the_threshold_itself_is_kept(vtss, kept):
    assert decide(score(vtss=vtss), BY_VTSS).kept == kept
    assert (distance(score(vtss=vtss), BY_VTSS, UNIT) >= 0) == kept
