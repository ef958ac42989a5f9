"""Batch and learning rate: their laws from grids, and the one setting of the arm that has the same at every size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from longtake.errors import UserError
from longtake.scaling.cells import Outcome, trial_of
from longtake.scaling.config import Setting, SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.law import PowerLaw
from longtake.scaling.sufficiency import settings_cells
from longtake.scaling.surface import setting_laws
from longtake.scaling.trials import average_seeds, cells_of


def snap(family: Family, batch_tokens: float, lr: float) -> Setting:
    """Whole samples, one at least, and three digits: the same cell however it was come to."""
    samples = max(1, round(batch_tokens / family.sample_tokens))
    return Setting(batch_tokens=samples * family.sample_tokens, lr=float(f"{lr:.3g}"))


@dataclass(frozen=True, kw_only=True)
class SettingLaws:
    """Both laws, of N and T."""

    batch: PowerLaw
    lr: PowerLaw

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], family: Family) -> "SettingLaws":
        """As the grids among these have them. Raises TooFew where they lie on edges."""
        trials = average_seeds(trial_of(outcome, family) for outcome in outcomes if outcome.loss is not None)
        batch, lr = setting_laws(settings_cells(cells_of(trials), family.sample_tokens))
        return cls(batch=batch, lr=lr)

    def at(self, family: Family) -> Callable[[int, float], Setting]:
        """The setting at a depth and a number of tokens."""

        def choose(depth: int, tokens: float) -> Setting:
            params = family.params(depth)
            return snap(
                family, self.batch(params=params, tokens=float(tokens)), self.lr(params=params, tokens=float(tokens))
            )

        return choose


def fixed_setting(config: SweepConfig, outcomes: Iterable[Outcome]) -> Setting:
    """The one batch and learning rate of the other arm: what the config says, or the best of the smallest grid after the fewest tokens."""
    if config.fixed is not None:
        return config.fixed
    depth, tokens = min(config.grid.depths), min(config.grid.tokens)
    here = [
        o for o in outcomes
        if o.cell.line.depth == depth and o.cell.tokens == tokens and o.cell.line.seed == config.seed and o.loss is not None
    ]  # fmt: skip
    if not here:
        raise UserError(
            f"no run at depth {depth} after {tokens} tokens has a loss; run the grids first, or give `fixed`"
        )
    line = min(here, key=lambda o: (o.loss, o.cell)).cell.line
    return Setting(batch_tokens=line.batch_tokens, lr=line.lr)
