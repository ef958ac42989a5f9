import pytest

from longtake.errors import UserError
from longtake.evaluation.vbench import I2V, QUALITY, SEMANTIC, i2v_total, vbench_total

I2V_COLUMNS = (
    "i2v_subject", "i2v_background", "subject_consistency", "background_consistency", "motion_smoothness", "dynamic_degree",
    "aesthetic_quality", "imaging_quality", "temporal_flickering",
)  # fmt: skip
# Table 1 of the paper: the columns, the printed total, and the sub-scores of the note (E.1).
I2V_ROWS = {
    "VideoCrafter-I2V": (91.17, 91.31, 97.86, 98.79, 98.00, 22.60, 60.78, 71.68, 98.19, 85.14, 81.34, 88.95),
    "ConsistI2V": (95.82, 95.95, 95.27, 98.28, 97.38, 18.62, 59.00, 66.92, 97.56, 86.84, 78.87, 94.81),
    "SEINE-512": (97.15, 96.94, 95.28, 97.12, 97.12, 27.07, 64.55, 71.39, 97.31, 88.42, 80.58, 96.26),
    "I2VGen-XL": (96.48, 96.83, 94.18, 97.09, 98.34, 26.10, 64.82, 69.14, 98.58, 88.48, 81.17, 95.79),
    "Animate-Anything": (98.76, 98.58, 98.90, 98.19, 98.61, 2.68, 67.12, 72.09, 98.14, 89.76, 81.21, 98.31),
    "SVD-XT-1.0": (97.52, 97.63, 95.52, 96.61, 98.09, 52.36, 60.15, 69.80, 99.09, 89.87, 82.79, 96.94),
    "DynamiCrafter-1024": (98.17, 98.60, 95.69, 97.38, 97.38, 47.40, 66.46, 69.34, 97.63, 90.25, 82.52, 97.98),
    "Owl-1": (97.40, 97.29, 97.28, 98.54, 98.92, 21.63, 61.89, 69.66, 98.69, 89.15, 81.66, 96.64),
}  # fmt: skip
# Table 2: the columns, and the printed total (E.2).
LONG_COLUMNS = (
    "subject_consistency", "background_consistency", "temporal_flickering", "motion_smoothness", "dynamic_degree",
    "aesthetic_quality", "imaging_quality", "object_class", "multiple_objects", "human_action", "color", "spatial_relationship",
    "scene", "appearance_style", "temporal_style", "overall_consistency",
)  # fmt: skip
LONG_ROWS = {
    "Mira": (96.23, 96.92, 98.29, 97.54, 60.33, 42.51, 60.16, 52.06, 12.52, 63.80, 42.24, 27.83, 16.34, 21.89, 18.77, 18.72, 71.87),
    "OpenSoraPlan": (95.73, 96.73, 99.03, 98.28, 47.72, 56.85, 62.28, 76.30, 40.35, 86.80, 89.19, 53.11, 27.17, 22.90, 23.87, 26.52, 78.00),
    "OpenSora": (96.75, 97.61, 99.53, 98.50, 42.39, 56.85, 63.34, 82.22, 51.83, 91.20, 90.08, 68.56, 42.44, 23.95, 24.54, 26.85, 79.76),
    "Mochi-1": (96.99, 97.28, 99.40, 99.02, 61.85, 56.94, 60.64, 86.51, 50.47, 94.60, 79.73, 69.24, 36.99, 20.33, 23.65, 25.15, 80.13),
    "CogVideoX": (96.23, 96.52, 98.66, 96.92, 70.97, 61.98, 62.90, 85.23, 62.11, 99.40, 82.81, 66.35, 53.20, 24.91, 25.38, 27.59, 81.61),
    "Kling": (98.33, 97.60, 99.30, 99.40, 46.94, 61.21, 65.62, 87.24, 68.05, 93.40, 89.90, 73.03, 50.86, 19.62, 24.17, 26.42, 81.85),
    "Vchitect-2.0": (96.83, 96.66, 98.57, 98.98, 63.89, 60.41, 65.35, 86.61, 68.84, 97.20, 87.04, 57.55, 56.57, 23.73, 25.01, 27.57, 82.24),
    "Gen-3": (97.10, 96.62, 98.61, 99.23, 60.14, 63.34, 66.82, 87.81, 53.64, 96.40, 80.90, 65.09, 54.57, 24.31, 24.71, 26.69, 82.32),
    "MiniMax": (97.51, 97.05, 99.10, 99.22, 64.91, 63.03, 67.17, 87.83, 76.04, 92.40, 90.36, 75.50, 50.68, 20.06, 25.63, 27.10, 83.41),
    "Owl-1": (98.29, 98.61, 99.84, 99.35, 13.19, 60.64, 66.33, 91.31, 43.04, 85.67, 87.92, 67.58, 51.46, 24.83, 24.25, 25.10, 79.65),
}  # fmt: skip
WITHIN = 0.0101  # of percent: both the columns and the totals are printed with two digits


