import math
import shutil

import pytest

from longtake.lake import Lake
from longtake.records import METRICS, Clip, Score
from longtake.report import counts_in
from longtake.shards import plan_shards
from longtake.stages import listing, scoring, slicing
from tests.drawing import draw_raw

QUICK = {"measuring": {"text": False}}
SLICING = {"rule": {"min_clip_s": 1.0}}


@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    """A folder with the test footage, listed and sliced: three clips."""
    folder = tmp_path_factory.mktemp("sliced")
    draw_raw(folder / "raw")
    places = {"raw": str(folder / "raw"), "data_root": str(folder / "data")}
    listing.run(**places, shards=1)
    slicing.run(**places, config=SLICING)
    return folder


@pytest.fixture
def lake(sliced, tmp_path):
    """A copy of the lake, to be changed."""
    shutil.copytree(sliced / "data", tmp_path / "data")
    return Lake(str(tmp_path / "data"))


@pytest.fixture
def score(sliced, lake):
    def run(**given):
        plain = {"raw": str(sliced / "raw"), "data_root": lake.data_root, "slicing_config": SLICING, "config": QUICK}
        return scoring.run(**plain | given)

    return run


def test_every_clip_gets_its_numbers_once_and_again_does_nothing(score, lake):
    summary = score()
    assert (summary.items, summary.inputs, summary.skipped) == ({"kept": 3}, 3, 0)
    rows = lake.tables.read(Score)
    assert {row.clip_id for row in rows} == {clip.clip_id for clip in lake.tables.read(Clip) if clip.uri}
    for row in rows:
        assert row.text_share is None
        assert all(math.isfinite(getattr(row, name)) for name in METRICS if name != "text_share")
        assert row.motion == pytest.approx(40, rel=0.15)  # the drawn texture drifts by 2 of 320 px a frame, 25 frames/s
    version = lake.tables.version(Score)
    again = score()
    assert (again.items, again.skipped, lake.tables.version(Score)) == ({"kept": 3}, 3, version)


def test_shards_together_are_the_whole(score, lake):
    buckets = dict.fromkeys((clip.bucket for clip in lake.tables.read(Clip)), 1)
    parts = [score(shard=str(shard)) for shard in plan_shards(buckets, 2)]
    assert sum(part.inputs for part in parts) == 3
    assert len(lake.tables.read(Score)) == 3


def test_a_changed_config_makes_new_rows_beside_the_old_ones(score, lake):
    score()
    score(config={"measuring": {"text": False, "sampling": {"frames": 32}}})
    assert len(lake.tables.read(Score)) == 6
    score(config=QUICK | {"work": {"readers": 1}, "limits": {"wall_s": 60}})
    assert len(lake.tables.read(Score)) == 6


def test_clips_of_another_slicing_are_left_alone(score):
    assert score(slicing_config={}).inputs == 0


def test_a_broken_clip_is_put_aside_with_its_reason_and_takes_no_neighbour_along(score, lake):
    bad = next(clip for clip in lake.tables.read(Clip) if clip.uri)
    lake.objects.put(bad.uri, b"no film" * 100, overwrite=True)
    summary = score()
    assert summary.items == {"kept": 2, "quarantined:unreadable": 1}
    (row,) = [row for row in lake.tables.read(Score) if row.reason]
    assert (row.clip_id, row.motion, row.fingerprint) == (bad.clip_id, None, None)
    assert summary.exit_code == 10
    assert score(config=QUICK).skipped == 3
    assert score(config=QUICK | {"limits": {"wall_s": 99}}).skipped == 2  # under other limits it is tried again


def test_a_clip_whose_file_is_gone_has_no_row(score, lake):
    gone = next(clip for clip in lake.tables.read(Clip) if clip.uri)
    lake.objects.delete(gone.uri)
    summary = score()
    assert (summary.items, summary.gone) == ({"kept": 2}, 1)


def test_the_page_counts_what_the_table_holds(score, lake):
    score()
    page = lake.objects.read("reports/by-hand/scoring-1of1.html").decode()
    assert counts_in(page) == {("kept", ""): 3}
    assert "moving_area" in page


def test_text_on_the_screen_is_looked_for_unless_told_otherwise(score, lake):
    score(config={"work": {"readers": 1}})
    assert all(0 <= row.text_share <= 1 for row in lake.tables.read(Score))


def test_an_aesthetic_score_comes_from_weights_that_are_given_and_from_nothing_else(score, lake, tmp_path):
    pytest.importorskip("torch", reason="the torch extra is not installed")
    from tests.scoring.tiny_clip import draw_weights

    score()
    assert {row.aesthetic for row in lake.tables.read(Score)} == {None}
    draw_weights(tmp_path)
    given = {"clip": str(tmp_path / "clip"), "head": str(tmp_path / "head.safetensors")}
    config = {"measuring": {"text": False, "aesthetics": given}, "work": {"model_batch": 2}}
    assert score(config=config).items == {"kept": 3}
    found = [row for row in lake.tables.read(Score) if row.aesthetic is not None]
    assert len(found) == 3
    assert all(4 <= row.aesthetic <= 6 for row in found)
    assert score(config=config).skipped == 3
    (tmp_path / "clip").rename(tmp_path / "moved")
    moved = given | {"clip": str(tmp_path / "moved")}
    assert score(config={"measuring": {"text": False, "aesthetics": moved}}).skipped == 3  # the same weights elsewhere
