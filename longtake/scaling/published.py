"""The laws that others have printed, each with its source. Their numbers are theirs; none was measured here."""

import difflib

from longtake.errors import UserError
from longtake.scaling.law import Laws, LossLaw, PowerLaw

BILLION = 1e9
BATCH, RATE, SIZE, TOKENS = "batch, tokens a step", "learning rate", "parameters", "tokens"
PF_DAY = 8.64e19
"""FLOPs of a day at one PFLOP/s."""

PUBLISHED: dict[str, Laws] = {
    laws.name: laws
    for laws in (
        Laws(
            name="video-dit",
            source=(
                "Towards Precise Scaling Laws for Video Diffusion Transformers, arXiv 2411.17470: loss, table 3 and eq. 15; batch and "
                "learning rate, eqs. 10 and 13; size, eqs. 14 (empirical) and 18 (predicted). The constants are read from digests of the "
                "paper; the learning rate's is printed with one digit. Eq. 18 is not the argmin of table 3, whose exponent is 0.478"
            ),
            loss=LossLaw(
                floor=0.4856,
                scale_tokens=0.0373,
                alpha_tokens=0.2917,
                scale_params=0.0082,
                alpha_params=0.3188,
                unit=BILLION,
            ),
            batch=PowerLaw(
                quantity=BATCH, scale=2.1797e4, exponents={"tokens": 0.8080, "params": 0.1906}, unit=BILLION
            ),
            lr=PowerLaw(quantity=RATE, scale=2e-4, exponents={"tokens": -0.0453, "params": -0.1619}, unit=BILLION),
            size=PowerLaw(quantity=SIZE, scale=1.5787, exponents={"flops": 0.4146}),
            predicted_size=PowerLaw(quantity=SIZE, scale=0.8705, exponents={"flops": 0.4294}),
            valid={"params": (0.017e9, 0.26e9), "tokens": (2e9, 12e9)},
        ),
        Laws(
            name="kaplan",
            source="Scaling Laws for Neural Language Models, arXiv 2001.08361: text; parameters without embeddings",
            losses={
                "params": PowerLaw(quantity="loss, nats", scale=1.0, exponents={"params": -0.076}, unit=8.8e13),
                "tokens": PowerLaw(quantity="loss, nats", scale=1.0, exponents={"tokens": -0.095}, unit=5.4e13),
                "flops": PowerLaw(quantity="loss, nats", scale=1.0, exponents={"flops": -0.050}, unit=3.1e8 * PF_DAY),
            },
            batch=PowerLaw(quantity=BATCH, scale=2e8, exponents={"loss": -4.76}),
        ),
        Laws(
            name="chinchilla",
            source="Training Compute-Optimal Large Language Models, arXiv 2203.15556, approach 3, as printed: text",
            loss=LossLaw(floor=1.69, scale_params=406.4, alpha_params=0.34, scale_tokens=410.7, alpha_tokens=0.28),
        ),
        Laws(
            name="epoch",
            source="Chinchilla Scaling: a replication attempt, arXiv 2404.10102: approach 3, fitted again to the same runs",
            loss=LossLaw(
                floor=1.8172, scale_params=482.01, alpha_params=0.3478, scale_tokens=2085.43, alpha_tokens=0.3658
            ),
        ),
        Laws(
            name="deepseek",
            source="DeepSeek LLM, arXiv 2401.02954: text; the size counts FLOPs of a token without the factor 6, not parameters",
            batch=PowerLaw(quantity=BATCH, scale=0.2920, exponents={"flops": 0.3271}),
            lr=PowerLaw(quantity=RATE, scale=0.3118, exponents={"flops": -0.1250}),
            size=PowerLaw(quantity="FLOPs of a token", scale=0.1715, exponents={"flops": 0.5243}),
            tokens=PowerLaw(quantity=TOKENS, scale=5.8316, exponents={"flops": 0.4757}),
            valid={"flops": (1e17, 2e19)},
        ),
        Laws(
            name="step-law",
            source="Predictable Scale: Part I, Step Law, arXiv 2503.04715: text, 3,700 runs",
            batch=PowerLaw(quantity=BATCH, scale=0.58, exponents={"tokens": 0.571}),
            lr=PowerLaw(quantity=RATE, scale=1.79, exponents={"params": -0.713, "tokens": 0.307}),
        ),
        Laws(
            name="image-dit",
            source=(
                "Scaling Laws for Diffusion Transformers, arXiv 2410.08184, read in a digest: images, rectified flow (one review "
                "transcribes the loss's 2.3943 as 3.3943)"
            ),
            losses={"flops": PowerLaw(quantity="loss", scale=2.3943, exponents={"flops": -0.0273})},
            size=PowerLaw(quantity=SIZE, scale=0.0009, exponents={"flops": 0.5681}),
            tokens=PowerLaw(quantity=TOKENS, scale=186.8535, exponents={"flops": 0.4319}),
            valid={"flops": (1e17, 6e18), "params": (1e6, 1e9)},
        ),
        Laws(
            name="hunyuan-video",
            source="HunyuanVideo, arXiv 2412.03603, read in translations: video, from image checkpoints, 256 pixels",
            size=PowerLaw(quantity=SIZE, scale=0.0189 * BILLION, exponents={"flops": 0.3618}, unit=1e15),
            tokens=PowerLaw(quantity=TOKENS, scale=0.0108 * BILLION, exponents={"flops": 0.6289}, unit=1e15),
            valid={"params": (92e6, 6.6e9)},
        ),
    )
}
"""By their names."""


def published(name: str) -> Laws:
    """The printed laws of this name. Raises UserError with the nearest."""
    if name not in PUBLISHED:
        near = difflib.get_close_matches(name, PUBLISHED, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PUBLISHED)}"
        raise UserError(f"no published laws are called {name!r}; {hint}")
    return PUBLISHED[name]
