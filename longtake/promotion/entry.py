"""One decision about a family of models. The last of them says which model is in use; none is ever changed or removed."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from longtake.datasets.naming import FAMILY
from longtake.errors import UserError

Decision = Literal["promoted", "refused", "rolled_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A decision, and the model that is in use from it on."""

    family: str
    number: int
    """From 1, without gaps."""
    decision: Decision
    model: str
    """URI of the model that is in use from here on."""
    previous: str
    """URI of the one that was in use before; empty where there was none."""
    candidate: str
    """URI of the model that was decided on."""
    samples: str
    """Name of the sample set that `model` was trained on; empty where it is of another lake."""
    basis: str
    """URI of the basis of the latents that `model` understands, on which what comes next is encoded; empty for one of another kind."""
    loss: float | None
    """Of the candidate on the validation samples of `judged_on`; none where it was not judged."""
    previous_loss: float | None
    """Of the model in use before, on the same samples and noise."""
    judged_on: str
    """Name of the sample set; empty where none was judged."""
    raw: str
    """Prefix of the footage that the candidate has had the chance to learn from; empty where it is not known."""
    videos: int | None
    """And the version of the table `videos` that it had: what came later is news. None where it is not known."""
    by: str
    """The run, or the person."""
    at: str
    """ISO 8601, UTC."""
    reason: str
    """In a sentence."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False)


def check_model_family(family: str) -> str:
    """The family's name as given. Raises UserError unless it can be part of keys everywhere."""
    if not re.fullmatch(FAMILY, family):
        raise UserError(
            f"the family of models {family!r} is none; give 1 to 48 lower-case letters, digits and dashes, for example dit"
        )
    return family


def roll_back(entries: Sequence[Entry], to: int | None, *, by: str, at: str, reason: str) -> Entry:
    """The entry that puts back the model in use before the current one, or the one in use after entry `to`.

    `entries` are all of a family in their order, at least one. Raises UserError where there is none to go back to.
    """
    last = entries[-1]
    if to is None:
        *earlier, _ = in_use(entries)
        if not earlier:
            raise UserError(f"{last.family} has had no model before {last.model}; promote one instead")
        found = earlier[-1]
    else:
        of_number = {entry.number: entry for entry in entries}
        if to not in of_number:
            raise UserError(f"{last.family} has no decision {to}; give 1 to {last.number}")
        found = of_number[to]
    if found.model == last.model:
        raise UserError(f"the model of decision {found.number} is in use already: {last.model}")
    return replace(
        last, number=last.number + 1, decision="rolled_back", model=found.model, previous=last.model, candidate=found.model,
        samples=found.samples, basis=found.basis, loss=None, previous_loss=None, judged_on="", by=by, at=at, reason=reason,
    )  # fmt: skip


def in_use(entries: Sequence[Entry]) -> list[Entry]:
    """The entries that brought in the current model and those below it, as on a pile: a rollback takes away what lay above."""
    pile: list[Entry] = []
    for entry in entries:
        if entry.decision == "rolled_back":
            below = next((n for n, old in enumerate(pile) if old.model == entry.model), len(pile))
            pile = [*pile[:below], entry]
        elif entry.decision == "promoted":
            pile.append(entry)
    return pile
