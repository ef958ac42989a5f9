"""How many weights a model has and what it costs: exact, from the config alone.

A FLOP is a multiplication or an addition; what is counted are matrix products, attention in full as it is computed, as
torch's own counter does; recomputation is never counted. Shapes are (t, h, w) of latents.

Legend: S video tokens, T tokens in time, L text tokens, D text width, P values of a patch, d model width, m hidden width, f
sinusoids, K metrics.
"""

from longtake.dit.config import DiTConfig

Shape = tuple[int, int, int]


def params(config: DiTConfig) -> int:
    """All that is trained."""
    d, f = config.width, config.frequency_width
    embedding = f * d + d + d * d + d
    head_norms = 4 * (config.head) if config.qk_norm else 0
    block = _block_weights(config) + 6 * d + head_norms
    patches = config.patch_values * d + d
    last = 2 * d + d * config.patch_values + config.patch_values
    text = config.text_width * d + d + d * d + d + d
    modulation = 6 * d * d + 6 * d
    conditions = len(config.conditions) * (embedding + d)
    return config.depth * block + patches + last + text + modulation + embedding + conditions


def scaling_params(config: DiTConfig) -> int:
    """N of the scaling laws: the blocks' matrices, 16 L d^2 at an MLP ratio of 4 (scaling note, A)."""
    return config.depth * _block_weights(config)


def tokens(config: DiTConfig, shape: Shape) -> int:
    """Video tokens of one sample."""
    t, h, w = config.grid(shape)
    return t * h * w


def forward_flops(config: DiTConfig, shape: Shape, text_tokens: int) -> int:
    """Of one sample."""
    d, m, f, s = config.width, config.hidden, config.frequency_width, tokens(config, shape)
    times, metrics = config.grid(shape)[0], len(config.conditions)
    attention = 2 * s * 4 * d * d + 4 * s * s * d
    cross = 2 * s * 2 * d * d + 2 * text_tokens * 2 * d * d + 4 * s * text_tokens * d
    mlp = 2 * s * 2 * d * m
    text = 2 * text_tokens * (config.text_width * d + d * d)
    modulation = 2 * (times + metrics) * (f * d + d * d) + 2 * times * 6 * d * d
    patches_and_last = 2 * 2 * s * config.patch_values * d
    return config.depth * (attention + cross + mlp) + text + modulation + patches_and_last


def train_flops(config: DiTConfig, shape: Shape, text_tokens: int) -> int:
    """Of one sample, forward and backward: thrice the forward, but that no gradient is taken of the data."""
    d, f, s = config.width, config.frequency_width, tokens(config, shape)
    times, metrics = config.grid(shape)[0], len(config.conditions)
    of_data = 2 * d * (s * config.patch_values + text_tokens * config.text_width + (times + metrics) * f)
    return 3 * forward_flops(config, shape, text_tokens) - of_data


def train_flops_per_token(config: DiTConfig, n_ctx: int) -> float:
    """C_token of the scaling paper: 3/4 N (7 + n_ctx / d) (note A); blocks alone, and nothing of the text's side."""
    d = config.width
    on_video_tokens = (
        scaling_params(config) - config.depth * 2 * d * d
    )  # keys and values of cross-attention are the text's
    return 3.0 * (2 * on_video_tokens + 4 * n_ctx * d * config.depth)


def _block_weights(config: DiTConfig) -> int:
    return 8 * config.width**2 + 2 * config.width * config.hidden
