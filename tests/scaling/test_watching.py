import pytest

from longtake.dit.config import DiTConfig
from longtake.scaling.published import published
from longtake.scaling.stored import StoredLaws
from longtake.scaling.watching import LossWatch, differences
from tests.scaling.laws import FAMILY, drawn_laws

PARAMS = 134217728.0


def test_a_loss_is_looked_at_from_the_fewest_fitted_tokens_on_and_every_excursion_turns_twice():
    laws = drawn_laws()
    watch = LossWatch(laws=laws, params=PARAMS)
    assert watch.look(tokens=4e8, loss=9.0) is None

    def look(tokens, off):
        sight = watch.look(tokens=tokens, loss=laws.loss(params=PARAMS, tokens=tokens) + off)
        return sight.side, sight.turned

    seen = [look(1e9, 0.0), look(2e9, 0.1), look(3e9, 0.1), look(4e9, 0.0), look(5e9, -0.1), look(6e9, 0.1)]
    assert seen == [("", False), ("above", True), ("above", False), ("", True), ("below", True), ("above", True)]


def test_the_band_of_fitted_laws_is_their_interval_and_holds_what_they_are_true_of():
    watch = LossWatch(laws=drawn_laws(), params=PARAMS)
    true = published("video-dit").loss
    for tokens in (1e9, 4e9, 8e9):
        assert watch.band(tokens) == drawn_laws().fitted.predict_loss(params=PARAMS, tokens=tokens, chance=0.95)
        assert watch.look(tokens=tokens, loss=true(params=PARAMS, tokens=tokens)).side == ""


@pytest.mark.parametrize(("share", "side"), [(0.049, ""), (0.051, "above"), (-0.049, ""), (-0.051, "below")])
def test_published_laws_are_given_a_share_of_the_reducible_loss(share, side):
    watch = LossWatch(laws=StoredLaws(laws=published("video-dit")), params=PARAMS)
    law = watch.laws.loss
    loss = law(params=PARAMS, tokens=4e9) + share * law.reducible(params=PARAMS, tokens=4e9)
    assert watch.look(tokens=4e9, loss=loss).side == side
    assert watch.floor == 0.4856


def test_a_sentence_says_measured_predicted_and_what_it_may_mean():
    watch = LossWatch(laws=StoredLaws(laws=published("video-dit")), params=PARAMS)
    said = watch.look(tokens=4e9, loss=0.6).sentence
    assert said.startswith("the validation loss 0.6000 after 4e+09 tokens is above the 0.52")
    assert (
        "that the laws video-dit predict of 1.34e+08 parameters; batch or learning rate may be far from the best"
        in said
    )
    assert "extrapolate" not in said
    assert watch.look(tokens=4e10, loss=0.6).sentence.endswith("the laws extrapolate here")
    assert "held-out samples may be among the trained ones" in watch.look(tokens=4e9, loss=0.4).sentence


def test_a_loss_that_is_no_number_is_outside():
    watch = LossWatch(laws=drawn_laws(), params=PARAMS)
    assert watch.look(tokens=4e9, loss=float("nan")).side == "above"


def test_what_a_training_has_that_the_laws_runs_had_not_is_listed():
    laws, same = drawn_laws(), {"autoencoder": "linear-1", "images": 0.1}
    assert differences(laws, FAMILY.at(12), [(5, 32, 32)], same) == []
    assert differences(laws, DiTConfig(channels=8), [(5, 32, 32), (3, 8, 8)], {"autoencoder": "other"}) == [
        "model.width_per_layer 64 there, 128 here",
        "model.channels 16 there, 8 here",
        "autoencoder linear-1 there, other here",
        "latents of 3 x 8 x 8 here alone",
    ]
    (said,) = differences(StoredLaws(laws=published("video-dit")), DiTConfig(), [], {})
    assert said == "the laws video-dit are published ones, of other data and latents"
