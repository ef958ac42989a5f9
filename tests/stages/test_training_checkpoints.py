import logging

import pytest

from longtake.errors import TransientError
from longtake.lake import Lake, ObjectChanged
from longtake.stages.training_checkpoints import Checkpoints


class Damaged(Exception):
    pass


@pytest.fixture
def lake(tmp_path):
    lake = Lake(str(tmp_path / "data"))
    lake.objects.check(writable=True)
    return lake


@pytest.fixture
def checkpoints(lake, tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    found = Checkpoints(lake, "r", folder, keep=2)
    yield found
    found.close()


def keep(checkpoints, *steps):
    for step in steps:
        checkpoints.keep(step, lambda path, step=step: path.write_text(f"state {step}"))
    checkpoints.wait()


def load(path):
    text = path.read_text()
    if not text.startswith("state"):
        raise Damaged(text)
    return text


def names(lake):
    return sorted(item.key for item in lake.objects.walk("training/r/"))


def test_the_newest_few_are_kept_and_the_newest_is_resumed(lake, checkpoints, tmp_path):
    assert checkpoints.resume(load, Damaged) is None
    keep(checkpoints, 5, 10, 15)
    assert names(lake) == ["training/r/000000010.checkpoint", "training/r/000000015.checkpoint"]
    assert checkpoints.resume(load, Damaged) == "state 15"
    assert checkpoints.last_step == 15
    assert not list((tmp_path / "scratch").iterdir())


def test_a_damaged_one_is_passed_over_and_said(lake, checkpoints, caplog):
    keep(checkpoints, 5, 10)
    lake.objects.put("training/r/000000010.checkpoint", b"sta", overwrite=True)
    assert checkpoints.resume(load, Damaged) == "state 5"
    assert "a damaged checkpoint is passed over" in caplog.text
    keep(checkpoints, 10)  # where the damaged one lies
    assert checkpoints.resume(load, Damaged) == "state 10"


def test_one_that_goes_while_it_is_fetched_makes_room_for_a_newer_one(lake, checkpoints, monkeypatch):
    keep(checkpoints, 5)
    fetch = lake.objects.fetch

    def late(key, path, *, etag=None):
        if key.endswith("005.checkpoint"):
            lake.objects.put("training/r/000000010.checkpoint", b"state 10")
            lake.objects.delete(key)
            raise ObjectChanged(key)
        fetch(key, path, etag=etag)

    monkeypatch.setattr(lake.objects, "fetch", late)
    assert checkpoints.resume(load, Damaged) == "state 10"


def test_an_upload_that_fails_is_said_and_the_next_one_is_tried(lake, checkpoints, monkeypatch, caplog):
    caplog.set_level(logging.ERROR)

    def down(key, path):
        raise TransientError("the endpoint is down")

    with monkeypatch.context() as patch:
        patch.setattr(lake.objects, "upload", down)
        checkpoints.keep(5, lambda path: path.write_text("state 5"))
    keep(checkpoints, 10)
    assert "a checkpoint did not reach the lake" in caplog.text
    assert names(lake) == ["training/r/000000010.checkpoint"]
    monkeypatch.setattr(lake.objects, "upload", down)
    checkpoints.keep(15, lambda path: path.write_text("state 15"))
    with pytest.raises(TransientError, match="the endpoint is down"):
        checkpoints.wait()


def test_each_upload_is_told_once(checkpoints):
    assert checkpoints.take_uploaded() is None
    checkpoints.keep(5, lambda path: path.write_text("state 5"))
    while (at_s := checkpoints.take_uploaded()) is None:
        pass
    assert at_s > 1.7e9
    assert checkpoints.take_uploaded() is None
