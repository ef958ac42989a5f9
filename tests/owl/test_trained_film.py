from dataclasses import asdict, replace

import pytest
import torch

from longtake.config import dump_config
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.sampling_config import SamplingConfig
from longtake.dit.trained import Card, load_trained, save_trained
from longtake.errors import UserError
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig, Windows
from longtake.latents.linear import fit_linear
from longtake.latents.sample_set import SampleSet
from longtake.latents.text import NULL_WIDTH, NoText
from longtake.owl.film import IMAGE_DROPOUT, STATE_DROPOUT
from longtake.owl.trained_film import film_of, open_dit_film
from tests.latents.drawn import drifting


@pytest.fixture(scope="module")
def autoencoder():
    return fit_linear([drifting(seed) for seed in range(4)], LinearConfig(channels=8))


@pytest.fixture
def path(autoencoder, tmp_path):
    """A trained model of no text, in its file."""
    config = DiTConfig(
        depth=1, width_per_layer=16, head_width=16, channels=8, text_width=NULL_WIDTH, frequency_width=16, conditions=(),
    )  # fmt: skip
    encoding = EncodingConfig(
        windows=Windows(sizes=(Size(frames=9, height=32, width=48), Size(frames=17, height=48, width=32)), fps=6.0),
        linear=LinearConfig(channels=8), text=TextConfig(encoder="none"),
    )  # fmt: skip
    samples = SampleSet(
        name="set.12345678", dataset="set", made_at="", made_by="", version=1, validation_share=0.0, autoencoder=autoencoder.name,
        basis="basis", encoding=dump_config(encoding), channels=8, text_width=NULL_WIDTH, statistics={}, samples=1, seconds=1.0,
    )  # fmt: skip
    card = Card(
        config=config, objective=Objective(kind="v", text_dropout=0.0), statistics={}, sample_set=asdict(samples), run_id="run",
        step=1, tokens=1, loss=None,
    )  # fmt: skip
    autoencoder.save(tmp_path / "basis.safetensors")
    save_trained(tmp_path / "dit.safetensors", DiT(config), card, tmp_path / "basis.safetensors")
    return tmp_path / "dit.safetensors"


def test_a_film_decoder_is_opened_from_the_file_of_a_trained_model(path):
    film = open_dit_film(path)
    assert (film.frames, film.fps, film.size_px) == (9, 6.0, (32, 48))
    assert film.objective == Objective(kind="v", text_dropout=STATE_DROPOUT, first_frame=1 - IMAGE_DROPOUT)
    drawn = film.sample(torch.zeros(4, film.context_width), first_HW3=None, seed=0, config=SamplingConfig(steps=1))
    assert drawn.shape == (9, 32, 48, 3)


def test_the_size_of_a_given_aspect_has_the_length_of_the_samples_of_that_aspect(path):
    film = open_dit_film(path, size_px=(96, 64))
    assert (film.frames, film.size_px) == (17, (96, 64))


def test_a_model_of_no_text_keeps_all_but_its_reader_of_texts(path):
    film, before = open_dit_film(path), load_trained(path).model.state_dict()
    assert film.context_width == 384
    after = film.model.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["text.0.weight", "text.0.bias"]


def test_a_model_of_another_autoencoder_is_refused(path, autoencoder):
    other = replace(autoencoder, mean_D=autoencoder.mean_D + 1)
    with pytest.raises(UserError, match="give the one that it had"):
        film_of(load_trained(path), other, NoText())
