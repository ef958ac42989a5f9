"""What a step of a training came to, and the curve of many steps that a page and a checkpoint keep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

Skip = Literal["", "not_finite", "spike"]
"""Why a step was thrown away; empty where it was not."""

POINTS = 2000
"""Of a curve, at most."""

UNJUDGED = (
    "nothing was held out, so there is no validation loss: curate more videos, or hold more of them out "
    "(of `curate`, selecting_config: {validation_share: 0.2})"
)
"""What there is to say of a training without a validation loss."""

UNJUDGED_WORLD = (
    "nothing was held out, so there is no validation loss: say training: {validation: {samples: 64}}, and have stories on that side "
    "(stories: {validation_share: 0.1}; of a dataset its own share)"
)
"""And of a world model's."""


def say_losses(loss: float | None, train_loss: float | None) -> str:
    """Validation and train loss, as people read them."""
    train = "" if train_loss is None else f", train loss {train_loss:.4f}"
    return ("no validation loss" if loss is None else f"validation loss {loss:.4f}") + train


@dataclass(frozen=True, kw_only=True)
class Validated:
    """The validation loss, of the averaged weights."""

    loss: float
    by_time: tuple[float, ...]
    """Mean over equal parts of t, from data (0) to noise (1)."""
    tokens: int = 0
    """Of video that the training had seen by then, ..."""
    flops: float = 0.0
    """... and what that had cost."""


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """One step."""

    step: int
    """Steps that are done with it, skipped ones among them."""
    loss: float
    """Mean over the batch; may be no number where the step is skipped."""
    norm: float
    """Of the gradient, before it was bounded."""
    lr: float
    samples: int
    tokens: int
    """Of video, in this step, over all workers."""
    flops: float
    """Forwards and backwards, attention counted as it is computed."""
    seconds: float
    """Of waiting and computing; validation, films and checkpoints left out."""
    waited_s: float
    """Of these, for data."""
    skipped: Skip = ""
    micro_batch: int
    """Samples that went through the model together, on this worker."""
    validated: Validated | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    """Of the loss, by name, where it has several."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Neighbouring steps of a curve, taken together."""

    step: int
    """The last of them."""
    steps: int
    loss: float | None
    """Mean over those that were not skipped; None where all were."""
    norm: float | None
    lr: float
    skipped: int
    tokens: int
    flops: float
    seconds: float
    waited_s: float
    parts: Mapping[str, float] = field(default_factory=dict)
    """Of the loss, by name, where it has several: means over those that were not skipped."""


@dataclass
class Curve:
    """A training of any length in at most `POINTS` points: when they are too many, neighbours become one."""

    points: list[Point] = field(default_factory=list)
    stride: int = 1
    """Steps of a point."""
    validations: list[tuple[int, Validated]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    """Steps by the reason that they were skipped for."""

    def add(self, record: StepRecord) -> None:
        point = _point(record)
        if self.points and self.points[-1].steps < self.stride:
            self.points[-1] = _joined(self.points[-1], point)
        else:
            self.points.append(point)
        if len(self.points) > POINTS:
            self.points = _halved(self.points)
            self.stride *= 2
        if record.validated is not None:
            self.validations.append((record.step, record.validated))
        if record.skipped:
            self.skipped[record.skipped] = self.skipped.get(record.skipped, 0) + 1

    def losses(self) -> list[tuple[int, float]]:
        """(step, loss) of each point that has one."""
        return [(point.step, point.loss) for point in self.points if point.loss is not None]

    def last_loss(self, share: float = 0.1) -> float | None:
        """Mean over the last part of the steps."""
        known = [point for point in self.points if point.loss is not None]
        last = known[-max(1, round(len(known) * share)) :] if known else []
        taken = sum(point.steps - point.skipped for point in last)
        return sum((point.loss or 0.0) * (point.steps - point.skipped) for point in last) / taken if taken else None

    def total(self, name: Literal["tokens", "flops", "seconds", "waited_s"]) -> float:
        return sum(getattr(point, name) for point in self.points)

    def to_json(self) -> dict[str, Any]:
        """Plain values; points as columns, which is a fifth of the size."""
        names = [each.name for each in fields(Point) if each.name != "parts" or any(p.parts for p in self.points)]
        return {
            "stride": self.stride,
            "points": {name: [getattr(point, name) for point in self.points] for name in names},
            "validations": [[step, asdict(found)] for step, found in self.validations],
            "skipped": self.skipped,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Curve":
        columns = given["points"]
        rows = zip(*columns.values(), strict=True)
        return cls(
            points=[Point(**dict(zip(columns, row, strict=True))) for row in rows],
            stride=given["stride"],
            validations=[
                (step, Validated(**found | {"by_time": tuple(found["by_time"])}))
                for step, found in given["validations"]
            ],
            skipped=dict(given["skipped"]),
        )


def curve_of(records: Iterable[StepRecord]) -> Curve:
    """The curve of these steps."""
    curve = Curve()
    for record in records:
        curve.add(record)
    return curve


def _point(record: StepRecord) -> Point:
    taken = not record.skipped
    return Point(
        step=record.step, steps=1, loss=record.loss if taken else None, norm=record.norm if taken else None, lr=record.lr,
        skipped=0 if taken else 1, tokens=record.tokens, flops=record.flops, seconds=record.seconds, waited_s=record.waited_s,
        parts=dict(record.parts) if taken else {},
    )  # fmt: skip


def _joined(one: Point, other: Point) -> Point:
    taken = one.steps - one.skipped, other.steps - other.skipped
    return replace(
        other,
        steps=one.steps + other.steps,
        loss=_mean((one.loss, other.loss), taken),
        norm=_mean((one.norm, other.norm), taken),
        skipped=one.skipped + other.skipped,
        tokens=one.tokens + other.tokens,
        flops=one.flops + other.flops,
        seconds=one.seconds + other.seconds,
        waited_s=one.waited_s + other.waited_s,
        parts={
            name: _mean((one.parts.get(name), other.parts.get(name)), taken) or 0.0
            for name in sorted({*one.parts, *other.parts})
        },
    )


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    total = sum(weights)
    return (
        sum((value or 0.0) * weight for value, weight in zip(values, weights, strict=True)) / total if total else None
    )


def _halved(points: Sequence[Point]) -> list[Point]:
    pairs = [_joined(points[at], points[at + 1]) for at in range(0, len(points) - 1, 2)]
    return pairs if len(points) % 2 == 0 else [*pairs, points[-1]]