def shares(columns, row):
    return {name: value / 100 for name, value in zip(columns, row, strict=False)}


@pytest.mark.parametrize("method", I2V_ROWS)
def test_every_total_of_the_papers_image_table_is_reproduced(method):
    *_, total, quality, i2v = row = I2V_ROWS[method]
    found = i2v_total(shares(I2V_COLUMNS, row))
    assert 100 * found.total == pytest.approx(total, abs=WITHIN)
    assert 100 * found.quality == pytest.approx(quality, abs=WITHIN)
    assert 100 * found.i2v == pytest.approx(i2v, abs=WITHIN)


@pytest.mark.parametrize("method", LONG_ROWS)
def test_every_total_of_the_papers_long_table_is_reproduced(method):
    row = LONG_ROWS[method]
    assert 100 * vbench_total(shares(LONG_COLUMNS, row)).total == pytest.approx(row[-1], abs=WITHIN)


def test_the_sub_scores_of_owl_in_the_long_table_are_those_of_the_note():
    found = vbench_total(shares(LONG_COLUMNS, LONG_ROWS["Owl-1"]))
    assert 100 * found.quality == pytest.approx(81.21, abs=WITHIN)
    assert 100 * found.semantic == pytest.approx(73.40, abs=WITHIN)


def test_the_ends_of_all_ranges_give_zero_and_one():
    both = QUALITY | SEMANTIC
    assert vbench_total({name: each.low for name, each in both.items()}).total == pytest.approx(0)
    assert vbench_total({name: each.high for name, each in both.items()}).total == pytest.approx(1)


def test_the_script_of_vbench_counts_camera_motion_and_no_flicker_so_its_total_is_another():
    scores = shares(I2V_COLUMNS, I2V_ROWS["Owl-1"])
    del scores["temporal_flickering"]
    found = i2v_total(scores | {"camera_motion": 0.3}, "script")
    assert 100 * found.total < I2V_ROWS["Owl-1"][-3] - 1
    both = sum((scores[name] - each.low) / (each.high - each.low) for name, each in I2V.items())
    assert found.i2v == pytest.approx((both + 0.1 * 0.3) / 2.1)
    with pytest.raises(UserError, match=r"'temporal_flickering' is no dimension of this total"):
        i2v_total(scores | {"temporal_flickering": 0.9}, "script")


def test_unknown_dimensions_missing_ones_and_percent_are_told_apart():
    scores = shares(LONG_COLUMNS, LONG_ROWS["Kling"])
    with pytest.raises(UserError, match=r"'subject consistency' is no dimension.*did you mean 'subject_consistency'"):
        vbench_total(scores | {"subject consistency": 0.9})
    with pytest.raises(UserError, match=r"'i2v_subject' is no dimension of this total; this total is of|did you mean"):
        vbench_total(scores | {"i2v_subject": 0.9})
    with pytest.raises(UserError, match=r"wants 16 dimensions; measure scene too"):
        vbench_total({name: score for name, score in scores.items() if name != "scene"})
    with pytest.raises(UserError, match=r"scene is 51.46; expected a share from 0 to 1: divide percent by 100"):
        vbench_total(scores | {"scene": 51.46})
