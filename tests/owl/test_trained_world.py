from dataclasses import replace

import pytest
import torch

from longtake.dit.config import DiTConfig
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.latents.config import EncodingConfig, LinearConfig, TextConfig
from longtake.latents.linear import fit_linear
from longtake.owl.config import FilmConfig
from longtake.owl.loop import Script, rollout
from longtake.owl.trained_world import WorldCard, load_world, make_world, read_world_card, save_world
from tests.owl.tiny import CONFIG, causal_config, save_causal, story, words

LINEAR = LinearConfig(channels=8, step_px=4)
FILM = FilmConfig(
    dit=DiTConfig(depth=1, width_per_layer=32, head_width=16, text_width=12, frequency_width=16, conditions=()),
    frames=5, height=16, width=16, encoding=EncodingConfig(linear=LINEAR, text=TextConfig(encoder="none")),
)  # fmt: skip


@pytest.fixture(scope="module")
def autoencoder():
    told = (torch.from_numpy(clip.frames_NHW3)[None] for number in range(6) for clip in story(number).clips)
    return fit_linear(told, LINEAR)


def card(config=CONFIG, **changes):
    blank = {
        "film": FILM,
        "words": words().to_json(),
        "trained_on": "squares",
        "run_id": "r",
        "stage": "world",
        "step": 3,
        "loss": 0.5,
    }
    return WorldCard(config=config, **blank | changes)


def filmed(model):
    script = Script(image_HW3=story(0).image_HW3, prompt="A red square.", segments=2)
    return list(rollout(model.owl.eval(), model.film, script, SamplingConfig(steps=2)))


def test_a_world_model_that_was_saved_films_what_it_filmed_before(autoencoder, tmp_path):
    model = make_world(CONFIG, FILM, words(), autoencoder)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.02 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    save_world(tmp_path / "owl", model, {}, card())
    again = load_world(tmp_path / "owl")
    assert again.card == read_world_card(tmp_path / "owl") == card()
    for one, other in zip(filmed(model), filmed(again.model), strict=True):
        assert torch.equal(torch.from_numpy(one.frames_NHW3), torch.from_numpy(other.frames_NHW3))
        assert one.dynamics == other.dynamics


def test_averages_are_saved_instead_of_the_weights_that_they_stand_for(autoencoder, tmp_path):
    model = make_world(CONFIG, FILM, words(), autoencoder)
    name = "owl.state.queries_Qd"
    save_world(tmp_path / "owl", model, {name: torch.ones_like(model.owl.state.queries_Qd)}, card())
    assert bool((load_world(tmp_path / "owl").model.owl.state.queries_Qd == 1).all())


def test_what_is_usual_of_a_metric_goes_along(autoencoder, tmp_path):
    film = replace(FILM, dit=replace(FILM.dit, conditions=("motion",)))
    model = make_world(CONFIG, film, words(), autoencoder)
    model.film.model.conditions.statistics["motion"] = (2.0, 0.5)
    save_world(tmp_path / "owl", model, {}, card(film=film))
    assert load_world(tmp_path / "owl").model.film.model.conditions.statistics == {"motion": (2.0, 0.5)}


def test_a_pretrained_language_model_stays_where_it_was(autoencoder, tmp_path):
    folder = save_causal(tmp_path / "llama")
    config = replace(CONFIG, lmm=causal_config(folder))
    model = make_world(config, FILM, None, autoencoder)
    save_world(tmp_path / "owl", model, {}, card(config, words=None))
    assert (tmp_path / "owl").stat().st_size < sum(w.numel() for w in model.owl.parameters()) * 4 + 200_000
    again = load_world(tmp_path / "owl").model
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_a_file_that_is_none_and_one_of_another_size_are_refused(autoencoder, tmp_path):
    (tmp_path / "text").write_text("no model")
    with pytest.raises(UserError, match="is no safetensors file"):
        load_world(tmp_path / "text")
    with pytest.raises(UserError, match="no world model can be read there"):
        load_world(tmp_path / "nowhere")
    model = make_world(CONFIG, FILM, words(), autoencoder)
    other = replace(CONFIG, state=replace(CONFIG.state, queries=5))
    save_world(tmp_path / "owl", model, {}, card(other))
    with pytest.raises(UserError, match="are not those of the model that its card describes"):
        load_world(tmp_path / "owl")
