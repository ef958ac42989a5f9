"""Graded defects in Koala-36M's three dimensions (section 4.2), put into real footage."""

from dataclasses import dataclass
from typing import Literal

from longtake.tsa_training.defects import dynamic, naturalness, static
from longtake.tsa_training.defects.scene import Defect, Frames, Scene
from longtake.tsa_training.defects.static import crf_of

__all__ = ["KINDS", "TRAINED_KINDS", "Defect", "Frames", "Kind", "Scene", "crf_of"]

Dimension = Literal["dynamic", "static", "naturalness"]


@dataclass(frozen=True)
class Kind:
    """One kind of defect."""

    name: str
    dimension: Dimension
    apply: Defect
    held_out: bool = False
    """Never trained on: judges whether the network knows suitability, or our defects by heart."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("shake", "dynamic", dynamic.shake),
        Kind("freeze", "dynamic", dynamic.freeze),
        Kind("judder", "dynamic", dynamic.judder),
        Kind("speed_up", "dynamic", dynamic.speed_up),
        Kind("sway", "dynamic", dynamic.sway, held_out=True),
        Kind("slideshow", "dynamic", dynamic.slideshow, held_out=True),
        Kind("whip_pan", "dynamic", dynamic.whip_pan, held_out=True),
        Kind("blur", "static", static.blur),
        Kind("upscale", "static", static.upscale),
        Kind("noise", "static", static.noise),
        Kind("compression", "static", static.compression),
        Kind("dark", "static", static.dark),
        Kind("blown", "static", static.blown),
        Kind("washed_out", "static", static.washed_out),
        Kind("letterbox", "static", static.letterbox),
        Kind("flicker", "static", static.flicker),
        Kind("motion_blur", "static", static.motion_blur, held_out=True),
        Kind("pixelate", "static", static.pixelate, held_out=True),
        Kind("speckle", "static", static.speckle, held_out=True),
        Kind("jpeg", "static", static.jpeg, held_out=True),
        Kind("haze", "static", static.haze, held_out=True),
        Kind("pillarbox", "static", static.pillarbox, held_out=True),
        Kind("subtitles", "naturalness", naturalness.subtitles),
        Kind("logo", "naturalness", naturalness.logo),
        Kind("split_screen", "naturalness", naturalness.split_screen),
        Kind("cuts", "naturalness", naturalness.cuts),
        Kind("dissolves", "naturalness", naturalness.dissolves),
        Kind("posterise", "naturalness", naturalness.posterise),
        Kind("tint", "naturalness", naturalness.tint),
        Kind("ticker", "naturalness", naturalness.ticker, held_out=True),
        Kind("watermark", "naturalness", naturalness.watermark, held_out=True),
        Kind("inset", "naturalness", naturalness.inset, held_out=True),
        Kind("wipes", "naturalness", naturalness.wipes, held_out=True),
        Kind("old_film", "naturalness", naturalness.old_film, held_out=True),
        Kind("stickers", "naturalness", naturalness.stickers, held_out=True),
    )
}
"""By name: 20 to train on, 15 to judge on."""
TRAINED_KINDS = tuple(kind.name for kind in KINDS.values() if not kind.held_out)
