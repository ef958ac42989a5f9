"""The main subject: what a classifier takes it for, and how sure it is."""

from longtake.captioning.facts import Facts, Subject
from longtake.captioning.measured.prose.voice import Sentence, Voice, a, is_plain, listing, percent
from longtake.captioning.measured.subjects import place_names, worn_names

VERY_SURE, SURE = 0.9, 0.7
"""Confidence from which it is very probable, and probable; what is below only may be: on photographs, half of it was not."""


def named_subjects(facts: Facts) -> tuple[Subject, ...]:
    """Those whose names may stand in a sentence, each once."""
    named: dict[str, Subject] = {}
    for subject in facts.subjects:
        if is_plain(subject.name):
            named.setdefault(subject.name.lower(), subject)
    return tuple(named.values())[:3]


def place_of(facts: Facts) -> Subject | None:
    """The likeliest subject that is a place."""
    return next((subject for subject in named_subjects(facts) if subject.name in place_names()), None)


def tell_subject(facts: Facts, voice: Voice, looked: bool) -> list[Sentence]:
    """`looked`: whether anybody looked for one."""
    subjects = named_subjects(facts)
    if not subjects:
        return [Sentence(text=_unknown(voice, looked), rank=2)]
    first, place = subjects[0], place_of(facts)  # a place that is less likely is told of the surroundings
    others = [f"{a(each.name)} ({percent(each.confidence)})" for each in subjects[1:] if each != place]
    sentences = [Sentence(text=_named(first, voice), rank=1)]
    if others:
        either = listing(others, "or")
        text = voice.pick(
            f"Less likely readings are {listing(others)}."
            if len(others) > 1
            else f"A less likely reading is {either}.",
            f"It might also be taken for {either}.",
            f"Failing that, it could be {either}.",
            f"The next best guess is {either}.",
        )
        sentences.append(Sentence(text=text, rank=11))
    if first.name in worn_names():
        text = voice.pick(
            "Somebody may well be wearing it, though people as such are not recognised here.",
            "Whoever may be wearing it is not named, since people as such are not recognised.",
            "Whether somebody wears it could not be told, as only things are recognised here.",
        )
        sentences.append(Sentence(text=text, rank=3))
    return sentences


def guess(subject: Subject) -> str:
    """For a clause: `what is probably a dog`."""
    if subject.name in worn_names():  # on somebody, in most pictures, whom the classifier does not know
        return f"what looks like {a(subject.name)}, perhaps on somebody"
    if subject.confidence >= VERY_SURE:
        return f"what is very probably {a(subject.name)}"
    return f"what is probably {a(subject.name)}" if subject.confidence >= SURE else f"what may be {a(subject.name)}"


def _named(subject: Subject, voice: Voice) -> str:
    name, share = a(subject.name), percent(subject.confidence)
    if subject.name in worn_names():
        return voice.pick(
            f"What is recognised best is {name}, with {share} confidence.",
            f"Of all that is known here, {name} is what was seen, at {share} confidence.",
            f"The one thing that was recognised is {name}, with a confidence of {share}.",
        )
    if subject.confidence < SURE:
        return voice.pick(
            f"The main subject may be {name}, though the confidence in that is only {share}.",
            f"What is in view looks most like {name}, with no more than {share} confidence.",
            f"The main subject could be {name}: that is the best guess, at {share} confidence.",
            f"Of all known things, {name} comes closest to the main subject, with a confidence of just {share}.",
        )
    probably = "very probably" if subject.confidence >= VERY_SURE else "probably"
    return voice.pick(
        f"The main subject is {probably} {name}, with {share} confidence.",
        f"The thing to look at is {probably} {name}, recognised with a confidence of {share}.",
        f"In view is what is {probably} {name}, at {share} confidence.",
        f"The main subject was recognised as {name}, which is {probably} right: the confidence is {share}.",
    )


def _unknown(voice: Voice, looked: bool) -> str:
    if not looked:
        return "Who or what the main subject is was not looked for, so none is named."
    return voice.pick(
        "No main subject could be told with any confidence: nothing in view comes close enough to any of a thousand known things.",
        "What the main subject is could not be made out, since none of a thousand known kinds of things fits it well enough.",
        "The main subject stays without a name, because nothing that is commonly known was recognised in it with confidence.",
        "Who or what this is about could not be told: of a thousand known kinds of things, none is a good match.",
    )
