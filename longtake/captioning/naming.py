"""What a captioner is called, in the table's column `captioner` and to people."""

from pathlib import PurePosixPath

from longtake.captioning.config import CaptioningConfig

MEASURED_VERSION = 1
"""Of what `measured` writes; raised with ALGORITHM_VERSION where that is for it."""


def name_of(config: CaptioningConfig) -> str:
    """What the table's column `captioner` says: the kind, and the name of the model or a version."""
    if config.captioner == "transformers" and config.transformers:
        adapter = config.transformers.adapter
        return f"transformers {_last(config.transformers.model)}" + (f" + {_last(adapter)}" if adapter else "")
    if config.captioner == "endpoint" and config.endpoint:
        return f"endpoint {config.endpoint.model}"
    return f"measured {MEASURED_VERSION}"


def _last(place: str) -> str:
    """The last part of a path, a URI or a hub's name: what people call the model."""
    return PurePosixPath(place.rstrip("/")).name
