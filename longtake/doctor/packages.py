"""What is installed, against what longtake's own metadata asks for, extra by extra."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import zip_longest

from longtake.doctor.finding import Finding, bad, good, skipped, warn

TORCH = "later ones pull CUDA libraries onto machines without a GPU, earlier ones were not tried"
_PROJECT = "longtake"


@dataclass(frozen=True)
class Requirement:
    """One package that is asked for; `extra` is "" for the base."""

    name: str
    versions: str
    """As in >=2,<3."""
    extra: str


def look_at_packages() -> Iterator[Finding]:
    """The base, every extra, and packages that must not be here."""
    try:
        requirements = [parse_requirement(text) for text in metadata.requires(_PROJECT) or []]
    except metadata.PackageNotFoundError:
        yield warn("packages", "longtake runs from a folder and is not installed", "pip install -e . in its clone")
        return
    rivals = ("opencv-python", "opencv-contrib-python", "torchvision")
    here = installed([*(requirement.name for requirement in requirements), *rivals])
    groups: dict[str, list[Requirement]] = defaultdict(list)
    for requirement in requirements:
        groups[requirement.extra].append(requirement)
    yield judge_base(groups.pop("", []), here)
    for extra, asked in sorted(groups.items()):
        yield judge_extra(extra, asked, here)
    yield from judge_rivals(here)


def judge_base(asked: Sequence[Requirement], here: Mapping[str, str]) -> Finding:
    """The packages without which no verb works."""
    missing, strange = compare(asked, here)
    if missing or strange:
        return bad("packages", described(missing, strange), "pip install longtake")
    return good("packages", f"longtake {here.get(_PROJECT, '')} and {len(asked)} packages that it needs")


def judge_extra(extra: str, asked: Sequence[Requirement], here: Mapping[str, str]) -> Finding:
    """Whole, partly there, or absent. Less than half of an extra is taken for what other packages brought."""
    check, fix = f"extra {extra}", f"pip install 'longtake[{extra}]'"
    missing, strange = compare(asked, here)
    if any(name.startswith("torch ") for name in strange):
        return bad(check, described(missing, strange), f"{fix}: {TORCH}")
    if 2 * len(missing) > len(asked):
        return skipped(check, "not installed", fix)
    if missing or strange:
        return warn(check, described(missing, strange), fix)
    head = next((item.name for item in asked if item.name == extra), asked[0].name)
    return good(check, f"{head} {here[head]}" + f" and {len(asked) - 1} more" * (len(asked) > 1))


def judge_rivals(here: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that break what they stand beside."""
    for name in ("opencv-python", "opencv-contrib-python"):
        if name in here:
            yield bad(
                name,
                f"{here[name]} overwrites files of opencv-python-headless",
                f"pip uninstall {name} opencv-python-headless, then pip install 'longtake[media]'",
            )
    vision, torch = here.get("torchvision"), here.get("torch", "")
    if vision and (torch.endswith("+cpu") or not vision.startswith("0.28.")):
        yield bad(
            "torchvision",
            f"{vision} does not load beside torch {torch or '(absent)'}, and transformers would try to",
            "pip uninstall torchvision: nothing here uses it",
        )


def compare(asked: Sequence[Requirement], here: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Names that are missing, and what has a version out of the asked range."""
    missing = [item.name for item in asked if item.name not in here]
    strange = [
        f"{item.name} {here[item.name]} (asked: {item.versions})"
        for item in asked
        if item.name in here and not holds(here[item.name], item.versions)
    ]
    return missing, strange


def described(missing: Sequence[str], strange: Sequence[str]) -> str:
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    return "; ".join([*parts, *([f"out of range: {', '.join(strange)}"] if strange else [])])


def installed(names: Sequence[str]) -> dict[str, str]:
    """Versions of those packages that are here, longtake's among them."""
    found = {}
    for name in (_PROJECT, *names):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def python_asked() -> str | None:
    """The range of Python versions that longtake asks for; None where it is not installed."""
    try:
        return metadata.metadata(_PROJECT)["Requires-Python"]
    except metadata.PackageNotFoundError:
        return None


def parse_requirement(text: str) -> Requirement:
    """A line of a package's metadata, as longtake writes them: name[extras] versions ; extra == 'name'."""
    found = re.fullmatch(r"([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*?)\s*(?:;\s*extra == ['\"]([\w-]+)['\"])?", text)
    if found is None:
        raise ValueError(f"the requirement {text!r} is written in another way")
    return Requirement(found[1].lower(), found[2], found[3] or "")


def holds(version: str, asked: str) -> bool:
    """Whether the version lies in a range such as >=2,<3; what follows its numbers (rc1, +cpu) is not looked at."""
    here = _numbers(version)
    for part in filter(None, asked.replace(" ", "").split(",")):
        sign, bound = re.fullmatch(r"(>=|<=|==|!=|<|>)([\d.]+)", part).groups()  # type: ignore[union-attr]
        pairs = zip_longest(here, _numbers(bound), fillvalue=0)
        order = next((1 if a > b else -1 for a, b in pairs if a != b), 0)
        if not {">=": order >= 0, "<=": order <= 0, "==": not order, "!=": bool(order), "<": order < 0, ">": order > 0}[
            sign
        ]:
            return False
    return True


def _numbers(version: str) -> list[int]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(part) for part in found[1].split(".")] if found else []
