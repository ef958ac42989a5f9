"""What is published of the datasets that ours are set beside."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Published:
    """The printed numbers of one dataset; what is computed from them says so in `note`."""

    name: str
    clips: int
    hours: float
    mean_s: float
    """Of a clip."""
    computed: bool = False
    """Whether that mean is printed nowhere, and is hours over clips."""
    short_side_px: int
    words: float
    """Of a caption, mean."""
    vtss: tuple[float, float] | None
    """Lowest and highest."""
    note: str
    source: str


PUBLISHED = (
    Published(
        name="Koala-36M",
        clips=36_000_000,
        hours=172_000,
        mean_s=13.75,
        short_side_px=720,
        words=202.1,
        vtss=(2.50, 4.95),
        note="The hours are as printed; 36M clips of 13.75 s are 137.5K hours.",
        source="Wang et al., Koala-36M (arXiv 2410.08260), comparison of datasets; VTSS: the released CSV",
    ),
    Published(
        name="Panda-70M",
        clips=70_000_000,
        hours=167_000,
        mean_s=8.6,
        computed=True,
        short_side_px=720,
        words=13.2,
        vtss=None,
        note="The mean length is computed from hours and clips.",
        source="Chen et al., Panda-70M, as the Koala-36M paper's comparison of datasets gives it",
    ),
)
