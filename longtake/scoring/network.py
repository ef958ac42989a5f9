"""The TSA network (Koala-36M, section 4): what moves, what a frame shows and what is measured become one score.

Widths and layers are those of the released class TSAN, unless `architecture.py` says otherwise. Named choices: the last
layer of every MLP is linear (the released head ends in a GELU, so that no score can lie below -0.17), and the weights of
the two video branches start at a half each; with `Architecture.eyes` both look through one pretrained network.

Legend: B clips, S segments, T frames of a segment, K images, 3 channels (red, green, blue), H W rows and columns, L
sub-metrics, F features.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from longtake.errors import UserError
from longtake.records import METRICS
from longtake.scoring.architecture import Architecture, DynamicBranch, StaticBranch
from longtake.scoring.convnext import ConvNeXt
from longtake.scoring.efficientnet import EfficientNetLite
from longtake.scoring.swin3d import Swin3D

LOGITS_HIDDEN = 512
"""Width between the static branch's logits and its features (released class)."""
WEIGHTS_SD = 0.02
"""Of the map to the two branches' weights at the start: small, so that both begin near a half."""

CHANGES = 4
"""Numbers of each channel that a glance holds."""
FURTHEST_SD = 4.0
"""Deviations from the mean of what the eyes see, at most."""
LEAST_SD = 1e-3
"""A channel that hardly differs among the clips that are trained on says nothing of others."""


class Features(NamedTuple):
    """Of each branch; None of a branch that the network lacks or that was given nothing to look at."""

    dynamic_BF: Tensor | None
    static_BF: Tensor | None
    labels_BF: Tensor | None


class TSANetwork(nn.Module):
    """Scores in standardised units: `checkpoint.Calibration` says which VTSS they stand for."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        check(architecture)
        self.architecture = architecture
        width, dropout = architecture.features, architecture.dropout
        self.dynamic: Dynamic | Glance | None = None
        self.static: Static | Glance | None = None
        self.labels: nn.Sequential | None = None
        self.eyes: EfficientNetLite | None = None
        if architecture.eyes and (architecture.dynamic or architecture.static):
            self.eyes = EfficientNetLite(architecture.eyes).requires_grad_(False)
            seen, lost = CHANGES * self.eyes.width, architecture.eyes_dropout
            self.dynamic = Glance(seen, width, lost) if architecture.dynamic else None
            self.static = Glance(seen, width, lost) if architecture.static else None
        else:
            if architecture.dynamic:
                self.dynamic = Dynamic(architecture.dynamic, width, architecture.dynamic_dropout)
            if architecture.static:
                self.static = Static(architecture.static, width, dropout)
        if architecture.labels:
            self.labels = mlp((len(METRICS), *architecture.labels.hidden, width), dropout)
        present = [branch for branch in (self.dynamic, self.static, self.labels) if branch is not None]
        if architecture.fusion == "wcgb":
            self.fusion: nn.Module = WeightedCrossGate(width, videos=len(present) - 1)
            self.head = mlp((width, *architecture.head, 1), dropout)
        else:
            self.fusion = Concat()
            self.head = mlp((width * len(present), *architecture.head, 1), dropout)

    def forward(self, fragments_BST3HW: Tensor | None, images_BK3HW: Tensor | None, labels_BL: Tensor | None) -> Tensor:
        """Scores [B]."""
        return self.fuse(self.features(fragments_BST3HW, images_BK3HW, labels_BL))

    def features(
        self, fragments_BST3HW: Tensor | None, images_BK3HW: Tensor | None, labels_BL: Tensor | None
    ) -> Features:
        """What each branch sees in what it is given; what the network has no branch for is not looked at."""
        return self.read(
            None if self.dynamic is None or fragments_BST3HW is None else self.look_at_fragments(fragments_BST3HW),
            None if self.static is None or images_BK3HW is None else self.look_at_images(images_BK3HW),
            labels_BL,
        )

    def look_at_fragments(self, fragments_BST3HW: Tensor) -> Tensor:
        """What the dynamic branch's backbone sees [B, S, C], or the eyes do [B, 1, C]."""
        if self.eyes is not None:
            return glance(self.eyes, fragments_BST3HW[:, :, list(self.architecture.eyes_see_T)])
        assert isinstance(self.dynamic, Dynamic)
        return self.dynamic.look(fragments_BST3HW)

    def look_at_images(self, images_BK3HW: Tensor) -> Tensor:
        """What the static branch's backbone sees [B, K, C], or the eyes do [B, 1, C]."""
        if self.eyes is not None:
            return glance(self.eyes, images_BK3HW[:, None])
        assert isinstance(self.static, Static)
        return self.static.look(images_BK3HW)

    def read(self, fragments_BSC: Tensor | None, images_BKC: Tensor | None, labels_BL: Tensor | None) -> Features:
        """Features of what was seen and of the sub-metrics: averages over segments and images."""
        return Features(
            None if self.dynamic is None or fragments_BSC is None else self.dynamic(fragments_BSC).mean(1),
            None if self.static is None or images_BKC is None else self.static(images_BKC).mean(1),
            None if self.labels is None or labels_BL is None else self.labels(labels_BL),
        )

    def fuse(self, features: Features) -> Tensor:
        """Scores [B]. Features of one clip may stand beside those of B, and serve for all: what if its labels were others?

        Raises UserError where a branch that the network has is missing.
        """
        return self.score(self.meet(features))

    def meet(self, features: Features) -> Tensor:
        """The branches' features become one, [B, F], or [B, F times branches] where they stand side by side."""
        present = []
        for field, given in zip(Features._fields, features, strict=True):
            name = field.removesuffix("_BF")
            if getattr(self, name) is None:
                continue
            if given is None:
                raise UserError(f"the network has the branch {name!r} and was given nothing for it; give it its input")
            present.append(given)
        fused_BF: Tensor = self.fusion(torch.broadcast_tensors(*present))
        return fused_BF

    def score(self, fused_BF: Tensor) -> Tensor:
        """Scores [B] of what became of the features."""
        scores_B: Tensor = self.head(fused_BF).squeeze(-1)
        return scores_B


