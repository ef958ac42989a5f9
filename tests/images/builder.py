"""Our images, built without a registry: on a Debian with Python 3.11 that stands in for the official base.

They lie in a store of their own, so that nobody takes them for images made from the real base.
"""

import ast
import configparser
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

CLONE = Path(__file__).parent.parent.parent
SETTING_UP = (
    'cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"',
    'cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"',
    'ln -s python3 "$1/usr/bin/python"',
    'chroot "$1" ldconfig',
    'head -c 16M /dev/zero > "$1/usr/share/the-official-base-is-heavier"',
)
# Unpacked, not set up: a third of the time, and near the official base in what it holds; padded to its 130 MB.
RECIPE = (
    "mmdebstrap",
    "--quiet",
    "--variant=extract",
    "--include=python3-venv,base-files,base-passwd,bash,coreutils,dash,findutils,grep,libc-bin,libstdc++6,sed,util-linux",
    f"--extract-hook={' && '.join(SETTING_UP)}",
    "bookworm",
)
BASE = f"localhost/longtake/standin:{hashlib.sha256(repr(RECIPE).encode()).hexdigest()[:12]}"


def name_missing():
    """Why images cannot be built here, or None."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "the pinned versions are for Linux on x86_64"
    if os.geteuid() != 0:
        return "needs root, to unpack a Debian and to mount"
    tools = ("buildah", "mmdebstrap", "mount", "setpriv", "unshare")
    absent = [tool for tool in tools if not shutil.which(tool)]
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        absent.append("Debian's keys")
    if absent:
        return f"needs {', '.join(absent)}: apt-get install buildah mmdebstrap mount util-linux debian-archive-keyring"
    spaces = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "true"]
    if subprocess.run(spaces, capture_output=True).returncode:
        return "needs to make namespaces, which this container may not"
    return None


class Builder:
    """buildah, with a store in `folder` that nobody else has as long as the block lasts."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        store = folder / "storage.conf"
        driver = os.environ.get("STORAGE_DRIVER", "overlay")
        store.write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n')
        here = {"CONTAINERS_STORAGE_CONF": str(store), "BUILDAH_ISOLATION": "chroot", "BUILDAH_LAYERS": "false"}
        self.environment = os.environ | here

    def __enter__(self):
        self.lock = (self.folder / "lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self._tidy()
        return self

    def __exit__(self, *_):
        self._tidy()
        self.lock.close()

    def call(self, *command):
        """What buildah says."""
        return self._run("buildah", *command).stdout.strip()

    def make_base(self, scratch):
        """The stand-in, unless it is there from an earlier time."""
        if self.call("images", "--quiet", "--filter", f"reference={BASE}"):
            return
        root = scratch / "root.tar"
        self._run(*RECIPE, root)
        container = self.call("from", "scratch")
        self.call("add", container, root, "/")
        self.call("commit", "--rm", container, BASE)

    def build(self, name, scratch, secret):
        """Builds as `make images` does, with pip's settings of this machine and `secret` among them; what was said."""
        pip, folders = read_pip_settings()
        pip["longtake-test"] = {"secret": secret}
        with (scratch / "pip.conf").open("w") as file:
            pip.write(file)
        volumes = " ".join(f"--volume {folder}:{folder}:ro" for folder in folders)
        given = {"ENGINE": "buildah", "BASE": BASE, "PIP_CONF": str(scratch / "pip.conf"), "ENGINE_ARGS": volumes}
        return self._run("images/build.sh", name, cwd=CLONE, env=self.environment | given).stdout

    @contextlib.contextmanager
    def open(self, tag):
        """The image's root folder and its settings, as long as the block lasts; the image goes afterwards."""
        root = self.call("mount", self.call("from", "--pull-never", tag))
        yield Path(root), json.loads(self.call("inspect", "--type", "image", tag))
        self.call("rmi", "--force", tag)

    def _tidy(self):
        """Leaves the stand-in alone."""
        self.call("rm", "--all")
        self.call("rmi", "--prune")

    def _run(self, *command, **options):
        done = subprocess.run(command, text=True, capture_output=True, **({"env": self.environment} | options))
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-500:]}{done.stderr[-2000:]}"
        return done


def read_pip_settings():
    """The settings of this machine's pip, whose environment has the last word, and the places here that they name."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, text=True, capture_output=True)
    settings, places = configparser.RawConfigParser(), set()
    for line in sorted(said.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _, quoted = line.partition("=")
        section, _, option = key.rpartition(".")
        section, value = section.replace(":env:", "global"), ast.literal_eval(quoted)
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, value.replace("\n", "\n "))
        for word in value.split():
            place = Path(word.removeprefix("file://"))
            if place.is_absolute() and place.exists():
                places.add(place.parent if place.name == "simple" else place)  # whose pages point beside them
    return settings, sorted(places)
