"""How much of the picture is covered by text: subtitles, titles, logos, and what is written in the scene.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

from typing import Any

import cv2
import numpy as np

SIZE_PX = 544
"""Longer side that a frame is shrunk to: at 640 no more text is found at 1.5 times the cost, at 480 small text is lost."""
CONFIDENCE = 0.5
"""Least mean probability of text within a box (rapidocr's)."""
TALLEST_LINE = 0.25
"""A line's height, at most, as a share of the picture's shorter side: the network takes large things for one letter."""


class TextDetector:
    """The detector of PP-OCRv6 (DBNet), from the models inside the rapidocr wheel; nothing is downloaded or read out.

    Raises ModuleNotFoundError without the extra `ocr`.
    """

    def __init__(self, threads: int = 1) -> None:
        from rapidocr import RapidOCR

        self._detect: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Global.use_rec": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": SIZE_PX,
                "Det.box_thresh": CONFIDENCE,
            }
        )

    def share(self, frames_NHW3: np.ndarray) -> float:
        """0 to 1: area of the boxes around lines of text, a tight margin included, mean over the frames; 0 of none."""
        return float(np.mean([self._cover(frame_HW3).mean() for frame_HW3 in frames_NHW3])) if len(frames_NHW3) else 0.0

    def _cover(self, frame_HW3: np.ndarray) -> np.ndarray:
        """uint8 [H, W]: 1 where text is. Boxes may be turned, and lie over one another."""
        cover_HW = np.zeros(frame_HW3.shape[:2], np.uint8)
        found = self._detect(np.ascontiguousarray(frame_HW3), use_det=True, use_cls=False, use_rec=False)
        for corners in [] if found.boxes is None else found.boxes:
            _, sides_px, _ = cv2.minAreaRect(corners.astype(np.float32))
            if min(sides_px) <= TALLEST_LINE * min(cover_HW.shape):
                cv2.fillPoly(cover_HW, [corners.astype(np.int32)], 1)
        return cover_HW
