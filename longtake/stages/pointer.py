"""The log that says which model of a family is in use: `<data_root>/models/promoted/<family>/000007.json`, one object an entry.

An entry is written only where there is none of its number, so that of two deciders who saw the same last entry one wins,
and the other learns of it: compare and swap, on any object store.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from longtake.config import parse_record
from longtake.datasets.stored import read_dataset
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, join_uri, key_below
from longtake.lake.places import split_uri
from longtake.lake.weights import fetch_weights
from longtake.promotion.entry import Entry, check_model_family, roll_back
from longtake.stages.samples import read_sample_set

FOLDER = "models/promoted/"
DIGITS = 6


def append(lake: Lake, entry: Entry) -> bool:
    """Writes the entry; False where another has its number, and decided first."""
    data = entry.to_json().encode()
    # What was sent twice, since the first answer got lost, is there and is ours.
    return (
        lake.objects.put(_key(entry.family, entry.number), data)
        or read_entry(lake, entry.family, entry.number) == entry
    )


def read_last(lake: Lake, family: str) -> Entry | None:
    """The newest entry: what is in use; None where nothing was decided yet."""
    numbers = _numbers(lake, family)
    return read_entry(lake, family, numbers[-1]) if numbers else None


def read_log(lake: Lake, family: str) -> list[Entry]:
    """All entries, the oldest first."""
    return [read_entry(lake, family, number) for number in _numbers(lake, family)]


def read_entry(lake: Lake, family: str, number: int) -> Entry:
    """Raises UserError for an entry that is damaged or gone."""
    key = _key(family, number)
    where = f"{lake.data_root}/{key}"
    try:
        data = lake.objects.read(key)
    except ObjectChanged:
        raise UserError(f"{where} is gone; restore it") from None
    return parse_record(Entry, data, where=where, what="entry", remedy="restore it")


def list_families(lake: Lake) -> list[str]:
    """Families about which something was decided."""
    return sorted({item.key.removeprefix(FOLDER).partition("/")[0] for item in lake.objects.walk(FOLDER)})


def promote_by_hand(lake: Lake, model: str, family: str, *, by: str, reason: str) -> Entry:
    """Puts a model into use without judging it; a file that is not in the lake is copied into it.

    Raises UserError for a model that can't be read or is in use already, and where another decision came in between.
    """
    from longtake.dit.trained import read_card, write_basis

    last = read_last(lake, family)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(fetch_weights(model, Path(scratch)))
        card = read_card(path)
        uri = _keep(lake, model, path)
        basis = Path(scratch) / "basis.safetensors"
        basis_uri = _keep(lake, str(basis), basis, "latents/linear") if write_basis(path, basis) else ""
    if last and last.model == uri:
        raise UserError(f"{uri} is in use already")
    samples, raw, videos = _origin(lake, str(card.sample_set["name"]))
    entry = Entry(
        family=check_model_family(family), number=last.number + 1 if last else 1, decision="promoted", model=uri,
        previous=last.model if last else "", candidate=uri, samples=samples, basis=basis_uri, loss=card.loss,
        previous_loss=None, judged_on="", raw=raw, videos=videos, by=by, at=now(), reason=reason,
    )  # fmt: skip
    return _append_now(lake, entry)


def roll_back_by_hand(lake: Lake, family: str, to: int | None, *, by: str, reason: str) -> Entry:
    """Puts an earlier model back into use. Raises UserError where there is none, and where another decision came in between."""
    entries = read_log(lake, family)
    if not entries:
        raise unknown_family(lake, family, list_families(lake))
    return _append_now(lake, roll_back(entries, to, by=by, at=now(), reason=reason))


def unknown_family(lake: Lake, family: str, known: Sequence[str]) -> UserError:
    """What to say of a family about which nothing was decided."""
    return UserError(
        f"nothing was ever promoted in the family {family!r} of {lake.data_root}; it has {', '.join(known) or 'none'}"
    )


def now() -> str:
    """ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _append_now(lake: Lake, entry: Entry) -> Entry:
    if not append(lake, entry):
        other = read_entry(lake, entry.family, entry.number)
        raise UserError(
            f"{other.by} decided about {entry.family} at the same time ({other.decision} {other.candidate}); look at it with "
            "`longtake models list`, and try again if it is still wanted"
        )
    return entry


def _keep(lake: Lake, place: str, path: Path, prefix: str = "models/dit") -> str:
    """The URI of a file of weights in the lake, where it is copied to unless it is there."""
    uri = place if "://" in place else Path(split_uri(place)[1]).as_uri()
    if key_below(uri, lake.data_root):
        return uri
    with path.open("rb") as file:
        key = f"{prefix}-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}.safetensors"
    lake.objects.upload(key, path)
    return join_uri(lake.data_root, key)


def _origin(lake: Lake, samples: str) -> tuple[str, str, int | None]:
    """The sample set and the footage that a model could learn from; nothing of it where it is of another lake."""
    try:
        sample_set = read_sample_set(lake, samples)
        dataset = read_dataset(lake, sample_set.dataset)
    except UserError:
        return "", "", None
    return (samples, dataset.raw, dataset.versions.get("videos")) if sample_set.name == samples else ("", "", None)


def _numbers(lake: Lake, family: str) -> list[int]:
    prefix = f"{FOLDER}{check_model_family(family)}/"
    names = (item.key.removeprefix(prefix).removesuffix(".json") for item in lake.objects.walk(prefix))
    return sorted(int(name) for name in names if name.isdecimal() and len(name) >= DIGITS)


def _key(family: str, number: int) -> str:
    return f"{FOLDER}{check_model_family(family)}/{number:0{DIGITS}}.json"
