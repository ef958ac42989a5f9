import base64
import random
from dataclasses import dataclass

import pytest

from longtake.records import METRICS
from longtake.report import ScoreTally, counts_in, scoring_sheet
from longtake.video.faults import REASONS
from tests.report.reading import EVIL, Reader, check_stands_alone
from tests.rows import clip, score, video

OF = video(1)
JPEG = b"\xff\xd8 a picture"


@dataclass(frozen=True)
class Text:
    name: str
    unit: str = "share"
    sentence: str = "What a high value means."


def scored(number, **fields):
    """Plain numbers, the same in all clips but for what is given."""
    return score(clip(number, OF), **dict.fromkeys(METRICS, 0.5) | fields)


def failed(number, reason="corrupt", **fields):
    return score(clip(number, OF), reason=reason, **fields)


def sheet(scores, poster=lambda clip: JPEG, **fields):
    plain = {"sentences": REASONS, "shard": "1/1:0-63", "facts": {}, "names": {OF.video_id: OF.uris[0]}}
    tally = ScoreTally(fields.pop("metrics", [Text(name) for name in METRICS]))
    for row in scores:
        tally.add(row, clip(int(row.clip_id[:8], 16), OF))
    return scoring_sheet(tally, poster, **plain | fields)


def some(count, seed=0):
    noise = random.Random(seed)
    return [scored(n, **{name: noise.random() for name in METRICS}) for n in range(count)]


def test_the_counts_that_a_page_shows_read_back_equal():
    rows = [*some(7), failed(7), failed(8), failed(9, "no_frames")]
    assert counts_in(sheet(rows)) == {("kept", ""): 7, ("quarantined", "corrupt"): 2, ("quarantined", "no_frames"): 1}


def test_whatever_anything_is_called_it_is_text_and_nothing_is_loaded():
    metrics = [Text(name, EVIL, EVIL) for name in METRICS]
    rows = [*some(3), failed(3, detail=EVIL)]
    page = sheet(
        rows, metrics=metrics, shard=EVIL, facts={EVIL: EVIL}, names={OF.video_id: EVIL}, sentences={"corrupt": EVIL}
    )
    check_stands_alone(page)
    assert counts_in(page) == {("kept", ""): 3, ("quarantined", "corrupt"): 1}
    assert "<script>alert(1)</script>" in Reader(page).text
    assert "{{ 7 * 7 }}&amp;" in Reader(page).text


def test_each_metric_shows_the_clips_at_its_two_ends():
    rows = [scored(n, motion=float(n)) for n in range(9)]
    asked = []
    page = sheet(rows, poster=lambda of: asked.append(of.clip_id) or JPEG)
    pictures = Reader(page).all("img")
    assert [picture["alt"].removeprefix("stills of ") for picture in pictures] == [rows[0].clip_id, rows[8].clip_id]
    assert base64.b64decode(pictures[0]["src"].partition(",")[2]) == JPEG
    assert asked == [rows[0].clip_id, rows[8].clip_id], "the other metrics are the same in all clips"
    assert "The same for all clips." in page


def test_clips_that_share_the_lowest_value_are_counted():
    assert "2 more with this value" in sheet([scored(n, motion=max(0.0, n - 2.0)) for n in range(9)])


def test_a_metric_of_no_clip_is_named_and_the_scores_of_models_appear_where_there_are_any():
    page = Reader(sheet([scored(n, text_share=None) for n in range(3)])).text
    assert "Measured on no clip: text_share." in page
    assert "vtss" not in page
    assert "vtss" in Reader(sheet([scored(n, vtss=3.0 + n) for n in range(3)])).text


@pytest.mark.parametrize("rows", [[], [failed(n) for n in range(5)], [scored(0)]], ids=["none", "all failed", "one"])
def test_a_page_without_anything_to_compare_is_a_page(rows):
    page = sheet(rows)
    check_stands_alone(page)
    assert "Which go together" not in page or len(rows) == 1
    assert counts_in(page).total() == len(rows)


def test_a_page_of_10_000_scores_with_large_pictures_and_evil_names_is_under_2_mb_and_says_what_is_left_out():
    evil = "\"'<>&" * 200
    rows = some(5000) + [failed(n, detail=evil) for n in range(5000, 10_000)]
    page = sheet(rows, poster=lambda of: b"x" * 90_000, names={OF.video_id: evil})
    assert len(page.encode()) < 2_000_000
    assert "4,800 more are in the table" in Reader(page).text
    shown = len(Reader(page).all("img"))
    assert 8 < shown < 30
    assert f"{30 - shown} filmstrips are left out" in page
    assert counts_in(page) == {("kept", ""): 5000, ("quarantined", "corrupt"): 5000}


def test_a_filmstrip_that_is_missing_is_said():
    assert "2 filmstrips are left out" in sheet([scored(n, motion=float(n)) for n in range(3)], poster=lambda of: b"")


def test_the_same_scores_in_any_order_give_the_same_page():
    rows = [*some(50), failed(50), failed(51, "no_frames")]
    assert sheet(rows) == sheet(random.Random(1).sample(rows, len(rows)))
