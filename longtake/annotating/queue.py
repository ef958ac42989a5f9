"""Which clip an annotator is shown next."""

from collections.abc import Collection
from dataclasses import dataclass

from longtake.errors import UserError
from longtake.records import Clip, digest

NEAR = 2.5
"""The threshold on VTSS (Koala-36M, section 4.3): a person's mark tells most where the network is torn."""
NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clip that can be marked."""

    clip: Clip
    vtss: float | None
    """None where no network has scored it."""


def place_in_queue(candidate: Candidate, annotator: str, near: float | None = NEAR) -> tuple[float, str]:
    """What candidates are sorted by: scored clips by their distance from `near`, then the others.

    Without `near`, and among equals, the order is shuffled by the annotator's name: no two begin with the same clips.
    """
    distance = float("inf") if candidate.vtss is None or near is None else abs(candidate.vtss - near)
    return distance, digest("queue", annotator, candidate.clip.clip_id)


def check_name(given: str, known: Collection[str]) -> str:
    """The annotator's name without blanks around it.

    Raises UserError for none, and for a new one that differs from a known one in capitals alone: one person, two names.
    """
    name = given.strip()
    if not name or len(name) > NAME_CHARS or not name.isprintable():
        raise UserError(f"the annotator's name {given!r:.80} is none; give 1 to {NAME_CHARS} letters, on one line")
    twin = next((other for other in known if other != name and other.casefold() == name.casefold()), None)
    if name not in known and twin:
        raise UserError(f"{twin!r} has marked here before, {name!r} has not; give --annotator {twin!r} if that is you")
    return name
