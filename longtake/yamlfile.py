"""YAML files, read strictly."""

from pathlib import Path
from typing import Any

import yaml

from longtake.errors import UserError


def read_yaml(path: Path) -> Any:
    """What a YAML or JSON file holds. Raises UserError, also for a key that is given twice, which YAML lets pass."""

    class OneKeyLoader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = [key for key in keys if keys.count(key) > 1]
            if twice:
                raise yaml.constructor.ConstructorError(None, None, f"{twice[0]!r} is given twice", node.start_mark)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(path.read_text(encoding="utf-8"), OneKeyLoader)
    except OSError as error:
        raise UserError(f"the file {path} can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"the file {path} is no YAML: {' '.join(str(error).split())}") from None
