import hashlib
import os

import pytest

from longtake.errors import TransientError, UserError
from longtake.lake import Lake, open_store
from longtake.lake.folder import FolderStore
from longtake.records import Video, bucket_of
from longtake.report import counts_in
from longtake.shards import Shard
from longtake.stages import listing
from tests.drawing import draw_film, draw_raw


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return draw_raw(tmp_path_factory.mktemp("raw"))


def videos(data_root):
    return {row.uris[0].rsplit("/", 1)[-1]: row for row in Lake(data_root).tables.read(Video)}


def test_a_video_is_known_by_its_content_and_keeps_every_uri(raw, tmp_path):
    listing.run(raw=str(raw), data_root=str(tmp_path))
    row = videos(str(tmp_path))["copy.mp4"]
    assert row.video_id == hashlib.sha256((raw / "one-shot.mp4").read_bytes()).hexdigest()[:32]
    assert row.bucket == bucket_of(row.video_id)
    assert row.uris == sorted(path.as_uri() for path in (raw / "one-shot.mp4", raw / "again" / "copy.mp4"))
    assert (row.width, row.height, row.fps, row.frames, row.codec) == (320, 180, 25.0, 80, "h264")
    assert row.duration_s == pytest.approx(3.2)


def test_what_cannot_be_read_is_a_row_with_a_reason_and_what_is_no_video_is_left_alone(raw, tmp_path):
    summary = listing.run(raw=str(raw), data_root=str(tmp_path))
    rows = videos(str(tmp_path))
    assert rows["broken.mp4"].reason == "unreadable"
    assert "notes.txt" not in rows
    assert summary.items == {"kept": 3, "quarantined:unreadable": 1}
    assert summary.exit_code == 10


def test_again_reads_nothing_and_changes_no_table_version(raw, tmp_path):
    first = listing.run(raw=str(raw), data_root=str(tmp_path))
    version = Lake(str(tmp_path)).tables.version(Video)
    second = listing.run(raw=str(raw), data_root=str(tmp_path))
    assert (first.skipped, second.skipped, second.inputs) == (0, 5, 5)
    assert second.bytes_read == 0
    assert Lake(str(tmp_path)).tables.version(Video) == version
    assert second.items == first.items
    assert second.shards == first.shards


def test_a_new_file_and_a_changed_one_are_read_and_nothing_else(tmp_path):
    raw, data = tmp_path / "raw", tmp_path / "data"
    for seed in (1, 2, 3):
        draw_film(raw / f"{seed}.mp4", (seed, 30))
    listing.run(raw=str(raw), data_root=str(data))
    draw_film(raw / "4.mp4", (4, 30))
    draw_film(raw / "2.mp4", (22, 40))
    os.utime(raw / "2.mp4", ns=(1, 1))
    summary = listing.run(raw=str(raw), data_root=str(data))
    assert (summary.inputs, summary.skipped) == (4, 2)
    assert summary.items == {"kept": 4}


def test_content_that_was_removed_or_overwritten_keeps_its_row_and_loses_the_place(tmp_path):
    raw, data = tmp_path / "raw", tmp_path / "data"
    for seed in (1, 2):
        draw_film(raw / f"{seed}.mp4", (seed, 30))
    listing.run(raw=str(raw), data_root=str(data))
    (raw / "1.mp4").unlink()
    draw_film(raw / "2.mp4", (3, 30))
    summary = listing.run(raw=str(raw), data_root=str(data))
    assert sorted(row.uris for row in Lake(str(data)).tables.read(Video)) == [[], [], [(raw / "2.mp4").as_uri()]]
    assert summary.items == {"kept": 1}


def test_a_listing_that_fails_in_the_middle_keeps_what_it_has_read(tmp_path, monkeypatch):
    raw, data = tmp_path / "raw", tmp_path / "data"
    for seed in range(4):
        draw_film(raw / f"{seed}.mp4", (seed, 30))
    fetch = FolderStore.fetch

    def break_at_the_third(store, key, path, *, etag=None):
        if key == "2.mp4":
            raise TransientError("the endpoint does not answer")
        fetch(store, key, path, etag=etag)

    with monkeypatch.context() as broken:
        broken.setattr(FolderStore, "fetch", break_at_the_third)
        broken.setenv("LONGTAKE_WORKERS", "1")
        with pytest.raises(TransientError):
            listing.run(raw=str(raw), data_root=str(data))
    assert listing.run(raw=str(raw), data_root=str(data)).skipped >= 2


