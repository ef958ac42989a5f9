"""A TSA network from examples: each video branch alone, then what brings them together; or all of it at once.

Branches alone first, since then the rows of an ablation share them, and on processors a fusion costs seconds; a GPU trains
all of it at once, as the released config would. Whatever is finished is a file, and is not trained again.

Legend: N examples, F features, L sub-metrics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from longtake.config import dump_config
from longtake.records import digest
from longtake.scoring.architecture import Architecture
from longtake.scoring.network import Features, TSANetwork
from longtake.tsa_training.config import Optimisation
from longtake.tsa_training.examples import ExampleSet
from longtake.tsa_training.fitting import Epoch, Predict, Task, dump_history, fit, parse_history, predict_all

Tell = Callable[[str, Epoch], None]
VIDEO_BRANCHES = ("dynamic", "static")


@dataclass(frozen=True, eq=False)
class Training:
    """One seed's networks, in a folder of its own."""

    data: ExampleSet
    optimisation: Optimisation
    seed: int
    folder: Path
    tell: Tell
    seen: dict[str, Tensor] = field(default_factory=dict)
    """Features [N, F] of each video branch once it is trained."""
    history: dict[str, list[Epoch]] = field(default_factory=dict)
    """By network, the last one's last."""

    def train(self, architecture: Architecture) -> TSANetwork:
        """The network, in evaluation mode."""
        branches = [name for name in VIDEO_BRANCHES if getattr(architecture, name)]
        if self.optimisation.joint or (len(branches) == 1 and not architecture.labels):
            return self._fit(architecture, self._predict_all_at_once, self.optimisation.epochs)
        alone = {name: self.train(only(architecture, name)) for name in branches}
        return self._fuse(architecture, alone)

    def scores(self, network: TSANetwork, indices: Sequence[int]) -> np.ndarray:
        """VTSS [n] of some examples."""
        return self.data.calibration.to_vtss(predict_all(network, self._predict_all_at_once, indices))

    def _fuse(self, architecture: Architecture, alone: dict[str, TSANetwork]) -> TSANetwork:
        """The branches as they are, and all that comes after them trained on their features."""
        features = {name: self._features(name, network) for name, network in alone.items()}
        labels_NL = self.data.labels

        def predict(network: nn.Module, indices: Sequence[int], rng: np.random.Generator | None) -> Tensor:
            assert isinstance(network, TSANetwork)
            chosen = list(indices)
            labels_BF = None
            if network.labels is not None:
                labels_BF = network.labels(self._drop(labels_NL[chosen], rng))
            dynamic_BF, static_BF = (features[n][chosen] if n in features else None for n in VIDEO_BRANCHES)
            return network.fuse(Features(dynamic_BF, static_BF, labels_BF))

        def prepare(network: TSANetwork) -> None:
            for name, branch in alone.items():
                module = getattr(network, name)
                module.load_state_dict(getattr(branch, name).state_dict())
                module.requires_grad_(False)

        return self._fit(architecture, predict, self.optimisation.fusion_epochs, prepare)

    def _features(self, name: str, network: TSANetwork) -> Tensor:
        """[N, F] of one branch, all examples."""
        if name in self.seen:
            return self.seen[name]
        module = getattr(network, name).eval()
        look = self.data.fragments if name == "dynamic" else self.data.images
        with torch.inference_mode():
            parts = [module(look([index], None)) for index in range(len(self.data.examples))]
        self.seen[name] = torch.cat(parts).clone()
        return self.seen[name]

    def _predict_all_at_once(
        self, network: nn.Module, indices: Sequence[int], rng: np.random.Generator | None
    ) -> Tensor:
        assert isinstance(network, TSANetwork)
        return network.forward(
            self.data.fragments(indices, rng) if network.dynamic is not None else None,
            self.data.images(indices, rng) if network.static is not None else None,
            self._drop(self.data.labels[list(indices)], rng) if network.labels is not None else None,
        )

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
        prepare(network)
        task = Task(predict, self.data.groups("train"), self.data.targets, self.data.part("validation"))
        state = self.folder / f"{name}.state"
        self.history[name] = fit(
            network, task, self.optimisation, epochs=epochs, seed=self.seed, state=state,
            tell=lambda epoch: self.tell(name, epoch),
        )  # fmt: skip
        unfinished = done.with_suffix(".unfinished")
        weights = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
        save_file(weights, unfinished, {"history": dump_history(self.history[name])})
        unfinished.replace(done)
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
