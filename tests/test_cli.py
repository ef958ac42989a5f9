import json
import os
import subprocess
import sys
import time
from dataclasses import fields

import pytest

from longtake import __version__
from longtake.cli.local import LOCAL_PIPELINES
from pipelines.cluster.schedules import PARAMETERS
from tests.drawing import draw_film

HEAVY = {"torch", "kfp", "pyarrow", "boto3", "numpy", "cv2", "av", "deltalake", "duckdb", "pydantic"}


def longtake(*arguments, cwd=None, within_s=None, **environment):
    """The command in a process of its own; with a time limit, the best of three, since tests share the machine."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    command = [sys.executable, "-m", "longtake", *map(str, arguments)]
    for attempts_left in (2, 1, 0):
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=clean | environment)
        if within_s is None or time.monotonic() - began < within_s:
            return done
        assert attempts_left, f"{command} took {time.monotonic() - began:.1f} s"
    return None


def fails(done, code, *words):
    """One line on standard error with these words, that exit code, and no trace."""
    assert done.returncode == code, done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("longtake: ")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in sentence
    return sentence


def test_help_loads_nothing_heavy_and_costs_at_most_0_4_s_of_cpu():
    code = (
        "import sys, resource; sys.argv = ['longtake', '--help']\n"
        "from longtake.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('\\n', used.ru_utime + used.ru_stime, *sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    seconds, *modules = runs[0].stdout.splitlines()[-1].split()
    assert not HEAVY.intersection(modules)
    assert min(float(run.stdout.splitlines()[-1].split()[0]) for run in runs) <= 0.4
    assert float(seconds) > 0


@pytest.mark.parametrize("verb", [(), ("schedule",), ("lake",)])
def test_help_fits_80_columns_and_no_summary_is_cut_off(verb):
    done = longtake(*verb, "--help", COLUMNS="80")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    summaries = done.stdout.partition("Commands:\n")[2].splitlines()
    assert summaries
    assert not [line for line in summaries if line.endswith("...")]


def test_the_example_of_a_step_fits_80_columns():
    assert max(map(len, longtake("step", "--help", COLUMNS="80").stdout.splitlines())) <= 80


def test_version_is_the_package_s():
    assert __version__ in longtake("--version").stdout


def test_an_unknown_verb_is_the_user_s_mistake():
    done = longtake("slise")
    assert done.returncode == 20
    assert "slice" in done.stderr


def test_slice_needs_no_lake_and_prints_only_json(tmp_path):
    film = draw_film(tmp_path / "a film.mp4", (1, 70), (2, 70))
    done = longtake("slice", film, "--json", "--out", tmp_path / "clips")
    (record,) = json.loads(done.stdout)
    assert done.returncode == 0
    assert record["uri"] == film.as_uri()
    assert [(t["start_frame"], t["end_frame"], t["kind"]) for t in record["transitions"]] == [(70, 70, "cut")]
    assert [clip["start_frame"] for clip in record["clips"]] == [4, 74]
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == [
        "a film-001.jpg",
        "a film-001.mp4",
        "a film-002.jpg",
        "a film-002.mp4",
    ]


def test_slice_says_why_a_file_is_put_aside_and_goes_on_with_the_others(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"nothing" * 100)
    film = draw_film(tmp_path / "film.mp4", (1, 70))
    done = longtake("slice", tmp_path / "broken.mp4", film, "--json")
    assert done.returncode == 10
    assert [record["reason"] for record in json.loads(done.stdout)] == ["unreadable", None]


def test_two_files_of_one_name_do_not_overwrite_each_other_s_clips(tmp_path):
    films = [draw_film(tmp_path / folder / "film.mp4", (seed, 70)) for seed, folder in ((1, "a"), (2, "b"))]
    assert longtake("slice", *films, "--out", tmp_path / "out").returncode == 0
    assert {path.name for path in (tmp_path / "out").glob("*.mp4")} == {"film-001.mp4", "film_2-001.mp4"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("slice", "nothing.mp4"), ("nothing.mp4",)),
        (("run", "curate", "--raw", "nowhere", "--data-root", "data"), ("nowhere", "make it")),
        (("run", "curate", "--raw", "ftp://host/raw", "--data-root", "data"), ("ftp", "s3://")),
        (("run", "curate", "--raw", "s3://A/raw", "--data-root", "data"), ("bucket", "s3://")),
        (("run", "curate", "--raw", ".", "--data-root", "/proc/nowhere/x"), ("/proc/nowhere", "written")),
        (("run", "curate", "--raw", ".", "--data-root", "data", "--shards", "0"), ("0 shards", "at least 1")),
        (("run", "train-tsa", "--raw", ".", "--data-root", "data", "--shards", "2"), ("shards", "tsa_training_config")),
        (("step", "slicing", "--config", "absent.yaml"), ("absent.yaml", "read")),
        (("lake", "ls", "gs://bucket"), ("gs", "s3://")),
    ],
)
def test_a_wrong_place_is_one_line_exit_20_in_under_3_s(arguments, words, tmp_path):
    fails(longtake(*arguments, cwd=tmp_path, within_s=3), 20, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slicing_config: {rule: {min_clip: 1}}", ("rule.min_clip", "min_clip_s")),
        ("slicing_config: {rule: {min_clip_s: -1}}", ("min_clip_s", "greater")),
        ("slicing_confg: {}", ("slicing_confg", "slicing_config")),
        ("slicing_config: 3", ("slicing_config", "3")),
        ("[1, 2]", ("[1, 2]", "names and values")),
        ("{slicing_config: {rule: {sigmas: 3, sigmas: 4}}}", ("sigmas", "twice")),
        ("raw: elsewhere", ("raw", "--raw")),
        ("{", ("YAML",)),
    ],
)
def test_a_typo_in_a_config_is_one_line_exit_20_in_under_3_s(text, words, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    arguments = ("run", "curate", "--raw", ".", "--data-root", "data", "--config", "config.yaml")
    fails(longtake(*arguments, cwd=tmp_path, within_s=3), 20, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{data_root: data}", ("raw",)),
        ("{raw: ., data_root: data, sharrd: 1/1:0}", ("sharrd", "shard")),
        ("{raw: ., data_root: data, shard: all}", ("all", "1/1:0-63")),
    ],
)
def test_a_wrong_parameter_of_a_step_is_one_line_exit_20(text, words, tmp_path):
    (tmp_path / "step.yaml").write_text(text)
    fails(longtake("step", "slicing", "--config", "step.yaml", cwd=tmp_path), 20, *words)


def test_a_local_run_is_refused_for_a_wrong_config_of_its_own_pipeline(tmp_path):
    (tmp_path / "config.yaml").write_text("tsa_training_config: {presett: paper}")
    arguments = ("run", "train-tsa", "--raw", ".", "--data-root", "data", "--config", "config.yaml")
    fails(longtake(*arguments, cwd=tmp_path, within_s=3), 20, "presett", "preset")


def test_all_mistakes_of_a_config_file_are_told_at_once(tmp_path):
    (tmp_path / "config.yaml").write_text("{encoding_config: {encodin: {}}, training_config: {stepps: 3}}")
    arguments = ("run", "train", "--raw", ".", "--data-root", "data", "--config", "config.yaml")
    fails(longtake(*arguments, cwd=tmp_path), 20, "encodin", "stepps")


def test_the_help_of_a_step_lists_its_parameters():
    said = longtake("step", "captioning", "--help").stdout
    assert "Parameters of captioning:" in said
    assert "data_root  must be given" in said
    assert "dataset    default: clips" in said
    assert "Parameters of" not in longtake("step", "--help").stdout


def test_the_help_of_run_names_all_that_a_config_file_may_have():
    said = longtake("run", "--help").stdout
    for pipeline in LOCAL_PIPELINES:
        names = {field.name for field in fields(PARAMETERS[pipeline])} - {"raw", "data_root", "shards", "dataset"}
        assert not [name for name in names if name not in said]


def test_a_wrong_key_and_a_missing_bucket_are_one_line_exit_20_in_under_3_s(s3, tmp_path):
    raw = f"{s3}/raw"
    wrong = {"AWS_ACCESS_KEY_ID": "LTNOBODY", "AWS_SECRET_ACCESS_KEY": "wrongsecretvalue"}
    here = {name: os.environ[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    for environment, place, word in ((here | wrong, raw, "access key"), (here, "s3://no-such-bucket/raw", "bucket")):
        arguments = ("run", "curate", "--raw", place, "--data-root", tmp_path / "data")
        assert "wrongsecretvalue" not in fails(longtake(*arguments, within_s=3, **environment), 20, word)


def test_an_endpoint_that_is_down_is_one_line_exit_30(tmp_path):
    environment = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    done = longtake("run", "curate", "--raw", "s3://lake/raw", "--data-root", tmp_path / "data", **environment)
    fails(done, 30, "does not answer")


def test_a_missing_extra_is_named(tmp_path):
    code = (
        "import sys; sys.modules['boto3'] = None; sys.argv = ['longtake', 'lake', 'ls', 's3://lake']\n"
        "from longtake.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 20
    assert "longtake[lake]" in done.stderr
