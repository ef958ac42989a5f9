"""Camera language: each move with its speed and when it happens, and what the camera does not do."""

from dataclasses import dataclass

from longtake.captioning.facts import Facts, Move
from longtake.captioning.measured.prose.voice import Sentence, Voice, listing, percent
from longtake.captioning.seen import Seen

VERBS = {
    "static": "stands still", "pan left": "pans left", "pan right": "pans right", "tilt up": "tilts up", "tilt down": "tilts down",
    "zoom in": "zooms in", "zoom out": "zooms out", "roll clockwise": "rolls clockwise",
    "roll counterclockwise": "rolls counterclockwise", "handheld": "is handheld, swaying",
}  # fmt: skip
ADVERBS = {"slow": "slowly", "moderate": "at medium speed", "fast": "quickly"}
SWAYS = {"slow": "slightly", "moderate": "noticeably", "fast": "strongly"}
FAMILIES = {"pan": "pan", "tilt": "tilt", "zoom": "zoom", "roll": "roll", "handheld": "shake"}
"""First word of a kind, and what it is called where there is none."""
THROUGHOUT = 0.85
"""Share of the clip's length from which on a move takes all of it."""
OVERLAP = 0.7
"""Of the longer of two moves' times, from which on they are told in one breath."""
PHASES = 3
"""Phases that are told apart."""


@dataclass(frozen=True)
class _Phase:
    """Moves that happen together."""

    moves: tuple[Move, ...]

    @property
    def start_s(self) -> float:
        return min(move.start_s for move in self.moves)

    @property
    def end_s(self) -> float:
        return max(move.end_s for move in self.moves)


def tell_camera(seen: Seen, facts: Facts, voice: Voice) -> list[Sentence]:
    """All of it."""
    phases = _phases(facts.camera)
    if not phases:
        return [Sentence(text="What the camera does could not be told, neither whether it moves nor how fast.", rank=3)]
    if len(phases) == 1 and _length(phases[0]) >= THROUGHOUT * seen.duration_s:
        does = _verbs(phases[0])
        told = voice.pick(
            f"The camera {does} from beginning to end.",
            f"As for the camera, it {does} for all of the time.",
            f"The camera {does} from the first moment to the last.",
            f"Throughout, the camera {does}.",
        )
    else:
        told = _tell_phases(phases)
    sentences = [Sentence(text=told, rank=1)]
    if rate := _rate(phases, voice):
        sentences.append(Sentence(text=rate, rank=7))
    if absent := _absent(facts, voice):
        sentences.append(Sentence(text=absent, rank=10))
    return sentences


def short_camera(facts: Facts) -> str:
    """The main move, for a clause: `the camera pans left slowly`."""
    moves = [move for move in facts.camera if move.kind != "static"] or list(facts.camera)
    if not moves:
        return "the camera's part in it is unknown"
    longest = max(moves, key=_length)
    return f"the camera {_verb(longest)}"


def _phases(moves: tuple[Move, ...]) -> list[_Phase]:
    """In the order of time; moves of the same kind at the same time count once."""
    phases: list[_Phase] = []
    for move in sorted((move for move in moves if _length(move) >= 0), key=lambda move: move.start_s):
        if any(move.kind == other.kind and _shared(other, move) >= 0 for phase in phases for other in phase.moves):
            continue
        if phases and _shared(phases[-1], move) >= OVERLAP * max(_length(phases[-1]), _length(move)):
            phases[-1] = _Phase((*phases[-1].moves, move))
        else:
            phases.append(_Phase((move,)))
    return phases


def _shared(one: _Phase | Move, other: _Phase | Move) -> float:
    """Seconds that they have in common; below 0 those between them."""
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)


def _length(span: _Phase | Move) -> float:
    """Seconds."""
    return span.end_s - span.start_s


def _tell_phases(phases: list[_Phase]) -> str:
    """One after the other."""
    told = []
    for place, phase in enumerate(phases[:PHASES]):
        meanwhile = place > 0 and _shared(phases[place - 1], phase) > _length(phase) / 2
        opening = (
            ("The camera", "Meanwhile it", "On top of that it")
            if meanwhile
            else ("The camera", "Then it", "Finally it")
        )
        start, end = f"{phase.start_s:.1f}", f"{phase.end_s:.1f} seconds"
        when = f"from {start} to {end}" if place == PHASES - 1 else f"between {start} and {end}"
        told.append(f"{opening[place]} {_verbs(phase)} {when}")
    more = f", with {len(phases) - PHASES} more changes after that" if len(phases) > PHASES else ""
    return ". ".join(told) + f"{more}."


def _verbs(phase: _Phase) -> str:
    moving = [move for move in phase.moves if move.kind != "static"] or list(phase.moves)
    return listing([_verb(move) for move in moving[:3]])


def _verb(move: Move) -> str:
    if move.kind == "static" or move.speed is None:
        return VERBS[move.kind]
    return f"{VERBS[move.kind]} {(SWAYS if move.kind == 'handheld' else ADVERBS)[move.speed]}"


def _rate(phases: list[_Phase], voice: Voice) -> str | None:
    """The first move in numbers."""
    moves = [move for phase in phases[:PHASES] for move in phase.moves if move.kind != "static"]
    if not moves:
        return None
    rate, kind = abs(moves[0].rate), moves[0].kind.split()[0]
    match kind:
        case "pan" | "tilt":
            what = voice.pick(
                f"That {kind} shifts the view by {_widths(rate)} every second.",
                f"With that {kind} the view moves by {_widths(rate)} every second.",
            )
        case "zoom":
            size = f"{percent(rate)}" if rate < 10 else "more than ten times"
            grows = "grow" if moves[0].kind == "zoom in" else "shrink"
            what = voice.pick(
                f"Under that zoom things {grows} by {size} a second.",
                f"Each second of the zoom makes things {grows} by {size}.",
            )
        case "roll":
            degrees = f"{rate:.0f}" if 1.5 <= rate < 1000 else "one or two" if rate < 1.5 else "a thousand or more"
            what = voice.pick(
                f"The roll turns the horizon by {degrees} degrees a second.",
                f"That roll comes to {degrees} degrees a second.",
            )
        case _:
            what = voice.pick(
                f"The shake moves the view by {_widths(rate)} every second.",
                f"From such unsteadiness the view jumps by {_widths(rate)} every second.",
            )
    return what


def _widths(rate: float) -> str:
    """Of the view's shift."""
    if rate < 1:
        return f"{percent(rate)} of its width"
    return f"{rate:.1f} times its width" if rate < 10 else "ten times its width or more"


def _absent(facts: Facts, voice: Voice) -> str | None:
    """What it does not do."""
    present = {move.kind.split()[0] for move in facts.camera}
    missing = [name for family, name in FAMILIES.items() if family not in present]
    if not missing:
        return None
    return voice.pick(
        f"{'Beyond that, no' if present - {'static'} else 'No'} {listing(missing, 'or')} was found in it.",
        f"Of {listing(missing, 'or')} there is no sign.",
        f"There is no {listing(missing, 'or')} to speak of.",
    )
