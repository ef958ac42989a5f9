import json

import pytest

from longtake.config import load_config
from longtake.datasets.stored import list_datasets, read_dataset
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import METRICS, Clip, Score, Selection, Video
from longtake.report import counts_in
from longtake.stages import scoring, selecting, slicing
from longtake.stages.config import ScoringStageConfig, SlicingStageConfig
from tests.rows import clip, score, video

RAW = "s3://footage/raw"
SLICED = slicing.makers(SlicingStageConfig()).good
SCORED = scoring.makers(ScoringStageConfig())
SHARP, FLAT = {"clarity": 0.9}, {"clarity": 0.1}
OPEN = {name: {} for name in METRICS}
RULE = {"thresholds": OPEN | {"clarity": {"min": 0.5}}}


class Footage:
    """A lake with clips and scores that were never measured: only what selecting reads."""

    def __init__(self, folder):
        self.lake = Lake(str(folder))
        self.videos, self.clips, self.scores = [], [], []

    def add(self, number, metrics, *, raw=RAW, fingerprint=None, reason=None, scored=True, **fields):
        """One video of one clip, whose fingerprint is like no other unless it is given."""
        of = video(number, uris=[f"{raw}/{number}.mp4"])
        made = clip(number, of, made_by=SLICED, **fields)
        self.videos.append(of)
        self.clips.append(made)
        if scored:
            print_ = fingerprint or f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4
            plain = {"fingerprint": print_, "made_by": SCORED.good} | metrics
            if reason:
                plain = dict.fromkeys(metrics) | {"fingerprint": None, "made_by": SCORED.failed, "reason": reason}
            self.scores.append(score(made, **plain))
        return made

    def write(self):
        for rows in (self.videos, self.clips, self.scores):
            if rows:
                self.lake.tables.merge(rows)
        self.videos, self.clips, self.scores = [], [], []

    def select(self, *, raw=RAW, **given):
        self.write()
        return selecting.run(raw=raw, data_root=self.lake.data_root, **{"config": RULE, **given})

    def reasons(self, dataset):
        rows = self.lake.tables.read(Selection, dataset=dataset)
        return {row.clip_id: row.reason for row in rows}


@pytest.fixture
def footage(tmp_path):
    return Footage(tmp_path / "data")


def test_clips_within_every_threshold_are_kept_and_the_others_say_why(footage):
    good, bad = footage.add(1, SHARP), footage.add(2, FLAT)
    summary = footage.select()
    assert summary.items == {"kept": 1, "dropped:clarity_low": 1}
    assert footage.reasons(summary.dataset) == {good.clip_id: None, bad.clip_id: "clarity_low"}
    dataset = read_dataset(footage.lake, "clips")
    assert (dataset.name, dataset.clips, dataset.seconds) == (summary.dataset, 1, 2.0)
    assert dataset.counts == summary.items
    assert dataset.made_by == {
        "slicing": SLICED,
        "scoring": SCORED.good,
        "selecting": selecting.maker(load_config(selecting.SelectingConfig, RULE, where="")),
    }
    assert {
        table: footage.lake.tables.version(record)
        for table, record in (("videos", Video), ("clips", Clip), ("scores", Score), ("selections", Selection))
    } == dataset.versions


def test_of_near_duplicates_the_largest_picture_stands_for_the_others(footage):
    print_ = "0123456789abcdef" * 4
    near = "0123456789abcdee" + "0123456789abcdef" * 3
    small = footage.add(1, SHARP, fingerprint=print_)
    large = footage.add(2, SHARP, fingerprint=near, width=128, height=96)
    summary = footage.select()
    assert footage.reasons(summary.dataset) == {small.clip_id: "duplicate", large.clip_id: None}
    (row,) = [r for r in footage.lake.tables.read(Selection) if r.reason]
    assert row.detail == large.clip_id


def test_a_clip_that_is_dropped_stands_for_none(footage):
    print_ = "0123456789abcdef" * 4
    large = footage.add(1, FLAT, fingerprint=print_, width=128, height=96)
    small = footage.add(2, SHARP, fingerprint=print_)
    assert footage.reasons(footage.select().dataset) == {large.clip_id: "clarity_low", small.clip_id: None}


def test_flat_clips_which_all_look_the_same_are_no_duplicates(footage):
    for number in (1, 2):
        footage.add(number, SHARP, fingerprint="0" * 64)
    assert footage.select().items == {"kept": 2}


