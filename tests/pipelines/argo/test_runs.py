"""What Argo runs is `longtake step`, in the order and with the parameters that its templates say."""

import json

import pytest

from longtake.datasets.stored import list_datasets
from longtake.lake import Lake
from longtake.records import Clip
from pipelines.argo.workflows import workflow_template
from pipelines.catalog import SWEEP_ROUNDS
from pipelines.cluster.values import Values
from tests.drawing import draw_film
from tests.pipelines.argo.simulated import Workflow


@pytest.mark.slow
def test_a_run_lists_slices_and_scores_every_shard_selects_captions_and_sums_up_whatever_its_parameters_are_called(
    tmp_path,
):
    raw = tmp_path / """raw "of" $(exit 7) 'mine'; {x}"""
    for seed in (1, 2):
        draw_film(raw / f"{seed}.mp4", (seed, 40))
    (raw / "broken.mp4").write_bytes(b"nothing" * 100)
    data_root = str(tmp_path / "data")
    config = json.dumps({"rule": {"min_clip_s": 1.0}})
    run = Workflow(
        workflow_template("curate", Values()),
        tmp_path,
        raw=str(raw),
        data_root=data_root,
        shards="2",
        slicing_config=config,
        scoring_config='{"measuring": {"text": false}}',
        selecting_config='{"by": "thresholds", "thresholds": {"text_share": {}}}',
        captioning_config='{"writing": {"measured": {"subject": false, "text": false}}}',
    )
    assert [pod["done"].returncode for pod in run.pods] == [0] * 8, [pod["done"].stderr for pod in run.pods]
    assert [
        tuple(pod["metadata"]["labels"][f"longtake.io/{key}"] for key in ("stage", "shard", "run")) for pod in run.pods
    ] == [
        ("listing", "1of1", "longtake-curate-x7"),
        ("slicing", "1of2", "longtake-curate-x7"),
        ("scoring", "1of2", "longtake-curate-x7"),
        ("slicing", "2of2", "longtake-curate-x7"),
        ("scoring", "2of2", "longtake-curate-x7"),
        ("selecting", "1of1", "longtake-curate-x7"),
        ("captioning", "1of1", "longtake-curate-x7"),
        ("summary", "1of1", "longtake-curate-x7"),
    ]
    assert len([row for row in Lake(data_root).tables.read(Clip) if row.uri]) == 2
    text = Lake(data_root).objects.read("reports/longtake-curate-x7/summary.md").decode()
    assert text.startswith("# curate: done")
    (dataset,) = list_datasets(Lake(data_root))
    assert sum(dataset.counts.values()) == 2
    assert text.strip() in run.pods[-1]["done"].stdout


def test_a_run_that_fails_says_why_in_its_summary(tmp_path):
    draw_film(tmp_path / "raw" / "film.mp4", (1, 30))
    places = {"raw": str(tmp_path / "raw"), "data_root": str(tmp_path / "data")}
    run = Workflow(workflow_template("curate", Values()), tmp_path, **places, slicing_config='{"rule": {"sigma": 3}}')
    assert [pod["done"].returncode for pod in run.pods] == [0, 20, 0]
    said = run.pods[-1]["done"].stdout
    assert "# curate: failed" in said
    assert "The cluster says: slicing: Error (exit code 20)" in said


class Planned(Workflow):
    """A run whose pods do nothing; the plans give out these parts, one after the other, and then none."""

    def __init__(self, template, folder, plans, **parameters):
        self.plans = iter(plans)
        super().__init__(template, folder, **parameters)

    def run_pod(self, name, inputs):
        self.pods.append((name, inputs.get("cells", "")))
        return {"parts": json.dumps(next(self.plans, []))} if name == "scaling-plan" else {"name": "laws"}


def test_a_sweep_is_planned_anew_after_each_round_and_rounds_without_a_part_train_nothing(tmp_path):
    one, two, three = (f"sweeps/clips-1a2b3c4d/{number}.json" for number in "abc")
    run = Planned(workflow_template("scale", Values()), tmp_path, [[one, two], [three]])
    assert run.pods == [
        ("scaling-plan", ""),
        ("scaling-sweep", one),
        ("scaling-sweep", two),
        ("scaling-plan", ""),
        ("scaling-sweep", three),
        *[("scaling-plan", "")] * (SWEEP_ROUNDS - 2),
        ("scaling-fit", ""),
        ("summary", ""),
    ]
