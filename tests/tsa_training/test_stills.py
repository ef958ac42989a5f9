import cv2
import numpy as np

from longtake.tsa_training.config import Curriculum
from longtake.tsa_training.footage import Source, cut_shots
from longtake.tsa_training.stills import SLOWEST, move_over

PHOTOGRAPH = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8), (0, 0), 2)


def test_the_camera_always_moves():
    for seed in range(60):
        frames_NHW3 = move_over(PHOTOGRAPH, 1.0, 512, np.random.default_rng(seed))
        first, last = (cv2.cvtColor(frames_NHW3[n], cv2.COLOR_BGR2GRAY) for n in (0, -1))
        moved = np.abs(first.astype(int) - last).mean()
        still = np.abs(first.astype(int) - np.roll(first, 1, axis=1)).mean()  # by a pixel
        assert moved > min(1, SLOWEST * first.shape[1]) * still * 0.5, seed


def test_it_moves_otherwise_over_another_photograph(tmp_path):
    for name in ("alps", "bus"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), PHOTOGRAPH)
        cut_shots(Source(name, tmp_path / f"{name}.png"), tmp_path, None, Curriculum(moves_each=1, shot_s=1))
    assert (tmp_path / "alps-0.mp4").read_bytes() != (tmp_path / "bus-0.mp4").read_bytes()
