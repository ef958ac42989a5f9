import random
import re
from collections import Counter
from dataclasses import dataclass

import pytest

from longtake.records import METRICS
from longtake.report import Duplicates, MetricSample, Shown, Suitability, counts_in, selecting_sheet
from longtake.selecting.agreement import Table
from longtake.selecting.config import Range
from tests.report.reading import EVIL, Reader, check_stands_alone
from tests.rows import clip, dataset, score, selection, video

OF = video(1)
JPEG, MP4 = b"\xff\xd8 a picture", b"a film"


@dataclass(frozen=True)
class Text:
    name: str
    unit: str = "share"
    sentence: str = "What a high value means."


def shown(number, *, margin=0.1, reason=None, detail=None, uses=(), **metrics):
    of = clip(number, OF)
    why = {"reason": reason, "detail": detail} if reason else {}
    return Shown(
        clip=of, score=score(of, **dict.fromkeys(METRICS, 0.5) | metrics), selection=selection(of, **why), margin=margin, uses=uses
    )  # fmt: skip


def sheet(rows=(), *, best=(), borderline=(), worst=(), **fields):
    """The page of a dataset of these rows."""
    sample = MetricSample([*METRICS, "aesthetic", "vtss"])
    for row in rows:
        sample.add(row.score, kept=row.selection.kept)
    counts = Counter(":".join(filter(None, row.selection.outcome)) for row in rows)
    plain = {
        "duplicates": [], "poster": lambda clip: JPEG, "film": lambda clip: b"", "bounds": {}, "videos": 1, "validation_clips": 0,
        "metrics": [Text(name) for name in METRICS], "sentences": {}, "facts": {}, "names": {OF.video_id: OF.uris[0]},
    }  # fmt: skip
    made = dataset(counts=dict(counts), clips=counts["kept"], seconds=counts["kept"] * 2.0)
    return selecting_sheet(made, sample, best=best, borderline=borderline, worst=worst, **plain | fields)


def some(count):
    noise = random.Random(0)
    numbers = [{name: noise.random() for name in METRICS} for _ in range(count)]
    return [shown(n, reason="motion" if found["motion"] < 0.3 else None, **found) for n, found in enumerate(numbers)]


def test_the_counts_that_a_page_shows_read_back_equal():
    rows = [shown(0), shown(1), shown(2, reason="motion"), shown(3, reason="near:evil"), shown(4, reason="motion")]
    assert counts_in(sheet(rows)) == {("kept", ""): 2, ("dropped", "motion"): 2, ("dropped", "near:evil"): 1}


def test_whatever_anything_is_called_it_is_text_and_nothing_is_loaded():
    rows = [shown(0, uses=[EVIL] * 5), shown(1, reason=EVIL, detail=EVIL), shown(2, reason="motion", detail=EVIL)]
    page = sheet(
        rows, best=rows, borderline=rows, worst=rows, sentences={"motion": EVIL}, facts={EVIL: EVIL}, names={OF.video_id: EVIL},
        metrics=[Text(name, EVIL, EVIL) for name in METRICS], film=lambda of: MP4 if of == rows[0].clip else b"",
        duplicates=[Duplicates(stands=rows[0].clip, folded=[rows[1].clip] * 9)],
    )  # fmt: skip
    check_stands_alone(page)
    assert counts_in(page) == {("kept", ""): 1, ("dropped", EVIL): 1, ("dropped", "motion"): 1}
    assert "<script>alert(1)</script>" in Reader(page).text
    assert "and 2 more" in page
    assert "and 7 more" in page


def test_a_histogram_has_the_thresholds_and_who_was_dropped():
    page = sheet(some(300), bounds={"motion": Range(min=0.3), "noise": Range()})
    assert page.count(">min 0.3<") == 1
    assert "max " not in Reader(page).text
    said = re.findall(r"<title>[^<]*: ([\d,]+) kept, ([\d,]+) dropped</title>", page)
    dropped = counts_in(page)["dropped", "motion"]
    assert sum(int(off) for _, off in said) == dropped * len(METRICS)


def test_a_metric_that_fails_is_marked_with_its_threshold_and_with_as_many_digits_as_it_takes():
    row = shown(0, reason="motion", motion=0.29999, noise=7.0, clarity=None)
    bounds = {"motion": Range(min=0.3), "noise": Range(max=5), "clarity": Range(min=1), "flicker": Range(max=0.5)}
    page = sheet([row], worst=[row], bounds=bounds)
    assert "0.29999 &lt; 0.3<" in page
    assert "7 &gt; 5<" in page
    assert page.count('class="fails"') == 2


def test_a_small_film_plays_on_the_page_and_a_large_one_is_a_filmstrip():
    small, large = shown(0), shown(1)
    page = sheet([small, large], best=[small, large], film=lambda of: MP4 if of == small.clip else b"x" * 2_000_000)
    (video_element,), (picture,) = Reader(page).all("video"), Reader(page).all("img")
    assert video_element["src"].startswith("data:video/mp4;base64,")
    assert {"controls", "muted", "loop"} < set(video_element)
    assert video_element["preload"] == "metadata"
    assert picture["alt"].endswith(large.clip.clip_id)


