"""`longtake publish` and `unpublish`, against a Kubeflow that checks every request."""

import pytest

from longtake.errors import TransientError, UserError
from pipelines.catalog import CATALOG
from pipelines.kubeflow.api import connect
from pipelines.kubeflow.publishing import publish, unpublish
from tests.pipelines.kfp_api import KfpApi

pytestmark = pytest.mark.usefixtures("patient")

NIGHTLY = 'schedules: {curate-nightly: {pipeline: curate, cron: "0 0 2 * * *", enabled: true}}\n'
LATER = (
    'schedules: {curate-nightly: {pipeline: curate, cron: "0 30 3 * * *", enabled: true, parameters: {shards: 2}}, '
    'weekly: {pipeline: curate, cron: "0 0 1 * * 0"}}\nlake: {raw: s3://other/raw}\n'
)


def schedules_of(kfp):
    """What is kept of each schedule: name -> (cron, awake, parameters, name of the version), one or more."""
    found = {}
    for run in kfp.recurring_runs.values():
        version = kfp.versions[run["pipeline_version_reference"]["pipeline_version_id"]]["name"]
        parameters = run.get("runtime_config", {}).get("parameters", {})
        row = (run["trigger"]["cron_schedule"]["cron"], run["mode"] == "ENABLE", parameters, version)
        found.setdefault(run["display_name"], []).append(row)
    return found


def test_publish_uploads_every_pipeline_with_the_values_as_its_defaults(kfp, longtake, values_file):
    done = longtake("publish", "--values", values_file(f"lake: {{raw: s3://acme/raw}}\n{NIGHTLY}"))
    assert done.code == 0
    assert {pipeline["name"] for pipeline in kfp.pipelines.values()} == set(CATALOG)
    spec = kfp.newest_version("curate")["pipeline_spec"]["pipeline_spec"]
    assert spec["root"]["inputDefinitions"]["parameters"]["raw"]["defaultValue"] == "s3://acme/raw"
    version = kfp.newest_version("curate")["name"]
    assert schedules_of(kfp) == {"curate-nightly": [("0 0 2 * * *", True, {}, version)]}
    (schedule,) = kfp.recurring_runs.values()
    assert schedule["service_account"] == "longtake"
    assert kfp.experiments[schedule["experiment_id"]]["display_name"] == "longtake"
    assert f"pipeline curate: version {version} uploaded\n" in done.out
    assert "schedule curate-nightly: made (curate at 0 0 2 * * *)\n" in done.out
    assert done.err == ""


def test_publishing_the_same_again_changes_nothing(kfp, upgrade):
    upgrade(NIGHTLY)
    before = list(kfp.changes)
    said = upgrade(NIGHTLY)
    assert kfp.changes == before
    assert "unchanged" in said
    assert "(0 uploaded)" in said
    assert "(0 changed)" in said


def test_other_values_make_a_new_version_and_the_schedules_move_to_it(kfp, upgrade):
    upgrade(NIGHTLY)
    first = kfp.newest_version("curate")["name"]
    said = upgrade(LATER)
    second = kfp.newest_version("curate")["name"]
    assert first != second
    assert schedules_of(kfp) == {
        "curate-nightly": [("0 30 3 * * *", True, {"shards": 2}, second)],
        "weekly": [("0 0 1 * * 0", True, {}, second)],
    }
    assert "schedule curate-nightly: replaced" in said


def test_after_a_roll_back_kubeflow_offers_the_older_content_again(kfp, upgrade):
    upgrade(NIGHTLY)
    first = kfp.newest_version("curate")
    upgrade(LATER)
    upgrade(NIGHTLY)
    newest = kfp.newest_version("curate")
    assert newest["pipeline_spec"] == first["pipeline_spec"]
    assert newest["name"] == f"{first['name']}-2"
    assert schedules_of(kfp) == {"curate-nightly": [("0 0 2 * * *", True, {}, newest["name"])]}
    changes = list(kfp.changes)
    upgrade(NIGHTLY)
    assert kfp.changes == changes
    upgrade(LATER)
    del kfp.versions[first["pipeline_version_id"]]
    upgrade(NIGHTLY)
    assert kfp.newest_version("curate")["name"] == f"{first['name']}-3"


