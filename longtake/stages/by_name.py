"""Steps by their name, for `longtake step`, Argo and Ray jobs: parameters come as one dictionary, or as NAME=VALUE."""

import difflib
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from longtake.errors import UserError
from longtake.stages.step import Summary


class Result(Protocol):
    """What a step gives back that is no text: a `Summary`, or what the doctor found."""

    @property
    def exit_code(self) -> int: ...

    def to_json(self) -> str: ...


def run_step(name: str, parameters: Mapping[str, Any]) -> Result | str:
    """Calls `longtake.stages.<name>.run` with just these parameters: what it did, or the text that it made.

    Raises UserError for an unknown or missing parameter.
    """
    step = _step(name)
    signature = inspect.signature(step)
    for key in parameters:
        if key not in signature.parameters:
            near = difflib.get_close_matches(key, signature.parameters, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(signature.parameters)}"
            raise UserError(f"step {name}: unknown parameter {key!r}; {hint}")
    missing = [k for k, p in signature.parameters.items() if p.default is p.empty and k not in parameters]
    if missing:
        raise UserError(f"step {name}: {', '.join(missing)} must be given")
    hints = get_type_hints(step)
    checked = {}
    for key, value in parameters.items():
        try:
            checked[key] = TypeAdapter(hints[key]).validate_python(value)
        except ValidationError as error:
            raise UserError(f"step {name}: {key} is {value!r}; {error.errors()[0]['msg'].lower()}") from None
    return step(**checked)


def list_parameters(name: str) -> list[tuple[str, str]]:
    """Each parameter of a step, and what it is where it is not given."""
    return [
        (key, "must be given" if parameter.default is parameter.empty else f"default: {_as_given(parameter.default)}")
        for key, parameter in inspect.signature(_step(name)).parameters.items()
    ]


def read_settings(name: str, settings: Iterable[str]) -> dict[str, Any]:
    """Each NAME=VALUE as a parameter of the step: as it is where that is a text, else read as YAML. Raises UserError."""
    hints = get_type_hints(_step(name))
    read: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--set {setting}: expected NAME=VALUE")
        try:
            read[key] = value if hints.get(key, str) is str else yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(
                f"step {name}: {key} is {value!r}, which is no YAML: {' '.join(str(error).split())}"
            ) from None
    return read


def write_outputs(result: Result | str, folder: Path) -> None:
    """A file for each output: `summary.json` and, of what only this step gives, `<field>.json`; a text is `summary.md`."""
    if isinstance(result, str):
        (folder / "summary.md").write_text(result)
        return
    (folder / "summary.json").write_text(result.to_json())
    if isinstance(result, Summary):
        of_every_step = {field.name for field in fields(Summary)}
        for field in fields(result):
            if field.name not in of_every_step:
                value = getattr(result, field.name)
                # A text goes as it is: what comes next takes it for a name.
                (folder / f"{field.name}.json").write_text(value if isinstance(value, str) else json.dumps(value))


def _as_given(default: object) -> str:
    return str(default) if default or default == 0 else "none"


def _step(name: str) -> Callable[..., Result | str]:
    step: Callable[..., Result | str] = importlib.import_module(f"longtake.stages.{name}").run
    return step
