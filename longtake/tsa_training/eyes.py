"""The weights of eyes that come pretrained and stay as they are."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from longtake.errors import UserError
from longtake.scoring.efficientnet import EfficientNetLite
from longtake.scoring.suitability import SHIPPED

PREFIX = "eyes."
"""Before the names of its weights in a checkpoint of a TSA network."""


def read_eyes(weights: str, stages: int) -> dict[str, Tensor]:
    """By name, as float32; "": those of the network that is shipped. Raises UserError for a file without them."""
    path = Path(weights).expanduser() if weights else SHIPPED
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"eyes is {weights!r}, and {path} cannot be read ({error}); give a safetensors file") from None
    names = list(EfficientNetLite(stages).state_dict())
    missing = [name for name in names if PREFIX + name not in tensors]
    if missing:
        raise UserError(
            f"{path} lacks {len(missing)} of {len(names)} weights of pretrained eyes, as {PREFIX + missing[0]}; give a "
            'checkpoint of a TSA network that has them, or eyes: "" for those of the network that comes with longtake'
        )
    return {name: tensors[PREFIX + name].float() for name in names}


def eyes_digest(weights: Mapping[str, Tensor]) -> str:
    """Of what is in them, wherever they lie."""
    return hashlib.sha256(save({name: one.contiguous() for name, one in weights.items()})).hexdigest()
