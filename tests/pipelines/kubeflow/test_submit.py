"""`longtake submit`, `runs` and `stop`, against a Kubeflow that checks every request."""

import json
import subprocess
import sys

import pytest

from pipelines.kubeflow import runs
from pipelines.kubeflow.api import Kubeflow, connect
from tests.pipelines.kfp_api import KfpApi

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def published(kfp, upgrade):
    """The stand-in with the pipelines of a cluster."""
    upgrade("{serviceAccount: {name: video}, kfp: {experiment: films}, lake: {raw: s3://acme/raw}}")
    return kfp


def only(things):
    (thing,) = things.values()
    return thing


def file_with(text, folder):
    (folder / "config.yaml").write_text(text)
    return folder / "config.yaml"


def test_without_anything_the_newest_version_runs_with_the_cluster_s_defaults(published, longtake):
    done = longtake("submit", "curate")
    run, version = only(published.runs), published.newest_version("curate")
    assert done.code == 0
    assert run["pipeline_version_reference"]["pipeline_version_id"] == version["pipeline_version_id"]
    assert run["service_account"] == "video"
    assert published.experiments[run["experiment_id"]]["display_name"] == "films"
    assert run["runtime_config"] == {"parameters": {}}
    assert run["display_name"].startswith("curate-2")
    assert done.out.splitlines() == [
        f"run {run['run_id']} of curate, version {version['name']}",
        f"page {published.endpoint}/#/runs/details/{run['run_id']}",
    ]


def test_the_verbs_need_no_kfp_compiler_unless_something_is_compiled(published):
    code = (
        "import sys; sys.argv = ['longtake', 'submit', 'curate']\n"
        "from longtake.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('kfp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("False", "")
    assert len(published.runs) == 1


def test_parameters_come_from_options_pairs_and_a_file(published, longtake, tmp_path):
    config = file_with("slicing_config: {rule: {min_clip_s: 2}}\nshards: 8.0\n", tmp_path)
    pairs = ("--set", "listing_config={limits: {wall_s: 60}}", "--set", "data_root=s3://acme/data")
    longtake("submit", "curate", "--raw", "s3://acme/other", "--config", config, *pairs, "--name", "mine")
    run = only(published.runs)
    assert run["display_name"] == "mine"
    assert run["runtime_config"]["parameters"] == {
        "raw": "s3://acme/other",
        "data_root": "s3://acme/data",
        "shards": 8,
        "slicing_config": {"rule": {"min_clip_s": 2}},
        "listing_config": {"limits": {"wall_s": 60}},
    }


def test_with_values_the_run_brings_its_own_pipeline_and_nothing_is_uploaded(kfp, longtake, values_file):
    done = longtake("submit", "curate", "--values", values_file("lake: {raw: s3://mine/raw}"), "--json")
    document = only(kfp.runs)["pipeline_spec"]
    parameters = document["pipeline_spec"]["root"]["inputDefinitions"]["parameters"]
    assert parameters["raw"]["defaultValue"] == "s3://mine/raw"
    assert "kubernetes" in document["platform_spec"]["platforms"]
    assert not kfp.pipelines
    facts = json.loads(done.out)
    assert facts["run"] == only(kfp.runs)["run_id"]
    assert facts["state"] == "PENDING"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "sharts=3"), ("'sharts'", "did you mean 'shards'")),
        (("--set", "colour=red"), ("'colour'", "it knows captioning_config, data_root, dataset, listing_config, raw")),
        (("--set", "dataset=../x"), ("for example clips",)),
        (
            ("--set", "scoring_config={measuring: {text: false}}"),
            ("a threshold on text_share", "take the threshold away"),
        ),
        (("--set", "selecting_config={by: vtss}"), ("chooses by VTSS", "by: thresholds")),
        (("--set", "shards=four"), ("shards", "'four'", "a whole number")),
        (("--set", "shards=true"), ("shards", "True", "a whole number")),
        (("--set", "shards=0"), ("0 shards",)),
        (("--set", "slicing_config=3"), ("slicing_config", "names and values")),
        (("--set", "slicing_config={"), ("slicing_config", "no YAML")),
        (("--set", "slicing_config={rule: {min_clip: 1}}"), ("rule.min_clip", "'min_clip_s'")),
        (("--set", "listing_config={limits: {wall_s: -1}}"), ("limits.wall_s", "greater")),
        (("--set", "shards"), ("'shards'", "NAME=VALUE")),
        (("--set", "raw=s3://abc/d", "--raw", "s3://abc/e"), ("raw", "twice")),
        (("--raw", "footage"), ("raw", "'footage'", "s3://bucket/prefix")),
        (("--data-root", "s3://A/data"), ("bucket", "s3://")),
    ],
)
def test_a_wrong_parameter_is_one_line_exit_20_and_nothing_is_sent(published, longtake, arguments, words):
    changes = list(published.changes)
    done = longtake("submit", "curate", *arguments)
    assert done.code == 20
    for word in words:
        assert word in done.sentence
    assert published.changes == changes


