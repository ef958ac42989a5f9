"""Captions as rows of the table, in which only what matters is said."""

from longtake.captioning.schema import NAMES, count_words
from longtake.records import Caption
from tests.captioning.answers import GOOD, TEXT
from tests.captioning.test_contradictions import facts, move
from tests.rows import clip, video

OF = video(1)
MEASURED = facts(move("pan right", "slow")).to_json()


def captioned(number, **fields):
    of = clip(number, OF)
    text = fields.get("text", TEXT)
    plain = GOOD | {
        "clip_id": of.clip_id, "bucket": of.bucket, "video_id": of.video_id, "text": text, "words": count_words(text or ""),
        "captioner": "transformers tiny", "facts": None, "flag": None, "complaints": None, "reason": None, "detail": None,
        "made_by": "m",
    }  # fmt: skip
    return Caption(**plain | fields)


def failed(number, reason, **fields):
    return captioned(number, **dict.fromkeys((*NAMES, "text", "words")) | {"reason": reason} | fields)
