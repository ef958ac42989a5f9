import json
import math

import pytest

from longtake.datasets.card import EDGES, describe, render_card
from longtake.datasets.members import read_buckets
from longtake.datasets.published import PUBLISHED
from longtake.lake import Lake
from longtake.records import METRICS
from tests.datasets.lakes import fill


@pytest.fixture
def made(tmp_path):
    lake = Lake(str(tmp_path))
    dataset = fill(lake, dropped={1: "clarity", 5: "clarity", 6: "<b>duplicate</b>"})
    return lake, dataset, describe(dataset, read_buckets(lake, dataset, dropped=True))


def test_the_card_counts_what_the_dataset_does(made):
    _, dataset, card = made
    assert (card.clips, card.seconds, card.videos) == (dataset.clips, dataset.seconds, 6)
    assert card.dropped == {"clarity": 2, "<b>duplicate</b>": 1}
    assert sum(side.clips for side in card.splits.values()) == 21
    assert all(side.videos * 4 >= side.clips for side in card.splits.values())


def test_every_kept_clip_is_in_one_bin_of_each_number_that_it_has(made):
    card = made[2]
    for name in ("length_s", "short_side_px", "clarity", "motion", "vtss"):
        assert sum(card.spreads[name].kept) == card.spreads[name].known == 21
        assert sum(card.spreads[name].dropped) == 3
    assert card.spreads["noise"].known == 0
    assert card.spreads["noise"].mean is None
    assert card.spreads["length_s"].mean == pytest.approx(2.0)


def test_the_edges_are_fixed_and_rise():
    assert set(EDGES) == {"length_s", "short_side_px", *METRICS, "aesthetic", "vtss", "words"}
    for edges in EDGES.values():
        assert list(edges) == sorted(set(edges))


def test_the_json_is_strict_and_says_where_published_numbers_come_from(made):
    shown = json.loads(made[2].to_json(), parse_constant=pytest.fail)
    assert shown["clips"] == 21
    assert shown["histograms"]["length_s"]["edges"][-1] is None
    assert [other["mean_s"] for other in shown["published"]] == [13.75, 8.6]
    assert all(other["source"] for other in shown["published"])


def test_the_page_shows_the_counts_beside_the_published_and_escapes(made):
    page = render_card(made[2])
    for word in ("Koala-36M", "13.75 s", "202.1", "172K", "2.50 – 4.95", "Panda-70M", "≈ 8.6 s", "13.2", "167K"):
        assert word in page
    assert page.count("<svg") == 5
    assert "<b>duplicate" not in page
    assert len(page) < 300_000


def test_the_threshold_on_vtss_and_where_it_comes_from_are_said(tmp_path):
    lake = Lake(str(tmp_path))
    dataset = fill(lake, vtss_threshold=2.38, vtss_how="valley")
    card = describe(dataset, read_buckets(lake, dataset, dropped=True))
    page = render_card(card)
    assert "VTSS at least 2.38, the valley of the clips&#39; scores" in page
    assert "kept here from 2.38" in page
    assert json.loads(card.to_json())["vtss_threshold"] == 2.38


def test_an_empty_dataset_has_a_card(made):
    card = describe(made[1], [])
    assert card.clips == 0
    json.loads(card.to_json())
    assert "Known of no clip" in render_card(card)


def test_a_mean_that_is_computed_follows_from_hours_and_clips():
    (panda,) = [other for other in PUBLISHED if other.computed]
    assert math.isclose(panda.hours * 3600 / panda.clips, panda.mean_s, rel_tol=0.005)
