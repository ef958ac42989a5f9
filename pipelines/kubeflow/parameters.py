"""Parameters that people give to a compiled pipeline: what is wrong is said before anything is sent."""

import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from longtake.config import load_config
from longtake.datasets.naming import check_family
from longtake.errors import UserError
from longtake.lake.places import split_uri
from longtake.shards import plan_shards
from longtake.stages.config import check_agreement
from pipelines.catalog import CATALOG

PLACES = ("raw", "data_root")
TYPES: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "STRING": ("text", (str,)),
    "NUMBER_INTEGER": ("a whole number", (int,)),
    "NUMBER_DOUBLE": ("a number", (int, float)),
    "BOOLEAN": ("true or false", (bool,)),
    "STRUCT": ("names and values", (dict,)),
    "LIST": ("a list", (list,)),
}
"""Kubeflow's parameter types, in words and in Python."""


def spec_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pipeline in what Kubeflow keeps: alone, or beside what is meant for Kubernetes."""
    spec: Mapping[str, Any] = document.get("pipeline_spec") or document
    return spec


def declared_parameters(spec: Mapping[str, Any]) -> dict[str, str]:
    """Name -> Kubeflow's type, of a pipeline's own parameters."""
    declared = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return {name: parameter["parameterType"] for name, parameter in declared.items()}


def check_parameters(
    pipeline: str, spec: Mapping[str, Any], values: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The parameters as they are sent: `values` from files, and `texts` from a command line, which are YAML unless the
    parameter is text.

    Raises UserError for a name that the pipeline does not have, a value of another type, and whatever is wrong in a config.
    """
    texts = texts or {}
    declared = declared_parameters(spec)
    for name in (*values, *texts):
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(sorted(declared)) or 'none'}"
            raise UserError(f"{pipeline}: unknown parameter {name!r}; {hint}")
    if twice := sorted(set(values) & set(texts)):
        raise UserError(f"{pipeline}: {twice[0]} is given twice, in the config file and beside it; give it once")
    given = dict(values) | {name: _parsed(name, text, declared[name]) for name, text in texts.items()}
    checked = {name: _checked(pipeline, name, value, declared[name]) for name, value in sorted(given.items())}
    _check_configs(pipeline, spec, checked)
    return checked


def _check_configs(pipeline: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises UserError for configs that are each right and do not go together, with the pipeline's own where none is given."""
    names = ("scoring_config", "selecting_config")
    if not all(name in declared_parameters(spec) for name in names):
        return
    configs = CATALOG[pipeline].configs
    own = spec["root"]["inputDefinitions"]["parameters"]
    scoring: Any
    selecting: Any
    scoring, selecting = (
        load_config(configs[name], given.get(name, own[name].get("defaultValue", {})), where=name.replace("_", " "))
        for name in names
    )
    check_agreement(scoring, selecting)


def _parsed(name: str, text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{name}={text!r} is no YAML: {' '.join(str(error).split())}") from None


def _checked(pipeline: str, name: str, value: Any, kind: str) -> Any:
    words, types = TYPES[kind]
    if kind == "NUMBER_INTEGER" and isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) not in types:
        raise UserError(f"{pipeline}: {name} is {value!r}; expected {words}")
    if name in PLACES and split_uri(value)[0] != "s3":
        raise UserError(f"{pipeline}: {name} is {value!r}, a folder, which pods do not have; give s3://bucket/prefix")
    if name == "shards":
        plan_shards({}, value)
    if name == "dataset" and CATALOG[pipeline].makes_datasets:
        check_family(value)
    if config := CATALOG[pipeline].configs.get(name):
        load_config(config, value, where=name.replace("_", " "))
    return value
