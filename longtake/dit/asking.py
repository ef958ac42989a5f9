"""Metrics as somebody asks a model for them: `motion=20`, in the units of the table `scores`."""

import difflib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from longtake.dit.config import Objective
from longtake.dit.guidance import TEXT
from longtake.errors import UserError
from longtake.latents.conditions import LOGARITHMIC, transform

RANGES: dict[str, tuple[float, float]] = {
    "motion": (0.0, math.inf), "aesthetic": (1.0, 10.0), "clarity": (0.0, 1.0), "vtss": (1.0, 5.0),
}  # fmt: skip
"""What the metrics can be at all (`longtake/scoring/metrics.py`, `Score`)."""
UNITS = {"motion": "px/s"}
FAR = 3.0
"""Standard deviations from the mean of a model's samples, beyond which it has seen next to nothing."""
USUAL = 2.0
"""And those that most of its samples lie within."""


def read_pairs(given: Sequence[str], option: str) -> dict[str, float]:
    """`["motion=20", "clarity=0.9"]` as numbers by name. Raises UserError for what is no pair, and for a name that comes twice."""
    pairs: dict[str, float] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not sign or not math.isfinite(number):
            raise UserError(f"{option} {pair!r} is no name with a number; expected something like {option} motion=20")
        name = name.strip()
        if name in pairs:
            raise UserError(f"{option} {name} is given twice, {pairs[name]:g} and {number:g}; give it once")
        pairs[name] = number
    return pairs


def check_names(names: Iterable[str], known: Sequence[str], statistics: Collection[str]) -> None:
    """Raises UserError for names of metrics that the model does not know, or has never seen; as `check_metrics`."""
    seen = [name for name in known if name in statistics]
    for name in names:
        if name not in known:
            raise UserError(f"this model knows no condition {name!r}; {nearest(name, seen)}")
        if name not in seen:
            raise UserError(
                f"this model never learned {name}: no sample that it was trained on had one; leave it out ({nearest(name, seen)})"
            )


def check_metrics(
    metrics: Mapping[str, float], known: Sequence[str], statistics: Mapping[str, tuple[float, float]]
) -> None:
    """Raises UserError for metrics that the model does not know, has never seen, or that cannot be.

    `known`: those that it was built for; `statistics`: mean and standard deviation of those that its samples had.
    """
    check_names(metrics, known, statistics)
    for name, value in metrics.items():
        least, most = RANGES.get(name, (-math.inf, math.inf))
        if not least <= value <= most:
            top = f"to {most:g}" if math.isfinite(most) else f"{UNITS.get(name, '')} or more".lstrip()
            raise UserError(f"{name}={value:g} cannot be; expected {least:g} {top}")


def say_metrics(metrics: Mapping[str, float]) -> list[str]:
    """`motion 20 px/s`, and the others likewise."""
    return [f"{name} {value:g} {UNITS.get(name, '')}".rstrip() for name, value in metrics.items()]


def say_unseen(metrics: Mapping[str, float], statistics: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    """A sentence for each metric that is far outside of what the model was trained on."""
    for name, value in metrics.items():
        mean, deviation = statistics[name]
        if abs(transform(name, value) - mean) > FAR * deviation:
            low, high = (_transform_back(name, mean + side * USUAL * deviation) for side in (-1, 1))
            usual = f"{low:.3g} to {high:.3g} {UNITS.get(name, '')}".rstrip()
            yield f"{name}={value:g} is far from what the model was trained on (mostly {usual}): expect little of it"


def say_left_open(
    asked_for: Collection[str], statistics: Mapping[str, tuple[float, float]], objective: Objective
) -> Iterator[str]:
    """A sentence for what was not asked for (the text, a metric), where the model was never trained without it."""
    if TEXT not in asked_for and not objective.text_dropout:
        yield "no text was given, and the model was never trained without (text_dropout 0): expect little of it"
    open_ones = [name for name in statistics if name not in asked_for]
    if open_ones and not objective.condition_dropout:
        names = ", ".join(open_ones)
        yield f"{names} was not given, and the model was never trained without (condition_dropout 0): give a number"


def nearest(name: str, known: Collection[str]) -> str:
    """What to say of a name that is not known."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known) or 'none'}"


def _transform_back(name: str, transformed: float) -> float:
    """The metric in its units, within what can be."""
    least, most = RANGES.get(name, (-math.inf, math.inf))
    return min(max(math.expm1(transformed) if name in LOGARITHMIC else transformed, least), most)
