"""Captions as text embeddings: the last hidden states of an encoder, one vector a token, nothing pooled.

Legend: L tokens of one text, D their width.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from longtake.errors import UserError
from longtake.latents.config import TextConfig
from longtake.pretrained import load_pretrained, told_of

NULL_WIDTH = 1
"""Of the token that stands for no text."""
MINILM_WIDTH = 384


class TextEncoder(Protocol):
    """Texts to token embeddings."""

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        """Of each text its text_LD, float32, L from 1 to the limit: the same whatever texts it comes with."""


def open_text_encoder(config: TextConfig, device: torch.device | str = "cpu") -> TextEncoder:
    """The encoder that the config names. Raises UserError for a model that is none, ModuleNotFoundError without the wheel of minilm."""
    if config.encoder == "none":
        return NoText()
    if config.encoder == "minilm":
        from longtake.latents.minilm import MiniLM

        return MiniLM(config.tokens, device)
    return T5Text(config, device)


def text_width(config: TextConfig) -> int:
    """How wide the encoder's embeddings are, without its weights. Raises UserError for a model that is none."""
    match config.encoder:
        case "none":
            return NULL_WIDTH
        case "minilm":
            return MINILM_WIDTH
    return int(_read_config(config, _places(config)[0])["d_model"])


@dataclass(frozen=True)
class NoText:
    """One zero token, whatever the text."""

    name: str = "none"
    width: int = NULL_WIDTH

    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        return [torch.zeros(1, NULL_WIDTH) for _ in texts]


class T5Text:
    """The encoder of a T5 or UMT5, by transformers; one text at a time, since padding would change the last digits.

    bfloat16 on a GPU, float32 without one.
    """

    def __init__(self, config: TextConfig, device: torch.device | str = "cpu") -> None:
        import transformers

        folder, tokenizer_folder = _places(config)
        self.width = int(_read_config(config, folder)["d_model"])
        self.name = f"{config.encoder} {folder.name}"
        kind: Any = transformers.T5EncoderModel if config.encoder == "t5" else transformers.UMT5EncoderModel
        number = torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32
        model = load_pretrained(kind.from_pretrained, folder, "a text encoder", dtype=number)
        with told_of(str(folder), "a text encoder"):
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(tokenizer_folder))
        self._model = model.to(device).eval().requires_grad_(False)
        self._tokens = config.tokens

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> Tensor:
        tokens = self._tokenizer(text, truncation=True, max_length=self._tokens, return_tensors="pt")
        ids, mask = (tokens[key].to(self._model.device) for key in ("input_ids", "attention_mask"))
        hidden: Tensor = self._model(input_ids=ids, attention_mask=mask).last_hidden_state[0]
        return hidden.float().cpu()


def _places(config: TextConfig) -> tuple[Path, Path]:
    """The folders of weights and tokenizer: one, or the two of a whole pipeline."""
    if not config.model:
        raise UserError(
            f"the text encoder {config.encoder} needs text: {{model: FOLDER}}, the folder of one; or take minilm"
        )
    folder = Path(config.model).expanduser()
    if not folder.is_dir():
        folder = _from_hub(config.model)
    if (folder / "text_encoder").is_dir():
        return folder / "text_encoder", folder / "tokenizer"
    return folder, folder


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    wanted = ["*.json", "*.model", "*.txt", "*.safetensors"]
    wanted = [f"{folder}{one}" for folder in ("", "text_encoder/", "tokenizer/") for one in wanted]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HFValidationError, HfHubHTTPError, OSError) as error:
        raise UserError(
            f"{name} is no folder here, and cannot be had from the hub ({type(error).__name__}); give the folder of a text encoder"
        ) from None


def _read_config(config: TextConfig, folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{folder} has no config.json that can be read; give the folder of a text encoder") from None
    found = said.get("model_type") if isinstance(said, dict) else None
    if found != config.encoder:
        raise UserError(f"{folder} is a model of the type {found}; the text encoder {config.encoder} is asked for")
    return dict(said)
