"""Opens the encoder that a config names."""

from longtake.errors import UserError
from longtake.evaluation.config import EncoderConfig
from longtake.evaluation.encoders import Encoder, RandomEncoder


def open_encoder(config: EncoderConfig, device: str = "cpu") -> Encoder:
    """The encoder that the config names. Raises UserError for a model that is none, ModuleNotFoundError without an extra."""
    if config.kind == "random":
        return RandomEncoder(config.seed)
    if config.kind == "efficientnet":
        from longtake.evaluation.imagenet import ImageNetEncoder

        return ImageNetEncoder(device)
    if not config.model:
        raise UserError(f"the encoder {config.kind!r} has no model; name a folder or a model of the hub in `model`")
    from longtake.evaluation.pretrained import ClipEncoder, DinoEncoder

    return (ClipEncoder if config.kind == "clip" else DinoEncoder)(config.model, device)
