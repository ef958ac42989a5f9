"""Scaling laws by name: published ones, files, and those of a lake, each one JSON object: `<data_root>/laws/<name>.json`."""

import difflib
import json
from dataclasses import replace

from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, Store, join_uri, open_store
from longtake.scaling.published import PUBLISHED
from longtake.scaling.stored import StoredLaws, load_laws

FOLDER, SUFFIX = "laws/", ".json"


def list_laws(lake: Lake) -> list[str]:
    """Names of those that were fitted, the newest first."""
    items = [item for item in lake.objects.walk(FOLDER) if item.key.endswith(SUFFIX)]
    newest = sorted(items, key=lambda item: (item.written_s, item.key), reverse=True)
    return [item.key.removeprefix(FOLDER).removesuffix(SUFFIX) for item in newest]


def read_laws(place: str, lake: Lake | None = None) -> StoredLaws:
    """Laws of the lake by their name, published ones by theirs, or a file or `s3://` URI; an empty place: the lake's newest.

    Raises UserError where there are none, with the nearest names.
    """
    if "/" in place or place.endswith(SUFFIX):
        folder, slash, name = place.rpartition("/")
        return _read(open_store(folder or slash or "."), name, place)
    names = list_laws(lake) if lake else []
    if not place and not names:
        where = f" below {lake.data_root}" if lake else ", and no lake to look for some"
        raise UserError(f"there are no laws{where}; fit some, or name published ones: {', '.join(PUBLISHED)}")
    name = place or names[0]
    if lake and name in names:
        key = f"{FOLDER}{name}{SUFFIX}"
        return _read(lake.objects, key, join_uri(lake.data_root, key))
    if name in PUBLISHED:
        return StoredLaws(laws=PUBLISHED[name])
    known = [*names, *PUBLISHED]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
    where = f" below {lake.data_root}, nor are any of that name published" if lake else " among the published ones"
    raise UserError(f"there are no laws {name!r}{where}; did you mean {' or '.join(near)}?")


def _read(store: Store, key: str, where: str) -> StoredLaws:
    """They are called as their file is."""
    try:
        data = store.read(key)
    except ObjectChanged:
        raise UserError(f"there are no laws at {where}; give a file of <data_root>/{FOLDER}, or a name") from None
    try:
        given = json.loads(data)
    except ValueError as error:
        raise UserError(f"{where} holds no laws: it is no JSON ({error})") from None
    if not isinstance(given, dict):
        raise UserError(f"{where} holds no laws: it is JSON, and no object")
    found = load_laws(given, where)
    name = key.rpartition("/")[2].removesuffix(SUFFIX)
    return replace(found, laws=replace(found.laws, name=name))
