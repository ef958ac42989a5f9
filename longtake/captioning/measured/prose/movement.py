"""What moves on its own: where to, how much of the view, how fast, and whether it goes on."""

from longtake.captioning.facts import Facts
from longtake.captioning.measured.measuring import LEAST_SHARE
from longtake.captioning.measured.prose.voice import Sentence, Voice, capital, grade, pace, percent

SPEEDS = ((0.04, "slow"), (0.15, "unhurried"), (0.4, "brisk"))
"""Widths of the view a second; a person who walks across a street scene takes ten seconds or so."""
AREAS = ((0.05, "a small part"), (0.2, "a part"), (0.5, "a large part"))


def moves(facts: Facts) -> bool:
    """Whether anything does."""
    return facts.motion.direction is not None and facts.motion.share > 0


def unclear(facts: Facts) -> bool:
    """Whether it could not be told from what the camera does."""
    return facts.motion.direction is None and facts.motion.share >= LEAST_SHARE


def camera_moves(facts: Facts) -> bool:
    """Whether the camera does."""
    return any(move.kind != "static" for move in facts.camera)


def event(facts: Facts, voice: Voice) -> str:
    """The main thing that happens, as a clause."""
    if unclear(facts):
        return voice.pick(
            "the whole view is in motion",
            "everything in view shifts at the same time",
            "the view as a whole keeps changing",
        )
    if not moves(facts):
        if camera_moves(facts):
            return voice.pick(
                "nothing in view moves by itself, and only the camera brings change",
                "everything in view keeps its place while the camera alone is in motion",
                "the only motion is that of the camera",
            )
        return voice.pick(
            "next to nothing moves",
            "the scene hardly changes at all",
            "everything in view keeps its place",
            "almost everything stays as it is",
        )
    area = grade(facts.motion.share, AREAS, "most")
    match facts.motion.direction:
        case "different directions":
            return voice.pick(
                f"there is movement in different directions in {area} of the view",
                f"things move this way and that in {area} of the view",
                f"{area} of the view is in motion, with no common direction",
            )
        case "towards the camera":
            return voice.pick(
                f"something comes closer to the camera in {area} of the view",
                f"something approaches, growing in {area} of the view",
            )
        case "away from the camera":
            return voice.pick(
                f"something draws away from the camera in {area} of the view",
                f"something recedes into the distance in {area} of the view",
            )
        case way:
            to = {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"}[str(way)]
            return voice.pick(
                f"something moves {to} in {area} of the view",
                f"{area} of the view is filled by movement {to}",
                f"there is movement {to} across {area} of the view",
            )


def tell_event(facts: Facts, voice: Voice) -> list[Sentence]:
    """The main thing that happens, and its details."""
    return [Sentence(text=f"{capital(event(facts, voice))}.", rank=0), *tell_details(facts, voice)]


def tell_details(facts: Facts, voice: Voice) -> list[Sentence]:
    """Share of the view, speed, and how it goes on."""
    if unclear(facts):
        text = voice.pick(
            "Whether anything moves by itself could not be told from the motion of the view as a whole.",
            "If people, animals or things move of their own, that could not be told from the shift of the view.",
            "What may move by itself could not be separated from the motion that the whole view has.",
        )
        return [Sentence(text=text, rank=6)]
    if not moves(facts):
        text = voice.pick(
            "No motion of people, animals or things was measured in more than 1% of the area.",
            "Whatever stirs takes up less than 1% of the area.",
            "Any motion of its own stays below what could be measured, 1% of the area.",
        )
        sentences = [Sentence(text=text, rank=8)]
        if not camera_moves(facts):
            alike = voice.pick(
                "It could almost pass for a photograph.",
                "A photograph of it would show nearly the same.",
                "In that it comes close to a photograph.",
            )
            sentences.append(Sentence(text=alike, rank=12))
        return sentences
    share, speed = percent(facts.motion.share), pace(facts.motion.speed)
    how = grade(facts.motion.speed, SPEEDS, "fast")
    return [
        Sentence(
            text=voice.pick(
                f"The movement covers about {share} of the area on average and is {how}, at around {speed}.",
                f"It is {how} motion, some {speed}, and takes up about {share} of the area.",
                f"What moves fills about {share} of the area and is {how}: it covers roughly {speed}.",
            ),
            rank=4,
        ),
        Sentence(text=_rhythm(facts, voice), rank=9),
    ]


def _rhythm(facts: Facts, voice: Voice) -> str:
    if facts.motion.steady:
        return voice.pick(
            "It goes on from beginning to end without a real pause.",
            "There is no real pause in it from start to finish.",
            "This activity never stops for long.",
        )
    return voice.pick(
        "It comes and goes rather than lasting all the time.",
        "It happens in bursts, with quiet moments between them.",
        "This activity is interrupted by moments of rest.",
    )
