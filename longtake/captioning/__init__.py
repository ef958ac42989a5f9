"""Structured captions: six parts and one merged description of a clip, by a model, a server, or from what can be measured.

`schema` what a caption is, `reading` and `checking` from a captioner's untrusted words to one or to a reason, `dialogue` what is asked
and asked again, `seen` and `facts` what is known of a clip, `measured`, `vlm` and `endpoint` who writes, `quality` how good they are.
Names load when first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longtake.captioning.captions import caption_clip

__all__ = ["caption_clip"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from longtake.captioning import captions

    return getattr(captions, name)
