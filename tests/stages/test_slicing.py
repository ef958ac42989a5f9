import av
import pytest

from longtake.lake import Lake
from longtake.lake.tables import Batch
from longtake.records import Clip, Video
from longtake.report import counts_in
from longtake.shards import Shard, plan_shards
from longtake.stages import listing, slicing
from longtake.stages.step import CountMismatch
from tests.drawing import draw_film, draw_raw


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return draw_raw(tmp_path_factory.mktemp("raw"))


@pytest.fixture
def places(raw, tmp_path):
    """The raw folder and a data root in which it is listed."""
    found = {"raw": str(raw), "data_root": str(tmp_path)}
    listing.run(**found)
    return found


def rows(places, **filters):
    return Lake(places["data_root"]).tables.read(Clip, **filters)


def by_name(places):
    """Rows by the file's name, in the order of time."""
    names = {
        video.video_id: video.uris[-1].rsplit("/", 1)[-1] for video in Lake(places["data_root"]).tables.read(Video)
    }
    found = {}
    for row in sorted(rows(places), key=lambda row: row.start_frame):
        found.setdefault(names[row.video_id], []).append(row)
    return found


def test_a_hard_cut_gives_two_clips_trimmed_at_both_ends(places):
    slicing.run(**places)
    first, second = by_name(places)["two-shots.mp4"]
    assert (first.start_frame, first.frames, first.begins_with, first.ends_with) == (4, 62, "start", "cut")
    assert (second.start_frame, second.frames, second.begins_with, second.ends_with) == (74, 62, "cut", "end")
    assert (second.start_s, second.end_s) == (pytest.approx(74 / 25), pytest.approx(136 / 25))


def test_a_clip_s_file_holds_just_its_frames(places):
    slicing.run(**places)
    lake = Lake(places["data_root"])
    for row in rows(places):
        if row.uri:
            with av.open(str(lake.objects.folder / row.uri)) as clip:
                assert sum(1 for _ in clip.decode(video=0)) == row.frames
                assert (clip.streams.video[0].width, clip.streams.video[0].height) == (row.width, row.height)
            assert lake.objects.exists(row.poster_uri)


def test_a_video_without_clips_is_done_too(places):
    slicing.run(**places)
    (row,) = by_name(places)["short.mp4"]
    assert (row.reason, row.uri, row.outcome) == ("too_short", None, ("dropped", "too_short"))
    assert slicing.run(**places).skipped == 3


def test_again_does_no_work_and_changes_no_table_version(places):
    first = slicing.run(**places)
    lake = Lake(places["data_root"])
    version, objects = lake.tables.version(Clip), list(lake.objects.walk("clips/"))
    second = slicing.run(**places)
    assert (second.inputs, second.skipped, second.bytes_read) == (3, 3, 0)
    assert second.items == first.items
    assert lake.tables.version(Clip) == version
    assert list(lake.objects.walk("clips/")) == objects


def test_a_changed_config_makes_new_rows_and_leaves_the_old_ones(places):
    slicing.run(**places)
    before = rows(places)
    summary = slicing.run(**places, config={"rule": {"min_clip_s": 0.4}})
    after = rows(places)
    assert summary.items == {"kept": 4}
    assert [row for row in after if row.made_by == before[0].made_by] == before
    assert len({row.made_by for row in after}) == 2


def test_another_limit_tries_the_failed_ones_again_and_nothing_else(places):
    tight = {"limits": {"cpu_s": 1, "max_pixels": 100}}
    assert slicing.run(**places, config=tight).items == {"quarantined:too_large": 3}
    assert slicing.run(**places, config=tight).skipped == 3
    assert slicing.run(**places).items == {"kept": 3, "dropped:too_short": 1}
    assert slicing.run(**places, config=tight).skipped == 3


def test_the_same_span_by_another_rule_is_the_same_object(places):
    slicing.run(**places)
    objects = {item.key for item in Lake(places["data_root"]).objects.walk("clips/")}
    slicing.run(**places, config={"rule": {"sigmas": 4}})
    assert {item.key for item in Lake(places["data_root"]).objects.walk("clips/")} == objects


def test_a_file_whole_for_its_header_and_broken_after_it_is_quarantined_and_takes_no_neighbour_along(tmp_path):
    raw = tmp_path / "raw"
    film = bytearray(draw_film(raw / "torn.mp4", (1, 70)).read_bytes())
    start = film.index(b"mdat") + 2000
    film[start:] = bytes(len(film) - start)
    (raw / "torn.mp4").write_bytes(film)
    draw_film(raw / "whole.mp4", (2, 70))
    places = {"raw": str(raw), "data_root": str(tmp_path / "data")}
    listing.run(**places)
    summary = slicing.run(**places)
    assert summary.exit_code == 10
    assert [row.reason for row in by_name(places)["whole.mp4"]] == [None]
    (row,) = by_name(places)["torn.mp4"]
    assert (row.outcome[0], row.frames) == ("quarantined", 0)


def test_a_file_overwritten_since_it_was_listed_is_left_for_the_next_listing(tmp_path):
    raw = tmp_path / "raw"
    draw_film(raw / "film.mp4", (1, 70))
    places = {"raw": str(raw), "data_root": str(tmp_path / "data")}
    listing.run(**places)
    draw_film(raw / "film.mp4", (2, 75))
    gone = slicing.run(**places)
    assert (gone.items, gone.gone) == ({}, 1)
    listing.run(**places)
    assert slicing.run(**places).items == {"kept": 1}


def test_a_shard_slices_its_own_buckets_and_two_shards_make_the_whole(places):
    videos = [video for video in Lake(places["data_root"]).tables.read(Video) if video.reason is None]
    shards = plan_shards({video.bucket: video.bytes for video in videos}, 2)
    for shard in shards:
        slicing.run(**places, shard=str(shard))
        done = {row.bucket for row in rows(places)}
        assert set(shard.buckets) <= done
    assert {row.video_id for row in rows(places)} == {video.video_id for video in videos}


def test_only_videos_below_the_given_prefix_are_sliced(places, tmp_path):
    other = tmp_path / "other"
    draw_film(other / "film.mp4", (9, 70))
    listing.run(raw=str(other), data_root=places["data_root"])
    assert slicing.run(raw=str(other), data_root=places["data_root"]).inputs == 1


def test_an_empty_shard_is_done(places):
    assert slicing.run(**places, shard=str(Shard(1, 1, ()))).items == {}


def test_rows_that_the_metrics_did_not_count_fail_the_step(places, monkeypatch):
    add = Batch.add

    def lose_one(batch, given):
        add(batch, given[1:])

    monkeypatch.setattr(Batch, "add", lose_one)
    with pytest.raises(CountMismatch, match="metrics"):
        slicing.run(**places)


def test_the_report_shows_the_counts_of_the_table(places):
    summary = slicing.run(**places)
    lake = Lake(places["data_root"])
    page = lake.objects.read(summary.report_uri.removeprefix(f"{lake.data_root}/")).decode()
    assert counts_in(page) == {("kept", ""): 3, ("dropped", "too_short"): 1}
    assert page.count("data:image/jpeg;base64,") == 3
