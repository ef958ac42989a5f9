"""Datasets by name, each one JSON object: `<data_root>/datasets/<family>-<8 hexadecimal digits>.json`, never overwritten."""

import difflib
import json
import re
from dataclasses import asdict

from longtake.config import parse_record
from longtake.datasets.naming import family_of
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged
from longtake.records import Dataset

FOLDER = "datasets/"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}-[0-9a-f]{8}")


def write_dataset(lake: Lake, dataset: Dataset) -> bool:
    """Stores the dataset; False if one of that name is there already, which then is the same."""
    if not _NAME.fullmatch(dataset.name):
        raise UserError(f"the dataset's name {dataset.name!r} is none; expected something like clips-1a2b3c4d")
    data = json.dumps(asdict(dataset), indent=1, sort_keys=True, ensure_ascii=False).encode()
    return lake.objects.put(_key(dataset.name), data)


def has_dataset(lake: Lake, name: str) -> bool:
    """Whether there is a dataset of exactly this name."""
    return lake.objects.exists(_key(name))


def list_datasets(lake: Lake) -> list[Dataset]:
    """All datasets of the lake, the oldest first."""
    names = [name for name in _names(lake) if _NAME.fullmatch(name)]
    return sorted((_read(lake, name) for name in names), key=lambda dataset: (dataset.made_at, dataset.name))


def read_dataset(lake: Lake, name: str) -> Dataset:
    """The dataset of exactly this name, or the newest of the family of this name. Raises UserError with the nearest names."""
    if _NAME.fullmatch(name):
        try:
            return _read(lake, name)
        except ObjectChanged:
            pass
    names = _names(lake)
    of_family = [_read(lake, other) for other in names if _NAME.fullmatch(other) and family_of(other) == name]
    if of_family:
        return max(of_family, key=lambda dataset: (dataset.made_at, dataset.name))
    if not names:
        raise UserError(
            f"there are no datasets below {lake.data_root}; check the data root, or run curate or dataset import"
        )
    known = sorted({*names, *map(family_of, names)})
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or names[-3:]
    raise UserError(f"there is no dataset {name!r}; did you mean {' or '.join(near)}? `longtake dataset ls` shows all")


def _key(name: str) -> str:
    return f"{FOLDER}{name}.json"


def _names(lake: Lake) -> list[str]:
    found = (item.key.removeprefix(FOLDER) for item in lake.objects.walk(FOLDER))
    return sorted(key.removesuffix(".json") for key in found if key.endswith(".json"))


def _read(lake: Lake, name: str) -> Dataset:
    """Raises ObjectChanged where there is none of this name."""
    return parse_record(
        Dataset, lake.objects.read(_key(name)), where=f"{lake.data_root}/{_key(name)}", what="dataset",
        remedy="restore it, or remove it and make it again",
    )  # fmt: skip
