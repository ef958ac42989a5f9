import copy
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.video.faults import REASONS, Reason, VideoFault


def test_every_reason_has_its_sentence():
    assert set(REASONS) == set(get_args(Reason))
    assert all(sentence.endswith(".") for sentence in REASONS.values())


@settings(max_examples=30)
@given(st.text(max_size=600))
def test_a_detail_is_short_and_has_no_control_characters(text):
    detail = VideoFault("corrupt", text).detail
    assert len(detail) <= 300
    assert detail == "" or detail.isprintable()


def test_a_fault_survives_the_way_between_processes():
    fault = copy.copy(VideoFault("no_video", "song"))
    assert (fault.reason, fault.detail, str(fault)) == ("no_video", "song", "no_video: song")
