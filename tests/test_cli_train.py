import json

import pytest
from click.testing import CliRunner

from longtake.cli.train import train, train_owl
from longtake.errors import UserError
from tests.stages.latent_lakes import drawn_lake

CONFIG = """
training_config:
  model: {width_per_layer: 32, head_width: 16, frequency_width: 16}
  batch_tokens: 32
  films: {count: 0}
"""


def call(*arguments):
    done = CliRunner().invoke(train, list(map(str, arguments)), catch_exceptions=True)
    if isinstance(done.exception, UserError):
        raise done.exception
    return done


def test_a_model_is_trained_by_one_line_which_says_how_to_make_films_with_it(tmp_path):
    lake = drawn_lake(tmp_path, clips=6)
    (tmp_path / "train.yaml").write_text(CONFIG)
    given = ("--data-root", lake.data_root, "--config", tmp_path / "train.yaml", "--depth", 1, "--steps", 2)
    said = call(*given)
    assert said.exit_code == 0, said.output
    assert "after 2 steps; model file://" in said.stdout
    assert "longtake sample --model file://" in said.stdout
    again = call(*given, "--json")
    assert "trained already" in again.stderr
    assert "trained already" not in said.stderr
    record = json.loads(again.stdout)
    assert (record["steps"], record["skipped"]) == (2, 2)
    assert record["model"] in said.stdout


def test_a_config_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "train.yaml").write_text("steps: 5\n")
    with pytest.raises(UserError, match="has steps; expected training_config"):
        call("--data-root", tmp_path, "--config", tmp_path / "train.yaml")


OWL = """
owl_training_config:
  owl: {lmm: {small: {width: 32, depth: 1, heads: 2, hidden: 48}, frame_px: 16}, state: {queries: 3}}
  film:
    dit: {depth: 1, width_per_layer: 32, head_width: 16, text_width: 12, frequency_width: 16}
    frames: 5
    height: 32
    width: 32
    encoding: {linear: {channels: 8, clips: 8}, text: {encoder: none}}
  stories: {shapes: {clips: 2}}
  training: {batch: 1}
"""


def call_owl(*arguments):
    done = CliRunner().invoke(train_owl, list(map(str, arguments)), catch_exceptions=True)
    if isinstance(done.exception, UserError):
        raise done.exception
    return done


def test_each_stage_of_a_world_model_is_one_line_that_says_the_next(tmp_path):
    (tmp_path / "owl.yaml").write_text(OWL)
    given = ("--data-root", tmp_path / "data", "--config", tmp_path / "owl.yaml", "--steps", 1)
    said = call_owl(*given, "--stage", "generative")
    assert said.exit_code == 0, said.output
    assert "after 1 steps; model file://" in said.stdout
    following = said.stdout.splitlines()[-1]
    assert f"--stage world --config {tmp_path / 'owl.yaml'} --start file://" in following
    start = following.rpartition(" ")[2]
    again = call_owl(*given, "--stage", "world", "--start", start)
    assert "longtake generate --model file://" in again.stdout
    record = json.loads(call_owl(*given, "--stage", "world", "--start", start, "--json").stdout)
    assert (record["training_stage"], record["steps"], record["skipped"]) == ("world", 1, 1)
    (tmp_path / "owl.yaml").write_text("steps: 5\n")
    with pytest.raises(UserError, match="has steps; expected owl_training_config, captioning_config"):
        call_owl(*given)
