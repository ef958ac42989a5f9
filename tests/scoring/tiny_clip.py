"""Weights of an aesthetic predictor that is drawn in a moment."""

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection


def draw_weights(folder):
    """`clip`, a tiny CLIP of random weights, and `head.safetensors`, whose score is 5 plus the first feature."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPVisionConfig(**sizes, image_size=32, patch_size=8, projection_dim=8)
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "clip")
    first, second = torch.zeros(4, 8), torch.zeros(1, 4)
    first[0, 0], second[0, 0] = 2.0, 0.5
    layers = {"layers.0.weight": first, "layers.0.bias": torch.zeros(4), "layers.3.weight": second}
    save_file(layers | {"layers.3.bias": torch.tensor([5.0])}, folder / "head.safetensors")
