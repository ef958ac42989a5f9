import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from longtake.dit.config import DiTConfig  # noqa: E402
from longtake.dit.model import DiT, from_patches, to_patches  # noqa: E402
from longtake.errors import UserError  # noqa: E402
from tests.dit.tiny import CONFIG, examples, grown  # noqa: E402


def predict(model, given, time_Bt=None, **changed):
    parts = {**vars(given), **changed}
    batch, _, frames = parts["latents_BCthw"].shape[:3]
    time_Bt = torch.full((batch, frames), 0.5) if time_Bt is None else time_Bt
    return model(parts["latents_BCthw"], time_Bt, parts["text_BLD"], parts["text_mask_BL"], parts["conditions"])


def row(given, number):
    """One of the examples, alone."""
    parts = {name: value[number : number + 1] for name, value in vars(given).items() if name != "conditions"}
    return parts | {"conditions": {name: value[number : number + 1] for name, value in given.conditions.items()}}


@pytest.mark.parametrize("shape", [(3, 4, 6), (1, 2, 2), (2, 8, 2)])
def test_predictions_have_the_shape_of_the_latents_whatever_their_length_and_size(shape):
    given = examples(shape=shape)
    assert predict(grown(), given).shape == given.latents_BCthw.shape


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, patch_t=3, patch_px=1)])
def test_patches_are_put_together_as_they_were_taken_apart(config):
    latents_BCthw = examples().latents_BCthw
    values_BTRP = to_patches(latents_BCthw, config)
    t, h, w = config.grid((3, 4, 6))
    assert values_BTRP.shape == (2, t, h * w, config.patch_values)
    assert torch.equal(from_patches(values_BTRP, (t, h, w), config), latents_BCthw)


def test_a_token_is_a_patch_of_neighbours():
    latents_BCthw = torch.arange(2 * 4 * 6.0).view(1, 1, 2, 4, 6)
    values_BTRP = to_patches(latents_BCthw, replace(CONFIG, channels=1))
    assert values_BTRP[0, 0, 1].tolist() == [2, 3, 8, 9]
    assert values_BTRP[0, 1, 3].tolist() == [24 + 12, 24 + 13, 24 + 18, 24 + 19]


def test_at_the_start_every_block_is_the_identity_and_the_prediction_is_zero():
    model, given = DiT(CONFIG), examples()
    seen = []
    for block in model.blocks:
        block.register_forward_hook(lambda _, inputs, output: seen.append(torch.equal(inputs[0], output)))
    assert predict(model, given).eq(0).all()
    assert seen == [True, True]


def test_weights_at_the_start_are_drawn_by_the_seed_and_leave_torchs_own_draws_alone():
    state = torch.get_rng_state()
    first, again, other = DiT(CONFIG, seed=1), DiT(CONFIG, seed=1), DiT(CONFIG, seed=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.patches.weight, again.patches.weight)
    assert not torch.equal(first.patches.weight, other.patches.weight)


def test_after_the_first_step_every_weight_learns():
    model, given = grown(), examples(3)
    given.text_mask_BL[0], given.conditions["clarity"][0] = False, math.nan
    predict(model, given).square().sum().backward()
    unused = {f"conditions.embeddings.{name}" for name in ("aesthetic", "vtss")}  # the examples have none of these
    idle = [name for name, weights in model.named_parameters() if not weights.grad.any()]
    assert {".".join(name.split(".")[:3]) for name in idle} == unused


def test_a_few_steps_from_the_start_lower_the_loss():
    model, given = DiT(CONFIG), examples()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-2, fused=True)
    found = []
    for _ in range(15):
        loss = (predict(model, given) - given.latents_BCthw).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    assert found[-1] < 0.5 * found[0]


def test_every_video_token_sees_every_other():
    model, given = grown(), examples()
    given.latents_BCthw.requires_grad_()
    predict(model, given)[0, :, 0, :2, :2].sum().backward()
    assert given.latents_BCthw.grad[0].abs().amin(0).gt(0).all()
    assert given.latents_BCthw.grad[1].eq(0).all()


def test_a_sample_is_predicted_the_same_alone_and_in_a_batch():
    model, given = grown(), examples(3)
    together_BCthw = predict(model, given)
    for number in range(3):
        torch.testing.assert_close(predict(model, given, **row(given, number))[0], together_BCthw[number])


