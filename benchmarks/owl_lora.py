"""How many weights LoRA of rank 8 adds to the language model of Owl-1, against the 798M that the paper gives as trainable.

`python -m benchmarks.owl_lora`. Chameleon of 7B as its config draws it; weights are counted and never made.
"""

import torch
from transformers import ChameleonConfig, ChameleonForConditionalGeneration

from benchmarks.measure import print_table
from longtake.owl.config import LoRAConfig
from longtake.owl.lmm import add_lora

RANKS = (8, 16, 64, 320)
"""320: the rank at which LoRA alone comes to the paper's figure."""


def count_lora(rank: int) -> tuple[int, int]:
    """Weights that LoRA adds beside all linear layers, and the model's own."""
    with torch.device("meta"):
        model = ChameleonForConditionalGeneration(ChameleonConfig(vocabulary_map={"<image>": 8711}))
        own = sum(weight.numel() for weight in model.parameters())
        add_lora(model, LoRAConfig(rank=rank))
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad), own


def main() -> None:
    rows = []
    for rank in RANKS:
        added, own = count_lora(rank)
        rows.append((rank, f"{added / 1e6:.1f}", f"{100 * added / own:.2f}"))
    print_table(("rank", "weights of LoRA, millions", "% of the model's"), rows)


if __name__ == "__main__":
    main()
