"""The whole in a few sentences, and the opening of the one description."""

from longtake.captioning.facts import Facts
from longtake.captioning.measured.prose.camera import short_camera
from longtake.captioning.measured.prose.movement import camera_moves, event, moves, unclear
from longtake.captioning.measured.prose.subject import guess, named_subjects
from longtake.captioning.measured.prose.visual import colour_word, light_word, named_colours
from longtake.captioning.measured.prose.voice import Sentence, Voice, a, capital, seconds
from longtake.captioning.seen import Seen

LIVELY_SHARE, LIVELY_SPEED = 0.15, 0.15
"""Share of the view that moves, and widths a second, from which on a scene is lively."""


def tell_opening(seen: Seen, facts: Facts, voice: Voice) -> list[Sentence]:
    """The main event and how long it lasts."""
    told, length = event(facts, voice), seconds(seen.duration_s)
    text = voice.pick(
        f"For {length}, {told}.",
        f"Over the course of {length}, {told}.",
        f"In a shot of {length}, {told}.",
        f"In the space of {length}, {told}.",
    )
    return [Sentence(text=text, rank=0)]


def tell_overall(seen: Seen, facts: Facts, voice: Voice) -> list[Sentence]:
    """What happens, told as a whole."""
    subjects, colours = named_subjects(facts), named_colours(facts)
    colour = f" in which {colours[0].name} is the most frequent colour" if colours else ""
    happens = event(facts, voice) if moves(facts) or unclear(facts) else "nothing much moves by itself"
    length, mood = seconds(seen.duration_s), _mood(facts)
    if subjects:
        centre = guess(subjects[0])
        what = voice.pick(
            f"{capital(centre)} is shown for {length} in {mood} shot.",
            f"This is {mood} shot of {centre}, and it lasts {length}.",
            f"{capital(centre)} can be seen in {mood} shot of {length}.",
        )
    else:
        what = voice.pick(
            f"This is {mood} shot of {length} with a subject that was not recognised.",
            f"It is {mood} shot that lasts {length}, and its subject has no name here.",
            f"{capital(mood)} shot of {length} shows a subject that has no known name.",
        )
    return [
        Sentence(text=what, rank=0),
        Sentence(text=f"{capital(happens)}, and {short_camera(facts)}.", rank=1),
        Sentence(text=f"It all makes for {a(light_word(facts))} and {colour_word(facts)} scene{colour}.", rank=2),
    ]


def _mood(facts: Facts) -> str:
    lively = facts.motion.share >= LIVELY_SHARE or facts.motion.speed >= LIVELY_SPEED
    if moves(facts) and lively:
        return "a lively"
    if unclear(facts):
        return "a moving"
    return "a quiet" if moves(facts) or camera_moves(facts) else "a still"
