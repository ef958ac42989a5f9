import os
import subprocess
import sys
from pathlib import Path

import pytest

from longtake.doctor import places
from longtake.doctor.examination import plan
from longtake.doctor.places import (
    judge_first_writer,
    judge_raw,
    lies_in,
    look_at_data_root,
    look_at_raw,
    look_at_tables,
)
from longtake.lake import open_store
from longtake.lake.s3 import Access, S3Store

GIB = 1 << 30


def by_check(findings):
    return {finding.check: finding for finding in findings}


def take(name, **given):
    """What the check of that name finds, errors included."""
    return by_check(next(check for check in plan(**given) if check.name == name).take())


@pytest.fixture
def careless(serve, monkeypatch):
    """The endpoint of an S3 that keeps objects and does not know If-None-Match."""
    objects = {}

    def answer(method, path, body):
        key = path.partition("?")[0]
        if method == "PUT":
            objects[key] = body.decode()
        elif method == "DELETE":
            objects.pop(key, None)
        elif "list-type" in path:
            return 200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
        elif key not in objects:
            return 404, "<Error><Code>NoSuchKey</Code></Error>"
        return 200, objects.get(key, "") if method == "GET" else ""

    use_endpoint(monkeypatch, serve(answer))
    return objects


def use_endpoint(monkeypatch, url):
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret-sesame"), ("REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)


def test_a_table_is_made_and_queried_in_the_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (finding,) = look_at_tables()
    assert finding.state == "good"
    assert list(tmp_path.iterdir()) == []


def test_a_good_data_root_of_either_kind_is_left_as_it_was(data_root):
    found = by_check(look_at_data_root(data_root, None))
    assert {finding.state for finding in found.values()} == {"good"}
    assert {"data root", "conditional writes", "tables of data root"} <= set(found)
    assert list(open_store(data_root).walk()) == []
    if not data_root.startswith("s3:"):
        assert [path for path in Path(data_root).rglob("*") if path.is_file()] == []


def test_how_a_bucket_is_reached_is_said_and_no_secret(s3, server):
    found = by_check(look_at_data_root(s3, None))["S3 of data root"].found
    assert found == f"{server.endpoint}, credentials by shared-credentials-file"


def test_nothing_of_the_probe_stays_in_a_bucket(s3, server):
    list(look_at_data_root(s3, None))
    client = open_store(s3)._client
    assert "Contents" not in client.list_objects_v2(Bucket="lake", Prefix=s3.removeprefix("s3://lake/"))


def test_a_server_that_ignores_conditional_writes_is_found_out(careless):
    finding = take("data root", data_root="s3://lake/data")["conditional writes"]
    assert finding.state == "bad"
    assert "both told that they were first" in finding.found
    assert "SeaweedFS" in finding.fix
    assert not finding.transient
    assert careless == {}


def test_a_server_that_refuses_conditional_writes_is_found_out(serve, monkeypatch):
    def answer(method, path, body):
        if method == "PUT" and body == b"first" and not answer.tried:
            answer.tried = True
            return 400, "<Error><Code>InvalidArgument</Code><Message>If-None-Match</Message></Error>"
        return 200, "first" if method == "GET" and "list-type" not in path else "<ListBucketResult/>"

    answer.tried = False
    use_endpoint(monkeypatch, serve(answer))
    found = by_check(list(places.probe(open_store("s3://lake/data"))))
    assert found["data root"].state == "good"
    assert found["conditional writes"].state == "bad"
    assert "If-None-Match" in found["conditional writes"].found


def test_a_probe_that_is_broken_off_still_removes_its_object(careless, monkeypatch):
    def broken(store, key):
        raise KeyboardInterrupt

    monkeypatch.setattr(S3Store, "read", broken)
    with pytest.raises(KeyboardInterrupt):
        list(places.probe(open_store("s3://lake/data")))
    assert careless == {}


def test_a_folder_without_hard_links_is_found_out(tmp_path, monkeypatch):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    found = take("data root", data_root=str(tmp_path / "data"))
    assert found["data root"].state == "good"
    assert found["conditional writes"].state == "bad"
    assert "hard links" in found["conditional writes"].fix


def test_without_the_right_to_delete_the_probe_is_named_so_that_someone_else_can_remove_it(serve, monkeypatch):
    def answer(method, path, body):
        if method == "DELETE":
            return 403, "<Error><Code>AccessDenied</Code></Error>"
        return 200, "first" if method == "GET" else ""

    use_endpoint(monkeypatch, serve(answer))
    finding = by_check(places.probe(open_store("s3://lake/data")))["data root"]
    assert finding.state == "warn"
    assert "remove .doctor-" in finding.fix


