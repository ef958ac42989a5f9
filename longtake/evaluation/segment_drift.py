"""The numbers of one segment of a film, as the drift meter tells them (the note's G.4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDrift:
    """A row of numbers; None where one does not apply. Levels are of 255, flow is in pixels of the film from a frame to the next,
    similarity is the cosine of features. Interior: pairs of neighbours among the segment's new frames, the seam before it apart."""

    index: int
    """From 0."""
    scene: int
    """From 0: another after each scheduled cut."""
    scene_cut: bool
    """The seam before it is one: its discontinuity is wanted. Never before the first segment."""
    frames: int
    """That it adds to the film: without the one that repeats the frame before the seam."""

    seam_pixel_levels: float | None
    """Mean absolute difference of the last frame before the seam and the first new one; None for the first segment."""
    seam_pixel_ratio: float | None
    """Against the median of the interior pairs on both sides; 1: invisible. None where neither side has a pair."""
    seam_feature_distance: float | None
    """1 - cosine, over the seam."""
    seam_feature_ratio: float | None
    """As the pixels': the perceptual jump."""
    seam_flow_px: float | None
    """Mean length of the flow over the seam."""
    seam_flow_ratio: float | None
    """As the pixels': above 1 motion jumps, below 1 it halts."""

    flicker: float | None
    """VBench's temporal flickering, (255 - mean absolute difference of neighbours) / 255, of the interior; 1 for a still film."""
    motion_levels: float | None
    """Mean absolute difference of interior neighbours: what stands beside every number of consistency."""
    flow_px: float | None
    """Mean length of the flow of interior pairs."""

    consistency: float | None
    """VBench's form of subject consistency: mean over the segment's frames, but the film's first, of
    (max(0, cos to the frame before) + max(0, cos to the film's first frame)) / 2; the frame before the seam is the first one's.
    With VBench's encoder and a film without cuts it is VBench's number, else a number of the encoder's name."""
    adjacent_similarity: float | None
    """Mean of max(0, cosine) of interior neighbours."""
    similarity_to_first: float
    """Of the mean features of the segment and of the film's first."""
    similarity_to_scene: float
    """Of the mean features of the segment and of its scene's first."""

    blue_levels: float
    green_levels: float
    red_levels: float
    """Means over pixels and frames."""
    saturation: float
    """Mean of (max - min) / max of a pixel's channels, 0 to 1."""
    contrast_levels: float
    """Standard deviation of a frame's luma, mean over frames."""
    sharpness: float
    """Variance of the Laplacian of a frame's luma, levels squared, mean over frames."""
    colour_levels_from_first: float
    """How far the pixels' colours would have to move to be spread as the first segment's: Wasserstein distance of the histograms of a
    channel, levels, mean over channels."""
    colour_levels_from_scene: float
    """From the scene's first segment's."""

    @property
    def light_levels(self) -> float:
        """Mean of the channels."""
        return (self.blue_levels + self.green_levels + self.red_levels) / 3