def test_a_threshold_on_what_was_not_measured_is_a_mistake_before_anything_is_written(footage):
    footage.add(1, SHARP | {"text_share": None})
    with pytest.raises(UserError, match="1 of 1 clips have no text_share; score again with `text: true`"):
        footage.select(config={"thresholds": OPEN | {"text_share": {"max": 0.02}}})
    assert list_datasets(footage.lake) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [({}, "a threshold on text_share"), ({"text_share": {}, "aesthetic": {"min": 4}}, "on aesthetic")],
)
def test_a_threshold_on_what_scoring_is_told_not_to_measure_is_refused_before_the_lake_is_touched(rule, words):
    with pytest.raises(UserError, match=words) as fault:
        selecting.run(
            raw="s3://none/raw", data_root="s3://none/data", scoring_config={"measuring": {"text": False}},
            config={"thresholds": rule},
        )  # fmt: skip
    assert "take the threshold away" in str(fault.value)


def test_duplicates_may_stay(footage):
    for number in (1, 2):
        footage.add(number, SHARP, fingerprint="ab" * 32)
    assert footage.select(config=RULE | {"fold_duplicates": False}).items == {"kept": 2}


def test_a_clip_without_numbers_or_without_a_score_is_dropped_with_that_reason(footage):
    footage.add(1, SHARP)
    broken, missing = footage.add(2, SHARP, reason="corrupt"), footage.add(3, SHARP, scored=False)
    reasons = footage.reasons(footage.select().dataset)
    assert (reasons[broken.clip_id], reasons[missing.clip_id]) == ("not_measured", "not_scored")


def test_it_covers_the_videos_below_raw_alone(footage):
    footage.add(1, SHARP)
    footage.add(2, SHARP, raw="s3://footage/other")
    assert footage.select().items == {"kept": 1}
    assert footage.select(raw="s3://footage").items == {"kept": 2}


def test_the_same_again_is_the_same_dataset_and_writes_nothing(footage):
    footage.add(1, SHARP)
    first = footage.select()
    versions = footage.lake.tables.version(Selection)
    again = footage.select()
    assert (again.dataset, again.items, again.skipped) == (first.dataset, first.items, 1)
    assert footage.lake.tables.version(Selection) == versions
    assert len(list_datasets(footage.lake)) == 1


def test_other_thresholds_or_more_footage_make_another_dataset_beside_it(footage):
    footage.add(1, SHARP)
    one = footage.select().dataset
    stricter = footage.select(config={"thresholds": OPEN | {"clarity": {"min": 0.95}}}).dataset
    footage.add(2, SHARP)
    more = footage.select().dataset
    assert len({one, stricter, more}) == 3
    assert footage.reasons(one).keys() < footage.reasons(more).keys()
    assert read_dataset(footage.lake, one).clips == 1


def test_a_run_that_ended_between_rows_and_name_is_finished_by_the_next(footage):
    footage.add(1, SHARP)
    name = footage.select().dataset
    footage.lake.objects.delete(f"datasets/{name}.json")
    assert footage.select().dataset == name
    assert read_dataset(footage.lake, name).clips == 1


def test_nothing_to_choose_from_is_one_sentence_that_says_what_to_run(footage):
    footage.add(1, SHARP, scored=False)
    with pytest.raises(UserError, match="none of 1 clips has a score by this scoring config"):
        footage.select()
    with pytest.raises(UserError, match="there are no clips by this slicing config"):
        footage.select(slicing_config={"rule": {"min_clip_s": 9.0}})


def test_a_family_that_is_no_name_is_refused_before_anything(footage):
    with pytest.raises(UserError, match="for example clips"):
        footage.select(dataset="../x")
    with pytest.raises(UserError, match="looks like one dataset's own name; give its family, 'clips'"):
        footage.select(dataset="clips-1a2b3c4d")


def test_the_page_counts_what_the_table_holds(footage):
    for number in range(6):
        footage.add(number, SHARP if number % 2 else FLAT)
    summary = footage.select()
    page = footage.lake.objects.read("reports/by-hand/selecting-1of1.html").decode()
    assert counts_in(page) == {("kept", ""): 3, ("dropped", "clarity_low"): 3}
    assert json.loads(summary.to_json())["dataset"] == summary.dataset
