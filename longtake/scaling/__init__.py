"""Scaling laws: what they say, which runs they need, how they are fitted, and what to train on a budget. Names load when first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longtake.scaling.advice import advise
    from longtake.scaling.fit import fit_laws

__all__ = ["advise", "fit_laws"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from longtake.scaling import advice, fit

    return getattr(advice if name == "advise" else fit, name)
