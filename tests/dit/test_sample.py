import math
from dataclasses import replace

import pytest
import torch

from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.objective import mixture
from longtake.dit.sample import Request, denoise, draw_noise, plan_times, sample
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from tests.dit.gaussian import CONFIG, Gaussian

REQUEST = Request(shape=(3, 4, 4), seed=7)
PLAIN = SamplingConfig(text_guidance=1)
TEXT = torch.tensor([[1.0, 2.0, 3.0, 2.0]])


def solve(model, request=REQUEST, **config):
    return denoise(model, model.objective, request, SamplingConfig(**config))


def off(model, steps, solver, request=REQUEST):
    """How far what is sampled is from the solution in closed form, root mean square."""
    first = plan_times(steps, model.objective, request)[0, 0, 0]
    a, s = (each.item() for each in mixture(model.objective, first))
    z = (draw_noise(3, request) - a * model.mean.item()) / math.hypot(a * model.deviation, s)
    exact = model.mean.item() + model.deviation * z
    return (solve(model, request, steps=steps, solver=solver) - exact).square().mean().sqrt().item()


@pytest.mark.parametrize("solver", ["euler", "heun"])
@pytest.mark.parametrize("kind", ["flow", "v", "epsilon"])
def test_a_model_that_knows_its_data_gives_it_back(kind, solver):
    assert off(Gaussian(Objective(kind=kind)), 100, solver) < 0.015


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
@pytest.mark.parametrize("kind", ["flow", "v"])
def test_twice_the_steps_leave_half_the_error_of_euler_and_a_quarter_of_heuns(kind, solver, order):
    model = Gaussian(Objective(kind=kind))
    assert math.log2(off(model, 40, solver) / off(model, 80, solver)) == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("kind", ["flow", "v", "epsilon"])
def test_a_prediction_that_is_a_little_off_makes_a_film_that_is_a_little_off(kind):
    class Off(Gaussian):
        def forward(self, *given):
            return super().forward(*given) + 0.02

    objective = Objective(kind=kind)
    films = [solve(model, steps=50) for model in (Gaussian(objective), Off(objective))]
    assert (films[0] - films[1]).abs().max() < 0.1


@pytest.mark.parametrize("kind", ["flow", "v"])
def test_data_that_is_one_point_takes_one_step(kind):
    model = Gaussian(Objective(kind=kind), deviation=0.0)
    assert off(model, 1, "euler") < 1e-5


def test_a_shift_moves_the_steps_towards_the_noise_and_the_film_stays():
    shifted = Gaussian(Objective(shift=3))
    solve(shifted, steps=4)
    assert [time_Bt[0, 0].item() for _, time_Bt in shifted.asked] == pytest.approx([1, 0.9, 0.75, 0.5])
    assert off(shifted, 100, "heun") < 5e-3


def test_heun_asks_twice_a_step_but_for_the_last():
    model = Gaussian()
    solve(model, steps=5, solver="heun")
    assert len(model.asked) == 9
    assert all((time_Bt > 0).all() for _, time_Bt in model.asked)


def test_guidance_takes_the_text_as_often_as_its_weight_says():
    model, asked = Gaussian(), replace(REQUEST, text_LD=TEXT)
    plain, guided, without = (solve(model, asked, text_guidance=weight) for weight in (1, 3, 0))
    assert torch.allclose(guided - plain, torch.full_like(plain, 2 * 2.0), atol=1e-3)  # the text's mean is 2
    assert torch.allclose(without, solve(model), atol=1e-3)


def test_each_metric_is_guided_by_a_weight_of_its_own():
    model = Gaussian()
    asked = replace(REQUEST, text_LD=TEXT, conditions={"motion": 0.5, "clarity": 0.25})
    plain = solve(model, asked, text_guidance=1)
    guided = solve(model, asked, text_guidance=1, condition_guidance={"motion": 3, "clarity": 2})
    assert torch.allclose(guided - plain, torch.full_like(plain, 2 * 0.5 + 1 * 0.25), atol=1e-3)


