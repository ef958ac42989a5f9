"""How one comes by the captioner that a config names. Models load when it is opened."""

from typing import TYPE_CHECKING

from longtake.captioning.config import CaptioningConfig, Requests
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.captioning.captioner import Captioner


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