@pytest.mark.parametrize(
    ("place", "words"),
    [("s3://no-such-bucket/x", "no such bucket"), ("s3://UPPER/x", "names no bucket"), ("/proc/nowhere", "can't be")],
)
def test_a_wrong_place_is_bad_and_not_transient(s3, place, words):
    for name, given in (("raw", {"raw": place}), ("data root", {"data_root": place})):
        finding = take(name, **given)[name]
        assert finding.state == "bad"
        assert not finding.transient
        assert finding.fix
        assert words in finding.found or "there is no folder" in finding.found


def test_a_wrong_secret_is_bad_and_is_not_said(s3, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LTNOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame-open")
    finding = take("data root", data_root=s3)["data root"]
    assert finding.state == "bad"
    assert "access key" in finding.found
    assert "sesame" not in finding.found + finding.fix


def test_an_endpoint_that_is_down_may_come_back_and_the_question_is_not_quoted(monkeypatch):
    use_endpoint(monkeypatch, "http://127.0.0.1:9")
    for name, given in (("raw", {"raw": "s3://lake/raw"}), ("data root", {"data_root": "s3://lake/data"})):
        finding = take(name, **given)[name]
        assert finding.state == "bad"
        assert finding.transient
        assert "http://127.0.0.1:9/lake" in finding.found
        assert "list-type" not in finding.found


def test_a_data_root_inside_raw_is_bad_and_a_wrong_raw_is_not_the_data_root_s_fault(tmp_path):
    assert (
        take("data root", data_root=str(tmp_path / "raw" / "data"), raw=str(tmp_path / "raw"))["data root"].state
        == "bad"
    )
    assert not (tmp_path / "raw").exists()
    assert not lies_in("s3://lake/data", "s3://UPPER")
    assert not lies_in("s3://lake/raw-data", "s3://lake/raw")
    assert lies_in("s3://lake/raw", "s3://lake/raw/")


def test_raw_footage_is_counted_and_an_empty_prefix_is_a_warning(data_root):
    store = open_store(data_root)
    store.check(writable=True)
    assert by_check(look_at_raw(data_root))["raw"].state == "warn"
    store.put("a.mp4", bytes(2 << 20))
    finding = by_check(look_at_raw(data_root))["raw"]
    assert finding.state == "good"
    assert finding.found.endswith("1 object, up to 2 MiB")


def test_a_video_that_does_not_fit_into_scratch_is_a_warning_that_says_how_much_is_wanted():
    finding = judge_raw("s3://lake/raw", [GIB, 40 * GIB], 4, 100 * GIB)
    assert finding.state == "warn"
    assert "320 GiB" in finding.fix
    assert judge_raw("s3://lake/raw", [GIB], 4, 100 * GIB).state == "good"


@pytest.mark.parametrize(
    ("told", "content"), [([True, True], b"second"), ([True, False], b"second"), ([False, False], b"x")]
)
def test_only_a_first_writer_who_wins_and_a_second_who_is_told_are_good(told, content):
    assert judge_first_writer("s3://lake", told, content).state == "bad"


@pytest.mark.parametrize(
    ("skew_s", "words"), [(0.0, ""), (-200.0, ""), (720.0, "12 min ahead of"), (-720.0, "12 min behind")]
)
def test_a_clock_that_is_far_off_is_a_warning(s3, monkeypatch, skew_s, words):
    monkeypatch.setattr(S3Store, "access", lambda store: Access("http://s3", "env", skew_s))
    finding = by_check(look_at_data_root(s3, None)).get("clock")
    assert (finding is None) is (words == "")
    assert finding is None or (finding.state == "warn" and words in finding.found)


def test_the_server_s_clock_is_read_from_its_answer(s3):
    access = open_store(s3).access()
    assert abs(access.skew_s) < 60


def test_a_bucket_without_boto3_is_bad_with_the_extra_that_brings_it():
    code = (
        "import sys; sys.modules['boto3'] = None\n"
        "from longtake.doctor.examination import plan\n"
        "for check in plan('s3://lake/raw', 's3://lake/data'):\n"
        "    if check.name in ('raw', 'data root'): print(*check.take())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.count("pip install 'longtake[lake]'") == 2, done.stderr
