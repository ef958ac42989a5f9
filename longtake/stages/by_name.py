"""Steps by their name, for `longtake step`, Argo and Ray jobs: parameters come as one dictionary."""

import difflib
import importlib
import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from longtake.errors import UserError
from longtake.stages.step import Summary


def run_step(name: str, parameters: Mapping[str, Any]) -> Summary:
    """Calls `longtake.stages.<name>.run` with just these parameters. Raises UserError for an unknown or missing one."""
    step = importlib.import_module(f"longtake.stages.{name}").run
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
    summary: Summary = step(**checked)
    return summary
