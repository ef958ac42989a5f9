"""Values from files, as Helm merges them, and back to plain data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from longtake.config import dump_changes, load_config, merge
from longtake.errors import UserError
from longtake.yamlfile import read_yaml
from pipelines.cluster.contradictions import find_contradictions
from pipelines.cluster.values import Values


def load_values(*files: Path) -> Values:
    """The chart's values with these files over them, later ones winning, as `helm -f` merges them.

    Raises UserError that lists every wrong key, value and contradiction.
    """
    merged: dict[str, Any] = {}
    for file in files:
        given = read_yaml(file) or {}
        if not isinstance(given, Mapping):
            raise UserError(f"the values file {file} holds {given!r:.60}; expected names and values")
        merged = merge(merged, given)
    merged.pop("global", None)  # Helm's own
    values = load_config(Values, merge(dump_values(Values()), merged), where="values")
    if contradictions := list(find_contradictions(values)):
        raise UserError("values: " + "; ".join(contradictions))
    return values


def dump_values(values: object) -> dict[str, Any]:
    """As in a values file: camelCase, configs by what differs from their defaults."""
    dumped: dict[str, Any] = TypeAdapter(type(values)).dump_python(values, mode="json", by_alias=True)
    if isinstance(values, Values):
        dumped["configs"] = {to_camel(stage): dump_changes(config) for stage, config in vars(values.configs).items()}
    return dumped
