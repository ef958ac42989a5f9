"""Which clips make a dataset: a clip is kept, or dropped with a reason.

Read in this order: `valley` (the threshold on VTSS), `thresholds` (whether a clip is within hand-set ranges), `rule` (either
or both), `agreement` (one against the other), `tuning` (thresholds from the data), `fold` (near-duplicates). Names load when
first used, so that reading the config costs no numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from longtake.selecting.config import Range, SelectingConfig, Thresholds

if TYPE_CHECKING:
    from longtake.selecting.thresholds import Verdict, judge
    from longtake.selecting.tuning import Tuning, tune

__all__ = ["Range", "SelectingConfig", "Thresholds", "Tuning", "Verdict", "judge", "tune"]

_HOMES = {"Tuning": "tuning", "Verdict": "thresholds", "judge": "thresholds", "tune": "tuning"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
