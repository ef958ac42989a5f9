import json
import os

import pytest

from longtake.errors import UserError
from longtake.lake import Lake
from longtake.scaling.published import PUBLISHED
from longtake.scaling.stored import dump_laws
from longtake.stages.laws import list_laws, read_laws
from tests.scaling.laws import FAMILY, drawn_laws


@pytest.fixture
def lake(tmp_path):
    """Two laws, `old-1` and `new-1`."""
    lake = Lake(str(tmp_path / "data"))
    lake.objects.check(writable=True)
    for age, name in enumerate(("new-1", "old-1")):
        lake.objects.put(f"laws/{name}.json", json.dumps(dump_laws(drawn_laws().fitted, FAMILY)).encode())
        os.utime(tmp_path / "data" / "laws" / f"{name}.json", (1e9 - age, 1e9 - age))
    return lake


def test_laws_are_found_by_name_the_newest_without_one_and_are_called_as_their_file(lake):
    assert list_laws(lake) == ["new-1", "old-1"]
    assert read_laws("", lake).laws.name == "new-1"
    found = read_laws("old-1", lake)
    assert found.laws.name == "old-1"
    assert found.laws.loss == drawn_laws().laws.loss


def test_published_laws_are_found_with_a_lake_or_none(lake):
    for where in (lake, None):
        found = read_laws("video-dit", where)
        assert (found.laws, found.fitted) == (PUBLISHED["video-dit"], None)


def test_a_file_is_found_by_path_and_uri(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "data")
    for place in ("laws/new-1.json", str(tmp_path / "data/laws/new-1.json"), f"{lake.data_root}/laws/new-1.json"):
        assert read_laws(place).laws.name == "new-1"
    monkeypatch.chdir("laws")
    assert read_laws("new-1.json").laws.name == "new-1"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("new-2", "there are no laws 'new-2' below .*data, nor are any of that name published; did you mean new-1"),
        ("video-dti", "did you mean video-dit"),
        ("laws/new-1.json", "there are no laws at laws/new-1.json"),
    ],
)
def test_laws_that_there_are_not_are_told_the_nearest(lake, place, said):
    with pytest.raises(UserError, match=said):
        read_laws(place, lake)


def test_a_lake_without_laws_and_no_lake_are_said(tmp_path):
    with pytest.raises(UserError, match=r"no laws below file:///.*; fit some, or name published ones: video-dit"):
        read_laws("", Lake(str(tmp_path)))
    with pytest.raises(UserError, match="no laws, and no lake"):
        read_laws("")


@pytest.mark.parametrize(("content", "said"), [(b"{", "it is no JSON"), (b"[1]", "no object"), (b"{}", "no `format")])
def test_what_is_no_file_of_laws_is_said_with_its_place(tmp_path, content, said):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=rf"{tmp_path}/a.json holds no laws.*{said}"):
        read_laws(str(tmp_path / "a.json"))
