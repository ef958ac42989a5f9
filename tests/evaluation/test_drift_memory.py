import numpy as np
import pytest

from longtake.evaluation.drift import DriftMeter
from longtake.evaluation.encoders import RandomEncoder


def film(segments=5, frames=4, side=24):
    """Noise that grows redder."""
    draw = np.random.default_rng(0)
    noise = draw.integers(0, 120, (segments, frames, side, side, 3), dtype=np.uint8)
    noise[..., 2] += np.arange(segments, dtype=np.uint8)[:, None, None, None] * 20
    return noise


@pytest.mark.parametrize("after", [1, 3])
def test_a_meter_that_recalls_measures_on_to_the_bit(after):
    whole, begun, resumed = (DriftMeter(RandomEncoder()) for _ in range(3))
    rows = [whole.add(part, new_scene=place == 3) for place, part in enumerate(film())]
    for place, part in enumerate(film()[:after]):
        begun.add(part, new_scene=place == 3)
    kept = {name: np.frombuffer(value.tobytes()).reshape(value.shape) for name, value in begun.remember().items()}
    resumed.recall(kept, film()[after - 1][-1])
    assert [resumed.add(part, new_scene=place == 3) for place, part in enumerate(film()) if place >= after] == rows[
        after:
    ]


def test_a_meter_that_has_seen_nothing_remembers_nothing():
    assert DriftMeter(RandomEncoder()).remember() == {}
