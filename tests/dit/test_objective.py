import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from longtake.dit.config import Objective  # noqa: E402
from longtake.dit.model import DiT  # noqa: E402
from longtake.dit.objective import (  # noqa: E402
    draw,
    losses,
    mixture,
    noisy,
    shift_times,
    target,
    times,
    to_clean,
    to_noise,
    validation_draws,
)
from tests.dit.tiny import CONFIG, examples, grown  # noqa: E402

SHAPE = (4, 3, 4, 6)
KINDS = [Objective(kind="flow"), Objective(kind="v"), Objective(kind="epsilon")]
kinds = pytest.mark.parametrize("objective", KINDS, ids=[each.kind for each in KINDS])


def fields(draws):
    flat = {name: value for name, value in vars(draws).items() if name != "drop_conditions"}
    return flat | dict(draws.drop_conditions)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=5), st.integers(0, 2**31))
def test_a_draw_is_a_function_of_the_seed_and_the_samples_number_alone(numbers, seed):
    together = fields(draw(Objective(), numbers, SHAPE, seed))
    for place, number in enumerate(numbers):
        for name, value in fields(draw(Objective(), torch.tensor([number]), SHAPE, seed)).items():
            assert torch.equal(value[0], together[name][place])


def test_other_numbers_and_other_seeds_draw_other_noise():
    first, second = draw(Objective(), [1, 2], SHAPE, 0).noise_BCthw
    (other,) = draw(Objective(), [1], SHAPE, 1).noise_BCthw
    assert (
        abs(torch.corrcoef(torch.stack((first.flatten(), second.flatten(), other.flatten()))) - torch.eye(3)).max()
        < 0.2
    )


def test_shape_and_objective_do_not_change_what_is_withheld():
    clips, films = draw(Objective(), range(50), SHAPE, 0), draw(Objective(kind="v"), range(50), (2, 5, 2, 2), 0)
    assert torch.equal(clips.time_B, films.time_B)
    assert torch.equal(clips.drop_text_B, films.drop_text_B)
    assert torch.equal(clips.clean_first_B, films.clean_first_B)


def test_shares_are_those_that_were_asked_for():
    objective = Objective(text_dropout=0.3, condition_dropout=0.1, first_frame=0.2, times="uniform")
    draws = draw(objective, range(4000), (1, 2, 1, 1), 0)
    assert draws.drop_text_B.float().mean() == pytest.approx(0.3, abs=0.03)
    assert draws.clean_first_B.float().mean() == pytest.approx(0.2, abs=0.03)
    assert list(draws.drop_conditions) == ["motion", "aesthetic", "clarity", "vtss"]
    drops_BK = torch.stack(list(draws.drop_conditions.values()), 1).float()
    assert drops_BK.mean(0).tolist() == pytest.approx([0.1] * 4, abs=0.03)
    assert (torch.corrcoef(drops_BK.T) - torch.eye(4)).abs().max() < 0.1  # each on its own
    assert draws.noise_BCthw.mean() == pytest.approx(0, abs=0.05)
    assert draws.noise_BCthw.std() == pytest.approx(1, abs=0.05)


def test_times_are_uniform_or_logit_normal_and_shifted_towards_noise():
    uniform, logit, shifted = (
        draw(Objective(times=kind, shift=shift), range(4000), (1, 1, 1, 1), 0).time_B
        for kind, shift in (("uniform", 1.0), ("logit_normal", 1.0), ("logit_normal", 3.0))
    )
    assert uniform.quantile(torch.tensor([0.25, 0.5, 0.75])).tolist() == pytest.approx([0.25, 0.5, 0.75], abs=0.03)
    assert logit.logit().mean() == pytest.approx(0, abs=0.05)
    assert logit.logit().std() == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(shifted, shift_times(logit, 3.0))
    assert (shifted > logit).all()
    assert shift_times(torch.tensor([0.0, 1.0]), 3.0).tolist() == [0.0, 1.0]