def test_another_service_account_alone_moves_versions_and_schedules(kfp, upgrade):
    upgrade(NIGHTLY)
    upgrade(f"serviceAccount: {{name: other}}\n{NIGHTLY}")
    (schedule,) = kfp.recurring_runs.values()
    assert schedule["service_account"] == "other"
    assert "other" in kfp.newest_version("curate")["description"]


def test_an_experiment_is_found_again_whatever_its_name_is(kfp, upgrade):
    for _ in range(2):
        upgrade(f"kfp: {{experiment: 'films + 100% %2B'}}\n{NIGHTLY}")
    assert [experiment["display_name"] for experiment in kfp.experiments.values()] == ["films + 100% %2B"]


def test_a_schedule_that_the_values_no_longer_have_goes_and_those_of_people_stay(kfp, longtake, upgrade):
    upgrade(LATER)
    longtake("schedule", "set", "curate", "--cron", "0 0 5 * * *", "--name", "mine")
    said = upgrade(NIGHTLY)
    assert set(schedules_of(kfp)) == {"curate-nightly", "mine"}
    assert "schedule weekly: deleted, the values have it no longer" in said


def test_a_person_s_schedule_that_the_values_come_to_name_is_taken_over(kfp, longtake, upgrade):
    upgrade(NIGHTLY)
    longtake("schedule", "set", "curate", "--cron", "0 0 5 * * *", "--name", "weekly")
    upgrade(LATER)
    assert [row[0] for row in schedules_of(kfp)["weekly"]] == ["0 0 1 * * 0"]


def test_a_schedule_paused_in_the_ui_is_woken_as_the_values_say(kfp, upgrade):
    upgrade(NIGHTLY)
    (schedule,) = kfp.recurring_runs.values()
    schedule["mode"] = "DISABLE"
    said = upgrade(NIGHTLY)
    assert "curate-nightly: resumed" in said
    assert schedules_of(kfp)["curate-nightly"][0][1]


def test_someone_else_s_pipeline_of_that_name_stops_it_before_anything_is_changed(kfp, longtake, upgrade, values_file):
    other = kfp.keep(kfp.pipelines, "pipeline_id", {"name": "curate", "description": "A team's own."})
    with pytest.raises(UserError, match="'curate' that longtake publish did not make"):
        upgrade(NIGHTLY)
    assert kfp.changes == []
    longtake("unpublish", "--values", values_file(NIGHTLY))
    assert other in kfp.pipelines.values()


def test_someone_else_s_schedule_of_that_name_is_left_alone(kfp, longtake, values_file, upgrade):
    upgrade(NIGHTLY)
    (ours,) = kfp.recurring_runs.values()
    other = kfp.keep(kfp.recurring_runs, "recurring_run_id", ours | {"description": "By hand.", "mode": "DISABLE"})
    upgrade(LATER)
    assert other in kfp.recurring_runs.values()
    done = longtake("unpublish", "--values", values_file(LATER))
    assert list(kfp.recurring_runs.values()) == [other]
    assert "schedule curate-nightly: left, since longtake did not make it" in done.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('schedules: {x: {pipeline: curate, cron: "0 99 2 * * *"}}', ("schedules.x", "minute '99'")),
        ('schedules: {x: {pipeline: curate, cron: "0 2 * * *"}}', ("schedules.x",)),
        ('schedules: {x: {pipeline: curate, cron: "0 0 2 * * *", parameters: {shard: 2}}}', ("schedules.x", "did you mean 'shards'")),
        ('schedules: {x: {pipeline: curate, cron: "0 0 2 * * *", parameters: {shards: two}}}', ("schedules.x", "valid integer")),
        ("schedules: {x: {pipeline: curate, cron: '0 0 2 * * *', parameters: {slicing_config: {rule: {min_clip: 1}}}}}",
         ("schedules.x", "min_clip_s")),
        ("engine: argo", ("engine", "kfp")),
    ],
)  # fmt: skip
def test_wrong_values_are_a_sentence_before_kubeflow_is_asked_anything(kfp, longtake, values_file, text, words):
    done = longtake("publish", "--values", values_file(text))
    assert done.code == 20
    for word in words:
        assert word in done.sentence
    assert kfp.requests == []


