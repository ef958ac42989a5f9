import json

import pytest
import yaml

from longtake.config import load_config
from longtake.lake import Lake
from longtake.selecting.config import SelectingConfig
from tests.datasets.lakes import fill
from tests.test_cli import fails, longtake


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    fill(lake, dropped={1: "clarity"}, films=True)
    fill(lake, dropped={2: "motion"}, name="other-0000bbbb", made_at="2026-02-01T00:00:00+00:00")
    return lake.data_root


def test_ls_and_card_and_diff_and_trace_print_json_alone(root, tmp_path):
    listed = longtake("dataset", "ls", "--data-root", root, "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in listed] == ["clips-0000aaaa", "other-0000bbbb"]
    page = tmp_path / "card.html"
    card = longtake("dataset", "card", "clips", "--data-root", root, "--json", "--html", page)
    assert json.loads(card.stdout)["clips"] == 23
    assert page.read_text().startswith("<!doctype html>")
    diff = json.loads(longtake("dataset", "diff", "clips", "other", "--data-root", root, "--json").stdout)
    assert (diff["lost"]["reasons"], diff["gained"]["reasons"]) == ({"motion": 1}, {"clarity": 1})
    trace = longtake("trace", "0" * 30 + "02", "--data-root", root, "--json")
    assert [use["kept"] for use in json.loads(trace.stdout)["datasets"]] == [True, False]


def test_people_read_the_same_in_words(root):
    for words, verb in (
        (("clips-0000aaaa", "other-0000bbbb", "23 clips"), ("ls",)),
        (("Koala-36M", "clarity", "13.75 s", "validation"), ("card", "clips")),
        (("22 clips in both", "dropped for motion"), ("diff", "clips", "other")),
    ):
        done = longtake("dataset", *verb, "--data-root", root)
        assert done.returncode == 0
        assert not [word for word in words if word not in done.stdout]
    done = longtake("trace", "0" * 30 + "02", "--data-root", root)
    assert "dropped" in done.stdout
    assert "s3://raw/0.mp4" in done.stdout


def test_an_export_says_what_it_wrote_and_the_exit_code_what_it_could_not(root, tmp_path):
    csv = longtake("dataset", "export", "clips", "--data-root", root, "--csv", tmp_path / "out.csv")
    assert csv.stdout == f"{tmp_path}/out.csv: 23 rows of clips-0000aaaa\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    done = longtake("dataset", "export", "clips", "--data-root", root, "--webdataset", tmp_path / "wds", "--json")
    assert done.returncode == 0
    assert sum(len(shard["clips"]) for shard in json.loads(done.stdout)["shards"]) == 23


def test_tuned_thresholds_are_a_config_for_selecting(root):
    done = longtake("dataset", "tune", "--data-root", root, "--keep", "0.5", "--by", "thresholds")
    config = yaml.safe_load(done.stdout)["selecting_config"]
    assert load_config(SelectingConfig, config, where="").by == "thresholds"
    thresholds = config["thresholds"]
    assert {name for name, sides in thresholds.items() if sides} == {"motion", "clarity"}
    assert thresholds["text_share"] == {}  # nobody measured it: its default is taken away
    assert "of the 24 clips" in done.stderr


def test_where_all_clips_have_vtss_its_threshold_is_tuned(root):
    done = longtake("dataset", "tune", "--data-root", root)
    config = yaml.safe_load(done.stdout)["selecting_config"]
    assert load_config(SelectingConfig, config, where="").vtss_min == 2.6
    assert "keeps 100.0% of the 24 clips" in done.stderr
    assert "Without vtss_min it would be 2.5, the paper's" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dataset", "card", "clip"), ("did you mean clips",)),
        (("dataset", "export", "clips"), ("--csv", "--webdataset")),
        (("dataset", "export", "clips", "--webdataset", "x", "--shard-clips", "0"), ("at least 1",)),
        (("dataset", "tune", "--keep", "3"), ("3.0",)),
        (("dataset", "tune", "--made-by", "nobody"), ("nobody",)),
        (("dataset", "import", "absent.csv", "--raw", ".", "--family", "a"), ("absent.csv",)),
        (("dataset", "import", "absent.csv", "--raw", ".", "--family", "A b"), ("lower-case",)),
        (("trace", "ffffff"), ("no clip's id",)),
    ],
)
def test_a_mistake_is_one_line_and_exit_20(root, arguments, words, tmp_path):
    fails(longtake(*arguments, "--data-root", root, cwd=tmp_path), 20, *words)


def test_help_fits_80_columns_and_no_summary_is_cut_off():
    done = longtake("dataset", "--help", COLUMNS="80")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert not [line for line in done.stdout.partition("Commands:\n")[2].splitlines() if line.endswith("...")]
