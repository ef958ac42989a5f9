"""Footage as latents: autoencoders, text encoders, and the shards that a training reads."""
