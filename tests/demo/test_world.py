import shlex

import pytest
from click.testing import CliRunner
from rich.console import Console

from longtake.cli import cli
from longtake.demo.world import AWAY, BACK, DYNAMICS, PLACE, PROMPT, THING, again, film_shapes, first_png
from longtake.lake import Lake
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.judging import judge
from longtake.owl.shapes.things import COLOURS, GROUNDS, WORDS
from longtake.records import Segment
from longtake.video.joining import read_film


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setenv("LONGTAKE_METRICS", "off")


def test_what_no_text_names_is_there_again_after_another_place(tmp_path):
    console = Console(record=True, width=200)
    lake = Lake(str(tmp_path / "data"))
    film = film_shapes(lake, console, "demo-film", tmp_path / "film")
    assert (film["segments"], film["scenes"]) == (12, 3)
    rows = {row.index: row for row in lake.tables.read(Segment)}
    assert [number for number, row in sorted(rows.items()) if row.scene_cut] == [AWAY, BACK]
    seen = {number: judge(read_film(tmp_path / "film" / f"{number:02}.mp4"), ShapesConfig()) for number in (0, BACK)}
    assert {each.ground for each in seen.values()} == {PLACE.ground}
    assert {each.texture for each in seen.values()} == {PLACE.texture}
    assert {each.colour for each in seen.values()} == {THING.colour}
    assert console.export_text().count(f"a {THING.colour} object over {PLACE.ground} {PLACE.texture}") == 2
    before = {row.index: row.clip_uri for row in rows.values()}
    film_shapes(lake, console, "demo-film", tmp_path / "film")
    assert {row.index: row.clip_uri for row in lake.tables.read(Segment)} == before


def test_the_texts_are_of_the_model_s_words_and_name_neither_colour_nor_place():
    said = {word for text in (PROMPT, *DYNAMICS) for word in text.partition("@")[0].split()}
    assert said <= set(WORDS)
    assert not said & {*COLOURS, *GROUNDS, PLACE.texture}


def test_the_command_that_it_names_for_another_film_works(tmp_path):
    film_folder = tmp_path / "film"
    film_folder.mkdir()
    (film_folder / "first.png").write_bytes(first_png())
    command = shlex.split(again("longtake", film_folder))
    made = CliRunner().invoke(cli, [*command[1:], "--out", str(tmp_path / "films")])
    assert made.exit_code == 0, made.output
    assert "2 segments" in made.output