def test_a_parameter_in_the_file_and_beside_it_is_refused(published, longtake, tmp_path):
    done = longtake("submit", "curate", "--config", file_with("shards: 2", tmp_path), "--set", "shards=3")
    assert done.code == 20
    assert "shards is given twice" in done.sentence


def test_with_values_parameters_are_checked_before_kubeflow_is_asked_anything(kfp, longtake, values_file):
    assert longtake("submit", "curate", "--values", values_file(), "--set", "sharts=3").code == 20
    assert kfp.requests == []


def test_a_pipeline_that_is_not_uploaded_is_a_sentence_that_says_how(kfp, longtake):
    done = longtake("submit", "curate")
    assert done.code == 20
    assert "longtake publish" in done.sentence
    assert "--values" in done.sentence


def test_a_port_forward_that_has_just_begun_is_waited_for(published, longtake):
    published.fail(503, path="healthz", times=5)  # one more than the client itself tries again
    assert longtake("submit", "curate").code == 0
    assert len(published.runs) == 1


def test_wait_follows_a_run_to_its_success(published, longtake):
    published.course = [("PENDING",), ("RUNNING",), ("RUNNING",), ("SUCCEEDED",)]
    done = longtake("submit", "curate", "--wait")
    assert done.code == 0
    assert [line.split()[1] for line in done.err.splitlines()] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert done.out.startswith("run ")


def test_wait_ends_with_1_and_says_why_a_run_failed(published, longtake):
    published.course = [("RUNNING",), ("FAILED", "no node\n has room")]
    done = longtake("submit", "curate", "--wait", "--json")
    assert done.code == 1
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["state"], line["error"]) for line in lines] == [("RUNNING", ""), ("FAILED", "no node has room")]


def test_wait_outlasts_a_port_forward_that_is_opened_again(published, longtake):
    published.course = [("RUNNING",), ("SUCCEEDED",)]
    published.fail(0, path="/runs/", times=20)
    assert longtake("submit", "curate", "--wait").code == 0


def test_wait_gives_up_on_a_kubeflow_that_stays_away_and_says_that_the_run_goes_on(published, longtake, monkeypatch):
    monkeypatch.setattr(runs, "SILENCE_S", 0.0)
    published.fail(0, path="/runs/", times=99)
    done = longtake("submit", "curate", "--wait")
    assert done.code == 30
    assert f"run {only(published.runs)['run_id']} itself goes on" in done.err


def test_ctrl_c_while_waiting_says_that_the_run_goes_on_and_how_to_stop_it(published, longtake, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs.time, "sleep", interrupt)
    done = longtake("submit", "curate", "--wait")
    run_id = only(published.runs)["run_id"]
    assert done.code == 130
    assert f"the run goes on; longtake stop {run_id[:8]} ends it" in done.err
    assert only(published.runs)["state"] == "PENDING"


def test_runs_are_listed_newest_first_within_100_columns(published, longtake):
    longtake("submit", "doctor", "--name", "a look at " + "everything " * 12)
    longtake("submit", "curate", "--name", "evil\x1b[2J\nname")
    published.end_run(next(iter(published.runs)), "SUCCEEDED")
    done = longtake("runs")
    header, newest, oldest = done.out.splitlines()
    assert header.split() == ["run", "name", "pipeline", "state", "created", "duration"]
    assert "evil?[2J?name" in newest
    assert newest.split()[2:4] == ["curate", "PENDING"]
    assert " doctor  " in oldest
    assert " SUCCEEDED  2026-03-01 02:00  0:00:0" in oldest
    assert max(map(len, done.out.splitlines())) <= 100


def test_runs_read_no_more_pages_than_they_show(published, longtake):
    for number in range(7):
        longtake("submit", "curate", "--name", f"n{number}")
    published.requests.clear()
    rows = json.loads(longtake("runs", "--limit", "3", "--json").out)
    assert [row["name"] for row in rows] == ["n6", "n5", "n4"]
    assert rows[0]["pipeline"] == "curate"
    assert len([path for _, path in published.requests if path.endswith("/runs")]) == 2  # of two runs each


def test_runs_of_one_pipeline_alone_and_none_that_is_archived(published, longtake):
    for number, pipeline in enumerate(["curate", "doctor", "curate", "curate"]):
        longtake("submit", pipeline, "--name", f"n{number}")
    list(published.runs.values())[3]["storage_state"] = "ARCHIVED"
    rows = json.loads(longtake("runs", "--pipeline", "curate", "--json").out)
    assert [row["name"] for row in rows] == ["n2", "n0"]


