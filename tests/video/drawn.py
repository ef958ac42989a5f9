"""Films drawn for tests: every frame carries its number as eight blocks of grey, so that it can be read from pixels."""

from fractions import Fraction

import av
import numpy as np

BITS = 8
MILLISECOND = Fraction(1, 1000)


def picture(number, width=160, height=96):
    """Grey picture [H, W]: the number's bits across the upper half, a ramp across the lower, dark on the left."""
    columns = np.arange(width) * BITS // width
    bits = (number >> (BITS - 1 - columns)) & 1
    upper = np.broadcast_to(np.where(bits, 220, 30), (height // 2, width))
    lower = np.broadcast_to(np.linspace(40, 200, width), (height - height // 2, width))
    return np.vstack([upper, lower]).astype(np.uint8)


def number_of(picture_HW):
    """The number in a picture of any size."""
    height, width = picture_HW.shape[:2]
    row = picture_HW[height // 8 : 3 * height // 8].reshape(-1, width, *picture_HW.shape[2:]).mean(axis=0)
    row = row.reshape(width, -1).mean(axis=1)
    centres = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    return int(sum(1 << (BITS - 1 - k) for k, centre in enumerate(centres) if row[centre] > 125))


def write_film(
    path,
    frames=30,
    *,
    size=(160, 96),
    fps=25,
    codec="libx264",
    options=None,
    stamps_ms=None,
    display=None,
    sound=None,
    sound_codec="aac",
    pixel_format="yuv420p",
    title=None,
    **codec_fields,
):
    """A film whose frame k shows k (modulo 256). `sound` is (rate, float32 samples CN); `display` (degrees, hflip)."""
    options = {"crf": "10", "preset": "ultrafast"} if options is None and codec == "libx264" else options or {}
    with av.open(str(path), "w") as file:
        if title is not None:
            file.metadata["title"] = title
        video = file.add_stream(codec, rate=fps, options=options)
        video.width, video.height, video.pix_fmt = *size, pixel_format
        video.codec_context.time_base = MILLISECOND if stamps_ms is not None else Fraction(1, fps)
        for name, value in codec_fields.items():
            setattr(video.codec_context, name, value)
        if display is not None:
            video.set_display_rotation(display[0], hflip=display[1])
        if sound is not None:
            add_sound(file, sound, sound_codec)
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(k % 256, *size), "gray")
            frame.time_base = video.codec_context.time_base
            frame.pts = k if stamps_ms is None else stamps_ms[k]
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if sound is not None:
            encode_sound(file, sound)
    return path


def add_sound(file, sound, codec):
    rate, samples_CN = sound
    stream = file.add_stream(codec, rate=rate, layout="mono" if len(samples_CN) == 1 else "stereo")
    if codec == "aac":
        stream.bit_rate = 192_000


def encode_sound(file, sound):
    rate, samples_CN = sound
    stream = file.streams.audio[0]
    layout = "mono" if len(samples_CN) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples_CN, np.float32), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate, frame_size=1024)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def write_sound_only(path, seconds=1):
    """An MP4 with a sound track and no picture."""
    sound = (48000, np.zeros((1, 48000 * seconds), np.float32))
    with av.open(str(path), "w") as file:
        add_sound(file, sound, "aac")
        encode_sound(file, sound)
    return path


def spoil_packets(source, target, share, seed=0):
    """Copy a film, the given share of its packets replaced by noise (never the first)."""
    rng = np.random.default_rng(seed)
    with av.open(str(source)) as file, av.open(str(target), "w") as copy:
        stream = copy.add_stream_from_template(file.streams.video[0], opaque=True)
        packets = [packet for packet in file.demux(video=0) if packet.size]
        spoiled = set(rng.choice(np.arange(1, len(packets)), round(share * len(packets)), replace=False).tolist())
        for k, packet in enumerate(packets):
            if k in spoiled:
                noise = av.Packet(rng.bytes(packet.size))
                noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
                packet = noise
            packet.stream = stream
            copy.mux(packet)
    return target


def read_film(path):
    """(numbers, times_s, first picture in grey) of a film that these tests wrote, read without the guard."""
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
        pictures = [frame.to_ndarray(format="gray") for frame in frames]
        return [number_of(p) for p in pictures], [float(f.pts * f.time_base) for f in frames], pictures[0]


def read_sound(path):
    """(rate, samples CN) of a film's sound, placed by its stamps: sample 0 is at time 0."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        frames = list(file.decode(audio=0))
        rate = stream.rate
        starts = [round(frame.pts * frame.time_base * rate) for frame in frames]
        total = max(start + frame.samples for start, frame in zip(starts, frames, strict=True))
        samples_CN = np.zeros((frames[0].layout.nb_channels, total), np.float32)
        for start, frame in zip(starts, frames, strict=True):
            assert start >= 0
            samples_CN[:, start : start + frame.samples] = frame.to_ndarray()
        return rate, samples_CN
