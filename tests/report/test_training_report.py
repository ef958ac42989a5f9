from html import unescape

import pytest

from longtake.dit.step_record import UNJUDGED, StepRecord, Validated, curve_of
from longtake.records import Run, bucket_of
from longtake.report.training import Film, TrainingSheet, training_sheet

PIXEL = "/9j/4AAQ"


def record(step, **fields):
    plain = dict(
        step=step, loss=2.0 / step, norm=1.0, lr=1e-4, samples=2, tokens=1280, flops=1e9, seconds=0.5, waited_s=0.05, micro_batch=2
    )  # fmt: skip
    if step % 50 == 0:
        plain["validated"] = Validated(loss=2.1 / step, by_time=(3.0 / step, 1.2 / step))
    return StepRecord(**plain | fields)


def row(**fields):
    plain = dict(
        run_id="r", bucket=bucket_of("r"), dataset="clips-0000aaaa.0000bbbb",
        params=16_777_216, tokens=128_000, flops=1e11, batch_tokens=1280,
        lr=1e-4, steps=100, seconds=50.0, loss=0.021, train_loss=0.02, loss_floor=None, checkpoint="s3://lake/models/dit-1.safetensors",
        config="{}", reason=None, detail=None, made_by="m",
    )  # fmt: skip
    return Run(**plain | fields)


def sheet(**fields):
    film = Film(
        clip_id="c",
        caption="<b>waves</b>",
        conditions={"motion": 12.5, "clarity": 0.3891},
        strips=[("its clip", PIXEL), ("after step 100", PIXEL)],
    )
    plain = dict(
        name="clips-0000aaaa.0000bbbb", facts={"begun": "now"}, row=row(), curve=curve_of(record(step) for step in range(1, 101)),
        films=[film], depth=4, width=512, objective="flow", started_from="",
    )  # fmt: skip
    return training_sheet(TrainingSheet(**plain | fields))


def test_the_page_shows_losses_throughput_and_films():
    page = sheet()
    for shown in ("16.8M", "2,560", "2 GFLOP/s", "10.0%", "0.021", "t 0 to 0.5", "t 0.5 to 1", "video tokens a second"):
        assert shown in page, shown
    assert page.count('class="strip"') == 2
    assert "&lt;b&gt;waves" in page
    assert "motion 12.5 px/s · clarity 0.389" in page


def test_a_long_caption_shows_its_beginning_and_the_rest_when_pointed_at_once_for_all_films_of_its_clip():
    caption = "A red fox crosses the road. " * 40
    film = Film(clip_id="c", caption=caption, conditions={}, strips=[("its clip", PIXEL)])
    page = sheet(films=[film, film])
    assert page.count(">A red fox crosses the road. A red") == 1
    assert f'title="{caption}"' in page
    assert page.count("Another part of the same clip.") == 1


def test_where_nothing_was_held_out_the_page_says_so_and_shows_no_empty_loss():
    page = sheet(curve=curve_of(record(step, validated=None) for step in range(1, 101)), row=row(loss=None))
    assert UNJUDGED[1:] in unescape(page)
    assert "validation loss</div>" not in page
    assert "always the same times and noise" not in page
    assert "validation loss</div>" in sheet()
    assert UNJUDGED[1:] not in unescape(sheet())


def test_skipped_steps_are_counted_with_what_they_mean():
    records = [record(step, skipped="spike" if step in (7, 9) else "") for step in range(1, 20)]
    page = sheet(curve=curve_of(records))
    assert "many times as long" in page
    assert "None." not in page
    assert "None." in sheet()


@pytest.mark.parametrize("steps", [0, 1])
def test_a_training_that_hardly_began_has_a_page_too(steps):
    page = sheet(
        curve=curve_of(record(1) for _ in range(steps)), films=[], started_from="s3://lake/models/dit-0.safetensors",
        row=row(loss=None, train_loss=None, reason="diverged", detail="20 steps in a row were skipped"),
    )  # fmt: skip
    assert "Not finished: diverged, 20 steps in a row" in page
    assert "It went on from s3://lake/models/dit-0.safetensors" in page
