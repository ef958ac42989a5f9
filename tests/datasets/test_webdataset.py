import gc
import hashlib
import json
import tarfile

import pytest

from longtake.datasets.members import read_members
from longtake.datasets.webdataset import Sizes, export_clips
from longtake.errors import UserError
from longtake.lake import Lake, open_store
from longtake.records import split_of
from tests.datasets.lakes import fill


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def export(lake, made, place, **kwargs):
    return export_clips(lake, made, read_members(lake, made), open_store(str(place)), **kwargs)


def contents(place):
    return {item.key: open_store(str(place)).read(item.key) for item in open_store(str(place)).walk()}


def read_tar(path):
    """Contents by name, in order."""
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def test_each_kept_clip_is_in_one_shard_of_its_side_with_its_json(lake, tmp_path):
    made = fill(lake, dropped={1: "clarity"}, films=True)
    shards = export(lake, made, tmp_path / "out", sizes=Sizes(clips=5))
    found = {}
    for shard in shards:
        inside = read_tar(tmp_path / "out" / shard.key)
        assert list(inside) == [f"{clip_id}.{kind}" for clip_id in shard.clips for kind in ("json", "mp4")]
        for clip_id in shard.clips:
            said = json.loads(inside[f"{clip_id}.json"])
            assert inside[f"{clip_id}.mp4"] == f"film of {clip_id}".encode() * 40
            assert (said["clip_id"], said["split"]) == (clip_id, split_of(said["video_id"], 0.5))
            assert shard.key.startswith(f"{said['split']}/clips-0")
            assert said["scores"]["vtss"] == 2.6
            found[clip_id] = said
    assert set(found) == {m.clip.clip_id for m in read_members(lake, made)}
    assert all(len(shard.clips) <= 5 for shard in shards)


def test_a_shard_is_full_at_its_megabytes(lake, tmp_path):
    made = fill(lake, films=True)
    for member in read_members(lake, made):
        lake.objects.put(member.clip.uri, bytes(600_000), overwrite=True)
    shards = export(lake, made, tmp_path / "out", sizes=Sizes(megabytes=1))
    assert max(len(shard.clips) for shard in shards) == 2


def test_the_same_dataset_gives_the_same_bytes(lake, tmp_path):
    made = fill(lake, films=True)
    export(lake, made, tmp_path / "a", sizes=Sizes(clips=5))
    export(lake, made, tmp_path / "b", sizes=Sizes(clips=5))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_index_has_the_digest_of_every_shard(lake, data_root, tmp_path):
    made = fill(lake, films=True)
    export(lake, made, data_root, sizes=Sizes(clips=5))
    files = contents(data_root)
    index = json.loads(files["index.json"])
    assert index["dataset"] == made.name
    assert sum(shard["clips"] for shard in index["shards"]) == 24
    for shard in index["shards"]:
        assert hashlib.sha256(files[shard["key"]]).hexdigest() == shard["sha256"]
        assert len(files[shard["key"]]) == shard["bytes"]
    assert {key for key in files if key.endswith(".tar")} == {shard["key"] for shard in index["shards"]}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 1, 4, 7, 13, 23])
def test_a_killed_export_goes_on_where_it_was_and_ends_the_same(lake, tmp_path, after):
    made = fill(lake, films=True)
    export(lake, made, tmp_path / "whole", sizes=Sizes(clips=3))
    left = [after]

    def die(clips):
        left[0] -= clips
        if left[0] < 0:
            raise Killed

    with pytest.raises(Killed):
        export(lake, made, tmp_path / "out", sizes=Sizes(clips=3), advance=die)
    before = contents(tmp_path / "out")
    stamps = {key: (tmp_path / "out" / key).stat().st_mtime_ns for key in before}
    done = [0]
    export(lake, made, tmp_path / "out", sizes=Sizes(clips=3), advance=lambda n: done.append(done.pop() + n))
    assert done == [24]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert {key: (tmp_path / "out" / key).stat().st_mtime_ns for key in stamps} == stamps


def test_a_shard_that_was_written_and_not_noted_is_noted(lake, tmp_path):
    made = fill(lake, films=True)
    (first, *_) = export(lake, made, tmp_path / "out", sizes=Sizes(clips=3))
    whole = contents(tmp_path / "out")
    (tmp_path / "out" / f"{first.key}.json").unlink()
    (tmp_path / "out" / "index.json").unlink()
    export(lake, made, tmp_path / "out", sizes=Sizes(clips=3))
    assert contents(tmp_path / "out") == whole


def test_a_film_that_is_gone_is_left_out_and_named(lake, tmp_path):
    made = fill(lake, films=True)
    gone = next(iter(read_members(lake, made))).clip
    lake.objects.delete(gone.uri)
    shards = export(lake, made, tmp_path / "out", sizes=Sizes(clips=3))
    assert [clip_id for shard in shards for clip_id in shard.missing] == [gone.clip_id]
    assert export(lake, made, tmp_path / "out", sizes=Sizes(clips=3)) == shards
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert sum(shard["clips"] for shard in index["shards"]) == 23


def test_another_export_in_the_same_place_is_the_user_s_mistake(lake, tmp_path):
    made = fill(lake, films=True)
    export(lake, made, tmp_path / "out", sizes=Sizes(clips=3))
    with pytest.raises(UserError, match="another export"):
        export(lake, made, tmp_path / "out", sizes=Sizes(clips=4))
    with pytest.raises(UserError, match="at least 1"):
        Sizes(clips=0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_webdataset_package_reads_the_shards(lake, tmp_path):
    webdataset = pytest.importorskip("webdataset", reason="the package webdataset is not installed")
    made = fill(lake, films=True)
    shards = export(lake, made, tmp_path / "out", sizes=Sizes(clips=5))
    urls = [str(tmp_path / "out" / shard.key) for shard in shards]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).decode())
    assert [sample["__key__"] for sample in samples] == [clip_id for shard in shards for clip_id in shard.clips]
    for sample in samples:
        assert sample["json"]["clip_id"] == sample["__key__"]
        assert sample["mp4"].startswith(b"film of")
    gc.collect()  # the package leaves files open: their warnings belong to this test
