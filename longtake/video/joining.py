"""Films that were made piece by piece, as `write_film` writes them: joined without encoding again, and read back.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.container.core import Flags as MuxFlags
from numpy.typing import NDArray


def join_films(pieces: Sequence[Path], path: Path) -> None:
    """Writes one film of pieces of the same size and rate, in their order; the file gets its name when it is whole.

    Packets are copied as they are: it costs no quality, memory for one piece, and the same pieces give the same bytes.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    ahead = max(_ahead(piece) for piece in pieces)
    with av.open(f"file:{unfinished}", "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.flags |= MuxFlags.bitexact.value
        stream = None
        begin = 0
        for piece in pieces:
            with av.open(f"file:{piece}") as source:
                (given,) = source.streams.video
                if stream is None:
                    stream = container.add_stream_from_template(given)
                decoded = begin - ahead
                for packet in _packets(source):
                    packet.pts, packet.dts = _known(packet.pts) + begin, decoded
                    decoded += _known(packet.duration)
                    packet.stream = stream
                    container.mux(packet)
                begin = decoded + ahead
    unfinished.replace(path)


def _ahead(piece: Path) -> int:
    """By how much decoding goes before showing; it differs, since short pieces have no frames that look ahead."""
    with av.open(f"file:{piece}") as source:
        return max(0, -_known(next(_packets(source)).dts))


def _packets(source: InputContainer) -> Iterator[av.Packet]:
    return (packet for packet in source.demux(video=0) if packet.dts is not None)


def _known(time: int | None) -> int:
    assert time is not None, "write_film gives every packet its times"
    return time


def read_film(path: Path, size_px: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """frames_NHW3 of a file of our own; of `size_px` (height, width) where an odd side was widened. Never for footage: see `decode`."""
    with av.open(f"file:{path}") as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    height, width = size_px or frames[0].shape[:2]
    return np.stack([frame_HW3[:height, :width] for frame_HW3 in frames]).astype(np.uint8)
