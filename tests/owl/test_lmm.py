"""What every language model does is tested for all three; what is its own of Chameleon in `test_chameleon`."""

import shutil
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
pytest.importorskip("transformers", reason="the torch extra is not installed")
pytest.importorskip("peft", reason="the torch extra is not installed")

from safetensors.torch import load_file, save_file  # noqa: E402

from longtake.errors import UserError  # noqa: E402
from longtake.owl.config import LMMConfig, LoRAConfig, SmallConfig  # noqa: E402
from longtake.owl.opening import open_lmm  # noqa: E402
from tests.owl.tiny import SMALL, causal_config, chameleon_config, save_causal, save_chameleon, words  # noqa: E402

CLOSE_TO = 1e-4
"""Of hidden states that are to be the same."""


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="module")
def chameleon(tmp_path_factory):
    return save_chameleon(tmp_path_factory.mktemp("chameleon"))


@pytest.fixture(scope="module", params=["small", "causal", "chameleon"])
def lmm(request):
    return opened(request)


def opened(request, **how):
    """Of the kind asked for, its LoRA as after some training."""
    if request.param == "small":
        return open_lmm(SMALL, words())
    save = {"causal": causal_config, "chameleon": chameleon_config}[request.param]
    lmm = open_lmm(save(request.getfixturevalue(request.param), **how))
    grow(lmm)
    return lmm


def grow(lmm, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for name, weight in lmm.named_parameters():
        if "lora_B" in name:
            weight.data = torch.randn(weight.shape, generator=generator) * 0.1


def embeddings(lmm, rows=2, length=11, seed=1):
    return torch.randn(rows, length, lmm.width, generator=torch.Generator().manual_seed(seed)) * 0.1


def frames(count=3, height=20, width=28, seed=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, height, width, 3), generator=generator, dtype=torch.uint8)


def far(one, other):
    return float((one - other).abs().max())


def test_shapes_are_what_the_contract_says(lmm):
    ids_X = torch.tensor([*lmm.words.encode("a red square"), lmm.words.open_id, lmm.words.close_id])
    assert lmm.embed_words(ids_X).shape == (len(ids_X), lmm.width)
    assert lmm.embed_words(ids_X[:0]).shape == (0, lmm.width)
    assert lmm.embed_frames(frames()).shape == (3, lmm.frame_tokens, lmm.width)
    hidden_BLd = lmm(embeddings(lmm))
    assert hidden_BLd.shape == (2, 11, lmm.width)
    assert lmm.score(hidden_BLd[0]).shape == (11, lmm.words.size)
    assert 0 <= lmm.words.open_id < lmm.words.size
    assert lmm.words.open_id != lmm.words.close_id


def test_words_of_the_tokenizer_come_back(lmm):
    ids = lmm.words.encode("The red square goes left.")
    assert lmm.words.decode([lmm.words.open_id, *ids, lmm.words.close_id]) == "the red square goes left."


@torch.no_grad()
def test_a_position_sees_nothing_later(lmm):
    given_BLd = embeddings(lmm)
    changed_BLd = given_BLd.clone()
    changed_BLd[:, 6:] += 1
    before, after = lmm(given_BLd), lmm(changed_BLd)
    assert far(before[:, :6], after[:, :6]) < 1e-6
    assert far(before[:, 6:], after[:, 6:]) > 1e-2


@pytest.mark.parametrize("parts", [[5, 6], [1] * 11, [4, 1, 1, 5], [11]])
@torch.no_grad()
def test_chunks_with_a_cache_give_what_the_whole_gives(lmm, parts):
    given_BLd, cache = embeddings(lmm), lmm.new_cache()
    chunks = [lmm(part, cache=cache) for part in given_BLd.split(parts, 1)]
    assert far(torch.cat(chunks, 1), lmm(given_BLd)) < CLOSE_TO
    assert cache.get_seq_length() == 11


@torch.no_grad()
def test_rows_padded_on_the_right_are_as_alone_with_a_mask_and_without(lmm):
    given_BLd = embeddings(lmm)
    mask_BL = torch.ones(2, 11, dtype=torch.bool)
    mask_BL[1, 7:] = False
    alone = lmm(given_BLd[1:, :7])
    assert far(lmm(given_BLd)[1:, :7], alone) < CLOSE_TO
    masked = lmm(given_BLd, mask_BL)
    assert far(masked[1:, :7], alone) < CLOSE_TO
    assert far(masked[:1], lmm(given_BLd[:1])) < CLOSE_TO


