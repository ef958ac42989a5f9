from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from longtake.tsa_training.config import Optimisation
from longtake.tsa_training.fitting import Task, fit, predict_all, rate_at

OPTIMISATION = Optimisation(batch=8, learning_rate=0.03, warmup_epochs=1, patience=20)
SEEN_NL = torch.randn(48, 4, generator=torch.Generator().manual_seed(1))
TARGETS = SEEN_NL @ torch.tensor([1.0, -0.5, 0.0, 0.2])


def predict(network, indices, rng):
    return network(SEEN_NL[list(indices)]).squeeze(-1), None


def task():
    return Task(predict, [[n, n + 1] for n in range(0, 32, 2)], TARGETS, list(range(32, 48)))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 1))


def trained(state, epochs, stop_after=None):
    class Stopped(Exception):
        pass

    def tell(epoch):
        if epoch.number + 1 == stop_after:
            raise Stopped

    model = network()
    try:
        history = fit(model, task(), OPTIMISATION, epochs=epochs, seed=3, state=state, tell=tell)
    except Stopped:
        return None, None
    return history, predict_all(model, predict, range(48))


def test_a_network_learns_the_order_of_samples_that_it_was_not_shown(tmp_path):
    history, scores = trained(tmp_path / "state", 15)
    assert history[-1].loss < history[0].loss
    assert max(epoch.srcc for epoch in history) > 0.9
    assert np.corrcoef(scores[32:], TARGETS[32:])[0, 1] > 0.9


def test_a_training_that_was_stopped_goes_on_to_the_same_network(tmp_path):
    straight, expected = trained(tmp_path / "straight", 6)
    trained(tmp_path / "stopped", 6, stop_after=4)  # the state of epoch 3 is there
    history, scores = trained(tmp_path / "stopped", 6)
    assert history == straight
    assert np.array_equal(scores, expected)


def test_what_names_defects_learns_beside_the_score_and_weighs_as_asked(tmp_path):
    severities_ND = (SEEN_NL[:, :2] > 0).float()

    class Naming(nn.Module):
        def __init__(self):
            super().__init__()
            self.score, self.naming = network(), nn.Linear(4, 2)

    def both(model, indices, rng):
        seen = SEEN_NL[list(indices)]
        return model.score(seen).squeeze(-1), model.naming(seen)

    def right_after(naming):
        model = Naming()
        given = Task(both, task().groups, TARGETS, task().validation, severities_ND)
        optimisation = replace(OPTIMISATION, naming=naming)
        fit(model, given, optimisation, epochs=30, seed=3, state=tmp_path / f"{naming}")
        return ((model.naming(SEEN_NL[32:]) > 0) == severities_ND[32:].bool()).float().mean().item()

    assert right_after(naming=3.0) > 0.85
    assert right_after(naming=0.0) < 0.8


def test_it_ends_when_it_gets_no_better(tmp_path):
    torch.manual_seed(0)
    model = network()
    constant = Task(
        lambda net, indices, rng: (net[3].bias.expand(len(indices)), None), [[0], [1]], TARGETS, [40, 41, 42]
    )
    history = fit(model, constant, Optimisation(patience=2, batch=2), epochs=50, seed=0, state=tmp_path / "state")
    assert len(history) == 3


@pytest.mark.parametrize(("step", "rate"), [(0, 1 / 11), (10, 1.0), (55, 0.5), (100, 0.0)])
def test_the_rate_rises_in_a_line_and_falls_as_a_cosine(step, rate):
    assert rate_at(step, 100, 10) == pytest.approx(rate, abs=1e-9)
