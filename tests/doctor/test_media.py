import pytest

from longtake.doctor import media
from longtake.doctor.media import draw_film, look_at_codecs, look_at_worker, read_film
from longtake.video import process


def test_a_drawn_film_comes_back_whole():
    frames, samples = read_film(draw_film())
    assert frames == media.FRAMES
    assert samples >= media.RATE_HZ


def test_codecs_are_good_here():
    (finding,) = look_at_codecs()
    assert finding.state == "good"


def test_a_decoder_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(media, "DECODERS", ("h264", "betamax"))
    (finding,) = look_at_codecs()
    assert finding.state == "warn"
    assert finding.found == "no decoder for betamax"


def test_a_film_goes_through_a_guarded_worker_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (finding,) = look_at_worker()
    assert finding.state == "good"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("limit", "words"), [("ulimit -v 300000", "Error"), ("exit 3", "exit status 3")])
def test_a_worker_that_can_not_start_is_bad_with_its_last_words(tmp_path, monkeypatch, limit, words):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n{limit}\nexec {process.sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(process.sys, "executable", str(python))
    (finding,) = look_at_worker()
    assert finding.state == "bad"
    assert words in finding.found
    assert "\n" not in finding.found
    assert "memfd_create" in finding.fix
