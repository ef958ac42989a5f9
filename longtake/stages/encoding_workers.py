"""Who lives in the worker processes of encoding: a reader decodes a clip's windows, an encoder holds autoencoder and text encoder.

Latents and texts travel as the bits of bfloat16, which is what shards hold.

Legend: N frames, H, W pixels, 3 channels; C channels, t, h, w of latents; L text tokens, D their width.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longtake.engine import Lost
from longtake.lake import Lake
from longtake.lake.weights import fetch_weights
from longtake.latents.config import EncodingConfig, Windows
from longtake.latents.faults import Unfit
from longtake.latents.windows import Window, read_windows
from longtake.records import Clip
from longtake.stages.samples import fetch_basis
from longtake.stages.visiting import ClipFiles, visit
from longtake.video.config import Limits
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard

if TYPE_CHECKING:
    from torch import Tensor

Bits = NDArray[np.int16]
"""Of numbers in bfloat16."""


@dataclass(frozen=True)
class Task:
    """One clip to encode."""

    clip: Clip
    text: str | None
    """Of its caption; a clip with none is put aside."""
    conditions: str
    """JSON by name; null of what is unknown."""
    judged: bool
    """Whether its latents are decoded again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """What was read of one clip: windows, or why there are none."""

    windows: tuple[Window, ...] = ()
    text: str = ""
    judged: bool = False
    reason: str | None = None
    detail: str | None = None
    gone: bool = False
    """The clip's object was removed since its row was written."""
    seconds: float = 0.0
    read_bytes: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedWindow:
    """One window as it goes into a shard."""

    start_s: float
    shape_NHW: tuple[int, int, int]
    latents_Cthw: Bits
    text_LD: Bits
    psnr: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """What came of one clip."""

    windows: tuple[EncodedWindow, ...] = ()
    strip: bytes | None = None
    """The first window and what is decoded of its latents, one above the other (JPEG)."""
    reason: str | None = None
    detail: str | None = None
    gone: bool = False
    seconds: float = 0.0
    read_bytes: int = 0

    @classmethod
    def of(cls, found: "Encoded | Lost") -> "Encoded":
        """A clip that no worker survives is one with a reason."""
        return cls(reason="worker_lost", detail=found.detail) if isinstance(found, Lost) else found


@dataclass(frozen=True)
class ReaderOrder:
    """Makes a `Reader`."""

    data_root: str
    windows: Windows
    limits: Limits

    def __call__(self) -> "Reader":
        return Reader(self)


class Reader:
    """Decodes windows of clips of a lake, with a guard of its own."""

    def __init__(self, order: ReaderOrder) -> None:
        import cv2

        cv2.setNumThreads(1)  # there is a worker for each processor
        self._locate = ClipFiles(order.data_root)
        self._windows = order.windows
        self._guard = Guard(order.limits)

    def __call__(self, tasks: Sequence[Task]) -> list[Read]:
        return [self._read(task) for task in tasks]

    def close(self) -> None:
        self._guard.close()

    def _read(self, task: Task) -> Read:
        if task.text is None:
            return Read(reason="no_caption")
        seen = visit(self._locate, task.clip, self._found)
        read = seen.found or Read(gone=True)
        return replace(read, text=task.text, judged=task.judged, seconds=seen.seconds, read_bytes=seen.read_bytes)

    def _found(self, path: Path) -> Read:
        try:
            return Read(windows=tuple(read_windows(path, self._guard, self._windows)))
        except (VideoFault, Unfit) as fault:
            return Read(reason=fault.reason, detail=fault.detail or None)


@dataclass(frozen=True)
class EncoderOrder:
    """Makes an `Encoder`."""

    data_root: str
    config: EncodingConfig
    basis: str | None
    """Key of a linear autoencoder's."""

    def __call__(self) -> "Encoder":
        return Encoder(self)


