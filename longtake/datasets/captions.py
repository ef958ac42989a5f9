"""Which captions go with a dataset that leaves the lake: clips may have several, by different captioners and configs."""

from typing import Any

from longtake.errors import UserError
from longtake.lake import Lake
from longtake.lake.query import query_lake
from longtake.records import Caption

KINDS = "select captioner, made_by, count(*) as clips from captions where text is not null group by all order by all"


def choose_captions(lake: Lake, wanted: str | None) -> str | None:
    """The `made_by` of the captions that are meant: by a captioner's name, a `made_by`, or nothing where there is one kind alone.

    None where there are none, or `none` is wanted. Raises UserError with what there is where that is not plain.
    """
    if wanted == "none":
        return None
    found = _kinds(lake)
    meant = [kind for kind in found if wanted in (None, kind["made_by"], kind["captioner"])]
    if len(meant) == 1:
        return str(meant[0]["made_by"])
    if not meant and wanted is None:
        return None
    there = "; ".join(f"{kind['made_by']} by {kind['captioner']}, {kind['clips']} clips" for kind in found) or "none"
    raise UserError(f"--captions {wanted or 'is not given'}: the lake has {there}; give one of these, or none")


def only_captions(lake: Lake) -> str | None:
    """The `made_by` of the lake's captions; None where there are none, or several kinds."""
    found = _kinds(lake)
    return str(found[0]["made_by"]) if len(found) == 1 else None


def _kinds(lake: Lake) -> list[dict[str, Any]]:
    return query_lake(lake, KINDS).to_pylist() if lake.tables.version(Caption) is not None else []
