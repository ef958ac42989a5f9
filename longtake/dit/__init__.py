"""The video diffusion transformer: model, training, sampling."""
