"""Why a video was put aside: the fixed list of reasons, and the exception that carries one."""

from typing import Literal, get_args

Reason = Literal[
    "unreadable",
    "no_video",
    "no_frames",
    "corrupt",
    "too_large",
    "time_limit",
    "cpu_limit",
    "memory_limit",
    "output_limit",
    "worker_crashed",
]

REASONS: dict[str, str] = {
    "unreadable": "The file is not a media container that is allowed here, or its header is broken.",
    "no_video": "The container opens, but no video stream in it has a decoder.",
    "no_frames": "There is a video stream, but not one frame of it decodes.",
    "corrupt": "More of the video's packets fail to decode than max_corrupt_share allows.",
    "too_large": "A frame has more pixels than max_pixels allows.",
    "time_limit": "The work took longer than wall_s.",
    "cpu_limit": "The work took more processor time than cpu_s.",
    "memory_limit": "The work needed more address space than memory_bytes.",
    "output_limit": "A clip grew past output_bytes.",
    "worker_crashed": "The worker process died or broke its protocol while it worked on this file.",
}
"""One sentence for operators to each reason."""

assert set(REASONS) == set(get_args(Reason))

DETAIL_CHARS = 300


class VideoFault(Exception):
    """What is bad about one file: a `reason` from the fixed list, and a `detail` that may quote the file itself.

    The detail is untrusted text: at most 300 characters, none of them a control character.
    """

    reason: Reason
    detail: str

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = printable(detail)
        super().__init__(f"{reason}: {self.detail}" if self.detail else reason)

    def __reduce__(self) -> tuple[type["VideoFault"], tuple[Reason, str]]:
        return VideoFault, (self.reason, self.detail)


def printable(text: str) -> str:
    """The text on one line, without control characters or lone surrogates, cut to 300 characters."""
    return "".join(char if char.isprintable() else " " for char in text[: 4 * DETAIL_CHARS])[:DETAIL_CHARS].strip()