def test_pictures_are_never_given_clean():
    always = Objective(first_frame=1.0)
    assert draw(always, range(9), (4, 2, 2, 2), 0).clean_first_B.all()
    assert not draw(always, range(9), (4, 1, 2, 2), 0).clean_first_B.any()


@settings(max_examples=30, deadline=None)
@given(samples=st.integers(1, 40), turns=st.integers(1, 8))
def test_validation_times_have_one_in_each_stratum_and_are_even_over_all(samples, turns):
    time_TB = torch.stack([validation_draws(range(samples), (1, 1, 1, 1), 0, j, turns).time_B for j in range(turns)])
    assert torch.equal((time_TB * turns).floor()[:, 0], torch.arange(turns).float())
    sorted_N, even_N = time_TB.flatten().sort().values, (torch.arange(samples * turns) + 0.5) / (samples * turns)
    assert (sorted_N - even_N).abs().max() < 2 / turns / math.sqrt(samples)


def test_validation_draws_are_the_same_however_they_are_batched_and_withhold_nothing():
    whole, part = validation_draws(range(4), SHAPE, 5, 1, 2), validation_draws([2, 3], SHAPE, 5, 1, 2)
    assert torch.equal(whole.noise_BCthw[2:], part.noise_BCthw)
    assert torch.equal(whole.time_B[2:], part.time_B)
    assert not torch.equal(validation_draws(range(4), SHAPE, 5, 0, 2).noise_BCthw, whole.noise_BCthw)
    assert not any(value.any() for value in (whole.drop_text_B, whole.clean_first_B, *whole.drop_conditions.values()))


@kinds
def test_a_mixture_is_data_at_0_and_noise_at_1(objective):
    a_X, s_X = mixture(objective, torch.tensor([0.0, 0.3, 1.0]))
    assert (a_X[0], s_X[0]) == (1, 0)
    assert (a_X[2].item(), s_X[2].item()) == pytest.approx((0, 1), abs=1e-6)
    if objective.kind != "flow":
        assert a_X[1] ** 2 + s_X[1] ** 2 == pytest.approx(1)


@kinds
@settings(max_examples=20, deadline=None)
@given(time=st.floats(0, 0.99))
def test_data_and_noise_are_found_again_in_a_mixture_and_its_target(objective, time):
    data_BCthw, noise_BCthw = torch.randn(2, 2, *SHAPE, dtype=torch.float64)
    time_Bt = torch.full((2, 3), time, dtype=torch.float64)
    mixed = noisy(objective, data_BCthw, noise_BCthw, time_Bt)
    wanted = target(objective, data_BCthw, noise_BCthw, time_Bt)
    torch.testing.assert_close(to_clean(objective, mixed, wanted, time_Bt), data_BCthw)
    torch.testing.assert_close(to_noise(objective, mixed, wanted, time_Bt), noise_BCthw)


@kinds
def test_pure_noise_says_a_finite_thing_of_the_data(objective):
    noise_BCthw, ones_Bt = torch.randn(1, *SHAPE), torch.ones(1, 3)
    assert to_clean(objective, noise_BCthw, noise_BCthw + 0.01, ones_Bt).abs().max() < 10


def test_the_velocity_of_flow_is_how_the_mixture_moves():
    data, noise = torch.randn(2, 1, *SHAPE, dtype=torch.float64)
    early, late = (noisy(KINDS[0], data, noise, torch.full((1, 3), t, dtype=torch.float64)) for t in (0.4, 0.6))
    torch.testing.assert_close((late - early) / 0.2, target(KINDS[0], data, noise, torch.zeros(1, 3)))


def perfect(given, draws, objective):
    """A model that knows the answer."""
    return lambda noisy, time, text, mask, conditions: target(objective, given.latents_BCthw, draws.noise_BCthw, time)


@kinds
def test_a_model_that_knows_the_answer_loses_nothing(objective):
    given, draws = examples(), draw(objective, [0, 1], SHAPE, 0)
    assert losses(perfect(given, draws, objective), given, draws, objective).tolist() == [0, 0]


