"""Two processes with gloo between them, and one: the same training, but for the order of rounding."""

import json
import multiprocessing
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import distributed

from longtake.dit.model import DiT
from longtake.dit.parallel import Replicas
from longtake.dit.train import Training, train, validate
from tests.dit.batches import batch, recipe, stream


class Tight(DiT):
    """The second worker has memory for one sample."""

    def forward(self, latents, *given):
        if distributed.is_initialized() and distributed.get_rank() == 1 and len(latents) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(latents, *given)


def learn(rank, world, folder):
    """The records of this worker and its weights, into a file."""
    torch.set_num_threads(1)
    if world > 1:
        distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    config = recipe()
    replicas = Replicas()
    training = Training(Tight(config.model, {"motion": (1.0, 1.0)}, config.seed + rank), config, replicas=replicas)
    held_out = [batch(list(range(900, 904))[rank::world])]
    steps = train(training, stream(rank=rank, world=world), lambda: validate(training, lambda: held_out))
    records = [(r.loss, r.norm, r.tokens, r.flops, r.validated.loss if r.validated else 0.0) for r in steps]
    flags = replicas.any(rank == 1, False), replicas.first(rank == 0, rank == 1)
    (Path(folder) / f"{world}-{rank}.json").write_text(json.dumps((records, flags)))
    save_file(training.state()[0], Path(folder) / f"{world}-{rank}.safetensors")
    if world > 1:
        distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_workers_come_to_what_one_comes_to_even_where_one_of_them_runs_out_of_memory(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=learn, args=(rank, 2, str(tmp_path))) for rank in range(2)]
    for process in processes:
        process.start()
    learn(0, 1, str(tmp_path))
    for process in processes:
        process.join()
        assert process.exitcode == 0
    names = ("1-0", "2-0", "2-1")
    (alone, _), (first, flags), (second, _) = (json.loads((tmp_path / f"{name}.json").read_text()) for name in names)
    weights, mine, theirs = (load_file(tmp_path / f"{name}.safetensors") for name in names)
    assert flags == [[True, False], [True, False]]
    assert first == second
    for ours, expected in zip(first, alone, strict=True):
        assert ours == pytest.approx(expected, rel=1e-3)
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    for name, value in weights.items():
        torch.testing.assert_close(mine[name], value, rtol=2e-2, atol=3e-4)
