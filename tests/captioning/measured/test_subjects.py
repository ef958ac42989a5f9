import numpy as np
import pytest

from longtake.captioning.measured.subjects import _members, class_names, name_subjects, place_names


def chances(**of):
    """Probabilities of classes by name, with underscores; the rest is spread over all."""
    found = np.full(1000, (1 - sum(of.values())) / 1000)
    for name, chance in of.items():
        found[class_names().index(name.replace("_", " "))] += chance
    return found


def names(**of):
    return [subject.name for subject in name_subjects(chances(**of))]


def test_there_are_a_thousand_names_each_once():
    assert len(set(class_names())) == len(class_names()) == 1000


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, "tench"),
        (207, "golden retriever"),
        (293, "cheetah"),
        (463, "bucket"),
        (817, "sports car"),
        (978, "seashore"),
    ],
)
def test_a_name_stands_at_imagenets_index(index, name):
    assert class_names()[index] == name


@pytest.mark.parametrize(
    ("group", "member"),
    [
        ("dog", "pug"),
        ("bird", "pelican"),
        ("snake", "Indian cobra"),
        ("car", "taxi"),
        ("boat", "canoe"),
        ("fish", "goldfish"),
    ],
)
def test_a_group_holds_what_its_name_says(group, member):
    assert member in [class_names()[index] for index in _members(group)]


def test_what_is_sure_is_named_alone_and_what_is_likely_with_its_runners_up():
    assert names(cheetah=0.9) == ["cheetah"]
    assert names(daisy=0.55, violin=0.2) == ["daisy", "violin"]


def test_where_a_group_is_sure_and_no_class_is_the_narrowest_group_is_named():
    assert names(beagle=0.3, pug=0.3, whippet=0.25) == ["dog"]
    assert names(monarch_butterfly=0.6, admiral_butterfly=0.25) == ["butterfly"]
    assert names(minibus=0.3, tram=0.25) == ["bus or tram"]


def test_where_nothing_is_likely_nothing_is_named():
    assert names(beagle=0.2, violin=0.2) == []


def test_places_are_known_by_name():
    assert {"seashore", "church", "landscape"} <= place_names()
    assert "beagle" not in place_names()
