"""Owl-1 (arXiv 2412.09600): long, consistent films by a closed loop of state, film and dynamics.

Read in this order: `story` (what is learned from), `sequence` (how it is read), `lmm` and `state` (what understands it), `film` (what
films), `world_model` and `training` (the three stages), `context` and `loop` (a film, segment by segment). Names load when first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longtake.owl.loop import rollout

__all__ = ["rollout"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from longtake.owl import loop

    return getattr(loop, name)
