"""How a training fits into memory: fewer samples at a time, and activations that are computed again instead of kept."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    checkpoint,
    create_selective_checkpoint_contexts,
)

from longtake.dit.config import DiTConfig
from longtake.dit.recipe import TrainingWork

KEPT_FLOATS = 30
"""Of a token in a block, in model widths, that a backward pass needs: a rule of thumb for what fits on a processor."""
MEMORY_SHARE = 0.25
"""Of a machine's memory that activations may take."""

log = logging.getLogger(__name__)


class OutOfMemory(Exception):
    """Not even one sample at a time fits."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the machine had no memory left for a tensor."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator: can't allocate memory" in str(error)
    )


def samples_that_fit(config: DiTConfig, tokens: int, memory_bytes: int) -> int:
    """How many samples of so many tokens a processor's memory is taken to hold; at least one."""
    return max(1, int(MEMORY_SHARE * memory_bytes / (4 * KEPT_FLOATS * config.width * config.depth * tokens)))


class MicroBatches:
    """How many samples of each bucket go through the model together."""

    def __init__(self, most: Callable[[str], int], limits: Mapping[str, int] | None = None) -> None:
        """`most` says how many to begin with; `limits` are what an earlier run found."""
        self._most = most
        self.limits: dict[str, int] = dict(limits or {})
        """Samples, by the bucket's name."""

    def parts(self, bucket: str, samples: int) -> list[tuple[int, int]]:
        """First and last (left out) of each part, as even as can be, in the order of the batch; none of no samples."""
        if not samples:
            return []
        if bucket not in self.limits:
            self.limits[bucket] = max(1, self._most(bucket))
        count = -(-samples // self.limits[bucket])
        edges = [samples * part // count for part in range(count + 1)]
        return list(pairwise(edges))

    def halve(self, bucket: str, samples: int) -> int:
        """After memory ran out: the new limit. Raises OutOfMemory where it was one sample already."""
        largest = max((last - first for first, last in self.parts(bucket, samples)), default=1)
        if largest <= 1:
            raise OutOfMemory(bucket)
        self.limits[bucket] = (largest + 1) // 2
        return self.limits[bucket]


def save_memory(blocks: nn.ModuleList, how: str) -> None:
    """Lets the blocks forget what their backward pass can compute again: `TrainingWork.checkpointing`."""
    if how == "none":
        return
    contexts = partial(create_selective_checkpoint_contexts, _policy) if how == "selective" else None
    for block in blocks:
        block.forward = _forgetting(block.forward, contexts)


def compile_blocks(blocks: nn.ModuleList, work: TrainingWork, device: torch.device, compiler: str | None) -> bool:
    """Compiles the blocks in place where that is wanted and can be; whether it was done. Names of weights stay."""
    wanted = work.compile == "on" or (work.compile == "auto" and device.type == "cuda")
    if wanted and compiler is None:
        log.warning("not compiled: there is no C++ compiler; install g++, or say compile: off")
    if not wanted or compiler is None:
        return False
    # One kernel a shape, never one for shapes in general: what a step computes must not depend on the steps before it.
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 256)
    for block in blocks:
        block.compile(dynamic=False)
    return True


def _forgetting(forward: Callable[..., Any], contexts: Callable[[], Any] | None) -> Callable[..., Any]:
    options: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
    if contexts is not None:
        options["context_fn"] = contexts

    def forget(*args: Any) -> Any:
        return checkpoint(forward, *args, **options) if torch.is_grad_enabled() else forward(*args)

    return forget


def _policy(context: SelectiveCheckpointContext, operation: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
    """Keeps what is dear to compute: products of matrices and attention."""
    return CheckpointPolicy.MUST_SAVE if operation in _DEAR else CheckpointPolicy.PREFER_RECOMPUTE


_aten = torch.ops.aten
_DEAR = {
    _aten.mm.default, _aten.addmm.default, _aten.bmm.default, _aten._scaled_dot_product_flash_attention.default,
    _aten._scaled_dot_product_efficient_attention.default, _aten._scaled_dot_product_cudnn_attention.default,
    _aten._scaled_dot_product_flash_attention_for_cpu.default,
}  # fmt: skip
