import pytest
import torch

from longtake.dit.config import DiTConfig, Objective
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear
from longtake.latents.text import NoText
from longtake.owl.film import DiTFilm, of_states
from tests.latents.drawn import drifting

CONFIG = DiTConfig(
    depth=2, width_per_layer=16, head_width=16, text_width=12, frequency_width=16, conditions=("motion",)
)
SIZE = {"frames": 9, "fps": 8.0, "size_px": (32, 48)}
FEW = SamplingConfig(steps=3)


@pytest.fixture(scope="module")
def autoencoder():
    return fit_linear([drifting(seed) for seed in range(4)], LinearConfig(channels=8))


def grown(film, seed=0):
    """As after some training: no weight is zero, no gate closed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in film.parameters():
            weights += torch.randn(weights.shape, generator=generator) * weights.shape[-1] ** -0.5
    return film


@pytest.fixture
def film(autoencoder):
    return grown(DiTFilm.fresh(CONFIG, autoencoder, statistics={"motion": (2.0, 1.0)}, **SIZE))


def states(*shape, seed=0):
    return torch.randn(*shape, 12, generator=torch.Generator().manual_seed(seed))


def clips(film, count=3):
    return film.encode(torch.cat([drifting(seed + 10) for seed in range(count)]))


def with_objective(film, **changes):
    film.objective = Objective(**changes)
    return film


NEVER, ALWAYS = torch.zeros(3, dtype=torch.bool), torch.ones(3, dtype=torch.bool)


def test_the_last_frame_encoded_alone_is_the_first_latent_of_the_clip_that_repeats_it(film):
    frames = drifting(0)
    assert torch.equal(film.encode(frames[:, :1])[:, :, 0], film.encode(frames)[:, :, 0])


def test_a_film_goes_on_from_the_frame_that_it_is_given(film):
    first = drifting(3)[0, 0]
    latents = film.sample_latents(states(5), first, 1, FEW)
    assert torch.equal(latents[:, :1], film.encode(first[None, None])[0])
    frames = film.sample(states(5), first_HW3=first, seed=1, config=FEW)
    assert frames.shape == (9, 32, 48, 3)
    assert frames.dtype == torch.uint8
    assert torch.equal(frames[0], film.decode(film.encode(first[None, None]))[0, 0])


def test_a_new_scene_is_filmed_from_the_states_alone(film):
    alone = film.sample(states(5), first_HW3=None, seed=1, config=FEW)
    assert not torch.equal(alone, film.sample(states(5), first_HW3=drifting(3)[0, 0], seed=1, config=FEW))
    assert not torch.equal(alone, film.sample(states(5, seed=1), first_HW3=None, seed=1, config=FEW))


def test_the_first_latent_is_given_clean_and_never_at_a_new_scene(film):
    seen = []
    film.model.register_forward_pre_hook(lambda _, given: seen.append(given[:2]))
    latents = clips(film)
    with_objective(film, first_frame=1.0).losses(latents, states(3, 5), torch.tensor([True, False, True]), [4, 5, 6], 0)
    noisy, times = seen[0]
    assert (times[:, 0] == 0).tolist() == [False, True, False]
    assert (times[:, 1:] > 0).all()
    assert torch.equal(noisy[1, :, 0], latents[1, :, 0])
    assert not torch.isclose(noisy[[0, 2], :, 0], latents[[0, 2], :, 0]).all(1).any()


def test_a_new_scene_has_the_loss_of_a_clip_without_a_first_frame(film):
    given = (clips(film), states(3, 5))
    at_cuts = with_objective(film, first_frame=1.0).losses(*given, ALWAYS, [4, 5, 6], 0)
    assert torch.equal(at_cuts, with_objective(film, first_frame=0.0).losses(*given, NEVER, [4, 5, 6], 0))
    assert not torch.isclose(at_cuts, with_objective(film, first_frame=1.0).losses(*given, NEVER, [4, 5, 6], 0)).any()


def test_a_given_first_latent_is_not_learned_from(film):
    with_objective(film, first_frame=1.0, text_dropout=0.0)
    latents, reached = clips(film), []

    def keep(_, __, prediction):
        prediction.retain_grad()
        reached.append(prediction)

    film.model.register_forward_hook(keep)
    film.losses(latents, states(3, 5), torch.tensor([True, False, False]), [4, 5, 6], 0).sum().backward()
    assert [bool(row.any()) for row in reached[0].grad[:, :, 0]] == [True, False, False]


@pytest.mark.parametrize("queries", [1, 7, 128])
def test_any_number_of_states_is_read_and_gradient_reaches_each(film, queries):
    given = states(3, queries).requires_grad_()
    with_objective(film, text_dropout=0.0).losses(clips(film), given, NEVER, [1, 2, 3], 0).sum().backward()
    assert given.grad.abs().sum(2).min() > 0


def test_states_of_a_language_model_in_bfloat16_are_read(film):
    given = states(3, 5).bfloat16().requires_grad_()
    with_objective(film, text_dropout=0.0).losses(clips(film), given, NEVER, [1, 2, 3], 0).sum().backward()
    assert given.grad.any()


def test_dropped_states_change_nothing_and_get_no_gradient(film):
    with_objective(film, text_dropout=1.0)
    given = [states(3, 5, seed=seed).requires_grad_() for seed in (0, 1)]
    losses = [film.losses(clips(film), each, NEVER, [1, 2, 3], 0) for each in given]
    assert torch.equal(*losses)
    losses[0].sum().backward()
    assert not given[0].grad.any()


def test_a_masked_state_is_not_read(film):
    with_objective(film, text_dropout=0.0)
    mask = torch.tensor([[True] * 4 + [False]] * 3)
    given, other = states(3, 5), states(3, 5)
    other[:, 4] = 9.0
    assert torch.equal(*(film.losses(clips(film), each, NEVER, [1, 2, 3], 0, mask_BQ=mask) for each in (given, other)))


def test_losses_follow_from_seed_and_numbers_whatever_the_batch(film):
    latents, given = clips(film), states(3, 5)
    whole = film.losses(latents, given, NEVER, torch.tensor([7, 8, 9]), 3)
    part = film.losses(latents[1:2], given[1:2], NEVER[:1], [8], 3)
    assert torch.allclose(whole[1], part[0], atol=1e-5)
    assert not torch.allclose(whole, film.losses(latents, given, NEVER, [7, 8, 9], 4))


def test_the_same_seed_gives_the_same_film_to_the_bit_and_another_seed_another(film):
    one, same, other = (film.sample(states(5), first_HW3=None, seed=seed, config=FEW) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_guidance_pushes_away_from_the_null_state(film):
    plain, guided = (film.sample_latents(states(5), None, 1, SamplingConfig(steps=3, text_guidance=w)) for w in (1, 3))
    assert not torch.allclose(plain, guided, atol=1e-3)
    nothing = film.sample_latents(states(5), None, 1, SamplingConfig(steps=3, text_guidance=0))
    assert torch.allclose(nothing, film.sample_latents(None, None, 1, FEW), atol=1e-4)


def test_metrics_steer_a_film_and_a_loss(film):
    slow, fast = (film.sample_latents(states(5), None, 1, FEW, {"motion": motion}) for motion in (0.5, 50.0))
    assert not torch.allclose(slow, fast, atol=1e-3)
    with pytest.raises(UserError, match="knows no condition 'clarity'"):
        film.sample(states(5), first_HW3=None, seed=1, config=FEW, conditions={"clarity": 0.5})
    with_objective(film, condition_dropout=0.0)
    known, unknown = (film.losses(clips(film), states(3, 5), NEVER, [1, 2, 3], 0, conditions=each)
                      for each in ({"motion": torch.full((3,), 9.0)}, None))  # fmt: skip
    assert not torch.isclose(known, unknown).any()


def test_advance_is_called_after_each_step_and_the_mode_is_left_as_it_was(film):
    steps = []
    film.train().sample(states(5), first_HW3=None, seed=1, config=FEW, advance=lambda: steps.append(0))
    assert len(steps) == 3
    assert film.training


def test_one_batch_is_learned_by_heart(autoencoder):
    objective = Objective(text_dropout=0.0, first_frame=1.0, times="uniform")
    film = DiTFilm.fresh(CONFIG, autoencoder, objective=objective, **SIZE)
    given = torch.nn.Parameter(states(3, 4))
    latents, optimizer = clips(film), torch.optim.AdamW([*film.parameters(), given], lr=2e-2)
    lost = []
    for _ in range(20):
        loss = film.losses(latents, given, NEVER, [1, 2, 3], 0).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        lost.append(loss.item())
    assert lost[-1] < 0.5 * lost[0]


class Spelling:
    """Each letter is a token."""

    name, width = "spelling", 12

    def encode(self, texts):
        return [torch.tensor([[float(ord(letter))] for letter in text]).expand(-1, self.width) for text in texts]


def test_texts_are_read_with_a_mask_over_their_tokens(autoencoder):
    film = DiTFilm.fresh(CONFIG, autoencoder, Spelling(), **SIZE)
    text, mask = film.read_text(["abc", "a"])
    assert text.shape == (2, 3, 12)
    assert mask.tolist() == [[True] * 3, [True, False, False]]
    assert film.context_width == 12


def test_without_a_text_encoder_there_is_nothing_to_align_with(autoencoder):
    film = DiTFilm.fresh(CONFIG, autoencoder, NoText(), **SIZE)
    assert film.context_width == 12
    with pytest.raises(UserError, match="leave stage 1 out"):
        film.read_text(["a"])


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ({"frames": 8}, "give 9 frames"),
        ({"frames": 1}, "5 frames or 4 more each time"),
        ({"size_px": (30, 48)}, "give 9 frames, 32 high"),
        ({"size_px": (40, 48)}, "multiples of 16 pixels"),
    ],
)
def test_a_length_or_a_size_that_does_not_fit_is_refused(autoencoder, size, said):
    with pytest.raises(UserError, match=said):
        DiTFilm.fresh(CONFIG, autoencoder, **SIZE | size)


def test_parts_that_do_not_belong_together_are_refused(film, autoencoder):
    other = fit_linear([drifting(0)], LinearConfig(channels=6))
    with pytest.raises(UserError, match="6 channels, and the video model takes 8"):
        DiTFilm(film.model, of_states(Objective()), other, None, **SIZE)
    wide = Spelling()
    wide.width = 5
    with pytest.raises(UserError, match="5 wide, and the video model reads texts of 12"):
        DiTFilm(film.model, of_states(Objective()), autoencoder, wide, **SIZE)


def test_what_is_given_in_another_shape_is_refused(film):
    with pytest.raises(UserError, match="clips of 9 frames"):
        film.encode(drifting(0, frames=5))
    with pytest.raises(UserError, match="32 pixels high and 48 wide"):
        film.sample(states(5), first_HW3=drifting(0, height=64)[0, 0], seed=0, config=FEW)
    with pytest.raises(UserError, match="states are 3 wide"):
        film.sample(torch.zeros(5, 3), first_HW3=None, seed=0, config=FEW)
    with pytest.raises(UserError, match=r"latents of \(8, 2, 4, 6\)"):
        film.losses(clips(film)[:, :, :2], states(3, 5), NEVER, [1, 2, 3], 0)
