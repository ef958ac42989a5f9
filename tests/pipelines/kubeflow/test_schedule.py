"""`longtake schedule`, against a Kubeflow that checks every request."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("patient")
NIGHT = ("--cron", "0 0 2 * * *")


@pytest.fixture
def published(kfp, upgrade):
    """The stand-in with the pipelines and the schedule of a cluster."""
    upgrade('schedules: {curate-nightly: {pipeline: curate, cron: "0 0 1 * * *", enabled: true}}')
    return kfp


def named(kfp, name):
    return [run for run in kfp.recurring_runs.values() if run["display_name"] == name]


def test_a_schedule_runs_the_newest_version_one_at_a_time_without_catching_up(published, longtake):
    done = longtake("schedule", "set", "curate", *NIGHT, "--set", "shards=3", "--name", "mine")
    (made,) = named(published, "mine")
    version = published.newest_version("curate")
    assert done.out == f"schedule mine: made (curate at 0 0 2 * * *, version {version['name']})\n"
    assert made["pipeline_version_reference"]["pipeline_version_id"] == version["pipeline_version_id"]
    assert (made["max_concurrency"], made["no_catchup"], made["mode"]) == ("1", True, "ENABLE")
    assert made["runtime_config"]["parameters"] == {"shards": 3}


def test_the_same_schedule_twice_leaves_one_and_says_unchanged(published, longtake):
    longtake("schedule", "set", "curate", *NIGHT)
    changes = list(published.changes)
    assert "schedule curate: unchanged" in longtake("schedule", "set", "curate", *NIGHT).out
    assert published.changes == changes


@pytest.mark.parametrize(
    "other", [("--cron", "0 0 3 * * *"), (*NIGHT, "--set", "shards=2"), (*NIGHT, "--service-account", "x")]
)
def test_a_changed_schedule_takes_the_place_of_the_old_one(published, longtake, other):
    longtake("schedule", "set", "curate", *NIGHT)
    assert "schedule curate: replaced" in longtake("schedule", "set", "curate", *other).out
    assert len(named(published, "curate")) == 1
    assert named(published, "curate")[0]["mode"] == "ENABLE"


def test_five_fields_are_refused_with_the_six_to_give(published, longtake):
    done = longtake("schedule", "set", "curate", "--cron", "0 2 * * *")
    assert done.code == 20
    assert "give six fields, seconds first: 0 0 2 * * *" in done.sentence
    assert named(published, "curate") == []


def test_a_schedule_can_be_made_paused_resumed_paused_and_deleted(published, longtake):
    longtake("schedule", "set", "curate", *NIGHT, "--disable")
    assert named(published, "curate")[0]["mode"] == "DISABLE"
    assert longtake("schedule", "resume", "curate").out == "schedule curate: resumed\n"
    assert named(published, "curate")[0]["mode"] == "ENABLE"
    assert longtake("schedule", "pause", "curate").out == "schedule curate: paused\n"
    assert named(published, "curate")[0]["mode"] == "DISABLE"
    assert longtake("schedule", "rm", "curate").out == "schedule curate: deleted\n"
    assert named(published, "curate") == []


def test_the_chart_s_schedule_is_paused_until_its_upgrade_but_not_changed(published, longtake):
    done = longtake("schedule", "set", "curate", *NIGHT, "--name", "curate-nightly")
    assert done.code == 20
    assert "schedules.curate-nightly in its values" in done.sentence
    assert "next upgrade" in longtake("schedule", "pause", "curate-nightly").out
    assert named(published, "curate-nightly")[0]["mode"] == "DISABLE"


def test_someone_else_s_schedule_is_shown_and_not_touched(published, longtake):
    (chart_s,) = published.recurring_runs.values()
    trigger = {"periodic_schedule": {"interval_second": "60"}}
    theirs = chart_s | {"display_name": "theirs", "description": "", "trigger": trigger}
    published.keep(published.recurring_runs, "recurring_run_id", theirs)
    rows = {row["name"]: row for row in json.loads(longtake("schedule", "ls", "--json").out)}
    assert (rows["curate-nightly"]["made_by"], rows["theirs"]["made_by"]) == ("the chart", "others")
    assert rows["theirs"]["cron"] == "every 60 s"
    for verb in ("pause", "resume", "rm"):
        done = longtake("schedule", verb, "theirs")
        assert done.code == 20
        assert "was not made by longtake" in done.sentence
    assert named(published, "theirs")


def test_a_name_that_is_unknown_is_told_those_that_are_known(published, longtake):
    done = longtake("schedule", "rm", "nightly")
    assert done.code == 20
    assert "longtake made curate-nightly" in done.sentence


def test_what_a_cut_off_left_twice_is_put_right_and_never_both_awake(published, longtake):
    longtake("schedule", "set", "curate", *NIGHT)
    published.fail(0, method="DELETE", times=9)
    assert longtake("schedule", "set", "curate", "--cron", "0 0 3 * * *").code == 30
    assert [run["mode"] for run in named(published, "curate")] == ["ENABLE", "DISABLE"]
    assert longtake("schedule", "resume", "curate").code == 20
    published.faults.clear()
    assert "put right" in longtake("schedule", "set", "curate", "--cron", "0 0 3 * * *").out
    (kept,) = named(published, "curate")
    assert (kept["mode"], kept["trigger"]["cron_schedule"]["cron"]) == ("ENABLE", "0 0 3 * * *")


def test_the_table_of_schedules_fits_100_columns(published, longtake):
    longtake("schedule", "set", "curate", *NIGHT, "--name", "a-name-that-goes-on-" * 6)
    header, *rows = longtake("schedule", "ls").out.splitlines()
    assert header.split() == ["name", "pipeline", "cron", "state", "made_by"]
    assert len(rows) == 2
    assert max(map(len, rows)) <= 100
