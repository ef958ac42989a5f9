"""What is written on the screen, read by PP-OCRv6 from the models inside the rapidocr wheel; nothing is downloaded.

What it reads is untrusted: anybody may have written it.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE_PX = 544
"""Longer side that a frame is shrunk to where text is looked for, as in scoring; what is found is read from the whole frame."""
BOX_CONFIDENCE = 0.5
"""Least mean probability of text within a box."""
LINE_CONFIDENCE = 0.85
"""Least mean probability of a line's characters: foliage and gravel read as letters come with less."""
SHORTEST = 3
"""Letters and digits of a line at least: a single one is often a lamp or a window."""
LONGEST = 60
"""Characters of a line that are kept."""
MOST = 6
"""Lines that are kept."""
ALIKE = 0.75
"""Two readings with so much in common (Ratcliff and Obershelp) are of one line."""


class TextReader:
    """Reads lines. Raises ModuleNotFoundError without the extra `ocr`."""

    def __init__(self, threads: int = 1) -> None:
        from rapidocr import RapidOCR

        self._read: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Global.text_score": LINE_CONFIDENCE,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": SIZE_PX,
                "Det.box_thresh": BOX_CONFIDENCE,
            }
        )

    def read(self, frames_NHW3: NDArray[np.uint8]) -> tuple[str, ...]:
        """Lines in the order in which they are first seen, each once, shortened, without control characters."""
        lines: list[tuple[str, float]] = []
        for frame_HW3 in frames_NHW3:
            found = self._read(np.ascontiguousarray(frame_HW3), use_det=True, use_cls=False, use_rec=True)
            lines += zip(getattr(found, "txts", None) or (), getattr(found, "scores", None) or (), strict=True)
        return choose_lines(lines)


def choose_lines(lines: Iterable[tuple[str, float]]) -> tuple[str, ...]:
    """Of readings with their confidence those that are kept; of readings of the same line the surest."""
    kept: list[tuple[str, float]] = []
    for text, confidence in lines:
        line = clean_line(text)
        if confidence < LINE_CONFIDENCE or sum(character.isalnum() for character in line) < SHORTEST:
            continue
        twin = next((place for place, (other, _) in enumerate(kept) if _alike(line, other)), None)
        if twin is None:
            kept.append((line, confidence))
        elif confidence > kept[twin][1]:
            kept[twin] = (line, confidence)
    return tuple(line for line, _ in kept[:MOST])


def clean_line(text: str) -> str:
    """Printable characters and single spaces, `LONGEST` at most."""
    plain = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    line = " ".join(plain.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio() >= ALIKE
