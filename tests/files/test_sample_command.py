import json
import shutil
import sys

import pytest

from longtake.cli import main
from longtake.lake import Lake
from longtake.promotion.entry import Entry
from longtake.stages.pointer import append
from tests.files.tiny_model import write_model


@pytest.fixture
def sample(monkeypatch, capsys, tmp_path):
    """`longtake sample` in an empty folder: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["longtake", "sample", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("lake"))


def test_films_come_out_as_records_and_what_the_model_never_saw_is_said(model, sample, tmp_path):
    given = [
        "--model",
        model,
        "--set",
        "motion=300",
        "--guide",
        "motion=2",
        "--steps",
        2,
        "--count",
        2,
        "--seconds",
        1.1,
        "--json",
    ]
    code, output, said = sample(*given)
    assert code == 0
    records = json.loads(output)
    assert [record["seed"] for record in records] == [0, 1]
    assert records[0]["uri"] == (tmp_path / "films" / "000.mp4").as_uri()
    assert "motion=300 is far" in said


def test_the_promoted_model_of_a_lake_makes_films(model, sample):
    lake = Lake(str(model.parent.parent))
    entry = Entry(
        family="dit", number=1, decision="promoted", model=model.as_uri(), previous="", candidate=model.as_uri(), samples="clips-1.2",
        basis="",
        loss=0.5, previous_loss=None, judged_on="", raw="", videos=None, by="me", at="2026-01-01T00:00:00Z", reason="the first",
    )  # fmt: skip
    assert append(lake, entry)
    code, output, _ = sample("--data-root", lake.data_root, "--steps", 1)
    assert code == 0
    assert output.startswith("1 film in films")


def test_where_none_is_promoted_the_newest_model_is_named_with_the_whole_command(model, sample, tmp_path):
    (tmp_path / "a lake" / "models").mkdir(parents=True)
    shutil.copy(model, tmp_path / "a lake" / "models" / "dit-0123.safetensors")
    code, _, said = sample("--data-root", "a lake")
    assert code == 20
    assert "longtake models promote dit-0123 --data-root 'a lake' --reason" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "MODEL", "--set", "moton=3"], "did you mean 'motion'?"),
        (["--model", "MODEL", "--set", "motion"], "expected something like --set motion=20"),
        (["--model", "MODEL", "--guide", "noise=2"], "this model knows no condition 'noise'; it knows motion, clarity"),
        (["--model", "MODEL", "--set", "motion=20", "--set", "motion=3"], "--set motion is given twice, 20 and 3"),
        (["--model", "MODEL", "--size", "large"], "expected WIDTHxHEIGHT"),
        (["--model", "MODEL", "--prompts", "none.txt"], "none.txt"),
        (["--model", "none.safetensors"], "none.safetensors"),
        ([], "one of the two"),
        (["--data-root", "empty"], "no model is promoted below empty; give --model, or train one: longtake train"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_20(model, sample, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    code, _, said = sample(*(model if word == "MODEL" else word for word in arguments))
    assert code == 20
    assert words in said
    assert len(said.strip().splitlines()) == 1
