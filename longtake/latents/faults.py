"""Why a clip gives no sample: the fixed list of reasons, each with a sentence; those of `longtake.video.faults` come on top."""

REASONS = {
    "too_short": "The clip is shorter than the shortest window.",
    "no_caption": "The clip has no caption by this captioning config; once it has one it is encoded.",
    "not_finite": "The autoencoder or the text encoder gave numbers that are none (NaN or infinity).",
    "worker_lost": "The process that encoded it died, again when it was tried alone.",
}


class Unfit(Exception):
    """A clip that gives no sample; `reason` is one of `REASONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)
