"""`longtake score`: what is printed of plain files, and what is in their records."""

import json

import pytest

pytest.importorskip("torch", reason="the network extra is not installed")

from click.testing import CliRunner

from longtake.cli import local
from longtake.files.scoring import ScoredFile, judge_file, score_files, show_scores
from longtake.records import METRICS
from longtake.selecting.config import Range, SelectingConfig
from longtake.selecting.thresholds import only
from tests.drawing import shot, write_video
from tests.rows import clip, score, video
from tests.scoring.tiny_checkpoint import draw_checkpoint


def scored(**fields):
    return score(clip(0, video(1)), **dict.fromkeys(METRICS, 1.0) | fields)


def test_a_record_has_vtss_and_its_reason(tmp_path):
    write_video(shot(1, 30), tmp_path / "clip.mp4")
    weights = str(draw_checkpoint(tmp_path / "tiny.safetensors"))
    (tmp_path / "scoring.yaml").write_text(
        json.dumps({"measuring": {"text": False, "suitability": {"weights": weights}}})
    )
    given = [str(tmp_path / "clip.mp4"), "--config", str(tmp_path / "scoring.yaml"), "--json"]
    ran = CliRunner().invoke(local.score, given)
    assert ran.exit_code == 0, ran.output
    (record,) = json.loads(ran.stdout)
    assert 1 < record["vtss"] < 5
    assert {"vtss_reason", "vtss_gain"} < set(record)


def test_without_a_network_there_is_no_vtss_and_the_thresholds_judge(tmp_path, capsys):
    write_video(shot(1, 30), tmp_path / "clip.mp4")
    found = score_files([tmp_path / "clip.mp4"], config={"measuring": {"text": False, "suitability": None}})
    show_scores(found)
    assert found[0].score.vtss is None
    assert "VTSS" not in capsys.readouterr().out


def test_vtss_is_printed_first_and_its_reason_in_words(tmp_path, capsys):
    row = scored(vtss=2.3, vtss_reason="noise", vtss_gain=0.31, noise=7.0)
    show_scores([ScoredFile(tmp_path / "clip.mp4", row)])
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.endswith("clip.mp4: VTSS 2.30, dropped, VTSS below 2.5")
    assert second.strip() == "noise 7 levels of 255 costs it most: VTSS would be 0.31 higher with a typical value"
    assert len(rest) == len(METRICS)


@pytest.mark.parametrize(
    ("vtss", "selecting", "said"),
    [
        (2.5, None, "kept, VTSS at least 2.5"),
        (3.0, SelectingConfig(by="vtss", vtss_min=3.5), "dropped, VTSS below 3.5"),
        (2.0, SelectingConfig(by="thresholds", thresholds=only()), "kept"),
        (3.0, SelectingConfig(by="both", thresholds=only(noise=Range(max=0.5))), "dropped, noise 1, at most 0.5"),
        (2.0, SelectingConfig(by="both", thresholds=only()), "dropped, VTSS below 2.5"),
        (None, None, "dropped, "),
    ],
)
def test_a_file_is_judged_as_selecting_would(vtss, selecting, said):
    assert judge_file(scored(vtss=vtss), selecting).startswith(said)
