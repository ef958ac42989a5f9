from pathlib import Path

import pytest

from longtake.errors import UserError
from longtake.lake import open_store
from longtake.lake.weights import fetch_weights, weights_digest


def test_weights_on_s3_are_copied_and_told_apart_by_what_lies_there(s3, tmp_path):
    store = open_store(f"{s3}/models")
    store.put("clip/model.safetensors", b"one")
    store.put("clip/config.json", b"{}")
    store.put("clip-large/model.safetensors", b"other")
    place = f"{store.uri}/clip"
    folder = tmp_path / "here"
    found = Path(fetch_weights(place, folder))
    assert sorted(path.name for path in found.iterdir()) == ["config.json", "model.safetensors"]
    before = weights_digest(place)
    assert before == weights_digest(place)
    store.put("clip/model.safetensors", b"two", overwrite=True)
    assert weights_digest(place) != before


def test_one_file_on_s3_is_weights_too(s3, tmp_path):
    store = open_store(f"{s3}/models")
    store.put("head.safetensors", b"head")
    assert Path(fetch_weights(f"{store.uri}/head.safetensors", tmp_path)).read_bytes() == b"head"


def test_weights_that_are_not_there_are_a_sentence(s3, tmp_path):
    with pytest.raises(UserError, match="there are no weights at"):
        fetch_weights(f"{s3}/models/none", tmp_path)


def test_local_weights_are_told_apart_by_content_wherever_they_lie(tmp_path):
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(content)
        (tmp_path / name / "notes.md").write_bytes(name.encode())
    a, b, c = (weights_digest(str(tmp_path / name)) for name in "abc")
    assert a == b != c


def test_a_hub_name_is_taken_at_its_word(tmp_path):
    assert fetch_weights("org/clip", tmp_path) == "org/clip"
    assert weights_digest("org/clip") != weights_digest("org/other")
