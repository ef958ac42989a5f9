import json

import pytest
from click.testing import CliRunner

from longtake.cli.generate import generate
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Segment
from tests.stages.tiny_worlds import save_picture, save_tiny_world

CONFIG = """
generating_config:
  sampling: {steps: 2}
  encoder: {kind: random}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    save_tiny_world(folder / "owl.safetensors")
    save_picture(folder / "red.png")
    (folder / "quick.yaml").write_text(CONFIG)
    return folder


def call(place, *arguments):
    given = ["--model", place / "owl.safetensors", "--image", place / "red.png", "--config", place / "quick.yaml"]
    done = CliRunner(env={"LONGTAKE_METRICS": "off"}).invoke(generate, list(map(str, [*given, *arguments])))
    if isinstance(done.exception, UserError):
        raise done.exception
    return done


def test_a_film_goes_into_a_folder_by_one_line_which_says_where_it_is_and_how_it_drifts(place, tmp_path):
    options = (
        "--prompt", "A red square.", "--segments", 3, "--cuts", "2", "--dynamics", '"it goes up"@0', "--set", "motion=4", "--seed", 5,
        "--out", tmp_path / "films",
    )  # fmt: skip
    said = call(place, *options)
    assert said.exit_code == 0, said.output
    first, page, drift = said.stdout.splitlines()
    assert first.startswith(f"3 segments in 2 scenes, 1.75 s: {(tmp_path / 'films').as_uri()}/rollouts/")
    assert page.endswith("/film.html")
    assert "(random encoder), motion" in drift
    assert "times the steps about them" in drift
    rows = Lake(str(tmp_path / "films")).tables.read(Segment)
    assert [(row.dynamics_given, row.scene_cut) for row in rows] == [(True, False), (False, False), (False, True)]
    assert rows[0].dynamics == "it goes up"
    again = call(place, *options, "--json")
    assert "longtake: the film is there already" in again.stderr
    record = json.loads(again.stdout)
    assert (record["inputs"], record["skipped"], len(record["films"])) == (3, 3, 1)
    assert record["film"] in first


def test_prompts_of_a_file_are_a_film_each(place, tmp_path):
    (tmp_path / "scene.txt").write_text("A red square.\nA blue square.\n")
    said = call(place, "--prompts", tmp_path / "scene.txt", "--film", "2s", "--data-root", tmp_path / "lake")
    assert said.exit_code == 0, said.output
    assert said.stdout.count("1 segment, 0.62 s: ") == 2
    assert said.stdout.splitlines()[-1].startswith("2 films, page ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--prompt", "A square.", "--film", "8s", "--segments", 2), "give it, or --segments and --cuts"),
        (("--prompt", "A square.", "--cuts", "2;3"), "expected numbers with commas between"),
        (("--prompt", "A square.", "--set", "motion"), "expected something like --set motion=20"),
        (("--prompt", "A square.", "--set", "moton=4"), "did you mean 'motion'"),
        (("--prompt", "A square.", "--dynamics", "@0"), "is empty; say what happens next"),
        (("--prompt", "A square.", "--dynamics", "it leaves@4"), "the film has segments 0 to 3"),
        (("--prompt", "A square.", "--steps", 5000), "'sampling.steps' is 5000"),
        ((), "say what the film shows"),
    ],
)
def test_what_is_asked_for_wrongly_is_a_mistake_of_the_user(place, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        call(place, *options, "--out", tmp_path / "films")
    assert not (tmp_path / "films").exists()
