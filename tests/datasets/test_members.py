from dataclasses import replace

import pytest

from longtake.datasets.captions import choose_captions
from longtake.datasets.members import read_buckets, read_members
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Clip, Score, Selection, split_of
from tests.datasets.lakes import fill
from tests.rows import caption, selection


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path))


def test_members_are_the_kept_clips_with_their_rows(lake):
    made = fill(lake, dropped={1: "clarity", 5: "duplicate"})
    members = list(read_members(lake, made))
    assert len(members) == 22
    assert all(m.selection.clip_id == m.clip.clip_id == m.score.clip_id for m in members)
    assert all(m.video.video_id == m.clip.video_id for m in members)
    assert all(m.split == split_of(m.video.video_id, made.validation_share) for m in members)


def test_dropped_ones_come_where_they_are_asked_for(lake):
    made = fill(lake, dropped={1: "clarity", 5: "duplicate"})
    reasons = [m.selection.reason for m in read_members(lake, made, dropped=True)]
    assert len(reasons) == 24
    assert sorted(filter(None, reasons)) == ["clarity", "duplicate"]


def test_a_bucket_holds_whole_videos_and_the_order_is_by_bucket_and_id(lake):
    made = fill(lake, videos=40)
    buckets = list(read_buckets(lake, made))
    numbers = [members[0].selection.bucket for members in buckets]
    assert numbers == sorted(set(numbers))
    for members in buckets:
        ids = [m.clip.clip_id for m in members]
        assert ids == sorted(ids)


def test_rows_of_other_makers_and_later_versions_change_nothing(lake):
    made = fill(lake)
    before = list(read_members(lake, made))
    clips, scores = lake.tables.read(Clip), lake.tables.read(Score)
    lake.tables.merge([replace(row, made_by="other", start_frame=7) for row in clips])
    lake.tables.merge([replace(row, motion=99.0) for row in scores])
    lake.tables.merge([selection(row, dataset="other-00000000") for row in clips])
    lake.tables.merge([selection(row, reason="late") for row in clips])
    assert list(read_members(lake, made)) == before


def test_a_clip_without_a_score_is_a_member_without_one(lake):
    made = fill(lake)
    lone = replace(lake.tables.read(Score)[0], made_by="failed")
    scoreless = replace(made, made_by=made.made_by | {"scoring": lone.made_by})
    assert {m.score for m in read_members(lake, scoreless)} == {None}


def test_rows_that_are_gone_are_a_sentence(lake):
    made = fill(lake)
    with pytest.raises(UserError, match="no longer in the tables"):
        list(read_members(lake, replace(made, made_by=made.made_by | {"slicing": "other"})))


def test_a_dataset_without_clips_has_no_members(lake):
    made = fill(lake)
    assert list(read_members(lake, replace(made, name="none-00000000"))) == []
    assert lake.tables.read(Selection, dataset="none-00000000") == []


def test_captions_come_with_the_clips_where_they_are_asked_for(lake):
    made = fill(lake)
    first, second, *_ = read_members(lake, made)
    lake.tables.merge([caption(first.clip), caption(second.clip, made_by="other")])
    assert {member.caption for member in read_members(lake, made)} == {None}
    found = {member.clip.clip_id: member.caption for member in read_members(lake, made, captions="m") if member.caption}
    assert {clip_id: row.text for clip_id, row in found.items()} == {first.clip.clip_id: "A boat drifts on a lake."}


def test_the_only_captions_are_meant_and_of_several_one_must_be_named(lake):
    made = fill(lake)
    assert choose_captions(lake, None) is None
    clips = [member.clip for member in read_members(lake, made)]
    lake.tables.merge([caption(clips[0])])
    assert choose_captions(lake, None) == "m"
    assert choose_captions(lake, "none") is None
    lake.tables.merge([caption(clips[1], made_by="n", captioner="endpoint tall")])
    assert choose_captions(lake, "endpoint tall") == choose_captions(lake, "n") == "n"
    with pytest.raises(UserError, match="n by endpoint tall, 1 clips; m by measured 1, 1 clips"):
        choose_captions(lake, None)
