"""`longtake step`: parameters from a file and from the command line, outputs as files, and Argo's only success."""

import json

import pytest
from click.testing import CliRunner

from longtake.cli import cli
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Video
from longtake.stages import by_name
from longtake.stages.by_name import read_settings, run_step, write_outputs
from tests.drawing import draw_film


@pytest.fixture
def places(tmp_path, monkeypatch):
    """One film, and the settings that say where."""
    monkeypatch.setenv("LONGTAKE_METRICS", "off")
    monkeypatch.setattr("longtake.telemetry.log_json", lambda: None)  # it is for the whole process
    draw_film(tmp_path / "raw" / "film.mp4", (1, 30))
    return [f"--set=raw={tmp_path / 'raw'}", f"--set=data_root={tmp_path / 'data'}"]


def step(*arguments):
    return CliRunner().invoke(cli, ["step", *map(str, arguments)], standalone_mode=False)


def test_a_setting_is_taken_as_it_is_for_a_text_and_read_as_yaml_for_all_else():
    settings = ["raw=007", "data_root=s3://a/b=c", "shards=3", 'config={"limits": {"wall_s": 9}}', "run={x}"]
    assert read_settings("listing", settings) == {
        "raw": "007",
        "data_root": "s3://a/b=c",
        "shards": 3,
        "config": {"limits": {"wall_s": 9}},
        "run": "{x}",
    }


def test_a_text_that_is_json_stays_a_text():
    assert read_settings("summary", ['error=[{"message": "x"}]', "state="]) == {
        "error": '[{"message": "x"}]',
        "state": "",
    }


@pytest.mark.parametrize(
    ("setting", "words"), [("shards", "expected NAME=VALUE"), ("config={a: ", r"config is '\{a: ', which is no YAML")]
)
def test_a_setting_that_cannot_be_read_is_the_user_s_mistake(setting, words):
    with pytest.raises(UserError, match=words):
        read_settings("listing", [setting])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("shard=2", "unknown parameter 'shard'; did you mean 'shards'"),
        ("return=2", "unknown parameter 'return'"),
        ("shards=many", "shards is 'many'"),
        ("config=3", "config is 3"),
    ],
)
def test_a_wrong_setting_is_refused_as_in_a_file(setting, words):
    with pytest.raises(UserError, match=words):
        run_step("listing", {"raw": "nowhere", "data_root": "data", **read_settings("listing", [setting])})


def test_what_is_missing_is_named():
    with pytest.raises(UserError, match="raw, data_root must be given"):
        run_step("listing", {})


def test_settings_come_over_the_file_s_parameters(tmp_path, places):
    (tmp_path / "step.yaml").write_text("{raw: nowhere, shards: 3, run: from-file}")
    done = step("listing", "--config", tmp_path / "step.yaml", *places, "--set", "run=r2")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["report_uri"].endswith("/reports/r2/listing-1of1.html")


def test_each_output_is_a_file(tmp_path, places):
    done = step("listing", *places, "--outputs", tmp_path / "deep" / "outputs")
    assert done.exit_code == 0, done.output
    files = {path.name: json.loads(path.read_text()) for path in (tmp_path / "deep" / "outputs").iterdir()}
    (row,) = Lake(str(tmp_path / "data")).tables.read(Video)
    assert files["shards.json"] == [f"1/1:{row.bucket}"]
    assert files["summary.json"] == json.loads(done.stdout)
    assert set(files) == {"shards.json", "summary.json"}


def test_a_step_without_outputs_of_its_own_writes_its_summary_alone(tmp_path, places):
    step("listing", *places)
    assert step("slicing", *places, "--outputs", tmp_path / "outputs").exit_code == 0
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == ["summary.json"]


def test_a_text_is_printed_and_written_as_it_is(tmp_path, places):
    end = ["--set=run=r1", "--set=pipeline=curate", "--set=state=Succeeded"]
    done = step("summary", *places, *end, "--outputs", tmp_path / "outputs")
    assert done.exit_code == 0, done.output
    assert "# curate: done" in done.stdout
    assert (tmp_path / "outputs" / "summary.md").read_text() in done.stdout


def test_a_folder_for_outputs_that_cannot_be_made_fails_before_any_work(tmp_path, places):
    (tmp_path / "file").write_text("")
    done = step("listing", *places, "--outputs", tmp_path / "file" / "outputs")
    assert isinstance(done.exception, NotADirectoryError)  # which the command turns into a sentence
    assert not (tmp_path / "data").exists()


def test_something_put_aside_is_exit_code_10_and_0_where_that_is_accepted(tmp_path, places):
    (tmp_path / "raw" / "broken.mp4").write_bytes(b"nothing" * 100)
    assert step("listing", *places).exit_code == 10
    assert step("listing", *places, "--accept-quarantined").exit_code == 0


def test_no_other_exit_code_is_accepted(tmp_path, monkeypatch):
    class Unwell:
        exit_code = 30

        def to_json(self):
            return "[]"

    monkeypatch.setattr(by_name, "run_step", lambda name, parameters: Unwell())
    assert step("doctor", "--accept-quarantined").exit_code == 30
    write_outputs(Unwell(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
