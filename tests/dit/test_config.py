import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from longtake.config import dump_config, load_config
from longtake.dit.config import DiTConfig, Objective
from longtake.errors import UserError


def test_depth_alone_gives_the_papers_family_its_widths():
    assert [DiTConfig(depth=depth).width for depth in (4, 6, 8, 10, 14, 16)] == [512, 768, 1024, 1280, 1792, 2048]
    assert [DiTConfig(depth=depth).heads for depth in (4, 16)] == [8, 32]


@given(depth=st.integers(1, 20), per_layer=st.integers(1, 80), head_width=st.integers(1, 64))
def test_heads_of_every_model_are_even_and_share_its_width(depth, per_layer, head_width):
    config = DiTConfig(depth=depth, width_per_layer=2 * per_layer, head_width=2 * head_width)
    assert config.heads * config.head == config.width
    assert config.head % 2 == 0
    assert config.head <= 2 * head_width


@pytest.mark.parametrize("field", ["width_per_layer", "head_width", "frequency_width"])
def test_widths_that_are_made_of_pairs_are_even(field):
    with pytest.raises(ValidationError, match=field):
        DiTConfig(**{field: 33})


def test_latents_that_the_patches_do_not_divide_are_refused_with_what_to_do():
    config = DiTConfig(patch_t=1, patch_px=2)
    assert config.grid((5, 32, 48)) == (5, 16, 24)
    with pytest.raises(
        UserError, match=r"latents of 5 x 32 x 33 .* patches of 1 x 2 x 2; encode clips at another size"
    ):
        config.grid((5, 32, 33))


def test_configs_survive_json():
    for config in (DiTConfig(depth=2, conditions=("motion",)), Objective(kind="v", shift=3.0)):
        assert load_config(type(config), dump_config(config), where="model") == config
