import json
import shutil
from types import SimpleNamespace

import pytest
import torch

from longtake.dit.config import Objective
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.owl.backbones import CogVideoXBackbone, WanBackbone, text_length
from longtake.owl.diffusers_film import open_diffusers_film, shift_of
from tests.latents.drawn import drifting
from tests.latents.test_text import make_t5
from tests.latents.tiny_models import make_vae

KINDS = ("wan", "ltx", "cogvideox", "cogvideox of images")
FEW = SamplingConfig(steps=2, text_guidance=1)
ALWAYS = torch.ones(2, dtype=torch.bool)


def make_transformer(kind):
    """A tiny one, of 16 wide texts, for the tiny autoencoder of its kind."""
    import diffusers

    torch.manual_seed(0)
    match kind:
        case "wan":
            return diffusers.WanTransformer3DModel(
                num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, text_dim=16, freq_dim=16, ffn_dim=32,
                num_layers=2,
            )  # fmt: skip
        case "ltx":
            return diffusers.LTXVideoTransformer3DModel(
                in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=12, cross_attention_dim=24, num_layers=2,
                caption_channels=16,
            )  # fmt: skip
    how = {"in_channels": 4, "sample_height": 8, "sample_width": 8}
    if kind.endswith("images"):
        how = {"in_channels": 8, "sample_height": 4, "sample_width": 4, "use_rotary_positional_embeddings": True}
        how |= (
            {"patch_size_t": 2, "ofs_embed_dim": 16} if "1.5" in kind else {"use_learned_positional_embeddings": True}
        )
    return diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, out_channels=4, time_embed_dim=16, text_embed_dim=16, num_layers=2,
        sample_frames=9, max_text_seq_length=6, **how,
    )  # fmt: skip


