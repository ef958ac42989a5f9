"""One contract for both kinds of store, and what a URI may be."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import TransientError, UserError
from longtake.lake import ObjectChanged, join_uri, open_store
from longtake.lake.objects import is_hidden
from longtake.lake.places import split_uri

KEYS = ["a b.mp4", "naïve/日本.mp4", "a+b=c.mp4", "50%.mp4", "100%25.mp4", "#1.mp4", "what?.mp4", "it's (1) & [2];.mp4"]


@pytest.fixture
def store(data_root):
    store = open_store(data_root)
    store.check(writable=True)
    return store


def test_the_first_put_wins_and_a_later_one_learns_it(store):
    assert store.put("a/b", b"first")
    assert not store.put("a/b", b"second")
    assert store.read("a/b") == b"first"


def test_of_eight_writers_at_once_one_is_first_and_its_bytes_stay(store):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.put("race", bytes([n]) * 5000), range(8)))
    assert won.count(True) == 1
    assert store.read("race") == bytes([won.index(True)]) * 5000


def test_an_overwrite_replaces_the_object_and_changes_its_etag(store):
    store.put("k", b"one")
    before = next(store.walk())
    assert store.put("k", b"other", overwrite=True)
    assert store.read("k") == b"other"
    assert next(store.walk()).etag != before.etag


def test_exists_says_so(store):
    store.put("k", b"")
    assert store.exists("k")
    assert not store.exists("other")
    assert not store.exists("k/below")


def test_what_was_deleted_is_gone_and_deleting_what_is_not_there_is_no_error(store):
    store.put("a/b", b"x")
    store.put("a/c", b"y")
    for key in ("a/b", "a/b", "never", "a/c/below"):
        store.delete(key)
    assert [item.key for item in store.walk()] == ["a/c"]
    assert store.put("a/b", b"again")


@pytest.mark.parametrize("key", ["missing", "file/below", "folder"])
def test_what_is_not_there_is_changed_for_read_and_fetch(store, key, tmp_path):
    store.put("file", b"x")
    store.put("folder/x", b"x")
    with pytest.raises(ObjectChanged):
        store.read(key)
    with pytest.raises(ObjectChanged):
        store.fetch(key, tmp_path / "copy")


def test_fetch_takes_the_object_only_with_the_etag_that_was_listed(store, tmp_path):
    store.put("k", b"one")
    etag = next(store.walk()).etag
    store.fetch("k", tmp_path / "copy", etag=etag)
    assert (tmp_path / "copy").read_bytes() == b"one"
    store.put("k", b"other", overwrite=True)
    with pytest.raises(ObjectChanged):
        store.fetch("k", tmp_path / "copy", etag=etag)
    store.fetch("k", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"other"


@pytest.mark.parametrize("key", KEYS)
def test_any_key_comes_back_as_it_was_given(store, key, tmp_path):
    store.put(key, b"x")
    assert [item.key for item in store.walk()] == [key]
    assert store.read(key) == b"x"
    assert store.exists(key)
    store.fetch(key, tmp_path / "copy", etag=next(store.walk()).etag)


def test_a_walk_gives_every_object_once_and_keeps_to_its_prefix(store):
    keys = ["a-b/x", "a/b/c", "a/b.mp4", "a0", "b/x", "é", "日"]
    for key in keys:
        store.put(key, key.encode())
    assert sorted(item.key for item in store.walk()) == sorted(keys)
    assert sorted(item.key for item in store.walk("a/")) == ["a/b.mp4", "a/b/c"]
    assert sorted(item.key for item in store.walk("a/b")) == ["a/b.mp4", "a/b/c"]
    assert [item.bytes for item in store.walk("日")] == [3]
    assert list(store.walk("no/such/")) == []


@given(keys=st.sets(st.lists(st.sampled_from(["a", "a-", "a.b", "b", "0"]), min_size=2, max_size=4).map("/".join)))
def test_a_walk_of_a_folder_is_in_the_order_of_the_keys(keys):
    with tempfile.TemporaryDirectory() as folder:
        for key in keys:
            path = Path(folder, key, "x")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        assert [item.key for item in open_store(folder).walk()] == sorted(f"{key}/x" for key in keys)


def test_a_walk_leaves_out_what_is_hidden(store):
    for key in (".longtake-ready", "a/.hidden/b", "a/._resource.mp4", "a/seen.mp4"):
        store.put(key, b"")
    assert [item.key for item in store.walk()] == ["a/seen.mp4"]
    assert is_hidden("a/.hidden/b")
    assert not is_hidden("a.b/c.d")


def test_a_walk_of_a_place_that_is_not_there_is_empty(data_root):
    assert list(open_store(data_root).walk()) == []


@pytest.mark.parametrize("count", [60, pytest.param(2005, marks=pytest.mark.slow)])
def test_a_walk_goes_over_all_pages(s3, count, monkeypatch):
    store = open_store(s3)
    keys = [f"{number % 3}{'/-.'[number % 3]}{number:04}" for number in range(count)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    if count < 1000:  # the server's own pages hold 1000
        listed = store._client.list_objects_v2
        monkeypatch.setattr(store._client, "list_objects_v2", lambda **given: listed(**given | {"MaxKeys": 7}))
    assert sorted(item.key for item in store.walk()) == sorted(keys)


@pytest.mark.parametrize("size", [0, 1 << 20, 33 << 20])
def test_a_file_of_any_size_goes_up_whole_and_once(store, size, tmp_path):
    path = tmp_path / "big"
    path.write_bytes(os.urandom(size))
    assert store.upload("big", path)
    (tmp_path / "other").write_bytes(os.urandom(size))
    assert not store.upload("big", tmp_path / "other")
    store.fetch("big", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_a_file_that_can_not_be_read_to_its_end_leaves_no_object_and_no_parts(s3, tmp_path, monkeypatch):
    from longtake.lake import s3 as module

    monkeypatch.setattr(module, "PART_BYTES", 5 << 20)
    path = tmp_path / "big"
    path.write_bytes(bytes(12 << 20))
    store = open_store(s3)
    sent = store._client.upload_part

    def broken(**given):
        if given["PartNumber"] == 2:
            raise KeyboardInterrupt
        return sent(**given)

    monkeypatch.setattr(store._client, "upload_part", broken)
    with pytest.raises(KeyboardInterrupt):
        store.upload("big", path)
    assert not store.exists("big")
    uploads = store._client.list_multipart_uploads(Bucket=store.bucket, Prefix=store.prefix)
    assert not uploads.get("Uploads")


def test_a_file_half_written_is_never_seen(tmp_path, monkeypatch):
    store = open_store(str(tmp_path))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space left"):
        store.put("a/b", b"half")
    assert not store.exists("a/b")
    assert list(store.walk()) == []
    assert list((tmp_path / ".unfinished").iterdir()) == []


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", ".."])
def test_a_key_that_leads_out_of_the_folder_is_refused(tmp_path, key):
    store = open_store(str(tmp_path / "root"))
    for use in (
        store.read,
        store.exists,
        store.delete,
        lambda key: store.put(key, b""),
        lambda key: list(store.walk(f"{key}/")),
    ):
        with pytest.raises(UserError, match="leads out"):
            use(key)


def test_links_to_folders_are_not_followed_and_links_to_files_are(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "film.mp4").write_bytes(b"x")
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "out")
    (tmp_path / "root" / "film.mp4").symlink_to(tmp_path / "out" / "film.mp4")
    (tmp_path / "root" / "dead.mp4").symlink_to(tmp_path / "nowhere")
    assert [item.key for item in open_store(str(tmp_path / "root")).walk()] == ["film.mp4"]


def test_a_file_whose_name_is_no_text_is_left_out(tmp_path, caplog):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4")).write_bytes(b"")
    (tmp_path / "a.mp4").write_bytes(b"")
    with caplog.at_level("WARNING", "longtake"):
        assert [item.key for item in open_store(str(tmp_path)).walk()] == ["a.mp4"]
    assert "no UTF-8" in caplog.text


@pytest.mark.parametrize(
    "uri", [
        "", "  ", "s3://", "s3:/lake", "s3:lake", "s3://UPPER/x", "s3://a", "s3://a_b/x", "s3://[bad", "s3://lake:80/x",
        "gs://lake/x", "http://host/x", "file:x", "file://host/x", "file://", "file:///a?b", "file:///a#b", "a\0b",
        "s3://lake/a\nb", "~nobody-of-this-name/x",
    ],
)  # fmt: skip
def test_a_wrong_uri_is_refused_with_what_is_expected(uri):
    with pytest.raises(UserError, match="expected s3://bucket/prefix, file:///folder or a folder's path"):
        open_store(uri)


@pytest.mark.parametrize(
    ("uri", "found"), [
        ("s3://lake", ("s3", "lake")), ("s3://lake/", ("s3", "lake")), ("s3://lake/a/b/", ("s3", "lake/a/b")),
        ("s3://my.lake-1/a b#1?%25", ("s3", "my.lake-1/a b#1?%25")), ("/a/../b", ("file", "/b")),
        ("file:///a%20b", ("file", "/a b")), ("file://localhost/a", ("file", "/a")), ("file:/a", ("file", "/a")),
    ],
)  # fmt: skip
def test_a_uri_names_a_kind_and_a_place(uri, found):
    assert split_uri(uri) == found


def test_a_path_is_taken_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert split_uri("raw") == ("file", str(tmp_path / "raw"))
    assert open_store("raw").uri == (tmp_path / "raw").as_uri()


@given(st.from_regex(r"/[^\x00-\x1f\x7f\ud800-\udfff]{1,30}", fullmatch=True))
def test_the_uri_of_a_folder_leads_back_to_it(path):
    store = open_store(path)
    assert open_store(store.uri).uri == store.uri
    assert join_uri(store.uri, "a").endswith("/a")
