import dataclasses

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="strips are made beside the models")

from longtake.dit.films import encode_jpeg, strip
from longtake.evaluation.drift import DriftMeter, summarise
from longtake.evaluation.encoders import RandomEncoder, number_name
from longtake.evaluation.similarity import similarity_matrix
from longtake.report import film_strip as page_of
from longtake.report.film_strip import FilmStrip, StripSegment, film_strip
from longtake.report.heat_map import heat_svg
from tests.report.reading import EVIL, Reader, check_stands_alone

CUTS, JUMPS = (4, 8), (3, 10)
COLOURS = ((60, 60, 220), (60, 200, 80), (220, 120, 50))
GROUNDS = ((190, 200, 205), (120, 110, 90), (70, 60, 80))


def draw(segments=12, frames=12, size=(90, 160)):
    """A square that wanders over three scenes, duller each segment; it jumps at two seams. Frames and whether it is a new scene."""
    rng = np.random.default_rng(0)
    height, width = size
    x, y, dx, dy, last = 20.0, 20.0, 2.6, 1.7, None
    texture = cv2.resize(rng.integers(-25, 25, (9, 16, 3)).astype(np.float32), (width, height))
    for number in range(segments):
        scene, cut = sum(number >= at for at in CUTS), number in CUTS
        if number in JUMPS:
            x, y = (x + 60) % (width - 30), (y + 30) % (height - 30)
        drawn = []
        carried = last is not None and not cut
        for _ in range(frames - carried):
            picture = np.clip(np.array(GROUNDS[scene]) + texture, 0, 255).astype(np.uint8)
            cv2.rectangle(picture, (round(x), round(y)), (round(x) + 28, round(y) + 28), COLOURS[scene], -1)
            cv2.rectangle(picture, (round(x) + 8, round(y) + 8), (round(x) + 20, round(y) + 20), (240, 240, 240), 2)
            grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            drawn.append(cv2.addWeighted(picture, 1 - 0.05 * number, grey, 0.05 * number, 0))
            x, y = x + dx, y + dy
            dx = -dx if not 0 < x < width - 30 else dx
            dy = -dy if not 0 < y < height - 30 else dy
        yield np.stack([last, *drawn] if carried else drawn), cut
        last = drawn[-1]


def make_strip(segments=12, **fields):
    meter, shown, before, start_s = DriftMeter(RandomEncoder()), [], None, 0.0
    rng = np.random.default_rng(1)
    states = []
    for number, (frames, cut) in enumerate(draw(segments)):
        row = meter.add(frames, cut)
        new = frames[-row.frames :]
        seam = b"" if before is None else encode_jpeg(strip(np.stack([before, new[0]]), 2, 60))
        shown.append(
            StripSegment(
                row=row, start_s=start_s, text=f"the square goes on, part {number}" if number else "",
                text_from="user's text" if number == 6 else "",
                strip=encode_jpeg(strip(new, 5, 72)), seam=seam,
                note="segment 10: seam against its surroundings, pixels 4.1, above the line of 3 by 1.1" if number == 10 else "",
            )
        )  # fmt: skip
        scene = np.random.default_rng(row.scene + 10).normal(size=64)
        states.append(scene + rng.normal(0, 0.4, 64) + 1)
        before, start_s = new[-1], start_s + row.frames / 8
    plain = dict(
        name="demo film", prompt="A square wanders over three rooms.", facts={"begun": "now"}, segments=shown,
        drift=summarise([one.row for one in shown]), duration_s=start_s, similarity_name=number_name(RandomEncoder.name),
        states=similarity_matrix(states),
    )  # fmt: skip
    return FilmStrip(**plain | fields)


@pytest.fixture(scope="module")
def made():
    return make_strip()


def test_the_page_stands_alone_and_shows_a_strip_and_a_seam_of_every_segment(made):
    page = film_strip(made)
    check_stands_alone(page)
    images = Reader(page).all("img")
    assert sum(one["alt"].startswith("frames of segment") for one in images) == 12
    assert sum(one["alt"].startswith("before and after the seam") for one in images) == 11
    assert len(page) < 2_000_000


def test_texts_cuts_the_users_words_and_notes_are_marked(made):
    page = film_strip(made)
    assert page.count('class="segment cut"') == len(CUTS)
    assert page.count(">user&#39;s text</span>") == 1
    assert "the square goes on, part 7" in page
    assert page.count(">no text</span>") == 1
    assert "above the line of 3 by 1.1" in page


def test_the_encoder_is_named_and_motion_stands_beside_consistency(made):
    page = film_strip(made)
    assert "feature similarity (random encoder)" in page
    assert "VBench" not in page
    assert page.index("consistency of frames") < page.index("motion, px a frame") < page.index("least like its scene")
    assert "Motion beside it" in page


def test_seams_and_scene_cuts_are_told_apart(made):
    assert made.drift.seams.worst_segment in JUMPS
    assert made.drift.cuts.pixel_ratio > made.drift.seams.pixel_ratio
    page = Reader(film_strip(made)).text
    assert "Scheduled cuts:" in page
    uncut = made.segments[:4]
    page = Reader(
        film_strip(dataclasses.replace(made, segments=uncut, drift=summarise([one.row for one in uncut]), states=()))
    ).text
    assert "Scheduled cuts:" not in page
    assert "Cosine of the state" not in page
    assert "to its scene's first" not in page  # it is the film's


def test_states_of_a_scene_are_darker_with_each_other_than_with_those_of_another(made):
    page = film_strip(made)
    assert page.count("<title>0 and ") == 12
    assert made.states[0][1] > made.states[0][5]


def test_one_segment_has_a_page_too():
    page = film_strip(make_strip(1))
    check_stands_alone(page)
    assert "last segment to the first" in page
    assert Reader(page).all("section")[0]["class"] == "segment"


def test_what_others_wrote_is_escaped(made):
    evil = [dataclasses.replace(made.segments[0], text=EVIL, note=EVIL), *made.segments[1:]]
    check_stands_alone(
        film_strip(
            dataclasses.replace(made, segments=evil, name=EVIL, prompt=EVIL, facts={EVIL: EVIL}, similarity_name=EVIL)
        )
    )


def test_a_long_film_keeps_its_page_small_and_says_what_it_left_out(made, monkeypatch):
    monkeypatch.setattr(page_of, "PICTURES_BYTES", 60_000)
    monkeypatch.setattr(page_of, "MOST_SEGMENTS", 6)
    page = film_strip(made)
    assert page.count('class="segment') == 6
    assert "6 of 12 segments are left out here" in page
    few = film_strip(dataclasses.replace(made, segments=made.segments))
    assert "stand here without pictures" in few
    assert page.count("data:image/jpeg") > 0


def test_a_small_film_plays_and_a_large_one_does_not(made):
    assert film_strip(dataclasses.replace(made, film=b"1234")).count("<video") == 1
    assert film_strip(dataclasses.replace(made, film=bytes(3_000_000))).count("<video") == 0


def test_a_map_of_many_states_is_thinned_and_keeps_its_cuts():
    page = heat_svg(
        [[1.0 if i // 50 == j // 50 else 0.2 for j in range(100)] for i in range(100)], label="states", cuts=[50]
    )
    assert page.count("<rect") == 34**2
    assert page.count("<path") == 1
    assert "pale 0.2, dark 1" in page
    assert heat_svg([], label="states") == ""
    assert "NaN" not in heat_svg([[1.0]], label="states")
