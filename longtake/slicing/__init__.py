"""A video's transitions and the clips between them, by the Color-Struct SVM rule of Koala-36M (arXiv 2410.08260).

Read in this order: `features` (what two neighbouring frames have in common, as two numbers), `classifier` (one score
of the two), `transitions` (which scores are boundaries), `clips` (what is left between them), `slicer` (a file, end
to end). Every constant is a field of `config.SlicingConfig`. Names load when first used, so that reading the config
costs no OpenCV.
"""

from typing import TYPE_CHECKING, Any

from longtake.slicing.config import SlicingConfig

if TYPE_CHECKING:
    from longtake.slicing.slicer import Slicing, slice_video

__all__ = ["Slicing", "SlicingConfig", "slice_video"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from longtake.slicing import slicer

    return getattr(slicer, name)