def test_padding_of_a_text_is_not_read():
    model, given = grown(), examples()
    changed_BLD = torch.where(given.text_mask_BL[..., None], given.text_BLD, 7.0)
    assert torch.equal(predict(model, given, text_BLD=changed_BLD), predict(model, given))
    padded_BLD = torch.cat((given.text_BLD, torch.ones(2, 3, CONFIG.text_width)), 1)
    mask_BL = torch.cat((given.text_mask_BL, torch.zeros(2, 3, dtype=torch.bool)), 1)
    torch.testing.assert_close(
        predict(model, given, text_BLD=padded_BLD, text_mask_BL=mask_BL), predict(model, given)
    )  # fmt: skip


def test_without_a_text_all_texts_are_one_learned_token():
    model, given = grown(), examples()
    mask_BL = given.text_mask_BL.clone()
    mask_BL[0] = False
    without = predict(model, given, text_mask_BL=mask_BL)
    other_BLD = given.text_BLD.clone()
    other_BLD[0] = 9.0
    assert torch.equal(without[0], predict(model, given, text_mask_BL=mask_BL, text_BLD=other_BLD)[0])
    assert not torch.allclose(without[0], predict(model, given)[0])
    model.no_text_d.data += 1
    assert not torch.allclose(without[0], predict(model, given, text_mask_BL=mask_BL)[0])


def test_text_time_and_metrics_each_change_the_prediction():
    model, given = grown(), examples()
    plain = predict(model, given)
    assert not torch.allclose(predict(model, given, text_BLD=given.text_BLD.flip(1)), plain)
    assert not torch.allclose(predict(model, given, torch.full((2, 3), 0.51)), plain, atol=1e-4)
    assert not torch.allclose(predict(model, given, conditions={**given.conditions, "clarity": torch.ones(2)}), plain)


def test_every_latent_frame_has_a_time_of_its_own():
    model, given = grown(), examples()
    time_Bt = torch.full((2, 3), 0.5)
    plain = predict(model, given, time_Bt)
    time_Bt[:, 0] = 0.0
    assert not torch.allclose(predict(model, given, time_Bt), plain)
    alone = replace(CONFIG, patch_t=3)
    assert predict(grown(alone), given, time_Bt).shape == plain.shape  # of three latents in a patch: the mean time


def test_a_metric_that_is_nan_is_one_that_is_not_given():
    model, given = grown(), examples()
    nans = dict.fromkeys(CONFIG.conditions, torch.full((2,), math.nan))
    assert torch.equal(predict(model, given, conditions=nans), predict(model, given, conditions={}))
    assert predict(model, given).isfinite().all()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (examples(config=replace(CONFIG, channels=8)), "the latents have 8 channels and the model takes 4"),
        (
            examples(config=replace(CONFIG, text_width=9)),
            "the text embeddings have a width of 9 and the model takes 12",
        ),
        (examples(shape=(3, 4, 5)), "latents of 3 x 4 x 5 .* patches of 1 x 2 x 2"),
    ],
)
def test_samples_of_another_encoding_are_refused_with_what_to_do(given, sentence):
    with pytest.raises(UserError, match=sentence):
        predict(DiT(CONFIG), given)


@pytest.mark.parametrize("qk_norm", [True, False])
def test_normalised_queries_and_keys_do_not_feel_the_size_of_their_maps(qk_norm):
    model, given = grown(replace(CONFIG, qk_norm=qk_norm)), examples()
    plain = predict(model, given)
    for block in model.blocks:
        block.cross.q.weight.data *= 50
    assert torch.allclose(predict(model, given), plain, atol=1e-4) is qk_norm


def test_bfloat16_predictions_are_near_those_of_float32():
    model, given = grown(), examples()
    with torch.autocast("cpu", torch.bfloat16):
        found = predict(model, given).float()
    wanted = predict(model, given)
    assert (found - wanted).norm() < 0.05 * wanted.norm()


def test_a_model_of_the_papers_family_can_be_laid_out_without_memory():
    with torch.device("meta"):
        assert DiT(DiTConfig(depth=16)).patches.weight.is_meta
