"""The wheel, in a fresh environment outside the repository."""

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.drawing import draw_film

CLONE = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(CLONE)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """A new environment that holds the wheel, and sees the libraries of this one, but not the clone."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", wheel]
    subprocess.run(install, check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")  # whose own .pth files are not read
    return folder


def call(fresh, *arguments):
    return subprocess.run([fresh / "bin" / "longtake", *arguments], capture_output=True, text=True, cwd=fresh)


def test_the_wheel_holds_longtake_alone(wheel):
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"longtake"}


def test_help_and_a_step_work_from_the_wheel(fresh):
    assert "slice" in call(fresh, "--help").stdout
    draw_film(fresh / "raw" / "film.mp4", (1, 70), (2, 70))
    (fresh / "step.json").write_text(json.dumps({"raw": "raw", "data_root": "data"}))
    for name, kept in (("listing", 1), ("slicing", 2)):
        done = call(fresh, "step", name, "--config", "step.json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["items"] == {"kept": kept}


def test_a_verb_that_needs_the_clone_says_so(fresh):
    done = call(fresh, "run", "curate", "--raw", "raw", "--data-root", "data")
    assert done.returncode == 20
    assert "in the repository" in done.stderr
