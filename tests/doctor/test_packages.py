import re
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.doctor import packages
from longtake.doctor.packages import (
    Requirement,
    holds,
    judge_base,
    judge_extra,
    judge_rivals,
    look_at_packages,
    parse_requirement,
)

MEDIA = [
    Requirement("av", ">=18.1,<19", "media"),
    Requirement("numpy", ">=2,<3", "media"),
    Requirement("opencv-python-headless", ">=5,<6", "media"),
]
WHOLE = {"av": "18.1.0", "numpy": "2.4.6", "opencv-python-headless": "5.0.0.93"}


def test_every_requirement_of_longtake_itself_is_understood():
    lines = metadata.requires("longtake")
    for line in lines:
        requirement = parse_requirement(line)
        holds("1.0", requirement.versions)
        assert line.lower().startswith(requirement.name)
        assert (requirement.extra == "") is ("extra" not in line)
    assert len(lines) > 30


def test_a_requirement_written_otherwise_is_refused():
    with pytest.raises(ValueError, match="another way"):
        parse_requirement("tomli>=2; python_version < '3.11'")


@pytest.mark.parametrize(
    ("version", "asked", "answer"),
    [
        ("2.13.0+cpu", ">=2.13,<2.14", True),
        ("2.14.0", ">=2.13,<2.14", False),
        ("2.12.9", ">=2.13,<2.14", False),
        ("2.13", "==2.13.0", True),
        ("5.0.0.93", "<6,>=5", True),
        ("3", "!=3.0", False),
        ("v2.17.0", ">=2.17", True),
        ("1.0", "", True),
    ],
)
def test_a_version_lies_in_a_range_or_not(version, asked, answer):
    assert holds(version, asked) is answer


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_of_two_versions_exactly_one_of_less_equal_and_more_holds(one, other):
    one, other = (".".join(map(str, numbers)) for numbers in (one, other))
    assert [holds(one, f"{sign}{other}") for sign in ("<", "==", ">")].count(True) == 1
    assert holds(one, f">={other}") is not holds(one, f"<{other}")


def test_a_missing_package_of_the_base_is_bad_with_the_command_that_brings_it():
    finding = judge_base([Requirement("rich", ">=13,<16", ""), Requirement("click", ">=8.1,<9", "")], {"click": "9.1"})
    assert finding.state == "bad"
    assert finding.found == "missing: rich; out of range: click 9.1 (asked: >=8.1,<9)"
    assert finding.fix == "pip install longtake"


@pytest.mark.parametrize(
    ("here", "state", "words"),
    [
        (WHOLE, "good", "av 18.1.0 and 2 more"),
        ({}, "skipped", "not installed"),
        ({"numpy": "2.4.6"}, "skipped", "not installed"),
        ({"numpy": "2.4.6", "av": "18.1.0"}, "warn", "missing: opencv-python-headless"),
        (WHOLE | {"numpy": "1.26.4"}, "warn", "numpy 1.26.4 (asked: >=2,<3)"),
    ],
)
def test_an_extra_is_whole_or_partly_there_or_absent(here, state, words):
    finding = judge_extra("media", MEDIA, here)
    assert finding.state == state
    assert words in finding.found
    assert finding.fix == ("" if state == "good" else "pip install 'longtake[media]'")


def test_another_torch_is_bad_with_the_reason():
    finding = judge_extra("torch", [Requirement("torch", ">=2.13,<2.14", "torch")], {"torch": "2.15.0"})
    assert finding.state == "bad"
    assert "pull CUDA" in finding.fix


def test_opencv_beside_its_headless_self_is_bad():
    (finding,) = judge_rivals({"opencv-python": "5.0.0", "opencv-python-headless": "5.0.0.93"})
    assert finding.state == "bad"
    assert "uninstall" in finding.fix


@pytest.mark.parametrize(
    ("torch", "vision", "count"),
    [("2.13.0+cpu", "0.28.0", 1), ("2.13.0", "0.29.0", 1), ("2.13.0", "0.28.0", 0), (None, "0.28.0", 0)],
)
def test_torchvision_is_bad_unless_it_is_the_one_that_matches_torch_on_cuda(torch, vision, count):
    here = {"torchvision": vision} | ({"torch": torch} if torch else {})
    assert len(list(judge_rivals(here))) == count


def test_the_packages_of_this_environment_have_a_line_for_the_base_and_for_each_extra():
    names = [finding.check for finding in look_at_packages()]
    extras = {found[1] for line in metadata.requires("longtake") if (found := re.search("extra == '(.+)'", line))}
    assert {"packages", *(f"extra {extra}" for extra in extras)} <= set(names)


def test_a_longtake_that_is_not_installed_is_a_warning_since_nothing_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(packages, "_PROJECT", "longtake-of-nowhere")
    (finding,) = look_at_packages()
    assert finding.state == "warn"
    assert packages.python_asked() is None
