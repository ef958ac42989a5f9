import json
from dataclasses import replace

import pytest

from longtake.datasets.diff import compare
from longtake.lake import Lake
from tests.datasets.lakes import fill

NEW = "clips-0000bbbb"


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path))


def test_kept_here_and_dropped_there_is_counted_by_reason(lake):
    old = fill(lake, dropped={3: "motion"})
    new = fill(lake, dropped={0: "clarity", 1: "clarity", 2: "duplicate"}, name=NEW)
    diff = compare(lake, old, new)
    assert (diff.both, diff.lost.reasons, diff.gained.reasons) == (20, {"clarity": 2, "duplicate": 1}, {"motion": 1})
    assert len(diff.lost.examples["clarity"]) == 2
    assert diff.seconds == (46.0, 42.0)


def test_clips_of_one_alone_were_not_there_to_choose_from(lake):
    old = fill(lake, videos=3)
    new = fill(lake, videos=12, name=NEW)
    diff = compare(lake, old, new)
    assert (diff.both, diff.lost.reasons, diff.gained.reasons) == (12, {}, {"not_there": 36})
    assert len(diff.gained.examples["not_there"]) == 5


def test_changed_makers_and_settings_are_named_by_their_path(lake):
    old = fill(lake, configs={"selecting": {"thresholds": {"clarity": {"min": 0.2}}, "fold": True}})
    new = replace(
        old,
        name=NEW,
        made_by=old.made_by | {"selecting": "n"},
        configs={"selecting": {"thresholds": {"clarity": {"min": 0.3, "max": 1.0}}, "fold": True}},
    )
    diff = compare(lake, old, new)
    assert diff.made_by == {"selecting": ("m", "n")}
    assert diff.configs == {
        "selecting.thresholds.clarity.max": (None, 1.0),
        "selecting.thresholds.clarity.min": (0.2, 0.3),
    }
    json.loads(diff.to_json())


def test_another_threshold_that_was_found_for_the_same_config_is_named(lake):
    old, new = (
        fill(lake, vtss_threshold=2.4, vtss_how="valley"),
        fill(lake, name=NEW, vtss_threshold=2.5, vtss_how="fallback"),
    )
    assert compare(lake, old, new).configs == {"vtss_threshold": (2.4, 2.5)}


def test_a_dataset_does_not_differ_from_itself(lake):
    made = fill(lake, dropped={0: "clarity"})
    diff = compare(lake, made, made)
    assert (diff.both, diff.lost.reasons, diff.gained.reasons, diff.made_by, diff.configs) == (23, {}, {}, {}, {})
