"""What of a model learns: adapters beside linear layers, parts as a whole; and the folder that keeps it.

Modules are found by what they are (transformers' own accessors and torch's types), not by the names of one family.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from torch import Tensor, nn

from longtake.caption_tuning.config import CaptionTuningConfig, Lora
from longtake.caption_tuning.steps import Role
from longtake.captioning.vlm.loading import ADAPTER
from longtake.errors import UserError
from longtake.tsa_training.fitting import write_whole

FACTS = "facts"
"""Where they stand in the file's metadata."""
KINDS = ("attention", "mlp")
"""What the name of a module's class holds, whose linear layers are of this kind."""


@dataclass(frozen=True, eq=False)
class Pupil:
    """A model of which some weights learn."""

    model: Any
    """transformers' own, with adapters in it."""
    peft: PeftModel
    """The same behind peft's face: what it writes and reads."""
    roles: Mapping[str, Role]
    """Of each weight that learns, by its name."""
    learning: Mapping[str, nn.Parameter]
    """The weights that learn, by name; float32."""

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """While this lasts the model is what it was before anything learned."""
        try:
            with self.peft.disable_adapter():
                yield
        finally:
            for name, weight in self.model.named_parameters():  # peft lets all of a part learn again
                weight.requires_grad_(name in self.learning)

    def autocast(self) -> torch.autocast:
        """Around every forward pass: what learns is float32, the rest may be bfloat16."""
        mixed = any(weight.dtype == torch.bfloat16 for weight in self.model.parameters())
        return torch.autocast(self.model.device.type, torch.bfloat16, enabled=mixed)

    def count(self) -> dict[Role, int]:
        """Numbers that learn, by role."""
        counts: dict[Role, int] = {}
        for name, role in self.roles.items():
            counts[role] = counts.get(role, 0) + self.learning[name].numel()
        return counts


def make_pupil(model: Any, config: CaptionTuningConfig) -> Pupil:
    """Puts adapters into the model, and says what of it learns; first weights follow from the global generator of torch.

    Raises UserError for a model in which these parts can't be told apart.
    """
    vision, projectors = find_vision(model), find_projectors(model)
    language = name_of(model, model.get_decoder())
    targets = linear_layers(model, language, config.lora)
    if config.vision == "lora":
        within = linear_layers(model, vision, config.lora)
        targets += [name for name in within if not any(_below(name, projector) for projector in projectors)]
    wholes = [vision] if config.vision == "full" else []
    if config.projector:
        wholes += [name for name in projectors if not any(_below(name, whole) for whole in wholes)]
    if not targets:
        raise UserError(
            f"the language model of this {type(model).__name__} has no linear layers of the kind {config.lora.targets}"
        )
    how = LoraConfig(
        r=config.lora.rank, lora_alpha=config.lora.alpha, lora_dropout=config.lora.dropout, target_modules=targets,
        modules_to_save=wholes or None,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)  # peft's, of transformers
        peft = get_peft_model(model, how)
    peft.peft_config["default"].base_model_name_or_path = config.model
    roles = _roles(model, vision, projectors, config.projector)
    learning = {}
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in roles)
        if name in roles:
            weight.data = weight.data.float()
            learning[name] = weight
    return Pupil(model, peft, roles, learning)


def _roles(model: nn.Module, vision: str, projectors: Sequence[str], projector: bool) -> dict[str, Role]:
    """Of what peft lets learn; but not of a projector within a vision encoder that learns as a whole, unless it is to learn."""
    roles: dict[str, Role] = {}
    for name, weight in model.named_parameters():
        plain = name.replace(".modules_to_save.default", "")
        projects = any(_below(plain, one) for one in projectors)
        if weight.requires_grad and (projector or not projects):
            roles[name] = "projector" if projects else "vision" if _below(plain, vision) else "language"
    return roles


def find_vision(model: Any) -> str:
    """Name of the vision encoder. Raises UserError where there is none."""
    encoder = model.get_encoder(modality="image")
    if encoder is model or encoder is model.model or encoder is model.get_decoder():
        raise UserError(f"no vision encoder is found in this {type(model).__name__}; give an image-text-to-text model")
    return name_of(model, encoder)


def find_projectors(model: Any) -> list[str]:
    """Names of what leads from the vision encoder to the language model: what is neither, or the merger that an encoder ends in."""
    known = {id(model.get_decoder()), id(model.get_encoder(modality="image"))}
    beside = [
        module
        for module in model.model.children()
        if id(module) not in known and any(True for _ in module.parameters())
    ]
    if not beside:
        encoder = model.get_encoder(modality="image")
        beside = [module for module in encoder.children() if type(module).__name__.lower().endswith("merger")]
    return [name_of(model, module) for module in beside]


def linear_layers(model: nn.Module, within: str, lora: Lora) -> list[str]:
    """Names of the linear layers of the blocks below a module: those within an attention, an MLP, or either."""
    kinds = KINDS if lora.targets == "all" else (lora.targets,)
    found: dict[str, None] = {}
    for name, module in model.get_submodule(within).named_modules():
        if any(kind in type(module).__name__.lower() for kind in kinds):
            linear = [inner for inner, layer in module.named_modules() if type(layer) is nn.Linear]
            found |= dict.fromkeys(".".join(filter(None, (within, name, inner))) for inner in linear)
    return list(found)


def name_of(model: nn.Module, wanted: nn.Module) -> str:
    return next(name for name, module in model.named_modules() if module is wanted)


def save_adapter(pupil: Pupil, folder: Path, facts: Mapping[str, str]) -> None:
    """Writes what has learned as peft reads it: `adapter_config.json` and safetensors, in which the facts stand."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = get_peft_model_state_dict(pupil.peft, save_embedding_layers=False)
    write_whole(folder / ADAPTER, tensors, {FACTS: json.dumps(facts)})  # one key: several are written in any order
    said = cast(LoraConfig, pupil.peft.peft_config["default"])
    said.target_modules = sorted(
        cast(set[str], said.target_modules)
    )  # as a set it would be written in another order each time
    said.save_pretrained(str(folder))


def read_facts(folder: Path) -> dict[str, str]:
    """What is written in an adapter about its making."""
    with safe_open(folder / ADAPTER, "pt") as file:
        facts: dict[str, str] = json.loads((file.metadata() or {}).get(FACTS, "{}"))
    return facts


def count_all(model: Any) -> int:
    """Numbers of the whole model."""
    return sum(weight.numel() for weight in model.parameters())


def _below(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")
