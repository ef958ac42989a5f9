import random
from collections import Counter

import pytest

from longtake.report.reservoir import MetricSample, Reservoir
from tests.rows import clip, score, video

OF = video(1)


def scored(number, **fields):
    return score(clip(number, OF), **fields)


def test_a_reservoir_holds_so_many_rows_and_has_counted_all():
    reservoir = Reservoir(10)
    for n in range(1000):
        reservoir.offer(str(n), n)
    assert len(set(reservoir.rows())) == 10
    assert reservoir.offered == 1000


def test_the_same_rows_are_drawn_in_whatever_order_they_come():
    numbers = list(range(1000))
    drawn = []
    for seed in range(3):
        reservoir = Reservoir(50)
        for n in random.Random(seed).sample(numbers, len(numbers)):
            reservoir.offer(str(n), n)
        drawn.append(reservoir.rows())
    assert drawn[0] == drawn[1] == drawn[2]


def test_every_row_is_as_likely_as_another():
    drawn = Counter()
    for trial in range(400):
        reservoir = Reservoir(10)
        for n in range(40):
            reservoir.offer(f"{trial} {n}", n)
        drawn.update(reservoir.rows())
    assert all(100 - 45 < drawn[n] < 100 + 45 for n in range(40)), "five standard deviations of a share of a quarter"


def test_up_to_its_size_a_sample_is_exact_and_beyond_it_as_large_as_it_says():
    sample = MetricSample(["motion"], size=100)
    for n in range(100):
        sample.add(scored(n, motion=float(n)), kept=n >= 40)
    histogram = sample.histograms()["motion"]
    assert (sum(histogram.kept), sum(histogram.dropped)) == (60, 40)
    assert (sample.clips, sample.drawn) == (100, 100)
    for n in range(100, 1000):
        sample.add(scored(n, motion=1.0))
    assert (sample.clips, sample.drawn) == (1000, 100)
    histogram = sample.histograms()["motion"]
    assert sum(histogram.kept) + sum(histogram.dropped) == 100


def test_metrics_that_no_clip_has_and_clips_that_were_not_measured_are_left_out():
    sample = MetricSample(["motion", "text_share"])
    sample.add(scored(0, motion=1.0))
    sample.add(scored(1, reason="corrupt"))
    assert list(sample.histograms()) == ["motion"]
    assert sample.clips == 1


def test_correlations_come_in_the_order_that_is_asked_for():
    sample = MetricSample(["motion", "noise", "vtss"])
    for n in range(5):
        sample.add(scored(n, motion=float(n), noise=float(-n), vtss=float(n * n)))
    assert sample.correlations(["vtss", "noise"]) == [
        [pytest.approx(1), pytest.approx(-1)],
        [pytest.approx(-1), pytest.approx(1)],
    ]
    assert MetricSample(["motion"]).correlations(["motion"]) == [[None]]