@torch.no_grad()
def test_a_padded_row_goes_on_from_its_cache_as_if_it_had_no_padding(lmm):
    given_BLd, more_BLd, cache = embeddings(lmm), embeddings(lmm, length=3, seed=5), lmm.new_cache()
    mask_BL = torch.ones(2, 14, dtype=torch.bool)
    mask_BL[1, 7:11] = False
    lmm(given_BLd, mask_BL[:, :11], cache)
    got = lmm(more_BLd, mask_BL, cache)
    alone = lmm(torch.cat([given_BLd[1:, :7], more_BLd[1:]], 1))
    assert far(got[1:], alone[:, -3:]) < CLOSE_TO
    assert far(got[:1], lmm(torch.cat([given_BLd, more_BLd], 1))[:1, -3:]) < CLOSE_TO


def test_all_that_is_learned_gets_a_gradient_and_nothing_else_does(lmm):
    ids_X = torch.tensor([*lmm.words.encode("red"), lmm.words.open_id, lmm.words.close_id])
    given_Ld = torch.cat([lmm.embed_frames(frames(1))[0], lmm.embed_words(ids_X)])
    lmm.zero_grad()
    lmm.score(lmm(given_Ld[None])[0])[:, [lmm.words.open_id, lmm.words.close_id]].square().sum().backward()
    got = {name for name, weight in lmm.named_parameters() if weight.grad is not None}
    assert got == set(lmm.learned())
    lmm.zero_grad()


@torch.no_grad()
def test_frames_of_any_shape_are_embedded_each_by_itself(lmm):
    given = frames(3, 40, 24)
    together = lmm.embed_frames(given)
    assert far(together[1:2], lmm.embed_frames(given[1:2])) < CLOSE_TO
    assert far(together[0], together[1]) > 0


