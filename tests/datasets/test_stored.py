import json

import pytest

from longtake.datasets.stored import has_dataset, list_datasets, read_dataset, write_dataset
from longtake.errors import UserError
from longtake.lake import Lake
from tests.rows import dataset


@pytest.fixture
def lake(data_root):
    return Lake(data_root)


def test_a_dataset_is_read_as_it_was_written(lake):
    made = dataset(versions={"clips": 3}, configs={"slicing": {"rule": {"sigmas": 3.0}}})
    assert write_dataset(lake, made)
    assert has_dataset(lake, made.name)
    assert read_dataset(lake, made.name) == made


def test_a_dataset_is_never_overwritten(lake):
    write_dataset(lake, dataset())
    assert not write_dataset(lake, dataset(made_at="2027-01-01T00:00:00+00:00"))
    assert read_dataset(lake, "clips-0000aaaa").made_at == dataset().made_at


def test_a_family_means_its_newest_dataset(lake):
    for name, made_at in (
        ("clips-0000000b", "2026-01-02"),
        ("clips-0000000a", "2026-01-03"),
        ("clips-0000000c", "2026-01-01"),
    ):
        write_dataset(lake, dataset(name=name, made_at=made_at))
    write_dataset(lake, dataset(name="clips-new-0000000d", made_at="2026-01-09"))
    assert read_dataset(lake, "clips").name == "clips-0000000a"
    assert [found.name[-1] for found in list_datasets(lake)] == ["c", "b", "a", "d"]


def test_an_unknown_name_gives_the_nearest(lake):
    write_dataset(lake, dataset())
    with pytest.raises(UserError, match="did you mean clips"):
        read_dataset(lake, "clip")
    with pytest.raises(UserError, match="clips-0000aaaa"):
        read_dataset(lake, "clips-0000aaab")


@pytest.mark.parametrize("name", ["../secret", "", "a/b", "clips-0000aaaa.json"])
def test_no_name_leads_out_of_the_folder(lake, name):
    write_dataset(lake, dataset())
    with pytest.raises(UserError, match="no dataset"):
        read_dataset(lake, name)


def test_an_empty_lake_says_so(lake):
    lake.objects.check(writable=True)
    assert list_datasets(lake) == []
    with pytest.raises(UserError, match="no datasets below"):
        read_dataset(lake, "clips")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"name": 3}', b"\xff\xfe"])
def test_a_damaged_dataset_is_a_sentence(lake, content):
    lake.objects.put("datasets/clips-0000aaaa.json", content)
    with pytest.raises(UserError, match="is no dataset of this version"):
        read_dataset(lake, "clips-0000aaaa")


def test_a_dataset_from_before_there_was_vtss_is_read(lake):
    write_dataset(lake, dataset())
    key = "datasets/clips-0000aaaa.json"
    old = json.loads(lake.objects.read(key))
    del old["vtss_threshold"], old["vtss_how"]
    lake.objects.put(key, json.dumps(old).encode(), overwrite=True)
    assert read_dataset(lake, "clips-0000aaaa") == dataset()
