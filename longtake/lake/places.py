"""Places by their URI: `s3://bucket/prefix`, `file:///folder`, or a plain path."""

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote

from longtake.errors import UserError
from longtake.lake.objects import Store


def open_store(uri: str, *, patient: bool = True) -> Store:
    """The store at this URI; nothing is contacted yet. An impatient one gives up soon, since someone waits for it."""
    kind, place = split_uri(uri)
    if kind == "s3":
        from longtake.lake.s3 import S3Store

        bucket, _, prefix = place.partition("/")
        return S3Store(bucket, prefix.strip("/"), patient=patient)
    from longtake.lake.folder import FolderStore

    return FolderStore(Path(place))


def split_uri(uri: str) -> tuple[str, str]:
    """("s3", "bucket/prefix") or ("file", absolute path). Raises UserError for anything else."""
    expected = "expected s3://bucket/prefix, file:///folder or a folder's path"
    if not uri.strip():
        raise UserError(f"an empty URI was given; {expected}")
    if any(ord(char) < 32 or ord(char) == 127 for char in uri):
        raise UserError(f"{uri!r} holds a control character; {expected}")
    scheme, colon, rest = uri.partition(":")
    if colon and scheme == "s3":
        bucket, _, prefix = rest.removeprefix("//").partition("/")
        if not rest.startswith("//") or not re.fullmatch(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]", bucket):
            raise UserError(f"{uri!r} names no bucket (3 to 63 lower-case letters, digits, dots, dashes); {expected}")
        return "s3", f"{bucket}/{prefix}".rstrip("/")
    if colon and scheme == "file":
        host, slash, path = rest.removeprefix("//").partition("/")
        if not rest.startswith("/") or not slash or host not in ("", "localhost") or re.search("[?#]", path):
            raise UserError(f"{uri!r} is no absolute file URI; {expected}")
        return "file", str(Path(f"/{unquote(path)}"))
    if "://" in uri:
        raise UserError(f"{uri!r} has the unknown scheme {scheme!r}; {expected}")
    try:
        return "file", os.path.abspath(Path(uri).expanduser())  # noqa: PTH100 (".." goes, links stay)
    except RuntimeError:
        raise UserError(f"{uri!r} begins with a user who is not known here; {expected}") from None


def join_uri(place: str, key: str) -> str:
    """The URI of a key below a store's URI."""
    return f"{place.rstrip('/')}/{quote(key) if place.startswith('file:') else key}"


def key_below(uri: str, place: str) -> str | None:
    """The key that `join_uri` made this URI of; None if it does not lie below the place."""
    prefix = f"{place.rstrip('/')}/"
    if not uri.startswith(prefix):
        return None
    key = uri.removeprefix(prefix)
    return unquote(key) if place.startswith("file:") else key
