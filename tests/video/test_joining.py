import av
import numpy as np
import pytest

from longtake.video.film import write_film
from longtake.video.joining import join_films, read_film


@pytest.fixture
def pieces(tmp_path):
    """Of 5, 4, 1 and 17 frames: short ones have no frames that look ahead."""
    draw, paths = np.random.default_rng(0), []
    for number, count in enumerate((5, 4, 1, 17)):
        frames_NHW3 = np.empty((count, 31, 48, 3), np.uint8)
        for frame_HW3 in frames_NHW3:
            frame_HW3[:] = draw.integers(0, 255, 3)
        paths.append(tmp_path / f"{number}.mp4")
        write_film(paths[-1], frames_NHW3, 8.0)
    return paths


def test_a_joined_film_has_the_frames_of_its_pieces_at_their_times(pieces, tmp_path):
    join_films(pieces, tmp_path / "film.mp4")
    joined_NHW3 = read_film(tmp_path / "film.mp4")
    assert (joined_NHW3 == np.concatenate([read_film(piece) for piece in pieces])).all()
    with av.open(str(tmp_path / "film.mp4")) as container:
        (stream,) = container.streams.video
        assert stream.average_rate == 8
        times_s = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    assert times_s == pytest.approx(np.arange(27) / 8, abs=1e-3)


def test_the_same_pieces_give_the_same_bytes_and_an_odd_side_is_cut_again(pieces, tmp_path):
    for name in ("one.mp4", "other.mp4"):
        join_films(pieces, tmp_path / name)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "other.mp4").read_bytes()
    assert read_film(tmp_path / "one.mp4").shape == (27, 32, 48, 3)
    assert read_film(tmp_path / "one.mp4", (31, 48)).shape == (27, 31, 48, 3)
