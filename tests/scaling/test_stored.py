import json

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.scaling.published import published
from longtake.scaling.stored import StoredLaws, dump_laws, load_laws
from tests.scaling.laws import FAMILY, drawn_laws


@pytest.fixture
def dumped():
    return json.loads(json.dumps(dump_laws(drawn_laws().fitted, FAMILY, {"autoencoder": "linear-1"}), allow_nan=False))


def test_stored_laws_predict_what_the_fitted_ones_do(dumped):
    fitted, back = drawn_laws().fitted, load_laws(dumped, "x")
    assert back.laws == fitted.laws
    assert (back.fitted.trials, back.fitted.cells, back.fitted.seed) == (fitted.trials, fitted.cells, fitted.seed)
    assert (back.fitted.weights == fitted.weights).all()
    assert (back.family, back.facts) == (FAMILY, {"autoencoder": "linear-1"})
    for params, tokens in ((1e6, 1e8), (1e8, 1e10), (1e10, 1e12)):
        one, other = (laws.predict_loss(params=params, tokens=tokens) for laws in (fitted, back.fitted))
        assert vars(one) == pytest.approx(vars(other), rel=1e-9)
        assert back.interval(params=params, tokens=tokens, chance=0.9) == other
    for name in ("batch", "lr", "size"):
        known = {variable: 1e9 for variable in getattr(fitted, name).variables}
        one, other = (getattr(laws, name).predict(**known) for laws in (fitted, back.fitted))
        assert np.allclose(one, other, rtol=1e-9, atol=0)


def test_a_copy_that_has_no_constants_stays_one(dumped):
    for values in dumped["loss"].values():
        values[3] = None
    back = load_laws(dumped, "x").fitted
    assert np.isnan(back.loss.predict(1e8, 1e10)).nonzero()[0].tolist() == [3]
    assert np.isfinite(back.predict_loss(params=1e8, tokens=1e10).high)
    assert dump_laws(back, FAMILY)["loss"]["floor"][3] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            lambda d: {},
            r"laws/a.json holds no laws of longtake: it has no `format: longtake-laws`; give one of <data_root>/laws/",
        ),
        (lambda d: d | {"version": 2}, "laws of version 2, and this longtake reads version 1; fit the runs again"),
        (lambda d: d | {"noise": "loud"}, "laws/a.json: 'noise' is 'loud'"),
        (lambda d: {k: v for k, v in d.items() if k != "lr"}, "laws/a.json: 'lr' is missing"),
        (lambda d: d | {"loss": d["loss"] | {"floor": [0.5]}}, "copies of constants that do not belong together"),
        (lambda d: d | {"loss": {}}, "copies of constants that do not belong together"),
        (lambda d: d | {"family": d["family"] | {"model": {"widht_per_layer": 64}}}, "did you mean 'width_per_layer'"),
    ],
)
def test_what_is_no_file_of_laws_is_said(dumped, wrong, said):
    with pytest.raises(UserError, match=said):
        load_laws(wrong(dumped), "laws/a.json")


def test_published_laws_have_no_interval_and_may_have_no_loss():
    laws = StoredLaws(laws=published("video-dit"))
    assert laws.interval(params=1e8, tokens=1e9, chance=0.9) is None
    assert laws.loss.floor == 0.4856
    with pytest.raises(
        UserError, match="'deepseek' give no loss by parameters and tokens; published ones that do: video-dit"
    ):
        StoredLaws(laws=published("deepseek")).loss  # noqa: B018
