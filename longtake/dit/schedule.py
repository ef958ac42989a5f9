"""The learning rate of each step, as a share of its peak."""

import math

from longtake.dit.recipe import Schedule


def rate_at(schedule: Schedule, step: int, done: float) -> float:
    """Share of the peak, over 0 to 1, for the step number `step` (from 0), with the share `done` of the training behind it."""
    return min(1.0, (step + 1) / max(1, schedule.warmup_steps)) * _fall(schedule, min(1.0, done))


def _fall(schedule: Schedule, done: float) -> float:
    match schedule.kind:
        case "constant":
            return 1.0
        case "cosine":
            left = 0.5 * (1.0 + math.cos(math.pi * done))
        case "decay":
            left = min(1.0, (1.0 - done) / schedule.decay_share)
    return schedule.final + (1.0 - schedule.final) * left
