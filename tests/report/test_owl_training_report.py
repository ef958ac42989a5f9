import pytest

from longtake.dit.step_record import Curve, StepRecord, Validated, curve_of
from longtake.records import Run
from longtake.report.owl_training import OwlSheet, left_out_sheet, owl_sheet


def record(step, **fields):
    plain = {
        "step": step, "loss": 3.0 / step, "norm": 1.0, "lr": 1e-3, "samples": 2, "tokens": 100, "flops": 1e6, "seconds": 0.1,
        "waited_s": 0.01, "micro_batch": 2, "parts": {"film": 2.0 / step, "dynamics": 1.0 / step},
    }  # fmt: skip
    return StepRecord(**plain | fields)


def sheet(curve, **fields):
    row = Run(
        run_id="r", bucket=0, dataset="vript", params=1000, tokens=300, flops=3e6, batch_tokens=100, lr=1e-3, steps=3, seconds=0.3,
        loss=0.5, train_loss=1.0, loss_floor=None, checkpoint="m", config="{}", reason=None, detail=None, made_by="m",
    )  # fmt: skip
    plain = {
        "facts": {"begun": "now"}, "row": row, "curve": curve, "stage": "world", "stories": 1234, "left_out": {}, "started_from": "",
    }  # fmt: skip
    return owl_sheet(OwlSheet(**plain | fields))


def test_each_part_of_the_loss_has_a_chart_and_what_gave_no_story_is_counted():
    curve = curve_of([record(1), record(2, skipped="spike"), record(3, validated=Validated(loss=0.5, by_time=(0.5,)))])
    page = sheet(curve, left_out={"no_caption": 17}, started_from="owl-<b>.safetensors")
    assert "film by step" in page
    assert "dynamics by step" in page
    assert "alignment by step" not in page
    assert "1,234" in page
    assert "no_caption" in page
    assert "owl-&lt;b&gt;.safetensors" in page
    assert "many times as long" in page
    assert "Nothing was held out" not in page


def test_where_nothing_was_held_out_the_page_says_what_to_do():
    page = sheet(curve_of([record(1)]), stories=None)
    assert "Nothing was held out, so there is no validation loss: say training" in page
    assert "<b>drawn</b>stories" in page


def test_a_stage_that_is_left_out_says_what_follows():
    assert "what follows goes on from m.safetensors" in left_out_sheet("alignment", "m.safetensors", {"begun": "now"})
    assert "what follows begins from nothing" in left_out_sheet("alignment", "", {"begun": "now"})


def test_parts_of_the_loss_are_means_where_steps_are_taken_together():
    curve = Curve(stride=2)
    for each in (record(1), record(2), record(3, skipped="spike"), record(4)):
        curve.add(each)
    assert [point.parts for point in curve.points] == [
        {"dynamics": pytest.approx(0.75), "film": pytest.approx(1.5)},
        {"dynamics": pytest.approx(0.25), "film": pytest.approx(0.5)},
    ]
    again = Curve.from_json(curve.to_json())
    assert again == curve
    plain = curve_of([record(1, parts={})])
    assert "parts" not in plain.to_json()["points"]
    assert Curve.from_json(plain.to_json()) == plain