def test_a_kubeflow_that_is_not_up_yet_is_waited_for(kfp):
    kfp.fail(503, path="healthz", times=9)
    connect(kfp.endpoint, wait_s=60)
    kfp.fail(503, path="healthz", times=9)
    with pytest.raises(TransientError):
        connect(kfp.endpoint)


@pytest.mark.parametrize("verb", ["publish", "unpublish"])
def test_a_kubeflow_that_stays_away_is_one_line_exit_30(no_kfp, longtake, values_file, verb):
    with KfpApi() as gone:
        endpoint = gone.endpoint
    done = longtake(verb, "--values", values_file(f"kfp: {{endpoint: '{endpoint}'}}"), "--wait-s", 3)
    assert done.code == 30
    assert endpoint in done.sentence
    assert "port-forward" in done.sentence


def test_a_passing_503_is_not_seen(kfp, upgrade):
    for path in ("names/curate", "recurringruns", "experiments"):
        kfp.fail(503, method="GET", path=path)
    assert "published" in upgrade(NIGHTLY)


def test_a_deletion_whose_answer_was_lost_is_not_an_error_when_it_is_tried_again(kfp, upgrade):
    upgrade(NIGHTLY)
    kfp.fail(503, method="DELETE", path="recurringruns", done=True)
    assert "curate-nightly: replaced" in upgrade(LATER)
    assert len(schedules_of(kfp)["curate-nightly"]) == 1


