from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from longtake.datasets.koala import BadRow, KoalaRow
from longtake.datasets.placing import layers, match_rows, place_rows
from longtake.slicing.clips import Shot
from tests.rows import video

EDGES_S = np.arange(101) / 25.0


def row(start_ms=0, end_ms=1000, video_id="a", url="", line=2):
    return KoalaRow(line, video_id, "0", url, start_ms, end_ms, {})


def place(*rows, edges_s=EDGES_S, fps=25.0):
    return [(p.shot.start_frame, p.shot.end_frame, p.reason) for p in place_rows(rows, edges_s, fps)]


def test_a_span_begins_and_ends_at_the_nearest_edges():
    assert place(row(1330, 2670)) == [(33, 67, None)]
    assert place(row(1319, 2681)) == [(33, 67, None)]


def test_the_ends_of_the_video_are_known_and_the_rest_is_taken_for_cuts():
    first, middle, last = place_rows([row(0, 1000), row(1000, 2000), row(2000, 4000)], EDGES_S, 25.0)
    assert [(p.shot.begins_with, p.shot.ends_with) for p in (first, middle, last)] == [
        ("start", "cut"), ("cut", "cut"), ("cut", "end"),
    ]  # fmt: skip


def test_a_span_may_end_a_frame_late_and_no_later():
    assert place(row(3000, 4040)) == [(75, 100, None)]
    ((start, end, reason),) = place(row(3000, 4041))
    assert (start, reason) == (75, "outside_video")
    assert end > 100
    assert place(row(9000, 9100))[0][2] == "outside_video"
    assert place(row(), edges_s=np.empty(0))[0][2] == "outside_video"


def test_a_span_shorter_than_a_frame_has_one():
    assert place(row(1001, 1003)) == [(25, 26, None)]


def test_rows_that_mean_the_same_frames_are_placed_once_in_the_order_of_time():
    assert place(row(2000, 3000), row(0, 1000), row(1999, 3001)) == [(0, 25, None), (50, 75, None)]


@given(
    st.lists(st.integers(2, 200), min_size=2, max_size=60),
    st.data(),
)
def test_any_span_of_frames_survives_the_way_through_milliseconds(gaps_ms, data):
    edges_s = np.concatenate([[0.0], np.cumsum(gaps_ms) / 1000 + 1e-4])
    start = data.draw(st.integers(0, len(edges_s) - 2))
    end = data.draw(st.integers(start + 1, len(edges_s) - 1))
    there = row(round(edges_s[start] * 1000), round(edges_s[end] * 1000))
    assert place(there, edges_s=edges_s, fps=25.0) == [(start, end, None)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=30))
def test_layers_hold_every_shot_and_none_overlaps_another(given_spans):
    shots = [Shot(start, start + length, 0.0, 1.0, "cut", "cut") for start, length in sorted(given_spans)]
    found = layers(shots)
    assert sorted((s.start_frame, s.end_frame) for layer in found for s in layer) == sorted(
        (s.start_frame, s.end_frame) for s in shots
    )
    for layer in found:
        assert all(a.end_frame <= b.start_frame for a, b in pairwise(layer))


def test_a_row_s_video_is_found_by_its_url_else_by_its_file_s_name():
    videos = [video(1, uris=["s3://raw/x/a.mp4"]), video(2, uris=["s3://raw/y/b.mp4", "s3://raw/z/a2.mp4"])]
    matches = match_rows([row(video_id="a2"), row(video_id="q", url="s3://raw/x/a.mp4"), row(video_id="b")], videos)
    assert {k: len(v) for k, v in matches.rows.items()} == {videos[0].video_id: 1, videos[1].video_id: 2}


def test_what_means_no_video_is_counted_with_the_first_in_words():
    videos = [video(1, uris=["s3://raw/x/a.mp4"]), video(2, uris=["s3://raw/y/a.mp4"])]
    rows = [row(video_id="a"), row(video_id="b", line=9), row(video_id="c"), BadRow(5, "no")]
    matches = match_rows(rows, videos)
    assert matches.reasons == {"ambiguous": 1, "not_listed": 2, "unreadable_row": 1}
    assert matches.examples["not_listed"] == "line 9: b"
    assert matches.total == 4
    assert match_rows([row(video_id="a", url="s3://raw/y/a.mp4")], videos).total == 1
