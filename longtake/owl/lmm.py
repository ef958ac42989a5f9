"""Language models that read a film: one from scratch, and any causal one of transformers behind the same face (B.1).

Frames become tokens by a linear map of their patches (the paper's discrete ones: `chameleon`). Pretrained weights stay as they are: what
learns lies beside them, as LoRA, patch embeddings and the two marks around the dynamics, and is what `learned` names.

Legend: B rows, L positions, X any tokens, d the model's width, V vocabulary, N frames, F tokens of a frame, P values of a patch,
H W pixels of 3 channels.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from longtake.errors import UserError
from longtake.owl.config import LMMConfig, LoRAConfig
from longtake.owl.words import TokenizerWords, Words
from longtake.pretrained import load_pretrained, told_of

UNBOUNDED = 1 << 20
"""Positions of a model from scratch: rotary places have no table."""
PROBED = 4
"""Positions of the check that a pretrained model is causal, and goes on from a cache."""


class LMM(nn.Module, ABC):
    """Embeddings to hidden states, causally. Rows are padded on the right, so that training needs no mask."""

    width: int
    frame_tokens: int
    """F."""
    positions: int
    """Longest sequence."""
    words: Words
    model: Any
    """transformers' own."""

    @property
    def backbone(self) -> Any:
        """The model without its head."""
        return self.model

    @abstractmethod
    def embed_words(self, ids_X: Tensor) -> Tensor:
        """[X, d]."""

    @abstractmethod
    def embed_frames(self, frames_NHW3: Tensor) -> Tensor:
        """embeddings_NFd; frames are uint8 of any size, blue, green, red."""

    @abstractmethod
    def score(self, hidden_Xd: Tensor) -> Tensor:
        """logits_XV of the next word."""

    def forward(self, embeddings_BLd: Tensor, mask_BL: Tensor | None = None, cache: Any = None) -> Tensor:
        """hidden_BLd of the last layer, normed. The cache is extended in place; the mask covers what it holds and the new positions,
        False where a row is padded: such a row goes on as if the padding were not there. Raises UserError beyond `positions`.
        """
        length = embeddings_BLd.shape[1]
        self._check_length(length + (cache.get_seq_length() if cache is not None else 0))
        places_BL = None
        if mask_BL is not None:
            places_BL = (mask_BL.long().cumsum(1) - 1).clamp(min=0)[:, -length:]
        said = self.backbone(
            inputs_embeds=embeddings_BLd.to(self.model.dtype), attention_mask=mask_BL, position_ids=places_BL,
            past_key_values=cache, use_cache=cache is not None,
        )  # fmt: skip
        hidden_BLd: Tensor = said.last_hidden_state
        return hidden_BLd.to(embeddings_BLd.dtype)

    def new_cache(self) -> Any:
        """An empty one: for `forward`, any number of rows."""
        from transformers import DynamicCache

        return DynamicCache(config=self.model.config)

    def learned(self) -> list[str]:
        """Names of the weights that training may change, whether or not they want gradients now; the rest is the checkpoint's."""
        return [name for name, _ in self.named_parameters()]

    def _check_length(self, length: int) -> None:
        if length > self.positions:
            raise UserError(
                f"the film takes {length} positions and the language model reads {self.positions}; take a smaller frame_px, fewer "
                "key_frames, state queries or clips, or fewer triplets in its context"
            )


