"""Clips as a captioner gets them, without a film."""

from longtake.captioning.facts import Colour, Facts, Motion, Move, Subject
from longtake.captioning.seen import Seen

STATIC = Move(kind="static", speed=None, rate=0.0, start_s=0.0, end_s=8.0)
REST = Motion(share=0.0, speed=0.0, direction=None, steady=False)


def seen(duration_s=8.0, width=1280, height=720, **facts):
    """One clip; `facts` instead of those of a grey wall."""
    plain = {
        "camera": (STATIC,), "motion": REST, "brightness": 0.44, "contrast": 0.2, "colourfulness": 20.0, "clarity": 0.6,
        "palette": (Colour(name="grey", share=0.6), Colour(name="brown", share=0.2)),
    }  # fmt: skip
    return Seen(duration_s=duration_s, width=width, height=height, facts=Facts(**plain | facts))


def move(kind, speed="slow", rate=0.05, start_s=0.0, end_s=8.0):
    """Of the camera."""
    return Move(kind=kind, speed=speed, rate=rate, start_s=start_s, end_s=end_s)


def subject(name, confidence):
    """Of a classifier."""
    return Subject(name=name, confidence=confidence)