def test_a_duplicate_that_comes_later_joins_its_row(tmp_path):
    raw, data = tmp_path / "raw", tmp_path / "data"
    film = draw_film(raw / "b.mp4", (1, 30))
    listing.run(raw=str(raw), data_root=str(data))
    (raw / "a.mp4").write_bytes(film.read_bytes())
    listing.run(raw=str(raw), data_root=str(data))
    (row,) = Lake(str(data)).tables.read(Video)
    assert row.uris == [(raw / name).as_uri() for name in ("a.mp4", "b.mp4")]


def test_the_same_footage_on_s3_gives_the_same_rows_but_for_where_it_lies(raw, s3, tmp_path):
    store = open_store(f"{s3}/raw")
    for path in raw.rglob("*.*"):
        store.upload(path.relative_to(raw).as_posix(), path)
    summary = listing.run(raw=f"{s3}/raw", data_root=f"{s3}/data", shards=4)
    local = listing.run(raw=str(raw), data_root=str(tmp_path), shards=4)
    assert summary.items == local.items
    assert summary.shards == local.shards
    there, here = (
        {row.video_id: row.frames for row in Lake(root).tables.read(Video)} for root in (f"{s3}/data", str(tmp_path))
    )
    assert there == here


def test_shards_are_whole_buckets_over_readable_videos(raw, tmp_path):
    summary = listing.run(raw=str(raw), data_root=str(tmp_path), shards=2)
    shards = [Shard.parse(text) for text in summary.shards]
    readable = {row.bucket for row in Lake(str(tmp_path)).tables.read(Video) if row.reason is None}
    assert set().union(*(shard.buckets for shard in shards)) == readable
    assert sum(len(shard.buckets) for shard in shards) == len(readable)


def test_a_prefix_without_a_readable_video_is_done_with_one_empty_shard(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "broken.mp4").write_bytes(b"nothing")
    summary = listing.run(raw=str(tmp_path / "raw"), data_root=str(tmp_path / "data"), shards=8)
    assert summary.shards == ["1/1:"]
    assert summary.items == {"quarantined:unreadable": 1}


def test_a_prefix_without_a_video_is_the_user_s_mistake(raw, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="nothing lies below"):
        listing.run(raw=str(tmp_path / "empty"), data_root=str(tmp_path / "data"))
    with pytest.raises(UserError, match=r"no video lies below .*, but 5 × \.mp4"):
        listing.run(raw=str(raw), data_root=str(tmp_path / "data"), config={"suffixes": [".mov"]})
    with pytest.raises(UserError, match="suffixes"):
        listing.run(raw=str(raw), data_root=str(tmp_path / "data"), config={"suffixes": ["mp4"]})


@pytest.mark.parametrize("inside", ["", "data", "data/deep"])
def test_a_data_root_inside_the_raw_prefix_is_refused(tmp_path, inside):
    with pytest.raises(UserError, match="outside"):
        listing.run(raw=str(tmp_path), data_root=str(tmp_path / inside))


def test_another_limit_tries_the_failed_ones_again_and_nothing_else(raw, tmp_path):
    places = {"raw": str(raw), "data_root": str(tmp_path)}
    listing.run(**places)
    again = listing.run(**places, config={"limits": {"wall_s": 100}})
    assert (again.inputs, again.skipped) == (5, 4)


def test_odd_names_are_kept_as_they_are(tmp_path):
    raw, data = tmp_path / "raw", tmp_path / "data"
    film = draw_film(raw / "a#b 100% ü?.mp4", (1, 30))
    listing.run(raw=str(raw), data_root=str(data))
    (row,) = Lake(str(data)).tables.read(Video)
    assert row.uris == [film.as_uri()]


def test_the_report_shows_the_counts_of_the_table_and_what_was_left_alone(raw, tmp_path):
    summary = listing.run(raw=str(raw), data_root=str(tmp_path))
    key = summary.report_uri.removeprefix(f"{Lake(str(tmp_path)).data_root}/")
    page = Lake(str(tmp_path)).objects.read(key).decode()
    assert counts_in(page) == {("kept", ""): 3, ("quarantined", "unreadable"): 1}
    assert "1 × .txt" in page


def test_suffixes_are_a_matter_of_config(raw, tmp_path):
    summary = listing.run(raw=str(raw), data_root=str(tmp_path), config={"suffixes": [".txt"]})
    assert summary.items == {"quarantined:unreadable": 1}


@pytest.mark.parametrize("shards", [0, -3])
def test_no_shards_is_refused(raw, tmp_path, shards):
    with pytest.raises(UserError, match="at least 1"):
        listing.run(raw=str(raw), data_root=str(tmp_path), shards=shards)
