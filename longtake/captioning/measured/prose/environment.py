"""The surroundings: the kind of place where one was recognised, and what is written there."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from longtake.captioning.checking import check_prose, flag_of
from longtake.captioning.config import Rules
from longtake.captioning.facts import Facts
from longtake.captioning.faults import Rejected
from longtake.captioning.measured.prose.subject import SURE, named_subjects, place_of
from longtake.captioning.measured.prose.visual import named_colours
from longtake.captioning.measured.prose.voice import Sentence, Voice, a, listing, percent

QUOTED_MOST, QUOTED_WORDS = 3, 8
"""Lines that are quoted, and words of a line, at most."""
STILL_MOST = 0.95
"""Share of the view without motion of its own, up to which it is worth a word."""


def tell_place(facts: Facts, voice: Voice, looked: bool) -> list[Sentence]:
    """What kind of place it is."""
    place = place_of(facts)
    if place:
        share = percent(place.confidence)
        text = (
            voice.pick(
                f"The surroundings are probably {a(place.name)} ({share} confidence).",
                f"The setting is in all likelihood {a(place.name)}, with a confidence of {share}.",
            )
            if place.confidence >= SURE
            else voice.pick(
                f"The surroundings recall {a(place.name)}, though with a confidence of no more than {share}.",
                f"The setting bears some likeness to {a(place.name)}, at {share} confidence.",
                f"The place might be {a(place.name)}, to which {share} confidence was given.",
            )
        )
    elif not looked:
        text = "What kind of place this is was not looked for, and so remains open."
    else:
        text = voice.pick(
            "What kind of place this is could not be recognised.",
            "The kind of place stays open, as none was recognised.",
            "Nothing gives away what kind of place surrounds it.",
            "As for the surroundings, no known kind of place was recognised.",
        )
    return [Sentence(text=text, rank=7)]


def tell_setting(facts: Facts, voice: Voice, looked: bool) -> list[Sentence]:
    """The same, after the subject was told: a place that is the subject is not named again."""
    place = place_of(facts)
    if place is None or place != named_subjects(facts)[0]:
        return tell_place(facts, voice, looked)
    text = voice.pick(
        "Being a place rather than a thing, it is the setting as well.",
        "That is a place, so it makes up the surroundings, too.",
        "As it is a place, nothing else has to be said of the setting.",
    )
    return [Sentence(text=text, rank=7)]


def tell_backdrop(facts: Facts, voice: Voice) -> list[Sentence]:
    """Its leading colours, and how much of it is at rest."""
    names = [colour.name for colour in named_colours(facts)][:2]
    sentences = []
    if names:
        text = voice.pick(
            f"The background is mainly {listing(names)}.",
            f"Much of what surrounds the action is {listing(names)}.",
            f"Large areas of {listing(names)} make up the backdrop.",
        )
        sentences.append(Sentence(text=text, rank=3))
    rest = 1 - facts.motion.share
    if 0 < rest <= STILL_MOST:
        text = voice.pick(
            f"About {percent(rest)} of the surroundings are free of any motion of their own.",
            f"Around the movement, some {percent(rest)} of the scene is at rest.",
        )
        sentences.append(Sentence(text=text, rank=12))
    return sentences


def tell_texts(facts: Facts, voice: Voice, looked: bool, quotes: Sequence[str]) -> list[Sentence]:
    """What can be read; `quotes` are those of the texts that may be quoted."""
    if quotes:
        said = listing([f"“{quote}”" for quote in quotes])
        text = voice.pick(
            f"Writing can be seen that reads {said}.",
            f"Written in view is {said}.",
            f"One can read {said}.",
        )
    elif facts.texts:
        text = voice.pick(
            "There is writing on the screen, which is not repeated here.",
            "Some text is on the screen; its words are left out here.",
        )
    elif not looked:
        text = "Text on the screen was not looked for, so there may or may not be some."
    else:
        text = voice.pick(
            "No writing could be read anywhere.",
            "There is no legible text on the screen.",
            "Nothing legible is written in view.",
        )
    return [Sentence(text=text, rank=5 if facts.texts else 10)]


def quotable(texts: Sequence[str], rules: Rules) -> list[str]:
    """Those that may stand in a sentence between quotation marks, shortened: prose that gives no orders."""
    quotes: dict[str, str] = {}
    for text in texts:
        words = re.sub(r"[\"“”„«»<>{}\[\]`*_#|\\]", " ", text).split()
        quote = " ".join(words[:QUOTED_WORDS])
        if flag_of(text) is None and _is_fit(text, rules) and _is_fit(quote, rules):
            quotes.setdefault(quote.casefold(), f"{quote} …" if len(words) > QUOTED_WORDS else quote)
    return list(quotes.values())[:QUOTED_MOST]


def _is_fit(text: str, rules: Rules) -> bool:
    """Whether it is prose in Latin letters."""
    if not all("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha()):
        return False
    try:
        check_prose(text, replace(rules, english=False))
    except Rejected:
        return False
    return True