@kinds
def test_a_first_latent_that_is_given_is_clean_is_at_time_0_and_is_not_learned_from(objective):
    given, draws = examples(), replace(draw(objective, [0, 1], SHAPE, 0), clean_first_B=torch.tensor([True, False]))
    seen = {}

    def model(noisy_BCthw, time_Bt, *others):
        seen.update(noisy=noisy_BCthw, time=time_Bt)
        return perfect(given, draws, objective)(noisy_BCthw, time_Bt, *others) + offset_BCthw

    offset_BCthw = torch.zeros(2, *SHAPE)
    offset_BCthw[:, :, 0] = 3.0
    assert losses(model, given, draws, objective).tolist() == pytest.approx([0, 3.0])
    assert torch.equal(seen["noisy"][0, :, 0], given.latents_BCthw[0, :, 0])
    assert seen["time"].tolist() == [[0, *[draws.time_B[0].item()] * 2], [draws.time_B[1].item()] * 3]
    assert torch.equal(seen["time"], times(draws))


def test_what_is_withheld_reaches_the_model_as_unknown():
    given = examples()
    yes, no = torch.tensor([True, False]), torch.tensor([False, False])
    plain = draw(KINDS[0], [0, 1], SHAPE, 0)
    draws = replace(plain, drop_text_B=yes, drop_conditions={"motion": no, "clarity": yes})
    seen = {}

    def model(noisy_BCthw, time_Bt, text_BLD, mask_BL, conditions):
        seen.update(mask=mask_BL, **conditions)
        return noisy_BCthw

    losses(model, given, draws, KINDS[0])
    assert not seen["mask"][0].any()
    assert torch.equal(seen["mask"][1], given.text_mask_BL[1])
    assert seen["clarity"].isnan().tolist() == [True, False]
    assert seen["motion"].isnan().tolist() == [False, True]  # the second is not known at all
    assert not given.conditions["clarity"].isnan().any()


@kinds
def test_micro_batches_lose_what_the_batch_loses(objective):
    model, given, numbers = grown(), examples(4), [7, 8, 9, 10]
    whole_B = losses(model, given, draw(objective, numbers, SHAPE, 3), objective)
    for first in (0, 2):
        rows = slice(first, first + 2)
        part = examples(4)
        for name in ("latents_BCthw", "text_BLD", "text_mask_BL"):
            setattr(part, name, getattr(given, name)[rows])
        part.conditions = {name: value_B[rows] for name, value_B in given.conditions.items()}
        part_B = losses(model, part, draw(objective, numbers[rows], SHAPE, 3), objective)
        torch.testing.assert_close(part_B, whole_B[rows])


def test_a_model_learns_to_make_what_a_metric_says():
    def lit(numbers):
        """Flat latents, from -2 to 2 as their clarity goes from 0 to 1."""
        clarity_B = torch.tensor([number * 0.618 % 1 for number in numbers])
        given = examples(len(numbers), (1, 2, 2))
        given.latents_BCthw = (clarity_B[:, None, None, None, None] - 0.5) * 4 * torch.ones(1, 4, 1, 2, 2)
        given.conditions = {"clarity": clarity_B}
        return given

    objective, shape = Objective(), (4, 1, 2, 2)
    model = DiT(replace(CONFIG, conditions=("clarity",)), {"clarity": (0.5, 0.3)})
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3, fused=True)
    for step in range(80):
        numbers = range(16 * step, 16 * step + 16)
        loss = losses(model, lit(numbers), draw(objective, numbers, shape, 0), objective).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    given, nearly_noise_Bt = lit(range(32)), torch.full((32, 1), 0.95)
    x_BCthw = noisy(objective, given.latents_BCthw, torch.randn(32, *shape), nearly_noise_Bt)
    predicted = model(x_BCthw, nearly_noise_Bt, given.text_BLD, given.text_mask_BL, given.conditions)
    made_B = to_clean(objective, x_BCthw, predicted, nearly_noise_Bt).mean((1, 2, 3, 4))
    wanted_B = given.latents_BCthw.mean((1, 2, 3, 4))
    assert torch.corrcoef(torch.stack((made_B, wanted_B)))[0, 1] > 0.9
