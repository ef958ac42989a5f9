"""Why an answer is turned down, and why a clip has no caption: the fixed list of reasons, each with a sentence."""

ANSWER_REASONS = {
    "empty": "The answer is empty.",
    "no_json": "The answer holds no JSON object, not even one that could be mended.",
    "wrong_shape": "A part is missing, or is no text.",
    "cut_off": "The answer breaks off: it reached its limit of tokens, or ends within a sentence.",
    "too_short": "The text has too few words.",
    "too_long": "The text has too many words.",
    "boilerplate": "It speaks of the video, the clip or its frames instead of what they show.",
    "refusal": "It refuses, or speaks of itself.",
    "repeats": "A sentence or a run of words comes again.",
    "not_english": "It is not in English.",
    "markup": "There is HTML, Markdown or control characters in it.",
}
"""Of an answer; it is asked for again, and what comes of the last attempt is the clip's reason."""

REASONS = ANSWER_REASONS | {
    "endpoint_refused": "The server refused the request: it would do so again.",
    "endpoint_failed": "The server gave no answer in any attempt.",
    "worker_lost": "The process that captioned it died, again when it was tried alone.",
}
"""Of a clip without a caption; those of `longtake.video.faults` and `longtake.scoring.faults` come on top."""


class Unanswered(Exception):
    """A question has no answer; thrown into the dialogue by whoever asks, it ends it. `reason` is one of `REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


class Rejected(Exception):
    """An answer that is no caption; `reason` is one of `ANSWER_REASONS`, `detail` says where."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)

    @property
    def complaint(self) -> str:
        """For the next attempt."""
        return f"{ANSWER_REASONS[self.reason]} ({self.detail})" if self.detail else ANSWER_REASONS[self.reason]
