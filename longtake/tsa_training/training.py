"""A TSA network from examples: each video branch alone, then what brings them together; or all of it at once.

Branches alone first, since then the rows of an ablation share them, and on processors a fusion costs seconds; a GPU trains
all of it at once, as the released config would. Whatever is finished is a file, and is not trained again.

Legend: N examples, B of a batch, F features, L sub-metrics, D kinds of defects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from longtake.config import dump_config
from longtake.records import digest
from longtake.scoring.architecture import Architecture
from longtake.scoring.network import Features, Glance, TSANetwork
from longtake.tsa_training.config import Optimisation
from longtake.tsa_training.examples import ExampleSet
from longtake.tsa_training.eyes import eyes_digest
from longtake.tsa_training.fitting import (
    Epoch,
    Predict,
    Task,
    dump_history,
    fit,
    parse_history,
    predict_all,
    write_whole,
)

Outputs = tuple[Tensor, Tensor | None]
Tell = Callable[[str, Epoch], None]
VIDEO_BRANCHES = ("dynamic", "static")


class Pupil(nn.Module):
    """A network while it learns: from the features that it scores by it also names defects, which is not kept."""

    def __init__(self, network: TSANetwork, kinds: int) -> None:
        super().__init__()
        self.network = network
        first = network.head[0]
        assert isinstance(first, nn.Linear)
        self.naming = nn.Linear(first.in_features, kinds) if kinds else None

    def answer(self, features: Features) -> Outputs:
        """Scores [B]; logits of severities [B, D] where there are kinds to name."""
        fused_BF = self.network.meet(features)
        return self.network.score(fused_BF), None if self.naming is None else self.naming(fused_BF)


@dataclass(frozen=True, eq=False)
class Training:
    """One seed's networks, in a folder of its own."""

    data: ExampleSet
    optimisation: Optimisation
    seed: int
    folder: Path
    tell: Tell
    eyes: Mapping[str, Tensor] = field(default_factory=dict)
    """Weights of pretrained eyes, if the architecture has some."""
    seen: dict[str, Tensor] = field(default_factory=dict)
    """What each video branch sees, once its backbone is trained: [N, S, C] in segments, [N, K, C] in images."""
    history: dict[str, list[Epoch]] = field(default_factory=dict)
    """By network, the last one's last."""

    def train(self, architecture: Architecture) -> TSANetwork:
        """The network, in evaluation mode."""
        learning = [] if architecture.eyes else [name for name in VIDEO_BRANCHES if getattr(architecture, name)]
        if self.optimisation.joint or architecture in [only(architecture, name) for name in learning]:
            return self._fit(architecture, self._predict_from_pixels, self.optimisation.epochs)
        return self._fuse(architecture, {name: self.train(only(architecture, name)) for name in learning})

    def scores(self, network: TSANetwork, indices: Sequence[int]) -> np.ndarray:
        """VTSS [n] of some examples."""
        predict = self._predict_from_pixels
        if not self.optimisation.joint:
            for name in VIDEO_BRANCHES:
                if getattr(network, name) is not None:
                    self._looks(name, network)
            predict = self._predict_from_looks
        return self.data.calibration.to_vtss(predict_all(Pupil(network, 0), predict, indices))

    def _fuse(self, architecture: Architecture, alone: dict[str, TSANetwork]) -> TSANetwork:
        """The backbones as they are, and all that comes after them trained on what they see."""
        for name, network in alone.items():
            self._looks(name, network)

        def prepare(network: TSANetwork) -> None:
            for name, branch in alone.items():
                module = getattr(network, name)
                module.load_state_dict(getattr(branch, name).state_dict())
                module.backbone.requires_grad_(False)

        return self._fit(architecture, self._predict_from_looks, self.optimisation.fusion_epochs, prepare)

    def _open_eyes(self, network: TSANetwork) -> None:
        """Pretrained eyes, and what the clips that are trained on look like to them."""
        if network.eyes is None:
            return
        network.eyes.load_state_dict(self.eyes)
        for name in VIDEO_BRANCHES:
            if isinstance(branch := getattr(network, name), Glance):
                branch.settle(self._looks(name, network)[self.data.part("train")].flatten(0, 1))

    def _looks(self, name: str, network: TSANetwork) -> Tensor:
        """What one branch sees in all examples; what pretrained eyes see is kept, being the same for every seed."""
        if name not in self.seen:
            pixels: Callable[[Sequence[int], None], Tensor] = self.data.images
            look: Callable[[Tensor], Tensor] = network.look_at_images
            if name == "dynamic":
                pixels, look = self.data.fragments, network.look_at_fragments
            network.eval()
            kept = None
            if network.eyes is not None:
                kept = self.data.files.folder.with_name(f"looks-{name}-{self._digest_of_eyes(network)}")
                kept.mkdir(exist_ok=True)
            with torch.inference_mode():
                looks = [
                    self._look(index, kept, lambda at: look(pixels([at], None)))
                    for index in range(len(self.data.examples))
                ]
            self.seen[name] = torch.cat(looks).clone()
        return self.seen[name]

    def _look(self, index: int, kept: Path | None, look: Callable[[int], Tensor]) -> Tensor:
        """Of one example, from its file if it is kept in one."""
        if kept is None:
            return look(index)
        path = kept / f"{self.data.examples[index].name}.safetensors"
        if not path.exists():
            write_whole(path, {"looks": look(index)})
        return load_file(path, device=self.data.device)["looks"]

    def _digest_of_eyes(self, network: TSANetwork) -> str:
        """Other eyes, or eyes that see other frames, see something else."""
        return digest(eyes_digest(self.eyes), network.architecture.eyes, network.architecture.eyes_see_T, chars=12)

    def _predict_from_looks(self, pupil: nn.Module, indices: Sequence[int], rng: np.random.Generator | None) -> Outputs:
        assert isinstance(pupil, Pupil)
        chosen, before, after = self._transplant(indices, rng)

        def seen(all_of_them: Tensor) -> Tensor:
            return all_of_them[chosen] - all_of_them[before] + all_of_them[after]

        fragments_BSC, images_BKC = (seen(self.seen[name]) if name in self.seen else None for name in VIDEO_BRANCHES)
        return pupil.answer(pupil.network.read(fragments_BSC, images_BKC, self._drop(seen(self.data.labels), rng)))

    def _transplant(
        self, indices: Sequence[int], rng: np.random.Generator | None
    ) -> tuple[list[int], list[int], list[int]]:
        """The samples, the clean ones that their defects were put into, and others that they are put onto, group by group;
        the same ones where nothing is changed."""
        chosen = list(indices)
        before = [self.data.clean_of[index] for index in chosen]
        if rng is None or not self.optimisation.transplant or min(before, default=-1) < 0:
            return chosen, chosen, chosen
        clean = sorted({index for index in self.data.clean_of if index >= 0})
        onto: dict[int, int] = {}
        for index in dict.fromkeys(before):
            onto[index] = int(rng.choice(clean)) if rng.random() < self.optimisation.transplant else index
        return chosen, before, [onto[index] for index in before]

    def _predict_from_pixels(
        self, pupil: nn.Module, indices: Sequence[int], rng: np.random.Generator | None
    ) -> Outputs:
        assert isinstance(pupil, Pupil)
        architecture = pupil.network.architecture
        seen = pupil.network.features(
            self.data.fragments(indices, rng) if architecture.dynamic else None,
            self.data.images(indices, rng) if architecture.static else None,
            self._drop(self.data.labels[list(indices)], rng) if architecture.labels else None,
        )
        return pupil.answer(seen)

    def _drop(self, labels_BL: Tensor, rng: np.random.Generator | None) -> Tensor:
        """Some sub-metrics unknown, which is their mean: 0."""
        if rng is None:
            return labels_BL
        known = rng.random(tuple(labels_BL.shape)) >= self.optimisation.label_dropout
        return labels_BL * torch.from_numpy(known).to(labels_BL)

    def _fit(
        self, architecture: Architecture, predict: Predict, epochs: int,
        prepare: Callable[[TSANetwork], None] = lambda network: None,
    ) -> TSANetwork:  # fmt: skip
        name = name_of(architecture)
        torch.manual_seed(self.seed)
        network = TSANetwork(architecture).to(self.data.device)
        done = self.folder / f"{name}.safetensors"
        if done.exists():
            network.load_state_dict(load_file(done, device=self.data.device))
            with safe_open(done, "pt") as file:
                self.history[name] = parse_history(file.metadata()["history"])
            return network.eval()
        self._open_eyes(network)
        prepare(network)
        severities = self.data.severities if self.optimisation.naming else self.data.severities[:, :0]
        pupil = Pupil(network, severities.shape[1]).to(self.data.device)
        task = Task(predict, self.data.groups("train"), self.data.targets, self.data.part("validation"), severities)
        state = self.folder / f"{name}.state"
        self.history[name] = fit(
            pupil, task, self.optimisation, epochs=epochs, seed=self.seed, state=state,
            tell=lambda epoch: self.tell(name, epoch),
        )  # fmt: skip
        write_whole(done, network.state_dict(), {"history": dump_history(self.history[name])})
        state.unlink(missing_ok=True)
        return network


def only(architecture: Architecture, branch: str) -> Architecture:
    """The network with this branch alone."""
    return replace(
        architecture,
        dynamic=architecture.dynamic if branch == "dynamic" else None,
        static=architecture.static if branch == "static" else None,
        labels=architecture.labels if branch == "labels" else None,
        fusion="concat",
    )


def ablation(architecture: Architecture) -> dict[str, Architecture]:
    """The rows of the paper's table (appendix C), and the sub-metrics alone."""
    return {
        "dynamic": only(architecture, "dynamic"),
        "+ static": replace(architecture, labels=None, fusion="concat"),
        "+ labels": replace(architecture, fusion="concat"),
        "+ WCGB": replace(architecture, fusion="wcgb"),
        "labels alone": only(architecture, "labels"),
    }


def name_of(architecture: Architecture) -> str:
    """A file's name: which branches there are, how they meet, and a digest of all the rest."""
    present = [name for name in (*VIDEO_BRANCHES, "labels") if getattr(architecture, name)]
    return "-".join([*present, architecture.fusion, digest(dump_config(architecture), chars=8)])
