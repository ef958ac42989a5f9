"""The 15 sub-metrics in their order: what each number is, in which unit, and by whose method it is measured.

Koala-36M names three of its 15 (motion, aesthetic, clarity) and publishes no method (section 3.3); these stand in for
them, by methods that anyone can repeat. All are measured on sampled frames of fixed size and time step, or on patches in the
clip's own resolution where its method says so.
"""

from dataclasses import dataclass

from longtake.records import METRICS


@dataclass(frozen=True)
class Metric:
    """One number that is measured on a clip."""

    name: str
    unit: str
    sentence: str
    """What it says, for reports."""
    method: str
    """How it is measured, on what, within what bounds it is true, and whose method it is."""


SUB_METRICS: tuple[Metric, ...] = (
    Metric(
        "motion", "px/s", "How fast the picture moves, its longer side taken for 256 px.",
        "Length of the optical flow (dense inverse search, Kroeger 2016), mean over pixels and pairs of frames 0.1 s apart; "
        "true within 5 % from 5 to 200 px/s, beyond that somewhere from 100 up. In the dark, and where "
        "compression has eaten the texture, it falls, and the camera's motion and shake with it.",
    ),
    Metric(
        "moving_area", "share", "How much of the picture moves, the camera's own motion included.",
        "Pixels faster than 5 px/s, mean over pairs. Koala-36M asks its annotators for more than 0.3.",
    ),
    Metric(
        "camera_shake", "px/s", "How unsteady the camera is: what its motion is off a smooth one.",
        "Root mean square of the camera's velocity off the straight line in time through each burst of 0.8 s; a steady or "
        "evenly accelerating pan has none. 0 with fewer than 4 frames in a row.",
    ),
    Metric(
        "camera_motion", "px/s", "How fast the camera pans, tilts, zooms or rolls.",
        "Root mean square over the picture of the shift, zoom and roll that most of it shares (robust fit of a similarity), "
        "mean over pairs.",
    ),
    Metric(
        "still_share", "share", "How much of the clip stands still.",
        "Pairs of frames that differ by less than 0.05 levels on the mean and 1 level in every block of 16 px, or that are one "
        "and the same frame.",
    ),
    Metric(
        "flicker", "levels of 255", "How much the light goes up and down from frame to frame.",
        "How far the luma of a frame is off the line between its neighbours' 0.1 s away: median over 8 x 8 blocks, mean over "
        "frames. A rhythm of just 10 Hz, or a multiple, stays unseen.",
    ),
    Metric(
        "clarity", "0 to 1", "How sharp the picture is in its own resolution; enlarged footage is not.",
        "How fast the picture changes within 1 pixel, against within 4, noise taken off: the exponent of its structure function. "
        "On 7 x 7 patches of 32 px of 8 frames. A ratio, so contrast cancels; what is flat counts 0. "
        "Captions are sharp and raise it, strong noise lowers it.",
    ),
    Metric(
        "noise", "levels of 255", "How much the picture is grained: the standard deviation of luma's noise.",
        "Immerkaer's estimate (1996), median over the flattest of those patches. Texture without any flat patch passes for "
        "noise.",
    ),
    Metric(
        "blockiness", "log ratio", "How much the 8 x 8 grid of a codec shows.",
        "Logarithm of the steps across the borders of blocks over those across their middles, steps cut off at 2 levels, on those "
        "patches. The grid of footage that was scaled after it was compressed is not seen.",
    ),
    Metric(
        "brightness", "0 to 1", "How bright the picture is between its bars.",
        "Mean luma (Rec. 601) of the sampled frames.",
    ),
    Metric(
        "contrast", "0 to 1", "How far dark and bright lie apart.",
        "Standard deviation of luma within a frame between its bars, mean over frames.",
    ),
    Metric(
        "colourfulness", "levels", "How vivid the colours are: 0 grey, 15 slightly, 33 moderately, 59 quite, 109 extremely.",
        "M3 of Hasler and Süsstrunk (2003) between the bars, mean over frames.",
    ),
    Metric(
        "clipped_share", "share", "How much of the picture is crushed to black or blown to white.",
        "Pixels with luma at most 5 or at least 250 (UltraVideo), between the bars.",
    ),
    Metric(
        "border_share", "share", "How much of the picture bars take: letterbox and pillarbox.",
        "Lines at the edges that keep one colour over the whole clip and end in a straight edge.",
    ),
    Metric(
        "text_share", "share", "How much of the picture text takes: subtitles, titles, logos, signs.",
        "Area of the boxes that PP-OCR's detector finds, mean over at most 4 frames of 480 px; nothing is read.",
    ),
)  # fmt: skip

assert tuple(metric.name for metric in SUB_METRICS) == METRICS