class Encoder:
    """Holds the models and encodes window by window, so that what comes of one depends on no other."""

    def __init__(self, order: EncoderOrder) -> None:
        import torch

        from longtake.latents.opening import open_autoencoder
        from longtake.latents.text import open_text_encoder

        device = "cuda" if torch.cuda.is_available() else "cpu"
        with tempfile.TemporaryDirectory(prefix="longtake-weights-") as scratch:
            config = fetch_models(order.config, Path(scratch))
            basis = fetch_basis(Lake(order.data_root), order.basis, Path(scratch)) if order.basis else None
            self._autoencoder = open_autoencoder(config, basis=basis, device=device)
            self._text_encoder = open_text_encoder(config.text, device)

    def __call__(self, inputs: Sequence[Read]) -> list[Encoded]:
        return [self._encode(read) for read in inputs]

    def close(self) -> None:
        pass

    def _encode(self, read: Read) -> Encoded:
        began = time.monotonic()
        if read.reason or read.gone:
            return Encoded(
                reason=read.reason, detail=read.detail, gone=read.gone, seconds=read.seconds, read_bytes=read.read_bytes
            )
        strip = None
        windows: list[EncodedWindow] = []
        (text_LD,) = self._text_encoder.encode([read.text])
        for window in read.windows:
            encoded, pictures = self._encode_window(window, text_LD, read.judged)
            windows.append(encoded)
            strip = strip or pictures
        finite = all(is_finite(bits) for window in windows for bits in (window.latents_Cthw, window.text_LD))
        return Encoded(
            windows=tuple(windows) if finite else (), strip=strip if finite else None, reason=None if finite else "not_finite",
            seconds=read.seconds + time.monotonic() - began, read_bytes=read.read_bytes,
        )  # fmt: skip

    def _encode_window(self, window: Window, text_LD: "Tensor", judged: bool) -> tuple[EncodedWindow, bytes | None]:
        import torch

        from longtake.latents.autoencoder import psnr

        frames_NHW3 = torch.from_numpy(np.array(window.frames_NHW3))
        latents_Cthw = self._autoencoder.encode(frames_NHW3[None])[0]
        noise, strip = None, None
        if judged and latents_Cthw.isfinite().all():
            kept_Cthw = latents_Cthw.to(torch.bfloat16).float()  # as they will be read
            decoded_NHW3 = self._autoencoder.decode(kept_Cthw[None])[0].cpu()
            noise = psnr(frames_NHW3, decoded_NHW3)
            strip = draw_strip(window.frames_NHW3, decoded_NHW3.numpy())
        encoded = EncodedWindow(
            start_s=window.start_s, shape_NHW=window.frames_NHW3.shape[:3], latents_Cthw=to_bits(latents_Cthw),
            text_LD=to_bits(text_LD), psnr=noise,
        )  # fmt: skip
        return encoded, strip


def fetch_models(config: EncodingConfig, folder: Path) -> EncodingConfig:
    """The config with every model that lies on S3 brought into the folder."""
    if config.diffusers is not None:
        model = fetch_weights(config.diffusers.model, folder)
        config = replace(config, diffusers=replace(config.diffusers, model=model))
    if config.text.model:
        config = replace(config, text=replace(config.text, model=fetch_weights(config.text.model, folder)))
    return config


STILLS, STILL_PX, GAP_PX, WHITE = 5, 128, 3, (255, 255, 255)
"""Pictures of a strip, the height of each, and what lies between them."""


def draw_strip(frames_NHW3: NDArray[np.uint8], decoded_NHW3: NDArray[np.uint8]) -> bytes:
    """A few frames side by side, and below them what was decoded of their latents, as JPEG."""
    import cv2

    chosen = np.linspace(0, len(frames_NHW3) - 1, min(STILLS, len(frames_NHW3))).round().astype(int)
    height, width = frames_NHW3.shape[1:3]
    size = (max(1, round(STILL_PX * width / height)), STILL_PX)
    rows = []
    for pictures_NHW3 in (frames_NHW3, decoded_NHW3):
        stills = [cv2.resize(pictures_NHW3[at], size, interpolation=cv2.INTER_AREA) for at in chosen]
        framed = [cv2.copyMakeBorder(still, 0, GAP_PX, 0, GAP_PX, cv2.BORDER_CONSTANT, value=WHITE) for still in stills]
        rows.append(cv2.hconcat(framed))
    sheet = np.asarray(cv2.vconcat(rows))[:-GAP_PX, :-GAP_PX]
    return cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()


def to_bits(values: "Tensor") -> Bits:
    """The numbers in bfloat16."""
    import torch

    return values.to("cpu", torch.bfloat16).contiguous().view(torch.int16).numpy()


def of_bits(bits: Bits) -> "Tensor":
    """The numbers again, bfloat16."""
    import torch

    return torch.from_numpy(np.array(bits)).view(torch.bfloat16)


def is_finite(bits: Bits) -> bool:
    """Whether no number has the exponent of infinity and NaN."""
    return not bool(((bits & 0x7F80) == 0x7F80).any())
