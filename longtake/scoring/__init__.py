"""What makes a clip worth training on, as numbers (Koala-36M, arXiv 2410.08260, section 3.3).

Read in this order: `config`, `sampling` (when to look), `samples` (what is seen), `metrics` (the 15 numbers and what each
means), then `motion`, `picture`, `text` (how they are measured), `fingerprint` (what near-duplicates have in common),
`aesthetics` (a predictor whose weights are given), `scorer` (a clip, end to end). Names load when first used.
"""

from typing import TYPE_CHECKING, Any

from longtake.scoring.config import ScoringConfig

if TYPE_CHECKING:
    from longtake.scoring.scorer import score_clip

__all__ = ["ScoringConfig", "score_clip"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from longtake.scoring import scorer

    return getattr(scorer, name)