class Patches(nn.Module):
    """Frames as tokens: each patch by one linear map, with a learned place in the frame."""

    def __init__(self, config: LMMConfig, width: int, scale: float) -> None:
        """`scale`: standard deviation of the embeddings of words, which those of patches begin with."""
        super().__init__()
        if config.frame_px % config.patch_px:
            raise UserError(
                f"frame_px {config.frame_px} is no multiple of patch_px {config.patch_px}; choose one that is"
            )
        self.frame_px, self.patch_px = config.frame_px, config.patch_px
        self.tokens = (config.frame_px // config.patch_px) ** 2
        values = 3 * config.patch_px**2
        self.values = nn.Linear(values, width)
        self.places_Fd = nn.Parameter(torch.randn(self.tokens, width) * scale)
        nn.init.normal_(self.values.weight, std=scale * (values / 3) ** -0.5)  # a value's mean square is about 1/3
        nn.init.zeros_(self.values.bias)

    def forward(self, frames_NHW3: Tensor) -> Tensor:
        pixels_N3HW = to_square(frames_NHW3.to(self.values.weight.device), self.frame_px) / 127.5 - 1
        values_NPF = F.unfold(pixels_N3HW, self.patch_px, stride=self.patch_px)
        embeddings_NFd: Tensor = self.values(values_NPF.transpose(1, 2)) + self.places_Fd
        return embeddings_NFd


def to_square(frames_NHW3: Tensor, side_px: int) -> Tensor:
    """[N, 3, side, side], float32 from 0 to 255: frames of any shape, brought to a square."""
    pixels_N3HW = frames_NHW3.permute(0, 3, 1, 2).float()
    if pixels_N3HW.shape[2:] == (side_px, side_px):
        return pixels_N3HW
    return F.interpolate(pixels_N3HW, size=(side_px, side_px), mode="bilinear", antialias=True)


class Small(LMM):
    """A Llama of a few layers from scratch; words are scored by the table that embeds them."""

    def __init__(self, config: LMMConfig, words: Words, seed: int = 0) -> None:
        from transformers import LlamaConfig, LlamaModel

        super().__init__()
        small = config.small
        if small.width % (2 * small.heads):
            raise UserError(
                f"a width of {small.width} gives {small.heads} heads no even width; choose a multiple of {2 * small.heads}"
            )
        told = LlamaConfig(
            vocab_size=words.size, hidden_size=small.width, intermediate_size=small.hidden, num_hidden_layers=small.depth,
            num_attention_heads=small.heads, num_key_value_heads=small.heads, max_position_embeddings=UNBOUNDED,
            bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = LlamaModel(told)
            self.patches = Patches(config, small.width, told.initializer_range)
        self.width, self.words, self.positions = small.width, words, UNBOUNDED
        self.frame_tokens = self.patches.tokens

    def embed_words(self, ids_X: Tensor) -> Tensor:
        embeddings_Xd: Tensor = self.model.embed_tokens(ids_X)
        return embeddings_Xd

    def embed_frames(self, frames_NHW3: Tensor) -> Tensor:
        embeddings_NFd: Tensor = self.patches(frames_NHW3)
        return embeddings_NFd

    def score(self, hidden_Xd: Tensor) -> Tensor:
        return F.linear(hidden_Xd, self.model.embed_tokens.weight)


class Pretrained(LMM):
    """A checkpoint that stays as it is, with LoRA in it, and "<" and ">" beside its table and its head."""

    def __init__(self, model: Any, words: Words, lora: LoRAConfig) -> None:
        """The first weights follow from torch's generator."""
        super().__init__()
        self.model = model
        table_Vd, head_Vd = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        self.words, self.width = words, int(table_Vd.shape[1])
        self.positions = int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or UNBOUNDED)
        add_lora(model, lora)
        self.marks_2d = nn.Parameter(_mean(table_Vd).repeat(2, 1))  # a token begins like an average one
        self.mark_heads_2d = nn.Parameter(_mean(head_Vd).repeat(2, 1))

    @property
    def backbone(self) -> Any:
        return self.model.base_model

    def embed_words(self, ids_X: Tensor) -> Tensor:
        marks_2 = torch.tensor([self.words.open_id, self.words.close_id], device=ids_X.device)
        marked_X2 = ids_X[:, None] == marks_2
        plain_Xd = self.model.get_input_embeddings()(ids_X.masked_fill(marked_X2.any(1), 0)).float()
        return torch.where(marked_X2.any(1, keepdim=True), marked_X2.type_as(self.marks_2d) @ self.marks_2d, plain_Xd)

    def score(self, hidden_Xd: Tensor) -> Tensor:
        plain_XV = self.model.get_output_embeddings()(hidden_Xd.to(self.model.dtype)).float()
        marks_X2 = F.linear(hidden_Xd.float(), self.mark_heads_2d)
        both_XV = F.pad(plain_XV, (0, self.words.size - plain_XV.shape[1]))
        marks_2 = torch.tensor([self.words.open_id, self.words.close_id], device=hidden_Xd.device)
        return both_XV.index_copy(1, marks_2, marks_X2.type_as(both_XV))

    def learned(self) -> list[str]:
        return [name for name in super().learned() if not name.startswith("model.") or "lora_" in name]


class Causal(Pretrained):
    """Any causal model of transformers; frames as patches, "<" and ">" as two words beyond its own (B.1: departs from the paper)."""

    def __init__(self, config: LMMConfig, seed: int = 0) -> None:
        from transformers import AutoModelForCausalLM

        model = load_pretrained(
            AutoModelForCausalLM.from_pretrained, named(config), "a causal language model", dtype="auto"
        )
        known = int(model.get_input_embeddings().weight.shape[0])
        words = TokenizerWords(open_tokenizer(config.model), size=known + 2, open_id=known, close_id=known + 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            super().__init__(model, words, config.lora)
            self.patches = Patches(config, self.width, float(model.get_input_embeddings().weight.float().std()))
        self.frame_tokens = self.patches.tokens
        check_causal(self, config.model)

    def embed_frames(self, frames_NHW3: Tensor) -> Tensor:
        embeddings_NFd: Tensor = self.patches(frames_NHW3)
        return embeddings_NFd


def named(config: LMMConfig) -> str:
    """Where the checkpoint is. Raises UserError where the config does not say."""
    if not config.model:
        raise UserError(
            f"the language model {config.kind} needs lmm: {{model: FOLDER}}, the folder of one; or take small"
        )
    return config.model


def open_tokenizer(place: str) -> Any:
    """transformers' own. Raises UserError where there is none."""
    from transformers import AutoTokenizer

    with told_of(place, "a tokenizer"):
        return AutoTokenizer.from_pretrained(place, trust_remote_code=False)


def add_lora(model: Any, config: LoRAConfig) -> None:
    """Freezes the model, and puts adapters beside its linear layers, in float32; its head has none. Raises UserError for other targets."""
    model.requires_grad_(False)
    if not config.rank:
        return
    from peft import LoraConfig, inject_adapter_in_model

    targets: str | list[str] = config.targets
    if targets != "all-linear":
        targets = [name.strip() for name in config.targets.split(",")]
    how = LoraConfig(r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=targets)
    with told_of(f"lora targets {config.targets}", "layers of this model"):
        inject_adapter_in_model(how, model)
    for name, weight in model.named_parameters():
        weight.requires_grad_("lora_" in name)
        if "lora_" in name:
            weight.data = weight.data.float()


@torch.no_grad()
def check_causal(lmm: LMM, place: str) -> None:
    """Raises UserError for a model in which a position sees later ones, or that does not go on from a cache."""
    ids_X = torch.linspace(0, lmm.words.size - 1, PROBED).long()
    embeddings_BLd, cache = lmm.embed_words(ids_X)[None], lmm.new_cache()
    training = lmm.training
    lmm.eval()
    whole_BLd = lmm(embeddings_BLd)
    parts_BLd = torch.cat([lmm(part, cache=cache) for part in embeddings_BLd.split(PROBED // 2, 1)], 1)
    lmm.train(training)
    tolerance = torch.finfo(lmm.model.dtype).eps ** 0.5  # 9 % of bfloat16, which is off by about 1 %
    if (whole_BLd - parts_BLd).norm() > tolerance * whole_BLd.norm():
        raise UserError(
            f"{place} does not read from left to right with a cache; give a decoder of transformers, as Llama or Qwen"
        )


def _mean(table_Vd: Tensor) -> Tensor:
    return table_Vd.detach().mean(0, dtype=torch.float32)
