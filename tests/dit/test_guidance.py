import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.config import Objective
from longtake.dit.guidance import plan_guidance
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError

WEIGHTS = st.floats(0, 20)


@given(text=WEIGHTS, motion=WEIGHTS, clarity=WEIGHTS)
def test_what_all_predictions_agree_on_stays_whatever_the_weights_are(text, motion, clarity):
    config = SamplingConfig(text_guidance=text, condition_guidance={"motion": motion, "clarity": clarity})
    plan = plan_guidance(config, Objective(), ["text", "motion", "clarity"])
    assert sum(plan.weights_K) == pytest.approx(1)
    agreed_Cthw = torch.randn(2, 1, 2, 2)
    combined_Cthw = plan.combine(agreed_Cthw.expand(len(plan.weights_K), -1, -1, -1, -1))
    assert torch.allclose(combined_Cthw, agreed_Cthw, atol=1e-3)


@given(weight=WEIGHTS.filter(lambda weight: weight != 1))
def test_over_the_text_alone_it_is_what_is_without_and_the_difference_times_the_weight(weight):
    plan = plan_guidance(SamplingConfig(text_guidance=weight), Objective(), ["text"])
    assert plan.without == ("text",)
    full, without = torch.randn(2, 3, 1, 2, 2)
    expected = without + weight * (full - without)
    assert torch.allclose(plan.combine(torch.stack([full, without])), expected, atol=1e-4)


def test_a_weight_of_1_and_what_is_not_asked_for_take_no_prediction():
    config = SamplingConfig(text_guidance=5, condition_guidance={"motion": 1, "clarity": 3})
    assert plan_guidance(config, Objective(), ["motion"]).weights_K == (1,)
    assert plan_guidance(config, Objective(), ["text", "clarity"]).without == ("text", "clarity")


def test_where_no_weight_is_given_the_text_is_guided_if_the_model_knows_films_without():
    assert plan_guidance(SamplingConfig(), Objective(), ["text"]).weights_K == (4, -3)
    assert plan_guidance(SamplingConfig(), Objective(text_dropout=0), ["text"]).weights_K == (1,)


@pytest.mark.parametrize(
    ("config", "objective", "words"),
    [
        (SamplingConfig(text_guidance=3), Objective(text_dropout=0), "guidance over text is 3, .* text_dropout 0"),
        (SamplingConfig(condition_guidance={"motion": 2}), Objective(condition_dropout=0), "over motion is 2"),
    ],
)
def test_guidance_over_what_the_model_always_had_is_a_mistake_of_the_user(config, objective, words):
    with pytest.raises(UserError, match=words):
        plan_guidance(config, objective, ["text", "motion"])
