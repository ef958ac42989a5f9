import pytest

from longtake.config import config_schema, load_config
from longtake.dit.recipe import TrainingConfig
from longtake.errors import UserError


def test_a_recipe_without_a_word_is_whole_and_every_field_is_described():
    assert load_config(TrainingConfig, {}, where="training config") == TrainingConfig()
    schema = config_schema(TrainingConfig)
    for name, section in {"TrainingConfig": schema, **schema["$defs"]}.items():
        for field, described in section["properties"].items():
            assert described.get("description") or "$ref" in described, f"{name}.{field}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stps": 5}, "unknown key 'stps'; did you mean 'steps'?"),
        ({"lr": 0}, "'lr' is 0; input should be greater than 0"),
        ({"guard": {"spike": 1.0}}, r"'guard.spike' is 1.0"),
        ({"work": {"compile": True}}, r"'work.compile' is True"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place(given, said):
    with pytest.raises(UserError, match=said):
        load_config(TrainingConfig, given, where="training config")


def test_numbers_of_kubeflow_which_are_all_floats_are_taken():
    assert (
        load_config(TrainingConfig, {"steps": 5.0, "work": {"workers": 2.0}}, where="training config").work.workers == 2
    )
