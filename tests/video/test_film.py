import av
import numpy as np
import pytest

from longtake.video.film import write_film
from tests.drawing import shot


def read(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(stream)])
        return frames, float(stream.average_rate), float(stream.duration * stream.time_base)


def test_a_film_that_is_written_can_be_read_back_nearly_as_it_was(tmp_path):
    film = shot(1, 17, 100, 60)
    write_film(tmp_path / "film.mp4", film, 8)
    frames, fps, seconds = read(tmp_path / "film.mp4")
    assert (fps, seconds) == (8, 17 / 8)
    assert frames.shape == film.shape
    assert np.abs(frames.astype(int) - film).mean() < 6  # colour is kept at half the resolution
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)])
def test_colours_stay_what_they_are(tmp_path, colour):
    write_film(tmp_path / "film.mp4", np.full((3, 32, 32, 3), colour, np.uint8), 24)
    frames, _, _ = read(tmp_path / "film.mp4")
    assert np.abs(frames[0, 16, 16].astype(int) - colour).max() <= 3


def test_the_same_frames_give_the_same_bytes(tmp_path):
    film = shot(2, 9, 60, 40)
    for name in ("one.mp4", "other.mp4"):
        write_film(tmp_path / name, film, 24000 / 1001)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "other.mp4").read_bytes()


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 16, 16), (2, 33, 65)])
def test_a_single_frame_and_odd_sizes_are_films_too(tmp_path, frames, height, width):
    write_film(tmp_path / "film.mp4", np.zeros((frames, height, width, 3), np.uint8), 8)
    assert read(tmp_path / "film.mp4")[0].shape == (frames, height + height % 2, width + width % 2, 3)