SCHEDULERS = {
    "wan": ("UniPCMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}),
    "ltx": ("FlowMatchEulerDiscreteScheduler", {"use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05}),
    "cogvideox": ("CogVideoXDDIMScheduler", {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}),
}  # fmt: skip


def make_pipeline(kind, folder):
    """As `DiffusionPipeline.save_pretrained` writes it."""
    import diffusers

    transformer, family = make_transformer(kind), kind.split()[0]
    name, said = SCHEDULERS[family]
    make_vae(family, folder / "vae")
    transformer.save_pretrained(str(folder / "transformer"))
    getattr(diffusers, name)(**said).save_pretrained(str(folder / "scheduler"))
    make_t5("umt5" if kind == "wan" else "t5", folder)
    index = {"transformer": ["diffusers", type(transformer).__name__], "scheduler": ["diffusers", name]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: make_pipeline(kind, tmp_path_factory.mktemp("pipeline")) for kind in KINDS}


def size_of(kind):
    """A clip of three latents of four rows and columns, or for LTX two of two."""
    side = 64 if kind == "ltx" else 32
    return {"frames": 9, "fps": 8.0, "size_px": (side, side)}


@pytest.fixture
def film(folders, request):
    opened = open_diffusers_film(folders[request.param], **size_of(request.param))
    with torch.no_grad():
        opened.model.null_D += 0.5
    return opened


each_kind = pytest.mark.parametrize("film", KINDS, indirect=True)


def drawn(film, seed=0, count=1):
    height, width = film.size_px
    return torch.cat([drifting(seed + n, film.frames, height, width) for n in range(count)])


def states(*shape, seed=0):
    return torch.randn(*shape, 16, generator=torch.Generator().manual_seed(seed))


def objective(film, **changes):
    film.objective = Objective(kind=film.objective.kind, **changes)
    return film


@each_kind
def test_a_film_goes_on_from_the_frame_that_it_is_given_and_follows_its_states(film):
    first = drawn(film)[0, 0]
    one, same, other = (film.sample_latents(states(5, seed=seed), first, 1, FEW) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert torch.equal(one[:, :1], film.encode(first[None, None])[0])
    assert not torch.allclose(one, other, atol=1e-4)
    assert film.sample(states(5), first_HW3=first, seed=1, config=FEW).shape == drawn(film)[0].shape


@each_kind
def test_any_number_of_states_is_read_and_gradient_reaches_each(film):
    objective(film, text_dropout=0.0, first_frame=1.0)
    latents = film.encode(drawn(film, count=2))
    for queries in (1, 9):
        given = states(2, queries).requires_grad_()
        film.losses(latents, given, torch.tensor([True, False]), [1, 2], 0).sum().backward()
        assert given.grad.abs().sum(2).min() > 0


@each_kind
def test_dropped_states_change_nothing_but_teach_the_null(film):
    objective(film, text_dropout=1.0)
    latents = film.encode(drawn(film, count=2))
    losses = [film.losses(latents, states(2, 5, seed=seed), ALWAYS, [1, 2], 0) for seed in (0, 1)]
    assert torch.equal(*losses)
    losses[0].sum().backward()
    assert film.model.null_D.grad.any()


@each_kind
def test_a_new_scene_has_the_loss_of_a_clip_without_a_first_frame(film):
    given = (film.encode(drawn(film, count=2)), states(2, 5))
    at_cuts = objective(film, first_frame=1.0).losses(*given, ALWAYS, [1, 2], 0)
    without = objective(film, first_frame=0.0).losses(*given, ~ALWAYS, [1, 2], 0)
    with_it = objective(film, first_frame=1.0).losses(*given, ~ALWAYS, [1, 2], 0)
    assert torch.equal(at_cuts, without)
    assert not torch.isclose(at_cuts, with_it).any()


@each_kind
def test_guidance_pushes_away_from_the_null_state(film):
    plain, guided = (film.sample_latents(states(5), None, 1, SamplingConfig(steps=2, text_guidance=w)) for w in (1, 3))
    assert not torch.allclose(plain, guided, atol=1e-4)


@each_kind
def test_the_texts_of_the_pipeline_are_read_by_its_own_encoder(film):
    text, mask = film.read_text(["a boat", "a"])
    assert text.shape == (2, 3, 16)
    assert mask.tolist() == [[True] * 3, [True, True, False]]
    assert film.context_width == 16


@pytest.mark.parametrize("film", ["wan", "ltx", "cogvideox"], indirect=True)
def test_one_batch_is_learned_from(film):
    objective(film, text_dropout=0.0, first_frame=1.0, times="uniform")
    latents, given = film.encode(drawn(film, count=2)), torch.nn.Parameter(states(2, 4))
    optimizer, lost = torch.optim.AdamW([*film.parameters(), given], lr=1e-2), []
    for _ in range(25):
        loss = film.losses(latents, given, torch.tensor([True, False]), [1, 2], 0).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        lost.append(loss.item())
    assert lost[-1] < 0.8 * lost[0]


@pytest.mark.parametrize("kind", ["wan", "ltx", "cogvideox"])
def test_weights_in_bfloat16_and_checkpointing_give_nearly_the_same_losses(folders, kind):
    films = [
        open_diffusers_film(folders[kind], **size_of(kind), **how)
        for how in ({}, {"dtype": "bfloat16", "checkpointing": True})
    ]
    latents, given, lost = films[0].encode(drawn(films[0], count=2)), states(2, 5).requires_grad_(), []
    for film in films:
        objective(film.train(), text_dropout=0.0, first_frame=1.0)
        lost.append(film.losses(latents, given, torch.tensor([True, False]), [1, 2], 0))
    lost[1].sum().backward()
    assert given.grad.any()
    torch.testing.assert_close(*lost, rtol=0.05, atol=0.05)


class Listening:
    """What a transformer was asked at first, and what it answered."""

    def __init__(self, transformer):
        self.asked = []
        self.handle = transformer.register_forward_hook(self.hear, with_kwargs=True)

    def hear(self, _, args, kwargs, out):
        self.asked.append((args, kwargs, out[0]))

    def first(self):
        self.handle.remove()
        return self.asked[0]


@pytest.fixture
def picture():
    import PIL.Image

    return lambda film: PIL.Image.fromarray(drawn(film)[0, 0].flip(-1).numpy())


def run(pipeline, film, picture, **how):
    """The first call of the transformer by the pipeline of diffusers that goes on from a picture."""
    heard, (height, width) = Listening(film.model.transformer), film.size_px
    pipeline.set_progress_bar_config(disable=True)
    pipeline(
        image=picture(film), prompt_embeds=states(1, 6), height=height, width=width, num_frames=film.frames, num_inference_steps=2,
        guidance_scale=1.0, output_type="latent", generator=torch.Generator().manual_seed(0), **how,
    )  # fmt: skip
    return heard.first()


@pytest.mark.parametrize("film", ["wan"], indirect=True)
def test_wan_is_asked_as_its_pipeline_of_ti2v_asks_it(film, picture):
    import diffusers

    pipeline = diffusers.WanImageToVideoPipeline(
        tokenizer=None, text_encoder=None, image_encoder=None, image_processor=None, transformer=film.model.transformer,
        vae=film.autoencoder.model, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), expand_timesteps=True,
    )  # fmt: skip
    _, asked, answer = run(pipeline, film, picture)
    latents, time = asked["hidden_states"], asked["timestep"].amax() / 1000
    torch.testing.assert_close(latents[:, :, :1], film.encode(drawn(film)[:, :1]), atol=1e-4, rtol=1e-4)
    found = film.model(latents, torch.tensor([[0.0, time, time]]), states(1, 6), torch.ones(1, 6, dtype=torch.bool), {})
    torch.testing.assert_close(found, answer)


@pytest.mark.parametrize("film", ["ltx"], indirect=True)
def test_ltx_is_asked_as_its_pipeline_of_images_asks_it(film, picture):
    import diffusers

    from longtake.dit.model import from_patches

    pipeline = diffusers.LTXImageToVideoPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=film.autoencoder.model, text_encoder=None, tokenizer=None,
        transformer=film.model.transformer,
    )  # fmt: skip
    mask = torch.tensor([[True] * 4 + [False] * 2])
    _, asked, answer = run(pipeline, film, picture, frame_rate=8, prompt_attention_mask=mask)
    latents, predicted = (
        from_patches(values.unflatten(1, (2, 4)), (2, 2, 2), film.model.config)
        for values in (asked["hidden_states"], answer)
    )
    found = film.model(latents, torch.tensor([[0.0, asked["timestep"].amax() / 1000]]), states(1, 6), mask, {})
    # The one reads texts behind the mask as zeros, the other does not read them: the same but for -10000 instead of -inf.
    torch.testing.assert_close(found, predicted)


@pytest.mark.parametrize("film", ["cogvideox of images"], indirect=True)
def test_cogvideox_is_asked_as_its_pipeline_of_images_asks_it(film, picture):
    import diffusers

    pipeline = diffusers.CogVideoXImageToVideoPipeline(
        tokenizer=None, text_encoder=None, vae=film.autoencoder.model, transformer=film.model.transformer,
        scheduler=diffusers.CogVideoXDDIMScheduler(**SCHEDULERS["cogvideox"][1]),
    )  # fmt: skip
    _, asked, answer = run(pipeline, film, picture)
    latents, image = asked["hidden_states"].transpose(1, 2).chunk(2, 1)
    latents[:, :, 0] = image[:, :, 0]  # here a given latent stands clean among the noisy ones, too
    asked["hidden_states"] = torch.cat([latents, image], 1).transpose(1, 2)
    with torch.no_grad():
        answer = film.model.transformer(**asked)[0]
    time = film.model.angles_N[asked["timestep"]].item()
    found = film.model(latents, torch.tensor([[0.0, time, time]]), states(1, 6), torch.ones(1, 6, dtype=torch.bool), {})
    torch.testing.assert_close(found.transpose(1, 2), answer, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("film", ["cogvideox"], indirect=True)
def test_a_cogvideox_is_asked_at_the_step_whose_mixture_is_that_of_our_time(film):
    import diffusers

    scheduler = diffusers.CogVideoXDDIMScheduler(**SCHEDULERS["cogvideox"][1])
    steps = torch.tensor([0, 1, 400, 998, 999])
    time = film.model.angles_N[steps]
    assert film.model.steps_B(time).tolist() == pytest.approx(steps.tolist(), abs=0.05)
    amplitude = (time * torch.pi / 2).cos()
    torch.testing.assert_close(amplitude, scheduler.alphas_cumprod[steps].sqrt().float(), atol=1e-4, rtol=1e-4)
    between = film.model.steps_B((film.model.angles_N[3:4] + film.model.angles_N[4:5]) / 2)
    assert between.item() == pytest.approx(3.5, abs=0.01)


@pytest.mark.parametrize("film", ["cogvideox"], indirect=True)
def test_a_cogvideox_of_another_text_length_is_afterwards_what_it_was(film):
    embed = film.model.transformer.patch_embed
    before = embed.pos_embedding
    with text_length(embed, 9):
        assert embed.pos_embedding.shape[1] == before.shape[1] + 3
    assert embed.pos_embedding is before
    assert embed.max_text_seq_length == 6


def test_times_are_shifted_as_the_pipeline_shifts_them(folders):
    import diffusers
    from diffusers.pipelines.ltx.pipeline_ltx import calculate_shift

    said = SCHEDULERS["ltx"][1]
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(**said)
    mu = calculate_shift(1000, base_shift=0.95, max_shift=2.05)
    shift, times = shift_of(said, 1000), torch.tensor([0.25, 0.75])
    torch.testing.assert_close(shift * times / (1 + (shift - 1) * times), scheduler.time_shift(mu, 1.0, times))
    assert shift_of(SCHEDULERS["wan"][1], 1000) == 3.0
    assert open_diffusers_film(folders["wan"], **size_of("wan")).objective.shift == 3.0
    assert open_diffusers_film(folders["cogvideox"], **size_of("cogvideox")).objective == Objective(
        kind="v", text_dropout=0.1, first_frame=0.9
    )


def test_a_folder_that_is_no_known_pipeline_is_refused(folders, tmp_path):
    with pytest.raises(UserError, match=r"no model_index\.json"):
        open_diffusers_film(tmp_path, **size_of("wan"))
    (tmp_path / "model_index.json").write_text(json.dumps({"transformer": ["diffusers", "MochiTransformer3DModel"]}))
    with pytest.raises(UserError, match="MochiTransformer3DModel; those that are known: WanTransformer3DModel"):
        open_diffusers_film(tmp_path, **size_of("wan"))
    two = {name: ["diffusers", "WanTransformer3DModel"] for name in ("transformer", "transformer_2")}
    (tmp_path / "model_index.json").write_text(json.dumps(two))
    with pytest.raises(UserError, match="two transformers"):
        open_diffusers_film(tmp_path, **size_of("wan"))
    (tmp_path / "model_index.json").write_text(json.dumps({"transformer": ["diffusers", "WanTransformer3DModel"]}))
    (tmp_path / "transformer").mkdir()
    (tmp_path / "transformer" / "diffusion_pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UserError, match=r"transformer has no \*\.safetensors"):
        open_diffusers_film(tmp_path, **size_of("wan"))


def test_a_size_that_does_not_fit_is_refused(folders):
    with pytest.raises(UserError, match="multiples of 16 pixels"):
        open_diffusers_film(folders["wan"], **size_of("wan") | {"size_px": (40, 32)})
    with pytest.raises(UserError, match="give 9 frames"):
        open_diffusers_film(folders["ltx"], **size_of("ltx") | {"frames": 10})


def test_a_cogvideox_of_learned_places_films_at_its_own_size_alone(folders):
    with pytest.raises(UserError, match="learned places of 4 x 4 latents"):
        open_diffusers_film(folders["cogvideox of images"], **size_of("cogvideox") | {"size_px": (48, 32)})


def test_a_pipeline_without_its_text_encoder_films_and_one_of_another_kind_is_refused(folders, tmp_path):
    shutil.copytree(folders["wan"], tmp_path / "pipeline")
    said = tmp_path / "pipeline" / "text_encoder" / "config.json"
    said.write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UserError, match="text_encoder is a bert"):
        open_diffusers_film(tmp_path / "pipeline", **size_of("wan"))
    shutil.rmtree(said.parent)
    film = open_diffusers_film(tmp_path / "pipeline", **size_of("wan"))
    assert film.sample(states(5), first_HW3=None, seed=1, config=FEW).shape == (9, 32, 32, 3)
    with pytest.raises(UserError, match="no text encoder"):
        film.read_text(["a"])


def test_a_cogvideox_films_an_odd_number_of_latents_alone(folders):
    with pytest.raises(UserError, match="give 9 or 17 frames"):
        open_diffusers_film(folders["cogvideox"], **size_of("cogvideox") | {"frames": 13})
    with pytest.raises(UserError, match=r"CogVideoX 1\.5"):
        CogVideoXBackbone.of(SimpleNamespace(config=SimpleNamespace(patch_size_t=2)), None, 8.0, None)


def test_a_wan_that_reads_a_picture_by_clip_is_refused():
    said = SimpleNamespace(image_dim=1280, in_channels=36, out_channels=16)
    with pytest.raises(UserError, match="image to video"):
        WanBackbone.of(SimpleNamespace(config=said), None, 8.0, None)
