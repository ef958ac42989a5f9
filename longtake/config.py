"""Strict loading of config dataclasses: a wrong key or value is one sentence with the place and the nearest name."""

import difflib
import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from longtake.errors import UserError

Config = TypeVar("Config")

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
"""What every config dataclass is made with: unknown keys are refused, the docstring under a field is its description."""


def load_config(cls: type[Config], given: Mapping[str, Any], *, where: str) -> Config:
    """The dictionary `given` as a `cls`; 3.0 becomes 3 for an int, since Kubeflow turns every number into a float.

    `where` names the dictionary in messages ("slicing config"). Raises UserError that lists every wrong key and value.
    """
    try:
        loaded: Config = TypeAdapter(cls).validate_python(dict(given))
        return loaded
    except ValidationError as error:
        sentences = [_sentence(cls, fault) for fault in error.errors(include_url=False)]
        raise UserError(f"{where}: " + "; ".join(sentences)) from None


def parse_record(cls: type[Config], data: bytes, *, where: str, what: str, remedy: str) -> Config:
    """A stored record from its JSON. Raises UserError: `where` is no `what`, by its first wrong field; then the remedy."""
    try:
        record: Config = TypeAdapter(cls).validate_json(data, strict=True)
        return record
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        fault_at = f"{place}: {fault['msg']}" if place else fault["msg"]
        raise UserError(f"{where} is no {what} of this version: {fault_at}; {remedy}") from None


def dump_config(config: object) -> dict[str, Any]:
    """The config as plain JSON values, every default spelled out."""
    cls: type[Any] = type(config)
    dumped: dict[str, Any] = TypeAdapter(cls).dump_python(config, mode="json")
    return dumped


def dump_changes(config: object) -> dict[str, Any]:
    """The fields of a config that differ from their defaults, as plain JSON values."""
    changes: dict[str, Any] = TypeAdapter(type(config)).dump_python(config, mode="json", exclude_defaults=True)
    return changes


def merge(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with the keys of `over`: maps are merged, all else is replaced."""
    merged = dict(below)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def config_schema(cls: type) -> dict[str, Any]:
    """JSON Schema of a config dataclass: types, bounds, defaults, and each field's docstring."""
    return TypeAdapter(cls).json_schema()


def _sentence(cls: type, fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "the whole"
    if fault["type"] == "unexpected_keyword_argument" or fault["type"] == "extra_forbidden":
        names = sorted(_schema_at(cls, fault["loc"][:-1]).get("properties", {}))
        near = difflib.get_close_matches(str(fault["loc"][-1]), names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(names) or 'none'}"
        return f"unknown key {place!r}; {hint}"
    if fault["type"] == "missing":
        return f"{place!r} is missing"
    if fault["type"] == "value_error":
        return f"{place!r}: {fault['ctx']['error']}"
    if fault["type"] == "string_pattern_mismatch" and (examples := _schema_at(cls, fault["loc"]).get("examples")):
        return f"{place!r} is {reprlib.repr(fault['input'])}; expected something like {examples[0]!r}"
    return f"{place!r} is {reprlib.repr(fault['input'])}; {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _schema_at(cls: type, path: tuple[int | str, ...]) -> dict[str, Any]:
    """JSON Schema of the part of the config that `path` leads to, through fields, names of a map and places of a list."""
    schema = config_schema(cls)
    node = schema
    for part in path:
        below = [node.get("items"), node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
        found = node.get("properties", {}).get(str(part)) or next((n for n in below if isinstance(n, dict)), {})
        found = next(
            (choice for choice in found.get("anyOf", []) if "$ref" in choice), found
        )  # a section that may be null
        node = schema["$defs"][found["$ref"].rsplit("/", 1)[-1]] if "$ref" in found else found
    return node
