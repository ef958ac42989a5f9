from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from longtake.caption_tuning.batches import Plan

kinds = st.lists(st.sampled_from(["video", "image"]), min_size=1, max_size=40)
plans = st.builds(
    Plan,
    kinds,
    st.none() | st.floats(0, 4),
    step_size=st.integers(1, 9),
    epochs=st.integers(1, 3),
    seed=st.integers(0, 9),
)


@given(plans)
def test_an_epoch_has_every_video_once_and_images_by_the_ratio(plan):
    videos = [place for place, kind in enumerate(plan.kinds) if kind == "video"]
    images = len(plan.kinds) - len(videos)
    for number in range(plan.epochs):
        epoch = plan.epoch(number)
        seen = Counter(plan.kinds[place] for place in epoch)
        assert seen["video"] == len(videos)
        if plan.images_per_video is None or not videos or not images:
            assert sorted(epoch) == list(range(len(plan.kinds)))
        else:
            assert seen["image"] == round(plan.images_per_video * len(videos))


@given(plans)
def test_no_image_comes_again_before_all_have_come(plan):
    drawn = [place for number in range(plan.epochs) for place in plan.epoch(number) if plan.kinds[place] == "image"]
    counts = Counter({place: 0 for place, kind in enumerate(plan.kinds) if kind == "image"})
    counts.update(drawn)
    assert not counts or max(counts.values()) - min(counts.values()) <= 1


@given(plans, st.data())
def test_taken_up_at_any_step_it_goes_on_as_it_would_have(plan, data):
    steps = list(plan.steps_from(0))
    assert len(steps) == plan.steps
    assert list(chain.from_iterable(steps)) == [place for number in range(plan.epochs) for place in plan.epoch(number)]
    assert all(0 < len(step) <= plan.step_size for step in steps)
    first = data.draw(st.integers(0, plan.steps))
    assert list(plan.steps_from(first)) == steps[first:]


def test_another_seed_and_another_epoch_are_another_order():
    plan = Plan(["video"] * 50, None, step_size=8, epochs=2, seed=0)
    assert plan.epoch(0) != plan.epoch(1)
    assert plan.epoch(0) != Plan(["video"] * 50, None, step_size=8, epochs=2, seed=1).epoch(0)
