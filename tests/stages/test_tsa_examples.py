import pytest

pytest.importorskip("torch", reason="the torch extra is not installed")

from longtake.errors import UserError
from longtake.scoring.config import ScoringConfig
from longtake.stages.tsa_examples import _claim, _made_of
from longtake.tsa_training.config import Curriculum, TSATrainingConfig
from longtake.tsa_training.footage import Source


def made_of(path, measuring=ScoringConfig(), **curriculum):
    return _made_of([Source("film", path)], TSATrainingConfig(curriculum=Curriculum(**curriculum)), measuring)


def test_more_samples_are_added_to_a_folder_and_others_are_not_mixed_in(tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"frames")
    first = made_of(film)
    assert made_of(film, samples=5000, drawn_samples=0) == first
    assert made_of(film, shot_s=2.0) != first
    assert made_of(film, ScoringConfig(text=False)) != first
    film.write_bytes(b"other frames")
    assert made_of(film) != first


def test_a_folder_with_other_examples_is_refused_and_left_as_it_is(tmp_path):
    _claim(tmp_path / "made-of", "one")
    _claim(tmp_path / "made-of", "one")
    with pytest.raises(UserError, match="give another --work, or remove it"):
        _claim(tmp_path / "made-of", "other")
    assert (tmp_path / "made-of").read_text() == "one"
