import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.doctor.space import judge_scratch, judge_shared_memory, scratch_needed, sized

MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("free_bytes", "state"), [(0, "bad"), (100 * MIB, "bad"), (GIB, "warn"), (8 * GIB, "good"), (90 * GIB, "good")]
)
def test_a_full_scratch_is_bad_and_a_tight_one_a_warning_that_says_how_much_is_wanted(free_bytes, state):
    finding = judge_scratch("/tmp", free_bytes, 2)
    assert finding.state == state
    assert ("8 GiB" in finding.fix) is (state != "good")


def test_a_read_only_root_is_said_and_is_no_problem():
    finding = judge_scratch("/tmp", 90 * GIB, 2, read_only_root=True)
    assert finding.state == "good"
    assert "read-only" in finding.found


@pytest.mark.parametrize(
    ("size_bytes", "users", "state"),
    [(64 * MIB, [], "good"), (64 * MIB, ["torch", "ray"], "warn"), (GIB, ["torch"], "good"), (None, [], "warn")],
)
def test_a_tiny_dev_shm_is_a_warning_only_where_torch_or_ray_would_use_it(size_bytes, users, state):
    finding = judge_shared_memory(size_bytes, size_bytes or 0, users)
    assert finding.state == state
    assert ("medium: Memory" in finding.fix) is (state != "good")


def test_a_full_dev_shm_is_as_good_as_a_tiny_one():
    assert judge_shared_memory(GIB, MIB, ["ray"]).state == "warn"


@given(st.integers(1, 512), st.integers(0, 1 << 45))
def test_scratch_room_grows_with_workers_and_with_the_video(workers, video_bytes):
    assert scratch_needed(workers + 1, video_bytes) >= scratch_needed(workers, video_bytes) >= 2 * video_bytes


def test_sizes_are_written_as_people_say_them():
    assert [sized(count) for count in (0, 64 * MIB, GIB, 1.5 * GIB, 100 * GIB)] == [
        "0 MiB", "64 MiB", "1 GiB", "1.5 GiB", "100 GiB",
    ]  # fmt: skip
