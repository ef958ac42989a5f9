"""Pictures with the statistics of photographs, what befalls them, and the samples of a clip that shows them."""

import io
from functools import cache

import av
import cv2
import numpy as np

from longtake.scoring.samples import Samples

WIDTH, HEIGHT = 640, 360
GRID, PATCH_PX = 7, 32


@cache
def picture(seed=1, width=WIDTH, height=HEIGHT):
    """A BGR picture [H, W, 3], uint8: things with sharp outlines one before the other, most of them textured (power
    falls with the square of the frequency), some flat. Without noise, and clear of black and white."""
    rng = np.random.default_rng(seed)
    texture = _texture(rng, height, width)
    drawn = rng.uniform(100, 150, 3) + 20 * texture
    for _ in range(60):
        mask = np.zeros((height, width), np.uint8)
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(height // 24, height // 5)), int(rng.integers(height // 24, height // 5)))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        elsewhere = np.roll(texture, rng.integers(0, min(height, width), 2), axis=(0, 1))
        drawn[mask > 0] = rng.uniform(40, 210, 3) + rng.choice([0, 6, 12]) * elsewhere[mask > 0]
    drawn = drawn.clip(16, 235).round().astype(np.uint8)
    drawn.flags.writeable = False  # shared by all who ask for it
    return drawn


def _texture(rng, height, width):
    """A field [H, W, 1] of unit variance whose spectrum is that of photographs."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(height, width))) / frequency**1.2
    field = np.fft.irfft2(spectrum, s=(height, width))
    return (field / field.std())[..., None]


def still(frame_HW3, frames=8):
    return np.repeat(frame_HW3[None], frames, axis=0)


def pan(seed=1, frames=24, step_px=3):
    """A film [N, H, W, 3]: the camera moves sideways over a picture."""
    wide = picture(seed, WIDTH + frames * step_px)
    return np.stack([wide[:, n * step_px : n * step_px + WIDTH] for n in range(frames)])


def blurred(frames_NHW3, sigma):
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames_NHW3])


def noisy(frames_NHW3, sigma, seed=0):
    """Gaussian noise of luma: the same in all channels."""
    grain = np.random.default_rng(seed).normal(0, sigma, frames_NHW3.shape[:3])[..., None]
    return (frames_NHW3 + grain).round().clip(0, 255).astype(np.uint8)


def resized(frames_NHW3, width, height):
    way = cv2.INTER_AREA if width < frames_NHW3.shape[2] else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame, (width, height), interpolation=way) for frame in frames_NHW3])


def with_contrast(frames_NHW3, gain):
    return ((frames_NHW3.astype(float) - 125) * gain + 125).round().clip(0, 255).astype(np.uint8)


def coded(frames_NHW3, codec="libx264", quantiser=None, **options):
    """The film after a codec: `crf` and `preset` for x264, a fixed `quantiser` for the MPEG family."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=25, options={name: str(value) for name, value in options.items()})
        stream.height, stream.width = frames_NHW3.shape[1:3]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.thread_count = 1
        if quantiser:
            stream.codec_context.qmin = stream.codec_context.qmax = quantiser
        for frame_HW3 in frames_NHW3:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame_HW3, format="bgr24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])


def mosaics(frames_NHW3, patch_px=PATCH_PX):
    """One patch of every cell of a grid, cut at multiples of 8 pixels; of small frames after they were enlarged."""
    height, width = frames_NHW3.shape[1:3]
    enlarged = GRID * patch_px / min(height, width)
    if enlarged > 1:
        height, width = (max(GRID * patch_px, round(side * enlarged)) for side in (height, width))
        frames_NHW3 = resized(frames_NHW3, width, height)
    rows = [row * (height // GRID) // 8 * 8 for row in range(GRID)]
    columns = [column * (width // GRID) // 8 * 8 for column in range(GRID)]
    lines = [
        np.concatenate([frames_NHW3[:, y : y + patch_px, x : x + patch_px] for x in columns], axis=2) for y in rows
    ]
    return np.concatenate(lines, axis=1)


def samples(frames_NHW3, fps=10.0, details_NHW3=None, size_px=256):
    """What is seen of a film: every frame of it."""
    height, width = frames_NHW3.shape[1:3]
    scale = size_px / max(height, width)
    small_NHW3 = resized(frames_NHW3, max(1, round(width * scale)), max(1, round(height * scale)))
    return Samples(
        frames_NHW3=small_NHW3,
        times_s=np.arange(len(frames_NHW3)) / fps,
        burst_N=np.arange(len(frames_NHW3)) // 8,
        held_pairs=0,
        details_NHW3=mosaics(frames_NHW3[:8]) if details_NHW3 is None else details_NHW3,
        texts_NHW3=frames_NHW3[:1],
        width=width,
        height=height,
        frames=len(frames_NHW3),
        duration_s=len(frames_NHW3) / fps,
    )
