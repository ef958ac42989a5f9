import pytest
import torch
from safetensors.torch import save_file

from longtake.dit.config import Objective
from longtake.dit.trained import Card, load_trained, read_card, save_trained, write_basis
from longtake.errors import UserError
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear, load_linear
from tests.dit.tiny import CONFIG, examples, grown
from tests.stages.latent_lakes import wander

CARD = Card(
    config=CONFIG, objective=Objective(kind="v"), statistics={"motion": (2.0, 1.0)}, sample_set={"name": "clips-1.2"}, run_id="r", step=3,
    tokens=100, loss=0.5,
)  # fmt: skip


def test_a_model_comes_back_with_its_card_and_predicts_the_same(tmp_path):
    model = grown()
    save_trained(tmp_path / "model", model, CARD)
    loaded = load_trained(tmp_path / "model")
    assert loaded.card == CARD == read_card(tmp_path / "model")
    given = examples()
    asked = (given.latents_BCthw, torch.full((2, 3), 0.5), given.text_BLD, given.text_mask_BL, given.conditions)
    with torch.no_grad():
        assert torch.equal(loaded.model(*asked), model(*asked))
    assert not loaded.model.training
    assert not write_basis(tmp_path / "model", tmp_path / "basis")


def test_the_same_model_is_the_same_file(tmp_path):
    for name in "ab":
        save_trained(tmp_path / name, grown(), CARD)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_basis_of_its_latents_goes_along(tmp_path):
    fitted = fit_linear([wander(0), wander(1)], LinearConfig(channels=4))
    fitted.save(tmp_path / "fitted")
    save_trained(tmp_path / "model", dict(grown().state_dict()), CARD, tmp_path / "fitted")
    assert write_basis(tmp_path / "model", tmp_path / "basis")
    assert load_linear(tmp_path / "basis").name == fitted.name
    assert load_trained(tmp_path / "model").card == CARD


def test_what_is_no_model_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "text").write_text("no model")
    save_file({"a": torch.zeros(1)}, tmp_path / "other")
    for name, said in (
        ("text", "text is no safetensors file, or a damaged one"),
        ("other", "holds no video model of this version"),
        ("gone", "no model can be read"),
    ):
        with pytest.raises(UserError, match=said):
            load_trained(tmp_path / name)
