"""The file of a model that was never trained, with its card: enough to ask it for films."""

from dataclasses import asdict

import torch

from longtake.config import dump_config
from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.trained import Card, save_trained
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig, Windows
from longtake.latents.linear import fit_linear
from longtake.latents.sample_set import SampleSet
from tests.drawing import shot

STATISTICS = {"motion": (2.0, 0.5), "clarity": (0.8, 0.05)}


def write_model(
    folder, *, text=TextConfig(encoder="none"), text_width=1, objective=Objective(), place="models/dit-0.safetensors"
):
    """Films of 9 frames of 80 x 40 pixels, 8 a second; weights are drawn, so that every wish shows."""
    linear = LinearConfig(channels=4)
    encoding = EncodingConfig(windows=Windows(sizes=(Size(frames=9, height=48, width=80),)), linear=linear, text=text)
    autoencoder = fit_linear((torch.from_numpy(film(seed))[None] for seed in range(4)), linear)
    basis = folder / "basis.safetensors"
    autoencoder.save(basis)
    sample_set = SampleSet(
        name="clips-1.2", dataset="clips-1", made_at="2026-01-01T00:00:00Z", made_by="2", version=1, validation_share=0.1,
        autoencoder=autoencoder.name, basis="latents/linear-1.safetensors", encoding=dump_config(encoding), channels=4,
        text_width=text_width, statistics=STATISTICS, samples=4, seconds=8.0,
    )  # fmt: skip
    config = DiTConfig(depth=1, width_per_layer=32, head_width=16, channels=4, text_width=text_width)
    model = DiT(config, STATISTICS)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(torch.randn(weights.shape, generator=generator) * 0.2)
    card = Card(
        config=config, objective=objective, statistics=model.conditions.statistics, sample_set=asdict(sample_set), run_id="r",
        step=10, tokens=1000, loss=0.5,
    )  # fmt: skip
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    save_trained(path, model, card, basis)
    return path


def film(seed):
    """[9, 48, 80, 3]."""
    return shot(seed, 9, 80, 60)[:, 6:54]
