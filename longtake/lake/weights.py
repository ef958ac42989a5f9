"""Weights that are given by a path, an `s3://` URI or a hub name: brought here, and told apart by their content."""

import hashlib
from pathlib import Path

from longtake.errors import UserError
from longtake.lake.places import open_store, split_uri
from longtake.records import digest

SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja")
"""What a checkpoint consists of; nothing that would have to be unpickled."""


def fetch_weights(place: str, folder: Path) -> str:
    """Where a library can load it from: an `s3://` file or folder is copied into `folder`, a `file://` URI is its path, all else is as it
    was given.
    """
    if not place.startswith("s3://"):
        return _local(place)
    parent, _, name = place.rstrip("/").rpartition("/")
    store = open_store(parent)
    target = folder / digest(place, chars=16)
    found = [item for item in store.walk(name) if item.key == name or item.key.startswith(f"{name}/")]
    for item in found:
        if item.key.endswith(SUFFIXES):
            path = target / item.key
            path.parent.mkdir(parents=True, exist_ok=True)
            store.fetch(item.key, path, etag=item.etag)
    if not (target / name).exists():
        raise UserError(f"there are no weights at {place}; expected a .safetensors file, or a folder with one")
    return str(target / name)


def weights_digest(place: str) -> str:
    """What tells these weights from others: the content of a local checkpoint, the objects' tags on S3, a hub's name."""
    if place.startswith("s3://"):
        parent, _, name = place.rstrip("/").rpartition("/")
        items = [i for i in open_store(parent).walk(name) if i.key == name or i.key.startswith(f"{name}/")]
        return digest(sorted([i.key, i.bytes, i.etag] for i in items if i.key.endswith(SUFFIXES)))
    path = Path(_local(place)).expanduser()
    if not path.exists():
        return digest("hub", place)  # a hub's revision can't be asked for where no hub can be reached
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES)
    content = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            content.update(hashlib.file_digest(opened, "sha256").digest())
    return content.hexdigest()[:32]


def _local(place: str) -> str:
    """The path of a `file://` URI, as a step gives it out whose lake is a folder."""
    return split_uri(place)[1] if place.startswith("file://") else place
