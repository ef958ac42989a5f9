"""Sample sets by name, each one JSON object: `<data_root>/samples/<dataset>.<8 hexadecimal digits>.json`; their rows and encoders."""

import difflib
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from longtake.config import load_config, parse_record
from longtake.datasets.naming import family_of
from longtake.datasets.stored import read_dataset
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, ObjectChanged
from longtake.lake.weights import fetch_weights
from longtake.latents.config import EncodingConfig
from longtake.latents.sample_set import SampleSet
from longtake.records import Record, Sample, Selection

if TYPE_CHECKING:
    from longtake.latents.autoencoder import Autoencoder
    from longtake.latents.text import TextEncoder

log = logging.getLogger(__name__)

FOLDER = "samples/"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}-[0-9a-f]{8}\.[0-9a-f]{8}")


def sample_set_name(dataset: str, made_by: str) -> str:
    """The name of the set that this encoding makes of the dataset."""
    return f"{dataset}.{made_by[:8]}"


def write_sample_set(lake: Lake, sample_set: SampleSet) -> SampleSet:
    """Stores the set, and gives the one that is stored: the earlier one of this name where nothing in it has changed and the version of
    the table that it pins is still there.
    """
    if not _NAME.fullmatch(sample_set.name):
        raise UserError(
            f"the sample set's name {sample_set.name!r} is none; expected something like clips-1a2b3c4d.5e6f7a8b"
        )
    try:
        earlier = _read(lake, sample_set.name)
    except ObjectChanged:
        earlier = None
    if earlier and replace(earlier, made_at=sample_set.made_at, version=sample_set.version) == sample_set:
        try:
            _rows_at(lake, earlier, {0})
        except UserError:
            pass  # it pins a version that is gone: the new one takes its place
        else:
            return earlier
    data = json.dumps(asdict(sample_set), indent=1, sort_keys=True, ensure_ascii=False).encode()
    lake.objects.put(_key(sample_set.name), data, overwrite=True)
    return sample_set


def read_sample_set(lake: Lake, name: str) -> SampleSet:
    """The set of exactly this name, or the newest of the dataset, or of the family of datasets, of this name.

    Raises UserError with the nearest names.
    """
    if _NAME.fullmatch(name):
        try:
            return _read(lake, name)
        except ObjectChanged:
            pass
    names = [key for item in lake.objects.walk(FOLDER) if _NAME.fullmatch(key := _name(item.key))]
    meant = [_read(lake, other) for other in names if name in (_dataset(other), family_of(_dataset(other)))]
    if meant:
        return max(meant, key=lambda found: (found.made_at, found.name))
    if not names:
        raise UserError(
            f"there are no samples below {lake.data_root}; check the data root, or run the step encoding on a dataset"
        )
    known = sorted({*names, *map(_dataset, names), *(family_of(_dataset(other)) for other in names)})
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or sorted(names)[-3:]
    raise UserError(f"there are no samples {name!r}; did you mean {' or '.join(near)}?")


def read_samples(lake: Lake, sample_set: SampleSet) -> list[Sample]:
    """The set's rows that have latents, in the order of their keys, as they were when the set was made.

    Raises UserError where the tables no longer hold what the set pins.
    """
    dataset = read_dataset(lake, sample_set.dataset)
    version = dataset.versions.get("selections")
    with _pinned(lake, Selection, version, sample_set):
        chosen = lake.tables.read(Selection, version=version, dataset=dataset.name)
    kept = {row.clip_id for row in chosen if row.kept}
    rows = [row for row in _rows_at(lake, sample_set) if row.reason is None and row.clip_id in kept]
    if len(rows) != sample_set.samples:
        raise UserError(
            f"{sample_set.name} pins {sample_set.samples} samples, and the tables below {lake.data_root} hold {len(rows)} of them; "
            f"restore the tables, or run the step encoding on {sample_set.dataset} again"
        )
    return rows