def test_in_a_profile_all_is_made_in_its_namespace_with_a_token(no_kfp, longtake, values_file, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("of-the-pod\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("LONGTAKE_NAMESPACE", "video-team")
    with KfpApi(multi_user=True, token="of-the-pod") as kfp:
        file = values_file(f"kfp: {{multiUser: true, endpoint: '{kfp.endpoint}'}}\n{NIGHTLY}")
        assert longtake("publish", "--values", file).code == 0
        made = [*kfp.pipelines.values(), *kfp.experiments.values(), *kfp.recurring_runs.values()]
        assert {one["namespace"] for one in made} == {"video-team"}
        assert longtake("unpublish", "--values", file).code == 0
        assert not kfp.pipelines


def test_unpublish_leaves_nothing_that_goes_on_and_keeps_history(kfp, longtake, values_file, upgrade):
    file = values_file(LATER)
    upgrade(LATER)
    longtake("schedule", "set", "curate", "--cron", "0 0 5 * * *", "--name", "mine")
    longtake("submit", "curate", "--name", "finished")
    kfp.end_run(next(iter(kfp.runs)), "SUCCEEDED")
    longtake("submit", "curate", "--name", "under-way")
    longtake("submit", "curate", "--name", "brought-along", "--values", file)
    theirs = kfp.keep(kfp.pipelines, "pipeline_id", {"name": "theirs", "description": ""})
    filed = kfp.keep(kfp.experiments, "experiment_id", {"display_name": "theirs"})
    their_run = {"display_name": "curate", "experiment_id": filed["experiment_id"], "state": "RUNNING",
                 "pipeline_version_reference": {"pipeline_id": theirs["pipeline_id"]}}  # fmt: skip
    kfp.keep(kfp.runs, "run_id", their_run)
    same_name = {"display_name": "same-name", "pipeline_spec": {"pipelineInfo": {"name": "curate"}}}
    kfp.keep(kfp.runs, "run_id", {"experiment_id": filed["experiment_id"], "state": "RUNNING"} | same_name)
    done = longtake("unpublish", "--values", file)
    assert done.code == 0
    assert list(kfp.pipelines.values()) == [theirs]
    assert not kfp.versions
    assert not kfp.recurring_runs
    states = [(run["display_name"], run["state"]) for run in kfp.runs.values()]
    assert states == [
        ("finished", "SUCCEEDED"), ("under-way", "CANCELING"), ("brought-along", "CANCELING"), ("curate", "RUNNING"),
        ("same-name", "RUNNING"),
    ]  # fmt: skip
    assert {experiment["display_name"] for experiment in kfp.experiments.values()} == {"longtake", "theirs"}


def test_a_run_that_ends_just_before_it_is_stopped_does_not_keep_unpublish_from_its_end(
    kfp, longtake, upgrade, values_file
):
    upgrade(NIGHTLY)
    longtake("submit", "curate")
    kfp.fail(400, path=":terminate")
    kfp.course = [("SUCCEEDED",)]
    assert longtake("unpublish", "--values", values_file(NIGHTLY)).code == 0
    assert not kfp.pipelines


def test_unpublish_takes_an_experiment_along_in_which_nothing_ever_ran(kfp, longtake, values_file, upgrade):
    upgrade(NIGHTLY)
    longtake("unpublish", "--values", values_file(NIGHTLY))
    assert not kfp.experiments


def test_unpublish_where_nothing_is_does_nothing(kfp, longtake, values_file):
    assert longtake("unpublish", "--values", values_file()).code == 0
    assert kfp.changes == []


def upgraded(packed, *, cut=None, done=False):
    """The schedules and newest versions after an upgrade; `cut` is the change at which the first try is cut off."""
    old, new = packed(NIGHTLY), packed(LATER)
    with KfpApi() as kfp:
        list(publish(connect(kfp.endpoint), *old))
        begun = len(kfp.changes)
        if cut is not None:
            kfp.fail(0, method="POST|DELETE", after=cut, done=done, times=99)
            with pytest.raises(TransientError):
                list(publish(connect(kfp.endpoint), *new))
            kfp.faults.clear()
            assert "curate-nightly" in schedules_of(kfp)
        list(publish(connect(kfp.endpoint), *new))
        assert not [refusal for refusal in kfp.refusals if refusal[0] != 404]
        versions = {pipeline: kfp.newest_version(pipeline)["name"] for pipeline in CATALOG}
        return schedules_of(kfp), versions, len(kfp.changes) - begun


@pytest.mark.parametrize("done", [True, False])
def test_cut_off_at_any_change_the_next_publish_ends_as_if_undisturbed(packed, no_kfp, done):
    schedules, versions, changes = upgraded(packed)
    assert changes >= 6
    for cut in range(changes):
        assert upgraded(packed, cut=cut, done=done)[:2] == (schedules, versions), f"change {cut}"


@pytest.mark.parametrize("done", [True, False])
def test_cut_off_at_any_change_the_next_unpublish_leaves_nothing(packed, no_kfp, done):
    values, packages = packed(LATER)
    for cut in range(7):
        with KfpApi() as kfp:
            list(publish(connect(kfp.endpoint), values, packages))
            kfp.fail(0, method="POST|DELETE", after=cut, done=done, times=99)
            with pytest.raises(TransientError):
                list(unpublish(connect(kfp.endpoint), values))
            kfp.faults.clear()
            list(unpublish(connect(kfp.endpoint), values))
            left = [kfp.pipelines, kfp.versions, kfp.recurring_runs, kfp.experiments]
            assert left == [{}, {}, {}, {}], f"change {cut}"


def test_a_release_where_no_run_will_ever_be_is_refused(longtake, kfp, values_file, monkeypatch):
    monkeypatch.setenv("LONGTAKE_NAMESPACE", "elsewhere")
    done = longtake("publish", "--values", values_file(""))
    assert done.code == 20
    assert "install it with -n kubeflow, or set kfp.multiUser" in done.sentence
    assert not kfp.pipelines
    monkeypatch.setenv("LONGTAKE_NAMESPACE", "kubeflow")
    assert longtake("publish", "--values", values_file("")).code == 0
