import base64
import math
from dataclasses import replace

from longtake.caption_tuning.judging import Figures
from longtake.caption_tuning.seeds import REASONS, LeftOut
from longtake.caption_tuning.steps import StepRecord
from longtake.report.caption_tuning import Compared, Sample, Side, Told, TuningSheet, tuning_sheet
from tests.report.reading import EVIL, Reader, check_stands_alone

STEPS = [StepRecord(n, loss=2.4 / n, tokens=9) for n in range(1, 9)]
STRIP = base64.b64encode(b"\xff\xd8 a picture").decode()


def figures(valid=1, **fields):
    plain = {"answers": 4, "valid": valid, "words": 180.5, "distinct_2": 0.912, "rouge_l": 0.333, "word_f1": 0.444}
    return Figures(**plain | {"reasons": {"too_short": 4 - valid}} | fields)


def sheet(name="tiny", **fields):
    told = Told(
        question="parts",
        reference=name,
        before=name,
        before_reason="no_json",
        after=f"{name}\x00\u202e",
        after_reason="",
    )
    plain = {
        "name": name, "facts": {name: name}, "weights": 2000, "learned": {"language": 40, "vision": 10}, "too_long": 2,
        "history": [StepRecord(0, held_out_loss=2.5), *STEPS, StepRecord(9, loss=0.2, held_out_loss=0.25)],
        "compared": {"parts": Compared(before=figures(), after=figures(3), words=202.1, distinct_2=0.95)},
        "sides": [Side(name=side, sources=12, clips=20, images=3, lessons=46) for side in ("learned from", "held out")],
        "left_out": [LeftOut(f"{name} line 3", "no_media", name), LeftOut(f"{name} line 4", "refusal")],
        "sentences": REASONS, "samples": [Sample(name=name, place=name, kind="video", strip=STRIP, told=[told])],
    }  # fmt: skip
    return TuningSheet(**plain | fields)


def text(page):
    return " ".join(Reader(page).text.split())


def test_a_page_stands_alone_whatever_a_model_or_a_file_says():
    page = tuning_sheet(sheet(EVIL))
    check_stands_alone(page)
    assert "<script>alert(1)</script>" in Reader(page).text
    assert "\x00" not in page
    assert "\u202e" not in page


def test_losses_and_the_share_of_valid_answers_stand_beside_what_they_were():
    said = text(tuning_sheet(sheet()))
    for expected in (
        "2.5 → 0.25",
        "12.2 → 1.28",
        "25.0% → 75.0%",
        "2.5%",
        "202",
        "0.950",
        "0.333",
        "2 questions had too many tokens",
    ):
        assert expected in said, expected


def test_why_answers_would_be_turned_down_and_what_was_left_out_is_said_with_its_reason():
    said = text(tuning_sheet(sheet()))
    assert f"too_short31{REASONS['too_short']}" in said
    assert f"no_media1{REASONS['no_media']}" in said
    assert "tiny line 4" in said


def test_a_long_training_is_drawn_as_means_of_a_few_steps():
    history = [StepRecord(n, loss=1.0 + n % 2, tokens=9) for n in range(1, 40_001)]
    page = tuning_sheet(sheet(history=history))
    assert "mean of 100 steps" in page
    assert len(page) < 100_000


def test_a_page_of_little_is_a_page():
    little = sheet(
        history=[StepRecord(0)], compared={}, samples=[], left_out=[], facts={}, sides=[], learned={}, weights=0
    )
    page = tuning_sheet(little)
    check_stands_alone(page)
    assert "nan" not in page
    unknown = figures(distinct_2=math.nan)
    assert "nan" not in tuning_sheet(
        replace(little, compared={"part": Compared(before=unknown, after=unknown, words=1.0, distinct_2=math.nan)})
    )
