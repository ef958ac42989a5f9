"""A model from a folder or the hub: safetensors only, no code of others, and plain words where it is none that we know."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch

from longtake.captioning.vlm.families import FAMILIES, Family, Settings
from longtake.captioning.vlm.pooling import add_pooling
from longtake.errors import TransientError, UserError, first_line
from longtake.pretrained import load_pretrained, told_of

ADAPTER = "adapter_model.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class VLM:
    """A model, ready to read and write."""

    model: Any
    """Of transformers, `...ForConditionalGeneration`, not training."""
    tokenizer: Any
    """Fast, with the chat template."""
    family: Family
    device: torch.device
    name: str
    """Of the folder or on the hub, and of the adapter's folder."""

    @property
    def end_ids(self) -> list[int]:
        """Tokens that end an answer."""
        ids = self.model.generation_config.eos_token_id
        if ids is None:
            ids = self.tokenizer.eos_token_id
        return [ids] if isinstance(ids, int) else list(ids or [])

    @cached_property
    def placeholders(self) -> list[str]:
        """Tokens that stand for frames."""
        tokens: list[str] = self.tokenizer.convert_ids_to_tokens(self.family.placeholder_ids)
        return tokens

    @cached_property
    def special_tokens(self) -> list[str]:
        """All that mean something of their own, the longest first."""
        added = self.tokenizer.added_tokens_decoder.values()
        special = {token.content for token in added if token.special and len(token.content) > 1}
        return sorted(special | set(self.placeholders), key=len, reverse=True)

    @property
    def vocabulary(self) -> int:
        """Tokens that it gives a number for; more than the tokenizer has, often."""
        size: int = self.model.get_output_embeddings().weight.shape[0]
        return size


def load_vlm(
    place: str | Path,
    *,
    adapter: str | Path | None = None,
    device: str | None = None,
    dtype: Literal["auto", "bfloat16", "float32"] = "auto",
    pooling: Literal[1, 2] = 1,
) -> VLM:
    """The model at `place`, a folder or a name on the hub, with what `tune-captioner` wrote merged into it.

    `auto`: bfloat16 on a GPU, float32 without one; a GPU is taken where there is one. Raises UserError for what is no such model.
    """
    from transformers import AutoModelForImageTextToText, AutoTokenizer

    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    number = torch.bfloat16 if dtype == "bfloat16" or (dtype == "auto" and where.type == "cuda") else torch.float32
    config = read_config(place)
    family = FAMILIES[config.model_type](config, _read_settings(place), pooling, where)
    model = load_pretrained(
        AutoModelForImageTextToText.from_pretrained, place, "a model", dtype=number, attn_implementation="sdpa", trust_remote_code=False
    )  # fmt: skip
    with told_of(str(place), "a model"):
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    tokenizer.chat_template = _read_template(place) or tokenizer.chat_template
    if not tokenizer.chat_template:
        raise UserError(
            f"{place} has no chat template; put a chat_template.jinja there, as instruction-tuned models have"
        )
    if adapter is not None:
        model = _adapt(model, Path(adapter))
    if pooling > 1:
        add_pooling(model, family)
    name = Path(place).resolve().name if Path(place).is_dir() else str(place)
    if adapter is not None:
        name += f" + {Path(adapter).resolve().name}"
    return VLM(model=model.to(where).eval(), tokenizer=tokenizer, family=family, device=where, name=name)


def read_config(place: str | Path) -> Any:
    """A model's config. Raises UserError for a place without one, or of a family that is not known, TransientError without the hub."""
    from transformers import AutoConfig

    if not (path := Path(place)).is_dir():
        if path.is_absolute() or path.exists() or str(place).startswith("."):
            raise UserError(f"{place} is no folder; give a model's folder, or its name on the hub")
    elif not (path / "config.json").is_file():
        raise UserError(
            f"{place} has no config.json; give a folder that save_pretrained wrote, or that was fetched from the hub"
        )
    try:
        config = AutoConfig.from_pretrained(place, trust_remote_code=False)
    except (OSError, ValueError) as error:
        if "connect" in str(error):
            raise TransientError(
                f"{place} is no folder here, and the hub, where it may be, does not answer; give a folder, or try again"
            ) from None
        raise UserError(f"{place} is no model that transformers knows: {first_line(error)}") from None
    if config.model_type not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise UserError(f"{place} is a model of the type {config.model_type}; captions are written by {known}")
    return config


def _read_settings(place: str | Path) -> Settings:
    """How stills and videos are prepared, as the checkpoint says; older ones say it for both in one file, or not at all."""
    both = _read_json(place, "processor_config.json")
    image = both.get("image_processor") or _read_json(place, "preprocessor_config.json")
    video = both.get("video_processor") or _read_json(place, "video_preprocessor_config.json")
    return {"image": image, "video": video or image}


def _read_template(place: str | Path) -> str | None:
    """The processor's template where it stands in a file of its own, older style; transformers reads chat_template.jinja itself."""
    if _find(place, "chat_template.jinja"):
        return None
    template = _read_json(place, "chat_template.json").get("chat_template")
    return template if isinstance(template, str) else None


def _read_json(place: str | Path, name: str) -> dict[str, Any]:
    if (path := _find(place, name)) is None:
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}); fetch the model again") from None
    return read if isinstance(read, dict) else {}


def _find(place: str | Path, name: str) -> Path | None:
    """A file of the model, None if it has none such."""
    from transformers.utils.hub import cached_file

    path = cached_file(
        place, name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False
    )
    return Path(path) if path else None


def _adapt(model: Any, folder: Path) -> Any:
    """The model with a LoRA adapter merged into its weights: as fast as without."""
    from peft import PeftConfig, PeftModel

    if not (folder / "adapter_config.json").is_file() or not (folder / ADAPTER).is_file():
        raise UserError(
            f"{folder} has no adapter_config.json and {ADAPTER}; give a folder that `longtake tune-captioner` wrote"
        )
    try:
        config = PeftConfig.from_pretrained(str(folder))
        if config.peft_type != "LORA":
            raise UserError(f"{folder} is an adapter of the type {config.peft_type}; LORA is expected")
        return PeftModel.from_pretrained(model, str(folder), config=config).merge_and_unload()
    except (RuntimeError, KeyError, ValueError) as error:
        raise UserError(f"{folder} does not fit this model: {first_line(error)}") from None
