import numpy as np
import pytest
import torch

from longtake.dit.films import GAP_PX, LABEL_PX, STILL_PX, decode, encode_first, fit_picture, sample_films, stack, strip
from longtake.dit.sample import Request, denoise
from longtake.dit.sampling_config import SamplingConfig
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear
from tests.dit.gaussian import Gaussian
from tests.drawing import shot


@pytest.fixture(scope="module")
def autoencoder():
    windows = (torch.from_numpy(shot(seed, 9, 80, 40))[None] for seed in range(4))
    return fit_linear(windows, LinearConfig(channels=3))


def test_a_film_is_what_its_latents_decode_to_and_every_step_is_told(autoencoder):
    model, request, told = Gaussian(), Request(shape=(3, 5, 10), seed=3), []
    config = SamplingConfig(steps=4)
    films = list(sample_films(model, model.objective, autoencoder, [request], config, advance=lambda: told.append(1)))
    expected = decode(autoencoder, denoise(model, model.objective, request, config))
    assert films[0].shape == (9, 40, 80, 3)
    assert films[0].dtype == np.uint8
    assert np.array_equal(films[0], expected)
    assert len(told) == 4


def test_a_film_that_begins_with_a_picture_shows_it_first(autoencoder):
    picture = shot(1, 1, 80, 40)[0]
    model = Gaussian()
    request = Request(shape=(3, 5, 10), first_latent_C1hw=encode_first(autoencoder, picture))
    (film,) = sample_films(model, model.objective, autoencoder, [request], SamplingConfig(steps=3))
    shown = autoencoder.decode(autoencoder.encode(torch.from_numpy(picture)[None, None]))[0, 0].numpy()
    assert np.array_equal(film[0], shown)


@pytest.mark.parametrize(("rows", "columns"), [(100, 300), (300, 100), (20, 30), (48, 64)])
def test_a_picture_of_any_size_fills_the_film_by_its_middle(rows, columns):
    picture = np.zeros((rows, columns, 3), np.uint8)
    picture[rows // 2 - 2 : rows // 2 + 2, columns // 2 - 2 : columns // 2 + 2] = 255
    fitted = fit_picture(picture, 48, 64)
    assert fitted.shape == (48, 64, 3)
    bright = np.argwhere(fitted[..., 0] > 100)
    assert bright.mean(0) == pytest.approx([23.5, 31.5], abs=1.5)


def test_a_picture_of_the_films_size_stays_as_it_is():
    picture = shot(5, 1, 80, 40)[0]
    assert np.array_equal(fit_picture(picture, 40, 80), picture)


def test_a_strip_shows_the_first_frame_the_last_and_some_between():
    film = np.stack([np.full((64, 96, 3), 20 * n, np.uint8) for n in range(9)])
    picture = strip(film, stills=3)
    assert picture.shape == (STILL_PX, 3 * 192 + 2 * GAP_PX, 3)
    assert [picture[5, x, 0] for x in (5, 300, 580)] == [0, 80, 160]


def test_strips_of_films_of_other_shapes_stand_below_each_other_after_their_names():
    wide, narrow = np.zeros((2, 40, 80, 3), np.uint8), np.zeros((1, 40, 40, 3), np.uint8)
    sheet = stack({"000": strip(wide), "001": strip(narrow)})
    assert sheet.shape == (2 * STILL_PX + GAP_PX, LABEL_PX + 2 * 256 + GAP_PX, 3)
    assert (sheet[-1, -1] == 255).all()
    assert (sheet[:, :LABEL_PX] < 200).any()
