import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.config import DiTConfig
from longtake.dit.devices import find_compiler
from longtake.dit.memory import MicroBatches, OutOfMemory, compile_blocks, samples_that_fit
from longtake.dit.model import DiT
from longtake.dit.recipe import TrainingWork
from tests.dit.tiny import CONFIG, examples, grown


@given(st.integers(0, 50), st.integers(1, 60))
def test_parts_cover_a_batch_in_order_and_are_as_even_as_can_be(samples, limit):
    parts = MicroBatches(lambda bucket: limit).parts("a", samples)
    assert [number for first, last in parts for number in range(first, last)] == list(range(samples))
    sizes = [last - first for first, last in parts]
    assert max(sizes, default=0) <= limit
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert len(parts) == -(-samples // limit)


@given(st.integers(1, 100))
def test_halving_goes_down_to_one_sample_and_then_gives_up(samples):
    batches = MicroBatches(lambda bucket: 1 << 30)
    for _ in range(10):
        before = len(batches.parts("a", samples))
        if before == samples:
            break
        batches.halve("a", samples)
        assert len(batches.parts("a", samples)) > before
    with pytest.raises(OutOfMemory):
        batches.halve("a", samples)


def test_each_bucket_has_its_own_limit():
    batches = MicroBatches(lambda bucket: 8, {"small": 4})
    batches.halve("large", 8)
    assert (len(batches.parts("large", 8)), len(batches.parts("small", 8)), len(batches.parts("new", 8))) == (2, 2, 1)


def test_a_processor_takes_fewer_samples_of_a_larger_model():
    small, large = (samples_that_fit(DiTConfig(depth=depth), 1280, 16 << 30) for depth in (4, 8))
    assert small > large >= 1
    assert samples_that_fit(DiTConfig(depth=16), 100_000, 1 << 30) == 1


def test_without_a_compiler_nothing_is_compiled_which_is_said(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CXX", "no-such-compiler")
    model = DiT(CONFIG)
    assert find_compiler() is None
    assert not compile_blocks(model.blocks, TrainingWork(compile="on"), torch.device("cpu"), find_compiler())
    assert "there is no C++ compiler" in caplog.text


@pytest.mark.parametrize(("compiled", "device", "expected"), [("auto", "cpu", False), ("off", "cuda", False)])
def test_a_processor_compiles_when_it_is_told_to(compiled, device, expected, caplog):
    caplog.set_level(logging.INFO)
    assert compile_blocks(DiT(CONFIG).blocks, TrainingWork(compile=compiled), torch.device(device), "g++") == expected
    assert not caplog.text


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_compiler() is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("default")  # of the compiler
def test_compiled_blocks_predict_the_same_and_keep_the_names_of_their_weights():
    plain, compiled = grown(), grown()
    assert compile_blocks(compiled.blocks, TrainingWork(compile="on"), torch.device("cpu"), find_compiler())
    given = examples()
    asked = (given.latents_BCthw, torch.full((2, 3), 0.5), given.text_BLD, given.text_mask_BL, given.conditions)
    losses = [model(*asked).square().mean() for model in (plain, compiled)]
    for loss in losses:
        loss.backward()
    torch.testing.assert_close(losses[0], losses[1])
    for (name, one), (other_name, other) in zip(plain.named_parameters(), compiled.named_parameters(), strict=True):
        assert name == other_name
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-5)
