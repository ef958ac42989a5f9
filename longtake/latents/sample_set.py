"""A sample set: the samples that one encoding made of one dataset, as a training pins them. It imports no torch."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """Named, and pinned to a version of the table: `<data_root>/samples/<name>.json`."""

    name: str
    """`<dataset>.<first 8 digits of made_by>`."""
    dataset: str
    """Whose clips."""
    made_at: str
    """ISO 8601, UTC."""
    made_by: str
    """Of the rows in `samples`."""
    version: int
    """Of the table `samples` when the set was made."""
    validation_share: float
    """What `split_of` takes: the dataset's own."""
    autoencoder: str
    """`Autoencoder.name`."""
    basis: str | None
    """Key of a linear autoencoder's basis, relative to the data root; none of another."""
    encoding: dict[str, Any]
    """EncodingConfig, every default spelled out."""
    channels: int
    """Of the latents."""
    text_width: int
    statistics: dict[str, tuple[float, float]]
    """Mean and standard deviation of each condition over the train side, after `conditions.transform`; what no sample has is left out."""
    samples: int
    seconds: float
    """Of footage that went into them."""
