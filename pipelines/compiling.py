"""Pipelines and components as the YAML that Kubeflow takes."""

import importlib
from pathlib import Path
from typing import Any

from kfp import compiler

from pipelines.catalog import CATALOG

CLONE = Path(__file__).resolve().parent.parent


def load_pipeline(name: str) -> Any:
    """The pipeline function of `pipelines/<name>.py`."""
    return getattr(importlib.import_module(f"pipelines.{name}"), name)


def compile_pipeline(name: str, out: Path | None = None) -> list[Path]:
    """Writes `pipelines/compiled/<name>.yaml` and `components/<step>/component.yaml` below `out` or the clone."""
    root = out or CLONE
    targets = {root / "pipelines" / "compiled" / f"{name}.yaml": load_pipeline(name)}
    for step in CATALOG[name].steps:
        component = getattr(importlib.import_module(f"components.{step}.component"), step)
        targets[root / "components" / step / "component.yaml"] = component
    for path, what in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        compiler.Compiler().compile(what, str(path))
    return list(targets)