def test_a_weight_of_1_is_the_plain_prediction_to_the_bit_and_costs_nothing():
    model, asked = Gaussian(), replace(REQUEST, text_LD=TEXT, conditions={"motion": 0.5})
    plain = solve(model, asked, text_guidance=1)
    assert torch.equal(solve(model, asked, text_guidance=1, condition_guidance={"motion": 1}), plain)
    assert {len(latents) for latents, _ in model.asked} == {1}


def test_guidance_towards_what_was_not_asked_for_costs_nothing():
    model = Gaussian()
    assert torch.equal(solve(model, text_guidance=5), solve(model, text_guidance=1))
    assert {len(latents) for latents, _ in model.asked} == {1}


def test_a_metric_that_is_not_asked_for_is_unknown_to_the_model():
    seen = {}

    class Listening(Gaussian):
        def forward(self, *given):
            seen.update(given[4])
            return super().forward(*given)

    solve(Listening(), replace(REQUEST, conditions={"clarity": 0.9}), steps=1)
    assert seen["clarity"].tolist() == pytest.approx([0.9])
    assert seen["motion"].isnan().all()


def test_a_given_first_latent_is_clean_at_every_step_and_stays_to_the_bit():
    model, first = Gaussian(), torch.randn(3, 1, 4, 4)
    for solver in ("euler", "heun"):
        film = solve(model, replace(REQUEST, first_latent_C1hw=first), solver=solver, steps=6)
        assert torch.equal(film[:, :1], first)
    for latents, time_Bt in model.asked:
        assert torch.equal(latents[0, :, :1], first)
        assert (time_Bt[:, 0] == 0).all()
        assert (time_Bt[:, 1:] > 0).all()


def drawn_dit(seed=0):
    """A small transformer with weights that say something."""
    config = DiTConfig(depth=2, width_per_layer=16, head_width=16, channels=3, text_width=4, conditions=("motion",))
    model = DiT(config, {"motion": (2.0, 1.0)})
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.2)
    return model.eval()


def test_the_same_request_gives_the_same_film_to_the_bit_whatever_is_asked_for_beside_it():
    model, config = drawn_dit(), SamplingConfig(steps=4)
    alone = Request(shape=(2, 4, 4), text_LD=torch.randn(3, 4), conditions={"motion": 20.0}, seed=5)
    others = [Request(shape=(2, 4, 4), text_LD=torch.randn(length, 4), seed=length) for length in (1, 9)]
    among = sample(model, Objective(), [others[0], alone, others[1]], config)
    assert torch.equal(among[1], sample(model, Objective(), [alone], config)[0])
    assert not torch.equal(among[1], among[0])


def test_text_metric_and_seed_each_change_the_film():
    model = drawn_dit()
    base = Request(shape=(2, 4, 4), text_LD=torch.ones(3, 4), conditions={"motion": 20.0}, seed=5)
    other = [replace(base, text_LD=-torch.ones(3, 4)), replace(base, conditions={"motion": 2.0}), replace(base, seed=6)]
    films = sample(model, Objective(), [base, *other], SamplingConfig(steps=4))
    assert all((films[0] - film).abs().max() > 1e-3 for film in films[1:])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conditions": {"moton": 20.0}}, "did you mean 'motion'"),
        ({"conditions": {"loudness": 3.0}}, "it knows motion, clarity"),
        ({"text_LD": torch.zeros(5, 9)}, "is 9 wide and this model knows texts of 4"),
        ({"first_latent_C1hw": torch.zeros(3, 1, 2, 2)}, "a picture of the film's size"),
        ({"shape": (0, 4, 4)}, "latents of 0 x 4 x 4"),
    ],
)
def test_what_the_model_cannot_be_asked_for_is_a_mistake_of_the_user(change, words):
    with pytest.raises(UserError, match=words):
        solve(Gaussian(), replace(REQUEST, **change))


def test_latents_that_the_patches_do_not_divide_are_a_mistake_of_the_user():
    with pytest.raises(UserError, match="patches of 1 x 3 x 3"):
        solve(Gaussian(config=replace(CONFIG, patch_px=3)))
