"""The six parts and the one description, out of the same sentences."""

from longtake.captioning.config import Measured, Rules
from longtake.captioning.facts import Facts
from longtake.captioning.measured.prose.camera import tell_camera
from longtake.captioning.measured.prose.environment import tell_backdrop, tell_place, tell_setting, tell_texts
from longtake.captioning.measured.prose.movement import tell_details, tell_event
from longtake.captioning.measured.prose.overall import tell_opening, tell_overall
from longtake.captioning.measured.prose.subject import tell_subject
from longtake.captioning.measured.prose.visual import tell_visual
from longtake.captioning.measured.prose.voice import Voice, fit
from longtake.captioning.schema import Parts
from longtake.captioning.seen import Seen


def write_parts(seen: Seen, facts: Facts, voice: Voice, rules: Rules, looked: Measured, quotes: list[str]) -> Parts:
    """Each as long as the rules allow; `looked` says what was looked for, `quotes` what may be quoted."""
    texts = {
        "subject": tell_subject(facts, voice, looked.subject),
        "movement": tell_event(facts, voice),
        "environment": [
            *tell_place(facts, voice, looked.subject),
            *tell_backdrop(facts, voice),
            *tell_texts(facts, voice, looked.text, quotes),
        ],
        "visual": tell_visual(seen, facts, voice),
        "camera": tell_camera(seen, facts, voice),
        "overall": tell_overall(seen, facts, voice),
    }
    return Parts(**{name: fit(sentences, rules.part_words_max) for name, sentences in texts.items()})


def write_text(seen: Seen, facts: Facts, voice: Voice, rules: Rules, looked: Measured, quotes: list[str]) -> str:
    """The main event first, then subject, action, surroundings, light and colours, and the camera (Koala-36M section B)."""
    sentences = [
        *tell_opening(seen, facts, voice),
        *tell_subject(facts, voice, looked.subject),
        *tell_details(facts, voice),
        *tell_setting(facts, voice, looked.subject),
        *tell_texts(facts, voice, looked.text, quotes),
        *tell_visual(seen, facts, voice),
        *tell_camera(seen, facts, voice),
    ]
    return fit(sentences, rules.words_max)
