"""Who writes captions, what it is shown and asked, and what is accepted; each number with its reason."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.captioning.prompts import DESCRIBE, MERGE, PARTS, QUESTIONS, SHAPE, PartName
from longtake.config import STRICT
from longtake.errors import UserError

ALGORITHM_VERSION = 1
"""Raise it whenever the same clip and config would give another caption."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Sampling:
    """Which frames a model is shown. The paper does not say."""

    frames: int = Field(default=8, ge=1, le=64)
    """Of a clip, spread evenly over it, the middle of each eighth."""
    size_px: int = Field(default=448, ge=28, le=1536)
    """Their longer side at most; a model's own preprocessing scales on from there."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Measured:
    """What the captioner that needs no model looks for."""

    subject: bool = True
    """An ImageNet classifier names what is in the picture, and how sure it is; needs torch and the extra `captioning`."""
    text: bool = True
    """Text on the screen is read (PP-OCR); needs the extra `ocr`."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Transformers:
    """An image-text-to-text model: LLaVA, LLaVA-OneVision, Qwen2.5-VL or SmolVLM2, and what is built like them."""

    model: str = Field(min_length=1)
    """Folder, s3:// or hub name; safetensors only."""
    adapter: str | None = None
    """Folder or s3:// with what `longtake tune-captioner` wrote."""
    pooling: Literal[1, 2] = 1
    """2: the grid of visual tokens is averaged 2 x 2, a quarter of them (Koala-36M section B; size of the grid permitting)."""
    constrained: bool = True
    """Whether an answer that has to be JSON can be nothing else: tokens that would break the schema are not drawn."""
    slots: int = Field(default=16, ge=1)
    """Answers that are written at the same time; the next begins as soon as one is done."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """auto: bfloat16 on a GPU, float32 without one."""
    seed: int = Field(default=0, ge=0)
    """Of what is drawn, where `Asking.temperature` is not 0."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Endpoint:
    """A server with OpenAI's chat completions: vLLM, SGLang, or one in a cloud."""

    url: str = Field(pattern=r"^https?://", examples=["http://127.0.0.1:8000/v1"])
    """Up to and with /v1."""
    model: str = Field(min_length=1)
    """By the name that the server gives it."""
    key_variable: str = Field(default="LONGTAKE_ENDPOINT_KEY", pattern=r"^[A-Z][A-Z0-9_]*$")
    """Environment variable with the key; the key itself is in no config, table, log or report. Unset: none is sent."""
    guided: Literal["json_schema", "json_object", "none"] = "json_schema"
    """What the server can be held to where the answer has to be JSON."""
    jpeg_quality: int = Field(default=90, ge=50, le=100)
    """Of the frames that are sent."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Requests:
    """How a server is asked; it changes no caption."""

    concurrency: int = Field(default=16, ge=1, le=1024)
    """Requests under way at most, over all threads of one worker."""
    timeout_s: float = Field(default=120, gt=0)
    """For one answer."""
    attempts: int = Field(default=6, ge=1)
    """Of one request that is answered by 408, 409, 425, 429, 5xx or not at all."""
    backoff_s: float = Field(default=1, gt=0)
    """Before the second attempt; doubled before each further one, half of it random. `Retry-After` goes before it."""
    backoff_max_s: float = Field(default=60, gt=0)
    """Neither waits longer than this."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Asking:
    """What a model is asked. Koala-36M generates each part separately and then merges; its prompts are not published."""

    passes: Literal["one", "each"] = "one"
    """one: all six parts in one answer, a JSON object, a sixth of the visual tokens to read; each: a question a part, as the paper."""
    questions: dict[PartName, str] = Field(default_factory=lambda: dict(QUESTIONS))
    """What each part is to say; those that are left out keep their default."""
    parts: str = PARTS
    """Asks for all six; {questions} and {shape} are filled in."""
    shape: str = SHAPE
    """How the six are to be answered."""
    merge: str = MERGE
    """Asks for the merged description; {notes}, {words_min} and {words_max} are filled in."""
    describe: str = DESCRIBE
    """Asks for the merged description of frames without notes: what captions without parts are trained on."""
    parts_tokens: int = Field(default=1024, ge=64)
    """Of the answer with the parts at most; a sixth of it for one."""
    text_tokens: int = Field(default=512, ge=64)
    """Of the merged description."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    """0: the likeliest token each time, so that a caption comes twice."""
    attempts: int = Field(default=2, ge=1, le=5)
    """Of one question; after the first, the reason why its answer was turned down stands in it."""

    def __post_init__(self) -> None:
        for name, template, needed in (
            ("parts", self.parts, ("questions", "shape")),
            ("merge", self.merge, ("notes", "words_min", "words_max")),
            ("describe", self.describe, ("words_min", "words_max")),
        ):
            if missing := [f"{{{field}}}" for field in needed if f"{{{field}}}" not in template]:
                raise UserError(f"asking.{name} must have {', '.join(missing)} where that is to stand")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rules:
    """What a caption must be."""

    words_min: int = Field(default=150, ge=1)
    """Of the merged text (the paper's mean is 202.1, most between 100 and 300)."""
    words_max: int = Field(default=250, ge=1)
    part_words_max: int = Field(default=150, ge=5)
    """Of a part."""
    english: bool = True
    """Whether other languages are turned down."""

    def __post_init__(self) -> None:
        if self.words_max < self.words_min:
            raise UserError(f"words_max {self.words_max} is less than words_min {self.words_min}; give a range")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CaptioningConfig:
    """How a clip is captioned."""

    captioner: Literal["measured", "transformers", "endpoint"] = "measured"
    """measured: says what was measured, needs no model; the others are models, here or on a server."""
    measured: Measured = Field(default_factory=Measured)
    """What the captioner `measured` looks for beside camera, motion, light and colour."""
    transformers: Transformers | None = None
    """Which model, for `captioner: transformers`."""
    endpoint: Endpoint | None = None
    """Which server, for `captioner: endpoint`."""
    sampling: Sampling = Field(default_factory=Sampling)
    """What a model is shown."""
    asking: Asking = Field(default_factory=Asking)
    """What a model is asked."""
    rules: Rules = Field(default_factory=Rules)
    """What is accepted."""
    facts: bool = True
    """Whether camera, motion, light and colour are measured where a model writes, so that contradictions are found."""

    def __post_init__(self) -> None:
        for name in {"transformers", "endpoint"} - {self.captioner}:
            if getattr(self, name) is not None:
                raise UserError(
                    f"{name} is given, and captioner is {self.captioner}; give captioner: {name}, or leave {name} out"
                )
        if self.captioner != "measured" and getattr(self, self.captioner) is None:
            needed = {"transformers": "{model: PATH}", "endpoint": "{url: http://HOST:PORT/v1, model: NAME}"}
            raise UserError(
                f"captioner is {self.captioner}, and nothing says which; give {self.captioner}: {needed[self.captioner]}"
            )
