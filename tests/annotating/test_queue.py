import pytest

from longtake.annotating.queue import Candidate, check_name, place_in_queue
from longtake.errors import UserError
from tests.rows import clip, video


def queue(annotator, *scores, near=2.5):
    candidates = [Candidate(clip(number, video(1)), vtss) for number, vtss in enumerate(scores)]
    return sorted(candidates, key=lambda found: place_in_queue(found, annotator, near))


def test_clips_near_the_threshold_come_first_and_unscored_ones_last():
    assert [found.vtss for found in queue("ann", 4.9, None, 2.4, 1.0, 2.7)] == [2.4, 2.7, 1.0, 4.9, None]
    assert [found.vtss for found in queue("ann", 4.9, 2.4, near=5)] == [4.9, 2.4]


def test_unscored_clips_come_in_an_order_of_each_annotator_s_own_and_the_same_each_time():
    ann, bob = (queue(name, *[None] * 20) for name in ("ann", "bob"))
    assert ann == queue("ann", *[None] * 20)
    assert ann != bob
    assert queue("ann", 2.5, 2.6, 4.0, 1.0, near=None) != queue("bob", 2.5, 2.6, 4.0, 1.0, near=None)


def test_a_name_is_said_the_same_way_each_time():
    assert check_name("  Ann B. ", {"Ann B.", "ann b."}) == "Ann B."
    with pytest.raises(UserError, match="'Ann' has marked here before"):
        check_name("ann", {"Ann"})
    for wrong in ("", "  ", "a\nb", "x" * 65):
        with pytest.raises(UserError, match="1 to 64 letters"):
            check_name(wrong, set())
