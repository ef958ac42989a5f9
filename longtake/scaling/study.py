"""What a sweep has shown, whole: laws with intervals, rivals, arms, held-out runs. Everything that its page and its tables say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longtake.scaling.family import Count
from longtake.scaling.fit import Fitted, Interval
from longtake.scaling.isoflop import Valley
from longtake.scaling.law import LossLaw, PowerLaw
from longtake.scaling.trials import Trial


@dataclass(frozen=True, kw_only=True)
class GridView:
    """One heat map: all settings that were tried at a size after so many tokens."""

    depth: int
    params: float
    tokens: float
    trials: tuple[Trial, ...]
    failed: tuple[tuple[int, float], ...]
    """(batch tokens, learning rate) of runs that have no loss."""
    best: Trial
    on_edge: bool
    """The best setting lies on the edge of what was tried."""
    predicted: tuple[float, float] | None
    """(batch tokens, learning rate) of the fitted laws; of a held-out grid they never saw it."""
    held_out: bool


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What chance does: one cell with several seeds."""

    trials: tuple[Trial, ...]
    mean: float
    deviation: float
    """Of one run, from the mean of the seeds."""


@dataclass(frozen=True, kw_only=True)
class HeldOutRun:
    """A run that no law was fitted on."""

    trial: Trial
    predicted: Interval
    """90 %: the law's own doubt and the noise of a run."""
    inside: bool
    error: float
    """|measured - predicted| as a share of the measured loss ..."""
    reducible_error: float
    """... and as a share of the predicted loss above the floor, which is what a law has to know."""
    constant_error: float
    """The reducible error of the best constant guess: the least loss that was fitted on."""


@dataclass(frozen=True, kw_only=True)
class HeldOutSetting:
    """The largest size at the predicted batch and learning rate, beside its own grid."""

    predicted: Trial
    """The run nearest to the predicted setting."""
    best: Trial
    excess: float
    """Its loss above that of the best."""
    noise: float
    """The deviation of the difference of two runs: sqrt 2 times that of one."""
    within: bool
    """excess <= 2 * noise."""


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A way to choose batch and learning rate without the laws of both N and T, fitted on the same runs."""

    name: str
    """`laws of N and T`, `by compute alone`, `one fixed setting`, `smallest batch, more steps`."""
    source: str
    batch: PowerLaw
    """A constant has no exponents."""
    lr: PowerLaw
    excess: Mapping[str, float]
    """Mean loss above the best at the settings that it would choose, of the `held-out size` and of `each grid left out in turn`; settings
    between runs are read off a quadratic surface through the grid in logarithms."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Laws fitted on runs whose batch and learning rate were chosen in one way."""

    name: str
    """`tuned` or `fixed`."""
    trials: tuple[Trial, ...]
    loss: LossLaw
    mse: float
    """Of the loss law around the runs."""
    predicted_size: PowerLaw
    """N_opt that the loss law has."""
    empirical_size: PowerLaw | None
    """N_opt by the valleys at equal compute; None of fewer than two valleys."""


@dataclass(frozen=True, kw_only=True)
class Arms:
    """The paper's claim: with tuned settings the fit is better, both exponents agree, and less size is enough."""

    tuned: Arm
    fixed: Arm
    same_loss: tuple[float, float, float]
    """(FLOPs, parameters tuned, parameters fixed): at the largest budget, the least size whose tuned loss is that of the fixed optimum;
    NaN where the tuned arm never gets there."""
    flat: tuple[tuple[float, float], ...]
    """(size as a share of the optimum, loss above its loss) at the largest budget by the tuned law: how flat the optimum is."""


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """The exponent of N_opt, by what N counts and by which estimate."""

    exponents: Mapping[Count, Mapping[str, float]]
    """`projection`, `huber`, `isoflop` of each count; a missing one could not be estimated."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A sweep and what follows from it."""

    name: str
    fitted: Fitted
    """On the runs of the tuned arm, N counted by the blocks."""
    grids: tuple[GridView, ...]
    valleys: tuple[Valley, ...]
    """Of the tuned arm at each budget."""
    noise: Noise | None
    huber: LossLaw
    conventions: Conventions
    rivals: tuple[Rival, ...]
    arms: Arms | None
    """None where there is no fixed arm yet."""
    held_out: tuple[HeldOutRun, ...]
    held_out_setting: HeldOutSetting | None
    spread: Mapping[str, float]
    """Of losses at equal compute: `settings`, from the best to the worst batch and learning rate of a grid that has not come apart (mean
    over grids), and `sizes`, from the best to the worst size of a budget."""
    failed: Sequence[tuple[str, str]]
    """Runs without a loss: what they are, and why."""