def open_autoencoder_of(lake: Lake, sample_set: SampleSet, folder: Path, device: str = "cpu") -> "Autoencoder":
    """The autoencoder that the set's latents were made by; what is fetched for it lies in the folder.

    Raises UserError where it is gone, or another now.
    """
    from longtake.latents.opening import open_autoencoder

    config = encoding_of(sample_set)
    basis = None
    if sample_set.basis is not None:
        basis = fetch_basis(lake, sample_set.basis, folder)
    elif config.diffusers is not None:
        model = fetch_weights(config.diffusers.model, folder)
        config = replace(config, diffusers=replace(config.diffusers, model=model))
    autoencoder = open_autoencoder(config, basis=basis, device=device)
    if autoencoder.name != sample_set.autoencoder:
        raise UserError(
            f"the latents of {sample_set.name} were made by the autoencoder {sample_set.autoencoder}, and what lies in its place is "
            f"{autoencoder.name}; restore the one, or run the step encoding again"
        )
    return autoencoder


def open_text_encoder_of(sample_set: SampleSet, folder: Path, device: str = "cpu") -> "TextEncoder":
    """The text encoder of the set's captions; what is fetched for it lies in the folder. Raises UserError where it is another now."""
    from longtake.latents.text import open_text_encoder

    text = encoding_of(sample_set).text
    if text.model:
        text = replace(text, model=fetch_weights(text.model, folder))
    encoder = open_text_encoder(text, device)
    if encoder.width != sample_set.text_width:
        raise UserError(
            f"the texts of {sample_set.name} are {sample_set.text_width} wide, and the encoder {encoder.name} gives {encoder.width}; "
            "restore the encoder that it had, or run the step encoding again"
        )
    return encoder


def encoding_of(sample_set: SampleSet) -> EncodingConfig:
    """The config that the set was made by."""
    return load_config(EncodingConfig, sample_set.encoding, where=f"the encoding config of {sample_set.name}")


def fetch_basis(lake: Lake, key: str, folder: Path) -> Path:
    """The basis as a file in the folder. Raises UserError where it is gone."""
    path = folder / Path(key).name
    try:
        lake.objects.fetch(key, path)
    except ObjectChanged:
        raise UserError(
            f"there is no basis {key} below {lake.data_root}; restore it, or encode the dataset anew with a config of its own"
        ) from None
    return path


def _rows_at(lake: Lake, sample_set: SampleSet, buckets: set[int] | None = None) -> list[Sample]:
    with _pinned(lake, Sample, sample_set.version, sample_set):
        return lake.tables.read(Sample, buckets=buckets, version=sample_set.version, made_by=sample_set.made_by)


@contextmanager
def _pinned(lake: Lake, record: type[Record], version: int | None, sample_set: SampleSet) -> Iterator[None]:
    """Raises UserError where the table can be read, and not as it was in this version."""
    try:
        yield
    except TransientError as error:
        newest = lake.tables.version(record)  # raises where the table cannot be reached at all
        log.warning(
            "a version of a table is gone", extra={"table": record.TABLE, "version": version, "detail": str(error)}
        )
        raise UserError(
            f"{sample_set.name} pins version {version} of the table {record.TABLE}, which cannot be read any more (the newest is "
            f"{newest}); restore it, or run the step encoding on {sample_set.dataset} again, which pins the tables as they are"
        ) from None


def fetch_shard(lake: Lake, key: str, path: Path) -> None:
    """A shard into a file. Raises MissingShard, which a loader knows."""
    from longtake.dit.shelf import MissingShard

    try:
        lake.objects.fetch(key, path)
    except ObjectChanged:
        raise MissingShard(key) from None


def _key(name: str) -> str:
    return f"{FOLDER}{name}.json"


def _name(key: str) -> str:
    return key.removeprefix(FOLDER).removesuffix(".json")


def _dataset(name: str) -> str:
    return name.rpartition(".")[0]


def _read(lake: Lake, name: str) -> SampleSet:
    """Raises ObjectChanged where there is none of this name."""
    return parse_record(
        SampleSet, lake.objects.read(_key(name)), where=f"{lake.data_root}/{_key(name)}", what="sample set",
        remedy="run the step encoding again",
    )  # fmt: skip
