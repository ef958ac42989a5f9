"""The whole loop under Kubeflow's local runner: footage comes in, a model is trained, and takes the other's place or does not."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from longtake.dit.trained import read_card
from longtake.lake import Lake
from longtake.records import Run, content_id, split_of
from longtake.stages import captioning, encoding, listing, news, promoting, scoring, selecting, slicing
from longtake.stages import training as training_stage
from longtake.stages.pointer import read_log
from tests.drawing import draw_film

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHARE = 0.5
CONFIG = {
    "slicing_config": {"rule": {"min_clip_s": 1.0}},
    "scoring_config": {"measuring": {"text": False}},
    "selecting_config": {
        "by": "thresholds", "thresholds": {"text_share": {}}, "fold_duplicates": False, "validation_share": SHARE,
    },
    "captioning_config": {"writing": {"measured": {"subject": False, "text": False}}},
    "encoding_config": {
        "encoding": {
            "windows": {"sizes": [{"frames": 5, "height": 32, "width": 32}]}, "linear": {"channels": 4},
            "text": {"encoder": "none"},
        }
    },
    "promoting_config": {"draws": 4, "sigmas": 0},
}  # fmt: skip
MODEL = {"depth": 1, "width_per_layer": 32, "head_width": 16, "frequency_width": 16}
HARDLY, WELL, BADLY = (
    {
        "model": MODEL, "objective": {"kind": "epsilon"}, "batch_tokens": 64, "images": 0.0, "ema": 0.0, "steps": steps, "lr": lr,
        "schedule": {"warmup_steps": 0}, "validation": {"samples": 8}, "films": {"count": 0},
    }
    for steps, lr in ((1, 1e-6), (40, 3e-3), (3, 0.3))
)  # fmt: skip
"""Of noise a few steps learn what holds for any film; of data, from three films, only what holds for them."""


class Site:
    """Footage in a folder, and a lake beside it that learns from it."""

    def __init__(self, folder):
        self.folder, self.raw, self.seed = folder, folder / "raw", 0
        self.lake = Lake(str(folder / "data"))

    def shoot(self, *sides):
        """A new film for each of these sides of the split."""
        for side in sides:
            while True:
                self.seed += 1
                film = draw_film(self.raw / f"{self.seed}.mp4", (self.seed, 40))
                if split_of(content_id(film), SHARE) == side:
                    break
                film.unlink()

    def begin(self, training):
        """The steps one after the other in this process, which loads torch but once; the URI of the first model."""
        places = {"raw": str(self.raw), "data_root": str(self.folder / "data"), "run": "first"}
        lake = {name: places[name] for name in ("data_root", "run")}
        sliced, scored = CONFIG["slicing_config"], CONFIG["scoring_config"]
        listing.run(**places)
        slicing.run(**places, config=sliced)
        scoring.run(**places, slicing_config=sliced, config=scored)
        made = selecting.run(**places, slicing_config=sliced, scoring_config=scored, config=CONFIG["selecting_config"])
        captioned = CONFIG["captioning_config"]
        captioning.run(**lake, dataset=made.dataset, config=captioned)
        encoded = encoding.run(
            **lake, dataset=made.dataset, captioning_config=captioned, config=CONFIG["encoding_config"]
        )
        trained = training_stage.run(**lake, samples=encoded.samples, config=training)
        promoting.run(**lake, samples=encoded.samples, model=trained.model)
        return trained.model

    def retrain(self, training):
        (self.folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | {"training_config": training}))
        done = subprocess.run(
            [
                sys.executable, "-m", "longtake", "run", "retrain", "--raw", str(self.raw), "--data-root", str(self.folder / "data"),
                "--config", str(self.folder / "config.yaml"), "--log", str(self.folder / "log"), "--json",
            ],
            capture_output=True, text=True, env=os.environ | {"LONGTAKE_WORKERS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_no_news_ends_early_good_news_is_promoted_no_new_sample_trains_nothing_and_a_worse_model_is_not(site):
    site.shoot("train", "train", "validation")
    first = site.begin(HARDLY)

    none = site.retrain(WELL)
    assert none["news"] == {"new": 0, "enough": False}
    assert {step["stage"] for step in none["steps"]} == {"listing", "news"}
    assert (none["model"], none["decision"], none["dataset"]) == (None, None, None)

    site.shoot("train", "validation")
    good = site.retrain(WELL)
    assert good["news"] == {"new": 2, "enough": True}
    assert good["decision"]["decision"] == "promoted", good["decision"]
    assert good["decision"]["in_use"] == good["model"] != first
    assert "below the" in good["decision"]["why"]

    draw_film(site.raw / "short.mp4", (1000, 10))
    same = site.retrain(WELL)
    assert same["news"] == {"new": 1, "enough": True}
    assert same["model"] == same["decision"]["in_use"] == good["model"]
    assert "it is in use already, and these are the samples" in same["decision"]["why"]
    assert len(site.lake.tables.read(Run)) == 2  # nothing was trained

    site.shoot("train")
    bad = site.retrain(BADLY)
    assert bad["decision"]["decision"] == "refused", bad["decision"]
    assert bad["decision"]["in_use"] == good["model"] != bad["model"]
    assert "above the" in bad["decision"]["why"]
    asked = news.run(raw=str(site.raw), data_root=site.lake.data_root)
    assert (asked.news, asked.model) == (False, good["model"])  # a refusal counts: not again each night

    log = read_log(site.lake, "dit")
    assert [(entry.decision, entry.model, entry.by) for entry in log] == [
        ("promoted", first, "first"), ("promoted", good["model"], good["run"]), ("refused", good["model"], same["run"]),
        ("refused", good["model"], bad["run"]),
    ]  # fmt: skip
    assert log[1].loss < log[1].previous_loss == pytest.approx(log[0].loss, rel=0.5)
    assert log[3].previous_loss < log[3].loss
    assert len({entry.basis for entry in log}) == 1  # each on the basis of the first
    assert {run.checkpoint for run in site.lake.tables.read(Run)} == {first, good["model"], bad["model"]}
    card = read_card(log[1].model.removeprefix("file://"))
    assert card.sample_set["name"] == log[1].samples != log[0].samples
