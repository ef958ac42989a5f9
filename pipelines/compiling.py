"""Pipelines and components as the YAML that Kubeflow takes."""

import importlib
from pathlib import Path
from typing import Any

from kfp import compiler

from pipelines.catalog import CATALOG, module_of
from pipelines.cluster.loading import load_values
from pipelines.cluster.values import Values

CLONE = Path(__file__).resolve().parent.parent
PROFILES = ("laptop", "cpu", "gpu")
"""Values of `helm/longtake/ci` that `pipelines/compiled` shows the outcome of."""


def load_pipeline(name: str, values: Values) -> Any:
    """The pipeline with these values of the chart."""
    return importlib.import_module(module_of(name)).build(values)


def compile_pipeline(name: str, values: Values, folder: Path) -> Path:
    """Writes `<folder>/<name>.yaml`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    compiler.Compiler().compile(load_pipeline(name, values), str(path))
    return path


def compile_all(root: Path = CLONE) -> list[Path]:
    """Writes below `root` what the repository shows: every pipeline for every profile, and every component."""
    written = []
    for profile in PROFILES:
        values = load_values(CLONE / "helm" / "longtake" / "ci" / f"{profile}-values.yaml")
        written += [compile_pipeline(name, values, root / "pipelines" / "compiled" / profile) for name in CATALOG]
    for step in sorted({step for entry in CATALOG.values() for step in entry.steps}):
        path = root / "components" / step / "component.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        compiler.Compiler().compile(getattr(importlib.import_module(f"components.{step}.component"), step), str(path))
        written.append(path)
    return written


if __name__ == "__main__":
    for path in compile_all():
        print(path)