def test_films_take_16_mb_at_most_and_every_list_gets_some():
    rows = [shown(n) for n in range(60)]
    lists = {"best": rows[:20], "borderline": rows[20:40], "worst": rows[40:]}
    page = sheet(rows, **lists, film=lambda of: b"x" * 900_000)
    assert len(page) < 16_000_000 + 2_000_000
    places = [page.index(f'<h2 class="part">{title}') for title in ("Best", "Borderline", "Worst")]
    ends = [*places[1:], len(page)]
    assert [page.count("<video", start, end) for start, end in zip(places, ends, strict=True)] == [5, 4, 4]


def test_without_films_a_page_of_10_000_clips_with_large_pictures_and_evil_names_is_under_2_mb():
    evil = "\"'<>&" * 200
    rows = [shown(n, reason="motion", detail=evil, uses=[evil] * 9, motion=n / 7) for n in range(10_000)]
    groups = [Duplicates(stands=rows[n].clip, folded=[row.clip for row in rows[n : n + 50]]) for n in range(100)]
    page = sheet(
        rows, best=rows[:100], borderline=rows[100:200], worst=rows[200:300], duplicates=groups, poster=lambda of: b"x" * 60_000,
        names={OF.video_id: evil}, sentences={"motion": evil[:200]},
    )  # fmt: skip
    assert len(page.encode()) < 2_000_000
    text = Reader(page).text
    assert len(Reader(page).all("dl")) == 3 * 24
    assert "88 more groups are not on this page" in text
    assert "filmstrips are left out" in text
    assert len(Reader(page).all("img")) > 5


def test_a_clip_with_a_film_has_its_filmstrip_among_the_duplicates():
    row, other = shown(0), shown(1)
    groups = [Duplicates(stands=row.clip, folded=[other.clip])]
    page = sheet([row, other], best=[row], duplicates=groups, film=lambda of: MP4)
    assert len(Reader(page).all("video")) == 1
    assert len(Reader(page).all("img")) == 2
    assert "left out" not in page


@pytest.mark.parametrize("rows", [[], [shown(0, reason="corrupt")], [shown(0)]], ids=["none", "all dropped", "one"])
def test_a_page_of_little_is_a_page(rows):
    page = sheet(rows)
    check_stands_alone(page)
    assert counts_in(page).total() == len(rows)


def test_a_dataset_of_clips_that_none_could_measure_is_a_page():
    of = clip(0, OF)
    row = Shown(clip=of, score=score(of, reason="corrupt"), selection=selection(of, reason="corrupt"), margin=None)
    page = sheet([row], worst=[row], poster=lambda of: b"")
    check_stands_alone(page)
    assert "1 filmstrips are left out" in page
    assert "margin" not in Reader(page).text


SUITED = Suitability(
    edges=[1, 2, 3, 4, 5], kept=[0, 0, 40, 30], dropped=[20, 10, 0, 0], curves=[[(1.0, 10.0), (5.0, 1.0)], [(1.0, 0.0), (4.0, 55.0)]],
    selects=True, threshold=2.4, sentence="2.4, the valley", table=Table(60, 10, 20, 10), equal_threshold=2.13,
    equal_table=Table(65, 15, 15, 5), compared=["motion ≥ 1"], absent=["text_share"],
)  # fmt: skip


def test_vtss_is_shown_with_its_threshold_its_gaussians_and_who_differs_about_what():
    rows = [
        shown(0, vtss=4.5, vtss_reason="text_share", vtss_gain=0.4, motion=0.5),
        shown(1, reason="vtss_low", vtss=1.5, detail="vtss 1.5, at least 2.4"),
    ]
    page = sheet(
        rows, best=rows[:1], worst=rows[1:], vtss_alone=rows[:1], thresholds_alone=rows[1:], suitability=SUITED, order="vtss",
        bounds={"vtss": Range(min=2.4)}, compared_bounds={"motion": Range(min=1)},
    )  # fmt: skip
    check_stands_alone(page)
    text = Reader(page).text
    assert ">threshold 2.4<" in page
    assert len(re.findall(r'fill="none" stroke="var\(--ink\)"', page)) == 2
    for words in ("2.4, the valley", "the thresholds are motion ≥ 1", "Not all clips have text_share", "at least 2.13, which keeps as many",
                  "They agree on 70.0% of the clips", "The highest VTSS.", "VTSS 4.50: text_share 0.5 costs it most"):  # fmt: skip
        assert words in text
    assert "0.5 &lt; 1<" in page, "what the thresholds drop it for"
    assert "1.5 &lt; 2.4<" in page, "what VTSS drops it for"


def test_each_table_has_four_fields_and_their_sums():
    page = sheet([shown(0)], suitability=SUITED)
    found = re.findall(r"<tr><th>([\w ]+)</th>(<td.*?)</tr>", page)
    rows = {name: [int(n) for n in re.findall(r'<td class="number">(\d+) ', cells)] for name, cells in found[:3]}
    assert rows == {"thresholds keep": [60, 20, 80], "thresholds drop": [10, 10, 20], "all": [70, 30, 100]}
