"""Why a clip that can be read has no numbers: the fixed list of reasons, and the exception that carries one."""

REASONS = {
    "one_frame": "The clip has a single frame: nothing moves in it that could be measured.",
    "not_finite": "A metric came out as no number: a fault of longtake, worth a report.",
    "worker_lost": "The process that measured it died, again when it was tried alone.",
}
"""One sentence for operators to each reason; those of `longtake.video.faults` come on top."""


class Unmeasurable(Exception):
    """A clip that decodes and yet can't be measured; `reason` is one of `REASONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)
