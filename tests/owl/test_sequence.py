from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
pytest.importorskip("tokenizers", reason="the training extra is not installed")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from longtake.errors import UserError  # noqa: E402
from longtake.owl.config import DynamicsConfig  # noqa: E402
from longtake.owl.sequence import BEFORE, FRAME, NOTHING, STATE, WORD, Triplet, lay_out, read  # noqa: E402
from tests.owl.tiny import CONFIG, story, words  # noqa: E402

OPEN, CLOSE = 1, 2
WORDS = words()
triplets = st.builds(
    Triplet, frames=st.integers(0, 3), dynamics=st.none() | st.lists(st.integers(3, 40), max_size=4).map(tuple)
)


def written(prompt, given, frame_tokens=2, queries=3, **how):
    return lay_out(prompt, given, frame_tokens=frame_tokens, queries=queries, open_id=OPEN, close_id=CLOSE, **how)


def config(**dynamics):
    return replace(CONFIG, dynamics=DynamicsConfig(tokens=12, **dynamics))


def said(reading):
    """The text of each triplet's dynamics; None where it has no marks."""
    layout, found = reading.layout, []
    for number in range(len(layout.slots_NQ)):
        here = (layout.segments_L == number) & (layout.kinds_L == WORD)
        ids = layout.index_L[here].tolist()
        assert not ids or (ids[0], ids[-1]) == (OPEN, CLOSE)
        found.append(WORDS.decode(ids) if ids else None)
    return found


def test_a_story_of_two_clips_is_laid_out_by_hand():
    layout = written([7, 8], [Triplet(frames=1, dynamics=[9, 10]), Triplet(frames=2, dynamics=None)])
    s, f, w, n = STATE, FRAME, WORD, NOTHING
    expected = [
        (f, 0, n, -1), (f, 1, n, -1), (w, 7, n, -1), (w, 8, n, -1),
        (s, 0, n, 0), (s, 1, n, 0), (s, 2, n, 0), (f, 2, n, 0), (f, 3, n, 0),
        (w, OPEN, 9, 0), (w, 9, 10, 0), (w, 10, CLOSE, 0), (w, CLOSE, n, 0),
        (s, 0, n, 1), (s, 1, n, 1), (s, 2, n, 1), (f, 4, n, 1), (f, 5, n, 1), (f, 6, n, 1), (f, 7, n, 1),
    ]  # fmt: skip
    columns = (layout.kinds_L, layout.index_L, layout.labels_L, layout.segments_L)
    assert list(zip(*(each.tolist() for each in columns), strict=True)) == expected
    assert layout.slots_NQ.tolist() == [[4, 5, 6], [13, 14, 15]]
    assert {each.dtype for each in (*columns, layout.slots_NQ)} == {torch.int64}


@given(st.lists(st.integers(3, 40), max_size=4), st.lists(triplets, max_size=4), st.integers(1, 4), st.integers(1, 4))
def test_slots_frames_and_labels_of_any_story_are_where_they_belong(prompt, given, frame_tokens, queries):
    layout = written(prompt, given, frame_tokens, queries)
    assert layout.slots_NQ.shape == (len(given), queries)
    for number, slots_Q in enumerate(layout.slots_NQ):
        assert (layout.kinds_L[slots_Q] == STATE).all()
        assert layout.index_L[slots_Q].tolist() == list(range(queries))
        assert (layout.segments_L[slots_Q] == number).all()
        assert slots_Q[0] == (layout.segments_L < number).sum()
    assert (layout.kinds_L == STATE).sum() == layout.slots_NQ.numel()
    frames = layout.index_L[layout.kinds_L == FRAME]
    assert frames.tolist() == list(range(frame_tokens * (1 + sum(each.frames for each in given))))
    assert (layout.segments_L[layout.segments_L == BEFORE]).numel() == frame_tokens + len(prompt)
    at = (layout.labels_L != NOTHING).nonzero()[:, 0]
    assert layout.labels_L[at].tolist() == layout.index_L[at + 1].tolist()
    learned = [number for each in given if each.dynamics is not None for number in (*each.dynamics, CLOSE)]
    assert layout.labels_L[at].tolist() == learned
    assert OPEN not in layout.labels_L.tolist()
    assert (layout.kinds_L[at] == WORD).all()


def test_without_labels_only_the_labels_differ():
    given = [Triplet(frames=1, dynamics=[9, 10])]
    with_labels, without = written([7], given), written([7], given, labelled=False)
    assert (without.labels_L == NOTHING).all()
    assert without.index_L.tolist() == with_labels.index_L.tolist()


def test_a_story_without_clips_is_its_image_and_its_prompt():
    layout = written([7, 8], [])
    assert len(layout) == 4
    assert layout.slots_NQ.shape == (0, 3)


def test_anticipated_dynamics_tell_of_the_next_clip_and_the_last_has_none():
    told = story(clips=3)
    reading = read(told, WORDS, config(reading="anticipate"), frame_tokens=4)
    assert said(reading) == [told.clips[1].text.lower(), told.clips[2].text.lower(), None]


def test_described_dynamics_tell_of_their_own_clip():
    told = story(clips=3)
    reading = read(told, WORDS, config(reading="describe"), frame_tokens=4)
    assert said(reading) == [clip.text.lower() for clip in told.clips]


@pytest.mark.parametrize("how", ["anticipate", "describe"])
def test_a_repeated_prompt_has_no_label_anywhere(how):
    told = story(clips=3)
    reading = read(told, WORDS, config(reading=how), frame_tokens=4, repeat_prompt=True)
    assert (reading.layout.labels_L == NOTHING).all()
    assert set(said(reading)) <= {told.text.lower(), None}
    assert said(reading)[:2] == [told.text.lower()] * 2


def test_long_dynamics_are_cut_and_still_close():
    told = story(clips=2)
    short = replace(CONFIG, dynamics=DynamicsConfig(tokens=2))
    reading = read(told, WORDS, short, frame_tokens=4)
    labels = [label for label in reading.layout.labels_L.tolist() if label != NOTHING]
    assert labels == [*WORDS.encode(told.clips[1].text)[:2], WORDS.close_id]


def test_frames_are_the_image_and_then_each_clips_key_frames():
    told = story(clips=2, frames=5)
    reading = read(told, WORDS, CONFIG, frame_tokens=4)
    assert len(reading.frames_KHW3) == 1 + 2 * 2
    assert (reading.frames_KHW3[0] == told.image_HW3).all()
    assert (reading.frames_KHW3[2] == told.clips[0].frames_NHW3[-1]).all()
    assert (reading.frames_KHW3[3] == told.clips[1].frames_NHW3[0]).all()
    assert (reading.layout.kinds_L == FRAME).sum() == 5 * 4


def test_a_clip_of_fewer_frames_than_key_frames_repeats_some():
    reading = read(story(clips=1, frames=1), WORDS, CONFIG, frame_tokens=4)
    assert len(reading.frames_KHW3) == 3


def test_a_story_without_clips_can_be_read():
    reading = read(story(clips=0), WORDS, CONFIG, frame_tokens=4)
    assert len(reading.frames_KHW3) == 1
    assert len(reading.layout.slots_NQ) == 0


def test_frames_of_different_sizes_are_refused_with_both_sizes():
    told = replace(story(clips=1), image_HW3=np.zeros((8, 20, 3), np.uint8))
    with pytest.raises(UserError, match="8x20x3, 16x16x3"):
        read(told, WORDS, CONFIG, frame_tokens=4)
