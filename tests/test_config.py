from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT, config_schema, dump_config, load_config
from longtake.errors import UserError


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Lens:
    focal_mm: float = Field(default=50.0, gt=0)
    """Focal length."""
    blades: int = Field(default=8, ge=3)
    """Blades of the iris."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Camera:
    name: str
    """What it is called."""
    lens: Lens = Field(default_factory=Lens)
    """What is in front."""
    mode: Literal["still", "film"] = "film"
    """What it makes."""
    tags: tuple[str, ...] = ()
    """Words."""


def fault(given, cls=Camera):
    with pytest.raises(UserError) as caught:
        load_config(cls, given, where="camera config")
    sentence = str(caught.value)
    assert sentence.startswith("camera config: ")
    assert "\n" not in sentence
    return sentence


def test_what_is_left_out_is_the_default():
    assert load_config(Camera, {"name": "a"}, where="x") == Camera(name="a", lens=Lens(focal_mm=50.0, blades=8))


def test_an_unknown_key_is_named_with_the_nearest_one():
    assert "unknown key 'nam'; did you mean 'name'?" in fault({"nam": "a"})
    assert "unknown key 'lens.blade'; did you mean 'blades'?" in fault({"name": "a", "lens": {"blade": 5}})


def test_an_unknown_key_like_no_other_shows_them_all():
    assert "unknown key 'lens.xyz'; it knows blades, focal_mm" in fault({"name": "a", "lens": {"xyz": 5}})


def test_a_missing_key_is_named():
    assert "'name' is missing" in fault({})


def test_a_whole_float_is_an_int_since_kubeflow_makes_every_number_a_float():
    blades = load_config(Lens, {"blades": 7.0}, where="x").blades
    assert (blades, type(blades)) == (7, int)


@pytest.mark.parametrize(
    ("given", "words"), [
        ({"lens": {"blades": 7.5}}, "'lens.blades' is 7.5"), ({"lens": {"blades": 2}}, "greater than or equal to 3"),
        ({"lens": {"focal_mm": float("nan")}}, "finite number"), ({"lens": {"focal_mm": float("inf")}}, "finite number"),
        ({"lens": {"blades": float("nan")}}, "finite number"), ({"lens": {"blades": "eight"}}, "'lens.blades' is 'eight'"),
        ({"lens": {"blades": None}}, "'lens.blades' is None"), ({"lens": 5}, "'lens' is 5"), ({"lens": None}, "'lens' is None"),
        ({"mode": "stil"}, "'still' or 'film'"), ({"tags": "ab"}, "'tags' is 'ab'"), ({"tags": ["a", 3]}, "'tags.1' is 3"),
        ({"name": 3}, "'name' is 3"), ({1: 2}, "keys should be strings"), ({"name": ["x" * 10_000]}, "..."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_expected(given, words):
    sentence = fault({"name": "a"} | given)
    assert words in sentence
    assert len(sentence) < 500


def test_all_faults_are_said_at_once():
    sentence = fault({"lens": {"blades": 1, "focal": 2}, "mode": 3})
    for words in (
        "'name' is missing",
        "unknown key 'lens.focal'; did you mean 'focal_mm'?",
        "'lens.blades' is 1",
        "'mode' is 3",
    ):
        assert words in sentence


@given(st.builds(
    Camera, name=st.text(), lens=st.builds(Lens, focal_mm=st.floats(0.1, 1e9), blades=st.integers(3)),
    mode=st.sampled_from(["still", "film"]), tags=st.lists(st.text()).map(tuple),
))  # fmt: skip
def test_a_config_that_was_dumped_loads_as_it_was(camera):
    dumped = dump_config(camera)
    assert load_config(Camera, dumped, where="x") == camera
    assert dump_config(load_config(Camera, dumped, where="x")) == dumped


def test_a_dump_spells_out_every_default_as_plain_json():
    assert dump_config(Camera(name="a", tags=("b",))) == {
        "name": "a", "lens": {"focal_mm": 50.0, "blades": 8}, "mode": "film", "tags": ["b"],
    }  # fmt: skip


def test_a_changed_config_is_another_one():
    camera = Camera(name="a")
    assert dump_config(camera) != dump_config(replace(camera, mode="still"))


def test_the_schema_describes_every_field_with_its_bounds():
    schema = config_schema(Camera)
    assert {field["description"] for field in schema["properties"].values()} == {
        "What it is called.", "What is in front.", "What it makes.", "Words.",
    }  # fmt: skip
    assert schema["$defs"]["Lens"]["properties"]["blades"]["minimum"] == 3
    assert schema["additionalProperties"] is False
