"""`longtake models`: what a user finds, copies and gives back."""

import os

import pytest
from click.testing import CliRunner

from longtake.cli.models import models
from longtake.errors import UserError
from longtake.records import Run
from longtake.stages.models import list_models
from longtake.stages.pointer import promote_by_hand, read_last
from tests.promotion.lakes import Footage

REASON = "sharper films of cars at night, where the one before left trails of light behind each of the lamps"


@pytest.fixture
def footage(tmp_path):
    return Footage(tmp_path)


def ask(*arguments):
    """Standard output and standard error."""
    done = CliRunner().invoke(models, list(map(str, arguments)), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout, done.stderr


def run(checkpoint):
    """The row of the training that made this model."""
    return Run(
        run_id="r", bucket=0, dataset="clips", params=1, tokens=1, flops=1.0, batch_tokens=1, lr=1.0, steps=7, seconds=1.0, loss=0.25,
        train_loss=0.5, loss_floor=None, checkpoint=checkpoint, config="{}", reason=None, detail=None, made_by="m",
    )  # fmt: skip


def test_a_model_that_no_decision_names_is_listed_with_its_loss_and_steps_and_promoted_by_its_bare_name(footage):
    uri = footage.model(0.5)
    footage.lake.tables.merge([run(uri)])
    out, said = ask("list", "--data-root", footage.lake.data_root)
    assert said == "0 decisions, 1 model not promoted\n"
    name = list_models(footage.lake)[0].name
    (row,) = [line.split() for line in out.splitlines() if name in line]
    assert row[:3] == ["not", "promoted", "0.2500"]
    assert row[-3:] == ["after", "7", "steps"]
    ask("promote", name, "--data-root", footage.lake.data_root, "--reason", REASON)
    assert read_last(footage.lake, "dit").model == uri
    assert ask("list", "--data-root", footage.lake.data_root)[1] == "1 decision\n"


def test_what_is_piped_is_cut_nowhere(footage):
    promote_by_hand(footage.lake, footage.model(0.5), "dit", by="ann", reason=REASON)
    out, _ = ask("list", "--data-root", footage.lake.data_root)
    assert REASON in out
    assert list_models(footage.lake)[0].name in out


def test_models_are_listed_the_newest_first(footage):
    for age, wrong in enumerate((0.0, 0.5, 1.0)):
        path = footage.model(wrong).removeprefix("file://")
        os.utime(path, (1e9 - age, 1e9 - age))
    assert [model.name[:7] for model in list_models(footage.lake)] == ["dit-0.0", "dit-0.5", "dit-1.0"]


def test_a_name_a_family_or_a_lake_that_there_is_not_is_said_with_what_there_is(footage, tmp_path):
    uri = footage.model(0.5)
    root = footage.lake.data_root
    with pytest.raises(UserError, match=r"no model 'dit-0', neither here nor in .*/models; the newest there: dit-0\.5"):
        ask("promote", "dit-0", "--data-root", root, "--reason", "so")
    promote_by_hand(footage.lake, uri, "dit", by="ann", reason="so")
    with pytest.raises(UserError, match=r"nothing was ever promoted in the family 'dti' of .*; it has dit"):
        ask("list", "--data-root", root, "--family", "dti")
    with pytest.raises(UserError, match="neither videos nor a lake are there"):
        ask("list", "--data-root", tmp_path / "nolake")
