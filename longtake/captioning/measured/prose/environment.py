"""The surroundings: the kind of place where one was recognised, and what is written there."""

import re
from collections.abc import Sequence

from longtake.captioning.checking import check_prose, flag_of
from longtake.captioning.config import Rules
from longtake.captioning.facts import Facts, Subject
from longtake.captioning.faults import Rejected
from longtake.captioning.measured.prose.subject import named_subjects
from longtake.captioning.measured.prose.visual import named_colours
from longtake.captioning.measured.prose.voice import Sentence, Voice, a, listing, percent
from longtake.captioning.measured.subjects import place_names

QUOTED_MOST, QUOTED_WORDS = 3, 8
"""Lines that are quoted, and words of a line, at most."""
STILL_MOST = 0.95
"""Share of the view without motion of its own, up to which it is worth a word."""


def place_of(facts: Facts) -> Subject | None:
    """The likeliest subject that is a place."""
    return next((subject for subject in named_subjects(facts) if subject.name in place_names()), None)


def tell_place(facts: Facts, voice: Voice, looked: bool) -> list[Sentence]:
    """What kind of place it is."""
    place = place_of(facts)
    if place:
        share = percent(place.confidence)
        text = voice.pick(
            f"The surroundings have the look of {a(place.name)} ({share} confidence).",
            f"The setting may well be {a(place.name)}, with a confidence of {share}.",
            f"The place resembles {a(place.name)}, at {share} confidence.",
        )
    elif not looked:
        text = "What kind of place this is was not looked for."
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
        text = "Text on the screen was not looked for."
    else:
        text = voice.pick(
            "No writing could be read anywhere.",
            "There is no legible text on the screen.",
            "Nothing legible is written in view.",
        )
    return [Sentence(text=text, rank=5 if facts.texts else 10)]


def quotable(texts: Sequence[str], rules: Rules) -> list[str]:
    """Those that may stand in a sentence between quotation marks, shortened: prose that gives no orders."""
    quotes: list[str] = []
    for text in texts:
        words = re.sub(r"[\"“”„«»<>{}\[\]`*_#|\\]", " ", text).split()
        quote = " ".join(words[:QUOTED_WORDS]) + (" …" if len(words) > QUOTED_WORDS else "")
        known = {other.casefold() for other in quotes}
        if quote.casefold() not in known and flag_of(text) is None and flag_of(quote) is None and _is_fit(quote, rules):
            quotes.append(quote)
    return quotes[:QUOTED_MOST]


def _is_fit(quote: str, rules: Rules) -> bool:
    if len(quote) > 80 or not quote.isascii():
        return False
    try:
        check_prose(f"Something that can be read in the scene is {quote}", rules)
    except Rejected:
        return False
    return True
