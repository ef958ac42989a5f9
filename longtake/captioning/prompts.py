"""What a model is asked, in our words: the paper publishes the six parts and no prompt (Koala-36M section B)."""

from typing import Literal

PartName = Literal["subject", "movement", "environment", "visual", "camera", "overall"]

QUESTIONS: dict[PartName, str] = {
    "subject": "the main subject: who or what it is, how many, looks, clothing, colours, where in the picture",
    "movement": "what the subject does: each action in order, its direction, speed and amplitude",
    "environment": "the surroundings: place, background, other people and things, weather, time of day",
    "visual": "the visual language: style, composition, light, colours, contrast, mood",
    "camera": "the camera language: whether it stands, pans, tilts, zooms, rolls, follows or is held by hand, how fast; shot size, "
    "angle, focus",
    "overall": "the whole: what happens, as one would tell somebody who has not seen it; names of places and things that are plain to see",
}
"""What each of the six parts is to say."""

PARTS = """These are frames of one clip, in order. Write six notes about it in English, two or three sentences each:
{questions}
Say only what can be seen. Do not speak of frames, pictures or the video. {shape}"""

SHAPE = """Answer with one JSON object with the keys "subject", "movement", "environment", "visual", "camera" and "overall", each a
text, and nothing else."""

PART = """These are frames of one clip, in order. Write two or three sentences in English about {question}.
Say only what can be seen. Do not speak of frames, pictures or the video. Answer with these sentences and nothing else."""

MERGE = """Here are six notes about one clip:
{notes}
Write one flowing English description of {words_min} to {words_max} words. Open with the main event; then the subject and its
looks, its actions with direction, speed and amplitude, the surroundings, style and light, and end with the camera. Do not repeat a
fact, do not guess at what the notes do not say, do not speak of notes, frames or the video. Answer with the description and nothing
else."""

DESCRIBE = """These are frames of one clip, in order. Write one flowing English description of {words_min} to {words_max} words. Open
with the main event; then the subject and its looks, its actions with direction, speed and amplitude, the surroundings, style and
light, and end with the camera. Do not repeat a fact, do not guess at what is not visible, do not speak of frames or the video. Answer
with the description and nothing else."""

AGAIN = """{prompt}
An earlier answer was turned down: {complaint} Mend that."""
