from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.report.page import beginning, clock, count_rows, counts_in, folded, render_page, shorten, size

COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["kept", "dropped", "quarantined"]), st.text()), st.integers(1, 10**9)
).map(Counter)


def page(counts):
    return render_page(
        "listing.html", title="Listing", place="raw", facts={}, counts=count_rows(counts, {}), videos=[], hidden=0, duplicates=0,
        seconds=0.0, bytes=0, ignored=[], ignored_total=0,
    )  # fmt: skip


@given(COUNTS)
def test_a_page_gives_back_the_counts_that_it_shows_whatever_the_reasons_are_called(counts):
    plain = Counter({(outcome, clean(reason)): n for (outcome, reason), n in counts.items()})
    assert counts_in(page(plain)) == plain


def clean(reason):
    """Reasons come from a fixed list; in an attribute HTML itself keeps all text but these."""
    return "".join(char for char in reason if char.isprintable())


def test_counts_are_ordered_kept_dropped_quarantined_and_explained():
    counts = Counter({("quarantined", "corrupt"): 1, ("dropped", "too_short"): 2, ("kept", ""): 3})
    rows = count_rows(counts, {"corrupt": "It is broken."})
    assert [(row["outcome"], row["count"], row["meaning"]) for row in rows] == [
        ("kept", 3, ""), ("dropped", 2, ""), ("quarantined", 1, "It is broken."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "shown"), [
        (0, "0.00 s"), (3.456, "3.46 s"), (59.994, "59.99 s"), (59.999, "1:00.00"), (61.5, "1:01.50"),
        (3599.999, "1:00:00.00"), (3723.4, "1:02:03.40"),
    ],
)  # fmt: skip
def test_a_time_is_shown_without_a_sixtieth_second(seconds, shown):
    assert clock(seconds) == shown


@given(st.floats(0, 1e7))
def test_a_shown_time_reads_back_to_the_hundredth(seconds):
    parts = [float(part) for part in clock(seconds).removesuffix(" s").split(":")]
    assert sum(part * 60**n for n, part in enumerate(reversed(parts))) == pytest.approx(seconds, abs=0.0051)


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (2e12, "2.0 TB"), (5e15, "5000.0 TB")]
)  # fmt: skip
def test_bytes_are_shown_for_people(amount, shown):
    assert size(amount) == shown


@given(st.text(max_size=500))
def test_a_shortened_text_keeps_its_length_and_its_end(text):
    short = shorten(text, 100)
    assert len(short) <= 100
    assert short == text or (short.startswith(text[:25]) and short.endswith(text[-72:]))


@given(st.text(alphabet="ab c", max_size=80), st.integers(4, 40))
def test_the_beginning_of_a_text_ends_behind_a_word_where_it_has_words(text, chars):
    short = beginning(text, chars)
    assert len(short) <= chars
    kept = short.removesuffix(" …")
    assert text.startswith(kept)
    assert short == text or text[len(kept)] == " " or " " not in kept


def test_json_is_folded_and_indented_and_any_other_text_stays_what_it_is():
    shown = folded('{"lr": 0.1, "model": {"depth": "<b>"}}')
    assert shown.startswith("<details><summary>lr, model</summary>")
    assert "&lt;b&gt;" in shown
    assert "\n" in shown
    assert [folded(text) for text in ("lake", "{no json", "{}")] == ["lake", "{no json", "{}"]
