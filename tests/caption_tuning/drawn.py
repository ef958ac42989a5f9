"""Captions of drawn clips: a box of some colour that moves over grey."""

import numpy as np

from longtake.caption_tuning.frames import Shown
from longtake.caption_tuning.seeds import Seed
from longtake.captioning.schema import Parts

COLOURS = {"red": (40, 40, 220), "green": (60, 200, 60), "blue": (220, 80, 40)}
"""Blue, green, red."""


def parts(colour="red"):
    return Parts(
        subject=f"A {colour} box.", movement="It moves to the left.", environment="A grey field is behind it.",
        visual=f"Flat light, {colour} and grey.", camera="The camera stands still.", overall=f"A {colour} box on grey.",
    )  # fmt: skip


def seed(number=0, **fields):
    """Every other one has parts, every fourth is of an image."""
    colour = list(COLOURS)[number % 3]
    plain = {
        "media": f"/clips/{number}.mp4", "kind": "image" if number % 4 == 3 else "video", "source": f"source {number}",
        "place": f"seeds.jsonl line {number + 1}", "parts": None if number % 2 else parts(colour),
        "text": f"A {colour} box moves to the left over a grey field, while the camera stands still.",
    }  # fmt: skip
    return Seed(**plain | fields)


def frames(number=0, count=30, height=48, width=64):
    """[N, H, W, 3] of a clip."""
    drawn = np.full((count, height, width, 3), 190, np.uint8)
    for place, frame in enumerate(drawn):
        left = int((width - 16) * (1 - place / count))
        frame[16:32, left : left + 16] = list(COLOURS.values())[number % 3]
    return drawn


def shown(number=0, count=4):
    count = 1 if number % 4 == 3 else count
    return Shown(frames(number, count), np.arange(count) * 0.5)
