"""What of a story a generated film remembers: its clips are judged against the script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from longtake.errors import UserError
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.judging import Seen, judge
from longtake.owl.shapes.script import Shot
from longtake.owl.shapes.world import Shown
from longtake.owl.story import Frames

NOT_TOLD = "not told"
"""Expected where the film showed nothing that could be kept."""
What = Literal["event", "presence", "colour", "texture", "ground"]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that the script says of a clip, and whether the film shows it."""

    clip: int
    what: What
    after: int
    """For what comes back: after how many clips. 0: an event, or a place's object, that no other clip is needed for."""
    expected: str
    found: str | None
    """None: it cannot be told."""
    stayed: bool = False
    """It was to come back, and had not gone in the clip before."""

    @property
    def right(self) -> bool:
        """What never left has not come back: a film that does not leave a place remembers nothing of it."""
        return self.found == self.expected and not self.stayed


def score(shown: Shown, films: Sequence[Frames], config: ShapesConfig) -> list[Fact]:
    """The facts of every clip: its event always; colour, texture and ground where they come back; after a cut back, where no text
    says it, whether the object is there ("presence"). The colour of an object that was in no picture given is the one that the film itself
    first gave it.

    `films` are the clips' frames in order. Raises UserError where they are not as many as the script's.
    """
    if len(films) != len(shown.shots):
        raise UserError(
            f"{shown.story.story_id}: {len(films)} clips of a script of {len(shown.shots)}; expected one for each"
        )
    facts: list[Fact] = []
    before: Seen | None = None
    colours: dict[int, str | None] = {}
    for clip, (shot, frames_NHW3) in enumerate(zip(shown.shots, films, strict=True)):
        seen = judge(frames_NHW3, config)
        if shot.thing:
            colours.setdefault(shot.number, shot.thing.colour if clip == 0 else seen.colour)
        facts += _facts_of(clip, shot, seen, before, colours.get(shot.number))
        before = seen
    return facts


def share_right(facts: Iterable[Fact], what: What, after: int | None = None) -> float | None:
    """How many of the facts of a kind are right, 0 to 1: of all that come back (colour, texture, ground), or that came back after so
    many clips. None where there is no such fact."""
    chosen = [fact.right for fact in facts if fact.what == what and after in (None, fact.after)]
    return sum(chosen) / len(chosen) if chosen else None


def _facts_of(clip: int, shot: Shot, seen: Seen, before: Seen | None, colour: str | None) -> list[Fact]:
    event = f"{shot.event.verb} {shot.event.side or ''}".strip()
    found = f"{seen.event.verb} {seen.event.side or ''}".strip() if seen.event else None
    facts = [Fact(clip=clip, what="event", after=0, expected=event, found=found)]
    if shot.cut and shot.number == 0:
        there = "there" if seen.present_N.mean() >= 0.5 else "not there"
        after = shot.returns["texture"]
        facts.append(
            Fact(clip=clip, what="presence", after=after, expected="there" if shot.thing else "not there", found=there)
        )
    expected: Mapping[str, str | None] = {
        "colour": colour,
        "texture": shot.place.texture,
        "ground": shot.place.ground,
    }
    for what, after in shot.returns.items():
        found = getattr(seen, what)
        facts.append(
            Fact(
                clip=clip,
                what=what,
                after=after,
                expected=expected[what] or NOT_TOLD,
                found=found,
                stayed=_stayed(shot, before),
            )
        )
    return facts


def _stayed(shot: Shot, before: Seen | None) -> bool:
    """Whether what is to come back was there in the clip before: the place of a cut back, else an object in its last frame."""
    if before is None:
        return False
    if shot.cut:
        return (before.texture, before.ground) == (shot.place.texture, shot.place.ground)
    return bool(before.present_N[-1])
