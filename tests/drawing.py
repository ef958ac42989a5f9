"""Films for tests of whole steps: shots of moving texture joined by hard cuts, drawn in a moment."""

import numpy as np

from longtake.demo.reels import write_video


def shot(seed, frames, width=320, height=180):
    """Blocks of random colour that drift sideways, [N, H, W, 3]; another seed is another shot."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(30, 226, (height // 20, width // 20, 3), dtype=np.uint8)
    picture = np.kron(blocks, np.ones((20, 20, 1), np.uint8))
    return np.stack([np.roll(picture, 2 * frame, axis=1) for frame in range(frames)])


def draw_film(path, *shots):
    """Writes a film of (seed, frames) shots at 25 frames/s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(np.concatenate([shot(seed, frames) for seed, frames in shots]), path)
    return path


def draw_raw(folder):
    """Four videos (one in two places, one without a long enough shot), one broken file, and one that is no video."""
    draw_film(folder / "two-shots.mp4", (1, 70), (2, 70))
    draw_film(folder / "one-shot.mp4", (3, 80))
    (folder / "again").mkdir()
    (folder / "again" / "copy.mp4").write_bytes((folder / "one-shot.mp4").read_bytes())
    draw_film(folder / "short.mp4", (4, 20))
    (folder / "broken.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 8)
    (folder / "notes.txt").write_text("not a video\n")
    return folder