class Dynamic(nn.Module):
    """3D Swin Transformer on fragments: what it sees, and what is read from that."""

    def __init__(self, branch: DynamicBranch, features: int, dropout: float) -> None:
        super().__init__()
        self.backbone = Swin3D(branch)
        self.dropout = nn.Dropout(dropout)
        self.map = _start(nn.Linear(self.backbone.width, features), "linear")

    def look(self, fragments_BST3HW: Tensor) -> Tensor:
        """The mean over each segment's places [B, S, C]."""
        frames_3THW = fragments_BST3HW.flatten(0, 1).transpose(1, 2)
        pooled_C: Tensor = self.dropout(self.backbone(frames_3THW)).mean((1, 2, 3))
        return pooled_C.unflatten(0, fragments_BST3HW.shape[:2])

    def forward(self, looks_BSC: Tensor) -> Tensor:
        """Features of each segment [B, S, F]."""
        features_BSF: Tensor = self.map(looks_BSC)
        return features_BSF


class Static(nn.Module):
    """ConvNeXt on whole frames: what it sees, and what is read from that."""

    def __init__(self, branch: StaticBranch, features: int, dropout: float) -> None:
        super().__init__()
        self.backbone = ConvNeXt(branch)
        hidden = LOGITS_HIDDEN if branch.logits else features
        self.head = mlp((self.backbone.width, hidden, features), dropout)

    def look(self, images_BK3HW: Tensor) -> Tensor:
        """[B, K, C]."""
        looks_BKC: Tensor = self.backbone(images_BK3HW.flatten(0, 1)).unflatten(0, images_BK3HW.shape[:2])
        return looks_BKC

    def forward(self, looks_BKC: Tensor) -> Tensor:
        """Features of each image [B, K, F]."""
        features_BKF: Tensor = self.head(looks_BKC)
        return features_BKF


