import random
from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.captioning.quality import DISTINCT_TEXTS, CaptionTally, distinct_shares
from longtake.captioning.schema import NAMES, count_words
from tests.captioning.rows import MEASURED, captioned, failed
from tests.captioning.test_contradictions import facts, move
from tests.rows import clip, video

OF = video(1)


def tally_of(rows):
    tally = CaptionTally()
    for row in rows:
        tally.add(row, clip(int(row.clip_id[:8], 16), OF))
    return tally


def test_what_is_kept_and_why_the_rest_is_not_is_counted():
    rows = [
        captioned(0),
        captioned(1, complaints="no_json,too_short"),
        failed(2, "refusal", complaints="refusal,refusal"),
    ]
    tally = tally_of(rows)
    assert tally.counts == {("kept", ""): 2, ("quarantined", "refusal"): 1}
    assert tally.kept == 2
    assert tally.complaints == {"no_json": 1, "too_short": 1, "refusal": 2}
    assert tally.captioners == {"transformers tiny": 3}
    assert tally.seconds == 6.0
    assert [one.caption for one in tally.failed()] == [rows[2]]


def test_parts_that_there_are_count_with_their_words():
    tally = tally_of([captioned(0), captioned(1, camera=None), captioned(2, camera="A close-up."), failed(3, "empty")])
    coverage = tally.coverage()
    words = (count_words(captioned(0).camera) + 2) / 2
    assert coverage["camera"] == (pytest.approx(2 / 3), words)
    assert coverage["subject"] == (1.0, count_words(captioned(0).subject))
    assert tuple(coverage) == NAMES


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_mean_and_median_of_words_are_those_of_the_captions(lengths):
    tally = tally_of([captioned(n, text=" ".join(["word"] * length)) for n, length in enumerate(lengths)])
    assert tally.mean_words == pytest.approx(mean(lengths))
    assert tally.median_words == median(lengths)


def test_distinct_shares_are_those_of_a_count_by_hand():
    assert distinct_shares(["a b a", "A, b c!"]) == {1: 3 / 6, 2: 3 / 4, 3: 1.0, 4: 1.0}
    assert distinct_shares(["no no no no no"])[2] == 1 / 4
    assert set(distinct_shares([]).values()) == {1.0}


def test_distinct_shares_of_a_corpus_do_not_fall_as_it_grows():
    noise = random.Random(1)
    texts = [" ".join(f"w{noise.randrange(300)}" for _ in range(20)) for _ in range(1500)]
    found = []
    for count in (DISTINCT_TEXTS, 500, 1500):
        shares, each = tally_of([captioned(n, text=text) for n, text in enumerate(texts[:count])]).distinct()
        assert each == DISTINCT_TEXTS
        found.append(shares)
    assert found[1][1] == pytest.approx(found[0][1], rel=0.02)
    assert found[2][1] == pytest.approx(found[0][1], rel=0.02)
    assert distinct_shares(texts)[1] < found[0][1] / 5, "that of all together falls"
    assert tally_of([captioned(0, text="one two")]).distinct() == ({1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0}, 1)
    assert tally_of([]).distinct() == ({}, 0)


def test_contradictions_are_counted_by_kind_among_captions_with_facts():
    against = facts(move("pan left"), brightness=0.6).to_json()
    rows = [
        captioned(0, facts=MEASURED),
        captioned(1, facts=against, text="At night the camera pans right."),
        captioned(2, facts=against, camera="Static."),
        captioned(3, facts=None, text="The camera is static."),
    ]
    tally = tally_of(rows)
    assert (tally.checked, tally.contradicted) == (3, 2)
    assert tally.kinds == {"light": 1, "camera direction": 2, "static camera": 1}
    kept = {one.caption.clip_id: [found.kind for found in one.against] for one in tally.contradicting()}
    assert kept == {
        rows[1].clip_id: ["camera direction", "light"],
        rows[2].clip_id: ["camera direction", "static camera"],
    }


def test_flagged_captions_are_counted_and_kept():
    tally = tally_of([captioned(0), captioned(1, flag="instructions")])
    assert tally.flagged == 1
    assert [one.caption.flag for one in tally.flags()] == ["instructions"]


def test_nothing_at_all_is_no_fault():
    tally = tally_of([])
    assert (tally.mean_words, tally.median_words, tally.kept, tally.clips()) == (None, None, 0, [])
    assert set(tally.coverage().values()) == {(0.0, 0.0)}


def test_the_order_of_rows_makes_no_difference_and_few_are_kept():
    rows = [captioned(n, facts=MEASURED, flag="instructions" if n % 2 else None) for n in range(120)]
    rows += [failed(n, "empty") for n in range(120, 700)]
    one, other = tally_of(rows), tally_of(random.Random(2).sample(rows, len(rows)))
    assert (one.samples(), one.flags(), one.failed()) == (other.samples(), other.flags(), other.failed())
    assert len(one.clips()) < 300
