"""VTSS on the page of a scoring: who is at its ends, and what costs clips most."""

import random

from longtake.records import METRICS
from longtake.report import ScoreTally, scoring_sheet
from longtake.scoring.metrics import SUB_METRICS
from tests.report.reading import Reader, check_stands_alone
from tests.rows import clip, score, video

OF = video(1)


def judged(number, vtss, reason=None, gain=None):
    numbers = dict.fromkeys(METRICS, 0.5) | {"noise": float(number)}
    return score(clip(number, OF), **numbers, vtss=vtss, vtss_reason=reason, vtss_gain=gain)


def tally_of(rows):
    tally = ScoreTally(SUB_METRICS)
    for row in rows:
        tally.add(row, clip(int(row.clip_id[:8], 16), OF))
    return tally


def sheet(rows):
    return scoring_sheet(
        tally_of(rows),
        lambda of: b"\xff\xd8",
        sentences={},
        shard="1/1:0-63",
        facts={},
        names={OF.video_id: OF.uris[0]},
    )


ROWS = [
    judged(n, 1 + n / 5, *(("noise", 0.2 * n) if n in (1, 2) else ("clarity", 0.3) if n == 0 else ()))
    for n in range(20)
]


def test_the_three_clips_at_either_end_are_shown_and_none_twice():
    found = tally_of(ROWS).suitability
    assert [row.vtss for row, _ in found.lowest()] == [1.0, 1.2, 1.4]
    assert [row.vtss for row, _ in found.highest()] == [4.8, 4.6, 4.4]
    few = tally_of(ROWS[:3]).suitability
    assert len(few.lowest()) == len(few.highest()) == 1


def test_sub_metrics_are_listed_by_the_clips_that_they_cost_most():
    first, second, third, *_ = tally_of(ROWS).suitability.costs(dict.fromkeys(METRICS, 0.1))
    assert (first.name, first.clips, first.share, first.mean_gain) == ("noise", 2, 0.1, 0.30000000000000004)
    assert (second.name, second.clips, third.clips, third.mean_gain) == ("clarity", 1, 0, None)
    assert tally_of(ROWS).suitability.without_reason == 17


def test_a_page_says_what_costs_clips_most_and_each_shown_clips_reason_in_words():
    page = sheet(ROWS)
    check_stands_alone(page)
    text = Reader(page).text
    assert "noise 1 levels of 255 costs it most: VTSS would be 0.20 higher with a typical value" in text
    assert "17 would rise by none" in text
    assert "+1.00" in text, "VTSS goes with noise"
    assert sheet(ROWS) == sheet(random.Random(0).sample(ROWS, len(ROWS)))


def test_without_vtss_a_page_says_nothing_of_it():
    assert "VTSS" not in Reader(sheet([judged(n, None) for n in range(4)])).text
