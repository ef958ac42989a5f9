import dataclasses
import math
from itertools import islice

import pytest
import torch

from longtake.dit.checkpoint import DamagedCheckpoint, load_checkpoint, save_checkpoint
from longtake.dit.guard import Diverged
from longtake.dit.memory import MicroBatches, OutOfMemory, save_memory
from longtake.dit.model import DiT
from longtake.dit.recipe import Guard
from longtake.dit.step_record import Curve, curve_of
from longtake.dit.train import Training, train, validate
from tests.dit.batches import batch, recipe, stream

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def begin(config=None, **given):
    config = config or recipe()
    return Training(DiT(config.model, {"motion": (1.0, 1.0)}, config.seed), config, **given)


def facts(records):
    """What must not depend on when and how fast a step was done."""
    return [(r.step, r.loss, r.norm, r.lr, r.tokens, r.skipped, r.validated) for r in records]


def judged(training):
    return lambda: validate(training, lambda: [batch(range(900, 904))])


def weights(training):
    return {**training.state()[0]}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_that_goes_on_from_any_checkpoint_is_the_undisturbed_one_to_the_bit(tmp_path):
    whole = begin()
    records = list(train(whole, stream(), judged(whole)))
    for stopped_at in (1, 3, 5):
        first = begin()
        some = list(islice(train(first, stream(), judged(first)), stopped_at))
        save_checkpoint(tmp_path / "state", first, curve_of(some))
        second = begin()
        curve, _ = load_checkpoint(tmp_path / "state", second)
        assert curve == curve_of(some)
        rest = list(train(second, stream(stopped_at), judged(second)))
        assert facts(some + rest) == facts(records)
        assert same(weights(second), weights(whole))
        assert second.position == whole.position


def test_the_loss_falls_and_the_averaged_weights_follow():
    training = begin(recipe(steps=80, lr=5e-3))
    same_one = (batch(range(4)) for _ in iter(int, 1))
    records = list(train(training, same_one))
    assert records[-1].loss < 0.7 * records[0].loss
    own = dict(training.model.named_parameters())
    gaps = [float((own[name] - average).detach().abs().max()) for name, average in training.averages.weights.items()]
    assert max(gaps) > 0


def test_micro_batches_change_the_order_of_rounding_alone():
    whole, parts = begin(), begin(micro_batches=MicroBatches(lambda bucket: 1))
    for one, other in zip(train(whole, stream()), train(parts, stream()), strict=True):
        assert (one.micro_batch, other.micro_batch) == (4, 1)
        assert other.loss == pytest.approx(one.loss, rel=1e-5)
        assert other.norm == pytest.approx(one.norm, rel=1e-3)
    for name, weight in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], weight, rtol=2e-2, atol=2e-4)


class Tight(DiT):
    """Has memory for so many samples."""

    room = 2

    def forward(self, latents, *given):
        if len(latents) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(latents, *given)


def test_where_memory_runs_out_the_step_is_done_with_fewer_samples_at_a_time_and_the_same_batch(caplog):
    config = recipe(steps=2)
    tight = Training(Tight(config.model, {"motion": (1.0, 1.0)}, config.seed), config)
    records = list(train(tight, stream()))
    expected = list(train(begin(config, micro_batches=MicroBatches(lambda bucket: 2)), stream()))
    assert facts(records) == facts(expected)
    assert [record.micro_batch for record in records] == [2, 2]
    assert "out of memory: fewer samples at a time" in caplog.text


def test_a_sample_that_does_not_fit_ends_the_training_and_leaves_the_weights_alone():
    config = recipe()
    tight = Training(Tight(config.model), config)
    before = {name: value.clone() for name, value in weights(tight).items()}
    tight.model.room = 0
    with pytest.raises(OutOfMemory):
        next(train(tight, stream()))
    assert same(weights(tight), before)


def test_a_real_shortage_of_the_machines_memory_is_seen():
    from longtake.dit.memory import is_out_of_memory

    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def poisoned(numbers):
    """A stream whose batches of these numbers hold no numbers."""
    for number, one in enumerate(stream()):
        bad = one.latents_BCthw * math.nan
        yield dataclasses.replace(one, latents_BCthw=bad) if number in numbers else one


def test_a_step_without_a_number_is_skipped_and_counted_and_changes_no_weight():
    training = begin()
    steps = train(training, poisoned({2}))
    records = [next(steps), next(steps)]
    before = {name: value.clone() for name, value in weights(training).items()}
    records.append(next(steps))
    assert records[-1].skipped == "not_finite"
    assert same(weights(training), before)
    records += list(steps)
    assert [record.skipped for record in records] == ["", "", "not_finite", "", "", ""]
    assert training.position.step == 6
    assert training.position.taken == 5
    curve = curve_of(records)
    assert curve.skipped == {"not_finite": 1}
    assert curve.points[2].loss is None


def test_too_many_skipped_steps_in_a_row_end_the_training():
    training = begin(recipe(guard=Guard(after=3)))
    records = []
    with pytest.raises(Diverged, match="3 steps in a row were skipped, the last for not_finite"):
        records.extend(train(training, poisoned(range(1, 100))))
    assert training.position.step == 4


@pytest.mark.parametrize("how", ["selective", "full"])
def test_forgotten_activations_are_computed_again_to_the_same_gradients(how):
    plain, thrifty = begin(), begin()
    save_memory(thrifty.model.blocks, how)
    assert facts(train(plain, stream())) == facts(train(thrifty, stream()))
    assert same(weights(plain), weights(thrifty))


def test_tokens_may_say_how_long_a_training_is():
    training = begin(recipe(tokens=100))  # batches of 4 samples of 12 and of 4 tokens in turn
    assert [record.tokens for record in train(training, stream())] == [48, 16, 48]


def test_validation_is_the_same_whatever_the_batches_and_leaves_the_training_alone():
    training = begin()
    list(train(training, stream()))
    before = {name: value.clone() for name, value in weights(training).items()}
    one = validate(training, lambda: [batch(range(900, 904))])
    parts = validate(training, lambda: [batch(range(900, 901)), batch(range(901, 904))])
    assert parts.loss == pytest.approx(one.loss, rel=1e-5)
    assert len(one.by_time) == 2
    assert one.loss == pytest.approx(sum(one.by_time) / 2)
    assert same(weights(training), before)
    assert training.model.training


def test_a_file_that_is_no_whole_checkpoint_is_called_damaged(tmp_path):
    training = begin()
    save_checkpoint(tmp_path / "state", training, Curve())
    data = (tmp_path / "state").read_bytes()
    for damage in (data[: len(data) // 2], b"", data[:40]):
        (tmp_path / "state").write_bytes(damage)
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(tmp_path / "state", begin())
