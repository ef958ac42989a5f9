import math
import shutil

import pytest

from longtake.config import load_config
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import METRICS, Clip, Score
from longtake.report import counts_in
from longtake.shards import plan_shards
from longtake.stages import listing, scoring, slicing
from longtake.stages.config import ScoringStageConfig
from longtake.stages.visiting import plain_file
from longtake.stages.workers import JudgeOrder, LookerOrder
from tests.drawing import draw_raw, shot, write_video

QUICK = {"measuring": {"text": False, "suitability": None}}
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
    score(config={"measuring": QUICK["measuring"] | {"sampling": {"frames": 32}}})
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
    score(config={"measuring": {"suitability": None}, "work": {"readers": 1}})
    assert all(0 <= row.text_share <= 1 for row in lake.tables.read(Score))


@pytest.mark.slow
def test_an_aesthetic_score_comes_from_weights_that_are_given_and_from_nothing_else(score, lake, tmp_path):
    pytest.importorskip("torch", reason="the torch extra is not installed")
    from tests.scoring.tiny_clip import draw_weights

    score()
    assert {row.aesthetic for row in lake.tables.read(Score)} == {None}
    draw_weights(tmp_path)
    given = {"clip": str(tmp_path / "clip"), "head": str(tmp_path / "head.safetensors")}
    config = {"measuring": QUICK["measuring"] | {"aesthetics": given}, "work": {"model_batch": 2}}
    assert score(config=config).items == {"kept": 3}
    found = [row for row in lake.tables.read(Score) if row.aesthetic is not None]
    assert len(found) == 3
    assert all(4 <= row.aesthetic <= 6 for row in found)
    assert score(config=config).skipped == 3
    (tmp_path / "clip").rename(tmp_path / "moved")
    moved = given | {"clip": str(tmp_path / "moved")}
    assert (
        score(config={"measuring": QUICK["measuring"] | {"aesthetics": moved}}).skipped == 3
    )  # the same weights elsewhere


@pytest.fixture
def weights(tmp_path):
    pytest.importorskip("torch", reason="the network extra is not installed")
    from tests.scoring.tiny_checkpoint import draw_checkpoint

    return draw_checkpoint(tmp_path / "tiny.safetensors")


def by(weights, **suitability):
    """The config that scores by these weights."""
    measuring = {"text": False, "suitability": {"weights": str(weights)} | suitability}
    return {"measuring": measuring, "work": {"readers": 1}}


def test_every_clip_gets_its_vtss_with_the_weights_content_and_the_seed_in_made_by(score, lake, weights):
    assert score(config=by(weights)).items == {"kept": 3}
    rows = lake.tables.read(Score)
    assert len({row.vtss for row in rows}) == 3
    assert all(1 < row.vtss < 5 and (row.vtss_reason is None) == (row.vtss_gain is None) for row in rows)
    page = lake.objects.read("reports/by-hand/scoring-1of1.html").decode()
    assert "Least suitable" in page
    assert "What costs clips most" in page
    assert score(config=by(weights.rename(weights.with_name("moved.safetensors")))).skipped == 3
    moved = weights.with_name("moved.safetensors")
    assert makers(by(moved)) != makers(by(moved, seed=1)) != makers(QUICK)


def makers(config):
    return scoring.makers(load_config(ScoringStageConfig, config, where="scoring config")).good


def test_weights_that_are_missing_end_the_step_before_its_work(score, lake, tmp_path):
    with pytest.raises(UserError, match="suitability: null"):
        score(config=by(tmp_path / "nowhere.safetensors"))
    assert lake.tables.version(Score) is None


@pytest.fixture
def look(tmp_path):
    """A function that has a film, and a file that is none, looked at by these weights."""
    write_video(shot(1, 30), tmp_path / "clip.mp4")
    (tmp_path / "text.mp4").write_text("no film")

    def run(weights, judges):
        config = load_config(ScoringStageConfig, by(weights), where="scoring config")
        looker = LookerOrder(config.measuring, config.limits, plain_file, judges)()
        found = looker([tmp_path / "clip.mp4", tmp_path / "text.mp4"])
        looker.close()
        return found, JudgeOrder(None, config.measuring.suitability)

    return run


def test_a_judge_apart_gives_a_clip_the_same_numbers_as_a_looker_that_judges(weights, look):
    (plain, bad), _ = look(weights, judges=True)
    (seen, unread), judge = look(weights, judges=False)
    assert (plain.inputs, seen.suited) == (None, None)
    judged, passed = judge()([seen, unread])
    assert judged.suited.vtss == pytest.approx(plain.suited.vtss, abs=1e-4)
    assert (judged.inputs, judged.seconds) == (None, seen.seconds)
    assert (passed.reason, passed.suited) == (bad.reason, None) == ("unreadable", None)


def test_vtss_that_is_no_number_is_a_reason_wherever_it_comes_from(tmp_path, look):
    pytest.importorskip("torch", reason="the network extra is not installed")
    from tests.scoring.tiny_checkpoint import draw_checkpoint

    broken = draw_checkpoint(tmp_path / "broken.safetensors", broken=True)
    (looked, _), _ = look(broken, judges=True)
    (seen, _), judge = look(broken, judges=False)
    (judged,) = judge()([seen])
    for found in (looked, judged):
        assert (found.reason, found.detail, found.suited, found.inputs) == ("not_finite", "vtss", None, None)
        assert set(found.metrics.values()) == {None}
