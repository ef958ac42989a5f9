"""What the demo trains: as much as half a minute of two processors is enough for."""

from typing import Any

STEPS = 400
"""Some 30 s of two processors, and enough for ten clips to be told apart."""
ENCODING: dict[str, Any] = {
    "encoding": {
        "windows": {"sizes": [{"frames": 9, "height": 48, "width": 80}]},
        "text": {"tokens": 48},
    }
}
TRAINING: dict[str, Any] = {
    "model": {"depth": 2, "width_per_layer": 96},
    "objective": {"text_dropout": 0.0, "condition_dropout": 0.0, "first_frame": 0.0},
    "batch_tokens": 450, "steps": STEPS, "lr": 3e-3, "schedule": {"kind": "decay", "warmup_steps": 10, "decay_share": 0.5},
    "images": 0.0, "ema": 0.98, "films": {"count": 0}, "validation": {"samples": 0},
}  # fmt: skip
"""It learns the clips by heart, as a model this small with ten clips can: a look at the machinery, not at what it makes of a lake."""
