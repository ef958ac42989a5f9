"""Which captioner a config names, and how one comes by it. Models load when it is opened."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from longtake.captioning.config import CaptioningConfig, Requests
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.captioning.captioner import Captioner

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


def open_captioner(config: CaptioningConfig, requests: Requests | None = None) -> "Captioner":
    """The captioner, ready; weights and adapter lie on this machine. Raises UserError for what is not installed or no model."""
    try:
        if config.captioner == "transformers":
            from longtake.captioning.vlm.captioner import TransformersCaptioner

            return TransformersCaptioner(config)
        if config.captioner == "endpoint":
            from longtake.captioning.endpoint import EndpointCaptioner

            return EndpointCaptioner(config, requests or Requests())
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in (
            "torch",
            "transformers",
            "safetensors",
            "peft",
            "urllib3",
            "llguidance",
        ):
            raise
        extra = "torch" if config.captioner == "transformers" else "captioning"
        raise UserError(
            f"captioner {config.captioner} needs {error.name}, which is not installed; pip install 'longtake[{extra}]', or "
            "caption by what is measured (captioner: measured)"
        ) from None
    from longtake.captioning.measured.captioner import MeasuredCaptioner

    return MeasuredCaptioner(config)


def _last(place: str) -> str:
    """The last part of a path, a URI or a hub's name: what people call the model."""
    return PurePosixPath(place.rstrip("/")).name
