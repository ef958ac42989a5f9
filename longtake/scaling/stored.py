"""Laws as one JSON object: all that predictions with intervals need, and the family of models that they were measured on."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from longtake.config import dump_config, load_config
from longtake.dit.config import DiTConfig
from longtake.dit.flops import Shape
from longtake.errors import UserError
from longtake.scaling.family import Family
from longtake.scaling.fit import Fitted, Interval
from longtake.scaling.law import Laws, LossLaw, Variable
from longtake.scaling.powers import PowerFits
from longtake.scaling.projection import Fits
from longtake.scaling.published import PUBLISHED
from longtake.scaling.trials import Trial

Array = NDArray[np.float64]
FORMAT, VERSION = "longtake-laws", 1
DIGITS = 13
"""That are kept of a bootstrap copy's constants: predictions stay the same to 1e-10."""

Numbers = list[float | None]
"""One for each copy; None of one that has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredLaws:
    """Laws, and where they were fitted on runs: how far they can be trusted, and whose they are."""

    laws: Laws
    fitted: Fitted | None = None
    """None of published laws, which come without intervals."""
    family: Family | None = None
    """That the runs were of; None of published laws."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else decides the loss of the runs: autoencoder, objective, ..."""

    @property
    def loss(self) -> LossLaw:
        """Raises UserError where the work gives none by parameters and tokens."""
        if self.laws.loss is None:
            able = ", ".join(name for name, laws in PUBLISHED.items() if laws.loss)
            raise UserError(
                f"the laws {self.laws.name!r} give no loss by parameters and tokens; published ones that do: {able}"
            )
        return self.laws.loss

    def interval(self, *, params: float, tokens: float, chance: float) -> Interval | None:
        """Where the loss of a run lies with this chance: the law's own doubt, and the noise of a run. None of published laws."""
        return self.fitted.predict_loss(params=params, tokens=tokens, chance=chance) if self.fitted else None


@dataclass(frozen=True, kw_only=True)
class _Powers:
    """Copies of a power law."""

    quantity: str
    log_scale: Numbers
    exponents: dict[Variable, Numbers]


@dataclass(frozen=True, kw_only=True)
class _Family:
    model: dict[str, Any]
    """DiTConfig without its depth."""
    shapes: list[tuple[Shape, float]]
    text_tokens: int


@dataclass(frozen=True, kw_only=True)
class _Record:
    """What lies in the file, beside its format and version."""

    laws: Laws
    family: _Family
    trials: list[Trial]
    cells: list[Trial]
    weights: list[float]
    loss: dict[str, Numbers]
    batch: _Powers
    lr: _Powers
    size: _Powers
    noise: float = Field(ge=0)
    seed: int
    facts: dict[str, Any]


def dump_laws(fitted: Fitted, family: Family, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As plain JSON values; the facts are such values."""
    model = {name: value for name, value in dump_config(family.model).items() if name != "depth"}
    record = _Record(
        laws=fitted.laws, family=_Family(model=model, shapes=list(family.shapes.items()), text_tokens=family.text_tokens),
        trials=list(fitted.trials), cells=list(fitted.cells), weights=fitted.weights.tolist(),
        loss={each.name: _numbers(getattr(fitted.loss, each.name)) for each in fields(Fits)},
        batch=_powers(fitted.batch), lr=_powers(fitted.lr), size=_powers(fitted.size), noise=fitted.noise, seed=fitted.seed,
        facts=dict(facts or {}),
    )  # fmt: skip
    return {"format": FORMAT, "version": VERSION, **dump_config(record)}


def load_laws(given: Mapping[str, Any], where: str) -> StoredLaws:
    """What `dump_laws` made. Raises UserError for anything else; `where` names it."""
    if given.get("format") != FORMAT:
        raise UserError(
            f"{where} holds no laws of longtake: it has no `format: {FORMAT}`; give one of <data_root>/laws/"
        )
    if given.get("version") != VERSION:
        raise UserError(
            f"{where} holds laws of version {given.get('version')!r}, and this longtake reads version {VERSION}; "
            "fit the runs again, or use the longtake that wrote it"
        )
    rest = {name: value for name, value in given.items() if name not in ("format", "version")}
    record = load_config(_Record, rest, where=where)
    try:
        loss = Fits(**dict(zip(record.loss, _columns(record.loss.values()), strict=True)))
        batch, lr, size = (_fits(powers) for powers in (record.batch, record.lr, record.size))
    except (TypeError, ValueError):
        raise UserError(f"{where} holds copies of constants that do not belong together; fit the runs again") from None
    fitted = Fitted(
        laws=record.laws, trials=tuple(record.trials), cells=tuple(record.cells), weights=np.array(record.weights), loss=loss,
        batch=batch, lr=lr, size=size, noise=record.noise, seed=record.seed,
    )  # fmt: skip
    model = load_config(DiTConfig, record.family.model, where=f"{where}: family.model")
    family = Family(model=model, shapes=dict(record.family.shapes), text_tokens=record.family.text_tokens)
    return StoredLaws(laws=record.laws, fitted=fitted, family=family, facts=record.facts)


def _powers(fits: PowerFits) -> _Powers:
    exponents = {name: _numbers(fits.exponents[:, at]) for at, name in enumerate(fits.variables)}
    return _Powers(quantity=fits.quantity, log_scale=_numbers(fits.log_scale), exponents=exponents)


def _fits(powers: _Powers) -> PowerFits:
    log_scale, *exponents = _columns([powers.log_scale, *powers.exponents.values()])
    return PowerFits(powers.quantity, tuple(powers.exponents), log_scale, np.stack(exponents, axis=1))


def _numbers(values: Array) -> Numbers:
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values]


def _columns(copies: Iterable[Numbers]) -> Array:
    """[constants, B]. Raises ValueError where not all are of as many copies."""
    return np.array(list(copies), np.float64)  # None becomes NaN
