import json
import math

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
SHARP, FLAT = {"clarity": 0.9}, {"clarity": 0.1}
OPEN = {name: {} for name in METRICS}
RULE = {"by": "thresholds", "thresholds": OPEN | {"clarity": {"min": 0.5}}}


class Footage:
    """A lake with clips and scores that were never measured: only what selecting reads."""

    def __init__(self, folder):
        self.lake = Lake(str(folder))
        weights = folder.with_name("weights.safetensors")
        weights.write_bytes(b"whose digest says who scored")
        self.scoring = {"measuring": {"suitability": {"weights": str(weights)}}}
        self.scored = scoring.makers(load_config(ScoringStageConfig, self.scoring, where=""))
        self.videos, self.clips, self.scores = [], [], []

    def add(self, number, metrics, *, raw=RAW, fingerprint=None, reason=None, scored=True, **fields):
        """One video of one clip, whose fingerprint is like no other unless it is given."""
        of = video(number, uris=[f"{raw}/{number}.mp4"])
        made = clip(number, of, made_by=SLICED, **fields)
        self.videos.append(of)
        self.clips.append(made)
        if scored:
            print_ = fingerprint or f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4
            plain = {"fingerprint": print_, "made_by": self.scored.good} | metrics
            if reason:
                plain = dict.fromkeys(metrics) | {"fingerprint": None, "made_by": self.scored.failed, "reason": reason}
            self.scores.append(score(made, **plain))
        return made

    def write(self):
        for rows in (self.videos, self.clips, self.scores):
            if rows:
                self.lake.tables.merge(rows)
        self.videos, self.clips, self.scores = [], [], []

    def select(self, *, raw=RAW, **given):
        self.write()
        return selecting.run(
            raw=raw, data_root=self.lake.data_root, **{"config": RULE, "scoring_config": self.scoring, **given}
        )

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
        "scoring": footage.scored.good,
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
        footage.select(config={"by": "thresholds", "thresholds": OPEN | {"text_share": {"max": 0.02}}})
    assert list_datasets(footage.lake) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [({}, "a threshold on text_share"), ({"text_share": {}, "aesthetic": {"min": 4}}, "on aesthetic")],
)
def test_a_threshold_on_what_scoring_is_told_not_to_measure_is_refused_before_the_lake_is_touched(rule, words):
    with pytest.raises(UserError, match=words) as fault:
        selecting.run(
            raw="s3://none/raw", data_root="s3://none/data", scoring_config={"measuring": {"text": False, "suitability": None}},
            config={"by": "thresholds", "thresholds": rule},
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
    stricter = footage.select(config={"by": "thresholds", "thresholds": OPEN | {"clarity": {"min": 0.95}}}).dataset
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


def of_two_kinds(footage, low=80, high=160):
    """Clips around a VTSS of 1.6 and of 3.9."""
    for number in range(low + high):
        vtss = 1.3 + 0.6 * number / low if number < low else 3.4 + (number - low) / high
        footage.add(
            number, {"clarity": 0.9, "text_share": 0.1, "vtss": vtss, "vtss_reason": "text_share", "vtss_gain": 0.5}
        )


BY_VTSS = {"by": "vtss"}


def test_by_vtss_clips_are_kept_above_the_valley_of_their_own_scores(footage):
    of_two_kinds(footage)
    summary = footage.select(config=BY_VTSS)
    assert summary.items == {"kept": 160, "dropped:vtss_low": 80}
    dataset = read_dataset(footage.lake, summary.dataset)
    assert dataset.vtss_how == "valley"
    assert 1.9 < dataset.vtss_threshold < 3.4
    details = {row.detail for row in footage.lake.tables.read(Selection) if row.reason}
    assert f"vtss 1.3, at least {dataset.vtss_threshold:g}; most of it: text_share (0.5 would be gained)" in details
    page = footage.lake.objects.read("reports/by-hand/selecting-1of1.html").decode()
    assert counts_in(page) == {("kept", ""): 160, ("dropped", "vtss_low"): 80}
    assert "the valley between the clips around 1.6" in page


def test_a_few_clips_are_held_against_the_papers_threshold_and_one_that_is_given_is_taken(footage):
    for number, vtss in enumerate((2.4, 2.6, 4.0)):
        footage.add(number, {"vtss": vtss})
    one = footage.select(config=BY_VTSS)
    other = footage.select(config=BY_VTSS | {"vtss_min": 2.7})
    same = footage.select(config=BY_VTSS | {"vtss_min": 2.5})
    assert [made.items["kept"] for made in (one, other, same)] == [2, 1, 2]
    assert len({made.dataset for made in (one, other, same)}) == 3
    found = [read_dataset(footage.lake, made.dataset) for made in (one, other)]
    assert [(made.vtss_threshold, made.vtss_how) for made in found] == [(2.5, "fallback"), (2.7, "given")]
    assert found[0].configs["selecting"]["vtss_min"] is None


def test_another_valley_is_another_dataset_even_where_it_drops_the_same_clips(footage, monkeypatch):
    footage.add(1, {"vtss": 4.0})
    first = footage.select(config=BY_VTSS).dataset
    monkeypatch.setattr("longtake.selecting.valley.PAPER_THRESHOLD", 2.6)
    assert footage.select(config=BY_VTSS).dataset != first


def test_vtss_and_thresholds_are_compared_on_what_all_clips_have(footage):
    for number, (vtss, clarity) in enumerate(((4.0, 0.9), (4.0, 0.1), (1.0, 0.9), (1.0, 0.1), (math.nan, 0.9))):
        footage.add(number, {"motion": 5.0, "clarity": clarity, "vtss": vtss})
    footage.add(9, {}, reason="corrupt")
    summary = footage.select(config=BY_VTSS | {"fold_duplicates": False})
    table = summary.agreement.table
    assert (table.both, table.vtss_alone, table.thresholds_alone, table.neither) == (1, 1, 1, 1)
    assert json.loads(summary.to_json())["agreement"]["threshold"] == 2.5
    page = footage.lake.objects.read("reports/by-hand/selecting-1of1.html").decode()
    assert "VTSS keeps, thresholds drop" in page
    assert "Thresholds keep, VTSS drops" in page
    assert "Not all clips have" in page


def test_by_thresholds_nothing_is_asked_of_vtss(footage):
    footage.add(1, SHARP)
    summary = footage.select()
    dataset = read_dataset(footage.lake, summary.dataset)
    assert (summary.agreement, dataset.vtss_threshold, dataset.vtss_how) == (None, None, None)
    page = footage.lake.objects.read("reports/by-hand/selecting-1of1.html").decode()
    assert "Training suitability" not in page


def test_clips_without_vtss_and_scoring_without_a_network_are_mistakes_with_both_ways_out(footage):
    footage.add(1, SHARP)
    with pytest.raises(UserError, match=r"1 of 1 have none; score again with a network.*by: thresholds"):
        footage.select(config=BY_VTSS)
    for by in ("vtss", "both"):
        with pytest.raises(UserError, match=r"does not predict; give scoring a network.*by: thresholds"):
            selecting.run(
                raw="s3://none/raw", data_root="s3://none/data", scoring_config={"measuring": {"suitability": None}}, config={"by": by}
            )  # fmt: skip
