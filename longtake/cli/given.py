"""What the verbs are given: config files, and the modules that only the clone has."""

from pathlib import Path
from typing import Any

from longtake.errors import UserError


def from_clone(module: str) -> Any:
    """A module that Kubeflow needs and only the clone has."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("pipelines", "components"):
            raise UserError(
                "this verb needs the pipelines, which are in the repository and not in the wheel; "
                "clone it and install it with pip install -e '.[media,lake,kfp]'"
            ) from None
        raise


def read_mapping(path: Path | None, inside: str = "") -> dict[str, Any]:
    """A YAML or JSON file as a dictionary; of a curate config the part under the key `inside`; empty without a file."""
    from longtake.yamlfile import read_yaml

    loaded = {} if path is None else read_yaml(path) or {}
    curates = isinstance(loaded, dict) and bool(loaded) and all(str(key).endswith("_config") for key in loaded)
    if inside and isinstance(loaded, dict) and (curates or inside in loaded):
        loaded = loaded.get(inside) or {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise UserError(f"the config file {path} holds {loaded!r:.60}; expected names and values")
    return loaded