def test_stop_takes_the_beginning_of_an_id_and_says_that_what_is_done_is_kept(published, longtake):
    longtake("submit", "curate")
    run = only(published.runs)
    done = longtake("stop", run["run_id"][:8].upper())
    assert done.code == 0
    assert run["state"] == "CANCELING"
    assert "is kept" in done.out
    assert "longtake submit curate" in done.out
    assert longtake("stop", run["run_id"]).code == 0  # it is being stopped already


def test_a_finished_run_is_not_stopped(published, longtake):
    longtake("submit", "curate")
    published.end_run(only(published.runs)["run_id"], "FAILED")
    done = longtake("stop", only(published.runs)["run_id"])
    assert done.code == 20
    assert "is finished: FAILED" in done.sentence


def test_an_id_that_is_unknown_too_short_or_of_several_runs_is_a_sentence(published, longtake):
    for run_id in ("abcd1111", "abcd2222"):
        published.runs[run_id] = {"run_id": run_id, "display_name": run_id, "created_at": published.now()}
    for text, words in (
        ("ffff0000", "no run whose id begins with 'ffff0000'"),
        ("abc", "at least four"),
        ("abcd", "2 runs have an id that begins with 'abcd': abcd2222, abcd1111"),
    ):
        done = longtake("stop", text)
        assert done.code == 20
        assert words in done.sentence


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(401, 20, ("KFP_TOKEN",)), (403, 20, ("403", "your account")), (409, 20, ("told to fail",)), (500, 30, ("500",))],
)
def test_a_refusal_is_one_line_with_what_kubeflow_said(published, longtake, status, code, words):
    published.fail(status, method="POST", path="runs")
    done = longtake("submit", "curate")
    assert done.code == code
    for word in ("told to fail", *words):
        assert word in done.sentence


def test_a_token_of_the_user_is_shown_and_never_printed(no_kfp, longtake, monkeypatch):
    with KfpApi(token="s3cret") as kfp:
        arguments = ("runs", "--endpoint", kfp.endpoint)
        assert longtake(*arguments).code == 20
        for token, code in (("wr0ng", 20), ("s3cret", 0)):
            monkeypatch.setenv("KFP_TOKEN", token)
            done = longtake(*arguments)
            assert done.code == code
            assert token not in done.err


def test_a_mounted_token_is_read_again_when_it_was_renewed(no_kfp, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("first")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    with KfpApi(token="first") as kfp:
        kubeflow = connect(kfp.endpoint)
        assert list(kubeflow.runs()) == []
        kfp.token = "second"
        (tmp_path / "token").write_text("second\n")
        assert list(kubeflow.runs()) == []


def test_a_page_to_log_in_is_not_taken_for_kubeflow(kfp, longtake):
    kfp.login_page = True
    done = longtake("runs")
    assert done.code == 20
    assert "log in" in done.sentence


def test_a_kubeflow_with_many_users_wants_a_namespace(no_kfp, longtake):
    with KfpApi(multi_user=True) as kfp:
        done = longtake("runs", "--endpoint", kfp.endpoint)
        assert done.code == 20
        assert "--namespace" in done.sentence
        assert longtake("runs", "--endpoint", kfp.endpoint, "--namespace", "video").code == 0


def test_a_kubeflow_with_one_user_is_told_no_namespace(kfp, longtake):
    assert longtake("runs", "--namespace", "video").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "--endpoint or set KFP_ENDPOINT"), (("--endpoint", "localhost:8888"), "not written like http://localhost")],
)
def test_an_endpoint_that_is_missing_or_no_url_is_a_sentence(no_kfp, longtake, arguments, words):
    done = longtake("runs", *arguments)
    assert done.code == 20
    assert words in done.sentence


@pytest.mark.parametrize(
    ("endpoint", "ui", "page"),
    [
        ("http://localhost:8888", None, "#/runs/details/r1"),
        ("http://localhost:8080", None, "http://localhost:8080/#/runs/details/r1"),
        ("https://kf.example.com/pipeline", None, "https://kf.example.com/pipeline/#/runs/details/r1"),
        ("http://localhost:8888", "http://ui.example.com/", "http://ui.example.com/#/runs/details/r1"),
    ],
)
def test_the_page_of_a_run_is_in_the_ui_and_a_path_where_only_the_api_is_known(no_kfp, monkeypatch, endpoint, ui, page):
    if ui:
        monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", ui)
    assert Kubeflow(endpoint, "").page_of("r1") == page
