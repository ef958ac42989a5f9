"""Captions by an image-text-to-text model of transformers: LLaVA, LLaVA-OneVision, Qwen2.5-VL, SmolVLM2."""
