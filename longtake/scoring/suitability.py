"""Which TSA network gives VTSS, and how one comes by it. torch loads when a network is opened."""

from pathlib import Path
from typing import TYPE_CHECKING

from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.scoring.vtss import VtssPredictor

SHIPPED = Path(__file__).parent / "weights" / "small.safetensors"
"""The network that comes with longtake."""


def place_of(weights: str) -> str:
    """Where the weights that a config names lie: a file or an s3:// URI. Raises UserError where there is no such file."""
    if weights == "small":
        return str(SHIPPED)
    if weights.startswith("s3://"):
        return weights
    path = Path(weights).expanduser()
    if not path.is_file():
        raise UserError(
            f"suitability.weights is {weights!r}, and there is no file {path}; give 'small', or a .safetensors file or "
            "s3:// URI that `longtake train-tsa` wrote, or measuring: {suitability: null} for no VTSS"
        )
    return str(path)


def open_predictor(weights: Path, device: str | None = None) -> "VtssPredictor":
    """The network of a checkpoint, ready. Raises UserError for a file that is none, and where torch is not installed."""
    try:
        from longtake.scoring.vtss import VtssPredictor
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "safetensors"):
            raise
        raise UserError(
            f"VTSS comes from a network, and {error.name} is not installed; pip install 'longtake[network]', or measure "
            "without it (measuring: {suitability: null})"
        ) from None
    return VtssPredictor(weights, device)