class Glance(nn.Module):
    """What is read from what pretrained eyes see."""

    def __init__(self, seen: int, features: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean_C", torch.zeros(seen))
        self.register_buffer("sd_C", torch.ones(seen))
        self.dropout = nn.Dropout(dropout)
        self.head = mlp((seen, features, features), dropout)

    def settle(self, looks_NC: Tensor) -> None:
        """How what the eyes see is standardised: by the clips that are trained on."""
        self.get_buffer("mean_C").copy_(looks_NC.mean(0))
        self.get_buffer("sd_C").copy_(looks_NC.std(0).clamp_min(LEAST_SD))

    def forward(self, looks_B1C: Tensor) -> Tensor:
        """[B, 1, F]."""
        standard_B1C = (looks_B1C - self.get_buffer("mean_C")) / self.get_buffer("sd_C")
        features_B1F: Tensor = self.head(self.dropout(standard_B1C.clamp(-FURTHEST_SD, FURTHEST_SD)))
        return features_B1F


def glance(eyes: EfficientNetLite, frames_BST3HW: Tensor) -> Tensor:
    """What the eyes see in S bursts of T frames [B, 1, C]: how strong every channel is, how uneven over the picture, and how
    much it changes from frame to frame, on average and at most. Nothing changes in a burst of one."""
    means_C, sds_C = eyes(frames_BST3HW.flatten(0, 2))
    means_BSTC, sds_BSTC = (each.unflatten(0, frames_BST3HW.shape[:3]) for each in (means_C, sds_C))
    changes_BSTC = means_BSTC.diff(dim=2).abs()
    if not changes_BSTC.shape[2]:
        changes_BSTC = torch.zeros_like(means_BSTC)
    seen = (means_BSTC.mean((1, 2)), sds_BSTC.mean((1, 2)), changes_BSTC.mean((1, 2)), changes_BSTC.amax((1, 2)))
    return torch.cat(seen, -1)[:, None]


class CrossGate(nn.Module):
    """The labels l open or close what a video branch v says, number by number (released class):

    a = W0 l;  b = W1 v;  g = GELU_tanh(Win a);  v' = Wout(b * g) + b
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w0, self.w1, self.w_in, self.w_out = (_start(nn.Linear(width, width), "linear") for _ in range(4))
        self.gelu = nn.GELU(approximate="tanh")

    def forward(self, video_BF: Tensor, labels_BF: Tensor) -> Tensor:
        """[B, F]."""
        a_BF, b_BF = self.w0(labels_BF), self.w1(video_BF)
        gate_BF = self.gelu(self.w_in(a_BF))
        gated_BF: Tensor = self.w_out(b_BF * gate_BF) + b_BF
        return gated_BF


class WeightedCrossGate(nn.Module):
    """WCGB: video branches, each gated by the labels, summed with weights that follow from them both.

    The weights may have any size and sign (released class). A lone video branch is gated and has no weight.
    """

    def __init__(self, width: int, videos: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList(CrossGate(width) for _ in range(videos))
        self.weights = None
        if videos > 1:
            self.weights = nn.Linear(videos * width, videos)
            nn.init.normal_(self.weights.weight, std=WEIGHTS_SD)
            nn.init.constant_(self.weights.bias, 1 / videos)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """The branches' features, each [B, F], the labels' last, to [B, F]."""
        *videos, labels_BF = features
        gated = [gate(video_BF, labels_BF) for gate, video_BF in zip(self.gates, videos, strict=True)]
        if self.weights is None:
            return gated[0]
        weights_BV = self.weights(torch.cat(gated, -1))
        fused_BF: Tensor = (torch.stack(gated, -1) * weights_BV[:, None]).sum(-1)
        return fused_BF


class Concat(nn.Module):
    """The branches' features side by side (the released class's other fusion)."""

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Each [B, F] to [B, F times branches]."""
        return torch.cat(list(features), -1)


def mlp(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear maps with GELU and dropout between them; the last is followed by nothing."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths[:-1]):
        layers += [_start(nn.Linear(before, after), "relu"), nn.GELU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, _start(nn.Linear(widths[-2], widths[-1]), "linear"))


def check(architecture: Architecture) -> None:
    """Raises UserError for an architecture whose parts do not fit."""
    dynamic, static = architecture.dynamic, architecture.static
    if not (dynamic or static or architecture.labels):
        raise UserError("'dynamic', 'static' and 'labels' are all null; a TSA network needs one of them")
    if architecture.fusion == "wcgb" and not (architecture.labels and (dynamic or static)):
        raise UserError(
            "'fusion' is 'wcgb', which gates video branches by the labels; give 'labels' and one of 'dynamic' and "
            "'static', or set 'fusion' to 'concat'"
        )
    if architecture.eyes and dynamic and not set(architecture.eyes_see_T or (-1,)) <= set(range(dynamic.frames)):
        raise UserError(
            f"'eyes_see_T' is {architecture.eyes_see_T} of the {dynamic.frames} frames of a segment, from 0"
        )
    if dynamic and len(dynamic.depths) != len(dynamic.heads):
        raise UserError(f"'dynamic.depths' has {len(dynamic.depths)} stages and 'dynamic.heads' {len(dynamic.heads)}")
    if dynamic and any(dynamic.width * 2**stage % heads for stage, heads in enumerate(dynamic.heads)):
        raise UserError(
            f"'dynamic.heads' {dynamic.heads} do not divide the widths of their stages, from {dynamic.width}"
        )
    if static and len(static.depths) != len(static.widths):
        raise UserError(f"'static.depths' has {len(static.depths)} stages and 'static.widths' {len(static.widths)}")


def _start(linear: nn.Linear, followed_by: Literal["linear", "relu"]) -> nn.Linear:
    """Weights that keep the size of what passes; the backbones' 0.02 would let it die out where no norm follows."""
    nn.init.kaiming_normal_(linear.weight, nonlinearity=followed_by)
    nn.init.zeros_(linear.bias)
    return linear