def test_first_weights_follow_from_the_seed_and_the_generator_of_torch_is_left_alone():
    before = torch.random.get_rng_state()
    one, same, other = (open_lmm(SMALL, words(), seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["model.embed_tokens.weight"], other["model.embed_tokens.weight"])


def test_first_weights_beside_a_checkpoint_follow_from_the_seed(causal):
    one, same, other = (open_lmm(causal_config(causal), seed=seed) for seed in (1, 1, 2))
    weights = [{name: lmm.state_dict()[name] for name in lmm.learned()} for lmm in (one, same, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_a_small_model_has_one_table_which_embeds_and_scores():
    lmm = open_lmm(SMALL, words())
    tables = [name for name, weight in lmm.named_parameters() if lmm.words.size in weight.shape]
    assert tables == ["model.embed_tokens.weight"]
    assert lmm.learned() == [name for name, _ in lmm.named_parameters()]


def test_patches_stand_in_rows():
    lmm = open_lmm(SMALL, words())
    given = torch.zeros(1, 16, 16, 3, dtype=torch.uint8)
    lit = given.clone()
    lit[0, :8, 8:] = 255
    changed_F = (lmm.embed_frames(given) != lmm.embed_frames(lit)).any(2)[0]
    assert changed_F.tolist() == [False, True, False, False]


@pytest.mark.parametrize("kind", ["causal", "chameleon"])
def test_only_lora_patches_and_marks_beside_a_checkpoint_learn(kind, request):
    settings = {"causal": causal_config, "chameleon": chameleon_config}[kind]
    folder = request.getfixturevalue(kind)
    lmm = open_lmm(settings(folder))
    learned = lmm.learned()
    assert {name.split(".")[0] for name in learned} <= {"model", "patches", "marks_2d", "mark_heads_2d"}
    assert all("lora_" in name for name in learned if name.startswith("model."))
    assert not any("lm_head" in name or "vqmodel" in name for name in learned)
    assert {name for name, weight in lmm.named_parameters() if weight.requires_grad} == set(learned)
    assert any("lora_" in name for name in learned)
    without = open_lmm(settings(folder, lora=LoRAConfig(rank=0)))
    assert not any("lora_" in name for name, _ in without.named_parameters())
    assert {name for name, weight in without.named_parameters() if weight.requires_grad} == set(without.learned())


@torch.no_grad()
def test_a_new_model_thinks_as_its_checkpoint(causal):
    from transformers import AutoModelForCausalLM

    lmm, plain = open_lmm(causal_config(causal)), AutoModelForCausalLM.from_pretrained(causal)
    ids_X = torch.tensor(lmm.words.encode("the red square goes left."))
    logits_XV = lmm.score(lmm(lmm.embed_words(ids_X)[None])[0])
    assert far(logits_XV[:, :-2], plain(ids_X[None]).logits[0]) < CLOSE_TO
    assert (lmm.words.open_id, lmm.words.close_id) == (logits_XV.shape[1] - 2, logits_XV.shape[1] - 1)


def test_the_two_marks_learn_apart_from_each_other_and_from_the_table(causal):
    lmm = open_lmm(causal_config(causal))
    lmm.marks_2d.data = torch.stack([torch.full((lmm.width,), 1.0), torch.full((lmm.width,), 2.0)])
    lmm.mark_heads_2d.data = torch.stack([torch.full((lmm.width,), 3.0), torch.full((lmm.width,), 4.0)])
    ids_X = torch.tensor([lmm.words.close_id, 5, lmm.words.open_id])
    embedded_Xd = lmm.embed_words(ids_X)
    assert embedded_Xd[[0, 2], 0].tolist() == [2, 1]
    assert torch.equal(embedded_Xd[1], lmm.model.get_input_embeddings().weight[5])
    logits_XV = lmm.score(torch.ones(1, lmm.width))
    assert logits_XV[0, [lmm.words.open_id, lmm.words.close_id]].tolist() == [3.0 * lmm.width, 4.0 * lmm.width]


def test_lora_takes_the_layers_that_the_config_names(causal):
    lmm = open_lmm(causal_config(causal, lora=LoRAConfig(rank=2, targets="q_proj, v_proj")))
    found = {name.split(".")[-4] for name in lmm.learned() if "lora_" in name}
    assert found == {"q_proj", "v_proj"}


def test_layers_that_are_not_there_are_refused(causal):
    with pytest.raises(UserError, match="lora targets elsewhere"):
        open_lmm(causal_config(causal, lora=LoRAConfig(targets="elsewhere")))


def test_a_film_beyond_the_context_is_refused_with_both_lengths(causal):
    lmm = open_lmm(causal_config(causal))
    with pytest.raises(UserError, match="takes 257 positions and the language model reads 256"):
        lmm(torch.zeros(1, 257, lmm.width))
    cache = lmm.new_cache()
    lmm(torch.zeros(1, 250, lmm.width), cache=cache)
    with pytest.raises(UserError, match="257"):
        lmm(torch.zeros(1, 7, lmm.width), cache=cache)


def test_a_small_model_without_words_is_refused():
    with pytest.raises(UserError, match="words"):
        open_lmm(SMALL)


@pytest.mark.parametrize("kind", ["causal", "chameleon"])
def test_a_pretrained_model_without_a_place_is_refused(kind):
    with pytest.raises(UserError, match="needs lmm"):
        open_lmm(LMMConfig(kind=kind))


def test_patches_that_do_not_fill_the_frame_are_refused():
    with pytest.raises(UserError, match="no multiple"):
        open_lmm(replace(SMALL, frame_px=20), words())


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(UserError, match="multiple of 10"):
        open_lmm(replace(SMALL, small=SmallConfig(width=32, heads=5)), words())


def test_a_folder_without_safetensors_is_refused(causal, tmp_path):
    copied = tmp_path / "pickled"
    shutil.copytree(causal, copied)
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"no \*\.safetensors"):
        open_lmm(causal_config(copied))


def test_a_checkpoint_that_lacks_a_weight_is_refused(causal, tmp_path):
    copied = tmp_path / "torn"
    shutil.copytree(causal, copied)
    weights = load_file(copied / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, copied / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="lacks 1 of its weights"):
        open_lmm(causal_config(copied))


def test_a_checkpoint_of_another_kind_is_refused(causal, chameleon):
    with pytest.raises(UserError, match="cannot be loaded as a causal language model"):
        open_lmm(causal_config(chameleon))
    with pytest.raises(UserError, match="of the type llama; a chameleon is asked for"):
        open_lmm(chameleon_config(causal))


def test_a_place_that_is_nowhere_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be loaded"):
        open_lmm(causal_config(tmp_path / "nowhere"))


def test_a_checkpoint_without_a_tokenizer_is_refused(causal, tmp_path):
    copied = tmp_path / "mute"
    shutil.copytree(causal, copied, ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    with pytest.raises(UserError, match="a tokenizer"):
        open_lmm(causal_config(copied))


def test_a_model_that_sees_what_is_later_is_refused(causal, tmp_path):
    from transformers import BertConfig, BertLMHeadModel

    copied = tmp_path / "bert"
    shutil.copytree(causal, copied, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    config = BertConfig(
        vocab_size=words().size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    torch.manual_seed(0)
    BertLMHeadModel(config).save_pretrained(copied)
    with pytest.raises(UserError, match="left to right"):
        open_lmm(causal_config(copied))
