import math

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from longtake.dit.conditions import Conditions, sinusoids  # noqa: E402
from longtake.latents.conditions import transform  # noqa: E402

STATISTICS = {"motion": (2.0, 0.5), "clarity": (0.7, 0.1)}
UNKNOWN = torch.tensor([math.nan])
TIME_BTd = torch.linspace(-1, 1, 24).view(1, 3, 8)


@pytest.fixture
def embed():
    """Conditions as after some training: nothing is zero."""
    made = Conditions(("motion", "clarity", "vtss"), STATISTICS, 16, 8)
    generator = torch.Generator().manual_seed(0)
    for weights in made.parameters():
        weights.data = torch.randn(weights.shape, generator=generator)
    return made


def test_sinusoids_tell_near_values_from_far_ones():
    near, far = (sinusoids(torch.tensor([0.0, step]), 32).diff(dim=0).norm() for step in (0.01, 1.0))
    assert 0 < near < far
    assert sinusoids(torch.zeros(2, 3), 32).shape == (2, 3, 32)


def test_a_metric_is_standardised_after_its_transformation(embed):
    given = torch.tensor([0.0, 6.4, 267.0, -1.0])
    wanted = [(transform("motion", value) - 2.0) / 0.5 for value in given.tolist()]
    torch.testing.assert_close(embed.standardise("motion", given), torch.tensor(wanted))
    torch.testing.assert_close(embed.standardise("clarity", torch.tensor([0.8])), torch.tensor([1.0]))
    torch.testing.assert_close(embed.standardise("vtss", given), given)


def test_what_is_not_given_is_what_is_unknown(embed):
    motion = torch.tensor([3.0])
    given = embed(TIME_BTd, {"motion": motion, "clarity": UNKNOWN, "vtss": UNKNOWN})
    assert torch.equal(embed(TIME_BTd, {"motion": motion}), given)
    assert torch.equal(embed(TIME_BTd, {"motion": motion, "brightness": torch.ones(1)}), given)
    torch.testing.assert_close(embed(TIME_BTd, {}), TIME_BTd + sum(embed.nulls.values()))


def test_every_metric_adds_its_own_part_to_every_time(embed):
    motion, clarity = torch.tensor([3.0]), torch.tensor([0.9])
    none, one, other = (embed(TIME_BTd, given) for given in ({}, {"motion": motion}, {"clarity": clarity}))
    both = embed(TIME_BTd, {"motion": motion, "clarity": clarity})
    torch.testing.assert_close(both - none, (one - none) + (other - none))
    torch.testing.assert_close((both - TIME_BTd).std(1), torch.zeros(1, 8))


def test_an_unknown_metric_teaches_the_null_and_leaves_no_nan(embed):
    embed(TIME_BTd.expand(2, -1, -1), {"motion": torch.tensor([math.nan, 2.0])})[0].sum().backward()
    assert embed.nulls["motion"].grad.eq(3).all()
    for weights in embed.embeddings["motion"].parameters():
        assert weights.grad.eq(0).all()


def test_without_metrics_time_stays_as_it_is():
    assert torch.equal(Conditions((), {}, 16, 8)(TIME_BTd, {"motion": torch.ones(1)}), TIME_BTd)
