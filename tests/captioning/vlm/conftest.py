"""One tiny model of each family in each process of pytest."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """The folder of a tiny model by its kind."""
    from tests.captioning.vlm.tiny_models import make_tiny

    @cache
    def folder(kind) -> Path:
        return make_tiny(kind, tmp_path_factory.mktemp(kind))

    return folder


@pytest.fixture(scope="session")
def tiny(folders):
    """A tiny model by its kind, loaded; not to be changed."""
    from longtake.captioning.vlm.loading import load_vlm

    return cache(lambda kind: load_vlm(folders(kind), device="cpu"))


@pytest.fixture(scope="session")
def frames():
    """Noise: so many frames of 60 x 40 pixels; None of none."""

    def make(count, seed=0):
        return np.random.default_rng(seed).integers(0, 256, (count, 40, 60, 3), np.uint8) if count else None

    return make
