"""The validation loss of a training beside what laws predict of its size after as many tokens."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from longtake.config import dump_config
from longtake.dit.config import DiTConfig
from longtake.dit.flops import Shape
from longtake.scaling.fit import Interval
from longtake.scaling.stored import StoredLaws

Side = Literal["", "above", "below"]
"""Of the band that a loss is on; empty: within."""
MEANING: Mapping[Side, str] = {
    "above": "batch or learning rate may be far from the best, samples may be damaged or of another kind than the laws'",
    "below": "held-out samples may be among the trained ones, the learning rate may be falling, or the laws be of other samples",
}
"""What it may mean."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A validation loss beside its prediction."""

    predicted: Interval
    side: Side
    turned: bool
    """It went out of the band, to the other side of it, or came back in, since the loss before."""
    sentence: str
    """What was measured, what was predicted, and what it may mean where they differ."""


@dataclass(kw_only=True)
class LossWatch:
    """Looks at one training."""

    laws: StoredLaws
    params: float
    """N, as the laws count it."""
    chance: float = 0.95
    """With which a loss lies in the band."""
    slack: float = 0.05
    """Half the band of laws without intervals, as a share of the predicted loss above the floor: the scaling paper's held-out runs are
    off by 0.6 % and 4.2 % of it."""
    _side: Side = field(default="", init=False)

    @property
    def floor(self) -> float:
        """What the law says cannot be got below."""
        return self.laws.loss.floor

    def look(self, *, tokens: float, loss: float) -> Sight | None:
        """None before as many tokens as the shortest run that the laws were fitted on: they say nothing of the beginning."""
        fewest, _ = self.laws.laws.valid.get("tokens", (0.0, math.inf))
        if tokens < fewest:
            return None
        band = self.band(tokens)
        side: Side = "" if band.low <= loss <= band.high else "below" if loss < band.low else "above"
        turned, self._side = side != self._side, side
        where = f"{side} the" if side else "within the"
        said = (
            f"the validation loss {loss:.4f} after {tokens:.3g} tokens is {where} {band.low:.4f} to {band.high:.4f} that the laws "
            f"{self.laws.laws.name} predict of {self.params:.3g} parameters"
        )
        beyond = self.laws.laws.beyond(params=self.params, tokens=tokens)
        parts = [said, *([MEANING[side]] if side else []), *(["the laws extrapolate here"] if beyond else [])]
        return Sight(predicted=band, side=side, turned=turned, sentence="; ".join(parts))

    def band(self, tokens: float) -> Interval:
        """Where the loss is to lie after so many tokens."""
        known = self.laws.interval(params=self.params, tokens=tokens, chance=self.chance)
        if known:
            return known
        value = self.laws.loss(params=self.params, tokens=tokens)
        half = self.slack * (value - self.floor)
        return Interval(value=value, low=value - half, high=value + half)


def differences(laws: StoredLaws, model: DiTConfig, shapes: Collection[Shape], facts: Mapping[str, Any]) -> list[str]:
    """In what a training is not of the kind that the laws were measured on: its loss may lie elsewhere altogether."""
    if laws.family is None:
        return [f"the laws {laws.laws.name} are published ones, of other data and latents"]
    there, here = dump_config(laws.family.model), dump_config(model)
    pairs = {f"model.{name}": (there[name], here[name]) for name in here if name != "depth"}
    pairs |= {name: (value, facts.get(name)) for name, value in laws.facts.items()}
    said = [f"{name} {theirs} there, {ours} here" for name, (theirs, ours) in pairs.items() if theirs != ours]
    others = sorted(set(shapes) - set(laws.family.shapes))
    return said + [f"latents of {' x '.join(map(str, shape))} here alone" for shape in others]
