import json

import pytest
import torch

from longtake.errors import UserError
from longtake.latents.config import TextConfig
from longtake.latents.text import open_text_encoder, text_width

LONG = "A boat drifts over the still lake while hills stand behind it. " * 40


@pytest.fixture(scope="module")
def minilm():
    return open_text_encoder(TextConfig())


def test_minilm_gives_a_vector_for_each_token_up_to_the_limit(minilm):
    nothing, short, long = minilm.encode(["", "A boat.", LONG])
    assert (nothing.shape, short.shape, long.shape) == ((2, 384), (5, 384), (320, 384))
    assert minilm.width == text_width(TextConfig()) == 384
    (cut,) = open_text_encoder(TextConfig(tokens=10)).encode([LONG])
    assert cut.shape == (10, 384)


def test_a_text_is_encoded_the_same_whatever_comes_with_it(minilm):
    (alone,) = minilm.encode(["A boat."])
    assert torch.equal(alone, minilm.encode([LONG, "A boat."])[1])


def test_minilm_is_the_network_that_transformers_makes_of_the_same_weights(minilm):
    from transformers import AutoTokenizer, BertModel

    from longtake.latents.minilm import minilm_folder

    model = BertModel.from_pretrained(minilm_folder(), use_safetensors=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    for text in ("", "A boat; über 3.5 m\tlong!", LONG):
        with torch.no_grad():
            wanted = model(**tokenizer(text, truncation=True, max_length=320, return_tensors="pt")).last_hidden_state[0]
        torch.testing.assert_close(minilm.encode([text])[0], wanted, atol=2e-5, rtol=1e-4)


def test_like_texts_lie_near_each_other(minilm):
    boat, ship, tax = (
        found.mean(0) for found in minilm.encode(["a small boat on a lake", "a ship at sea", "the tax return is due"])
    )
    near, far = (torch.cosine_similarity(boat, other, 0) for other in (ship, tax))
    assert near > far + 0.2


def test_no_text_is_one_zero_token():
    encoder = open_text_encoder(TextConfig(encoder="none"))
    (found,) = encoder.encode([LONG])
    assert (found.shape, found.abs().sum(), encoder.width) == ((1, 1), 0, text_width(TextConfig(encoder="none")))


def make_t5(kind, folder):
    """A tiny encoder with a tokenizer of words, saved as a pipeline has them."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    torch.manual_seed(0)
    words = {"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "boat": 4, "drifts": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    configs = {"t5": transformers.T5Config, "umt5": transformers.UMT5Config}
    config = configs[kind](
        vocab_size=8, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=0, eos_token_id=1
    )
    model = {"t5": transformers.T5EncoderModel, "umt5": transformers.UMT5EncoderModel}[kind](config)
    model.save_pretrained(folder / "text_encoder")
    fast.save_pretrained(folder / "tokenizer")
    return folder


@pytest.mark.parametrize("kind", ["t5", "umt5"])
def test_a_t5_is_read_from_the_folder_of_a_pipeline(kind, tmp_path):
    config = TextConfig(encoder=kind, model=str(make_t5(kind, tmp_path)), tokens=4)
    encoder = open_text_encoder(config)
    assert encoder.width == text_width(config) == 16
    found = encoder.encode(["a boat", "", "a boat drifts a boat"])
    assert [tuple(text_LD.shape) for text_LD in found] == [(3, 16), (1, 16), (4, 16)]
    assert torch.equal(found[0], encoder.encode(["a boat"])[0])


def test_a_t5_that_is_not_there_not_one_or_not_whole_is_the_user_s_mistake(tmp_path):
    with pytest.raises(UserError, match=r"needs text: \{model: FOLDER\}"):
        open_text_encoder(TextConfig(encoder="t5"))
    with pytest.raises(UserError, match=r"no config\.json that can be read"):
        text_width(TextConfig(encoder="t5", model=str(tmp_path)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UserError, match="is a model of the type bert; the text encoder t5 is asked for"):
        open_text_encoder(TextConfig(encoder="t5", model=str(tmp_path)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5", "d_model": 4}))
    with pytest.raises(UserError, match=r"has no \*\.safetensors"):
        open_text_encoder(TextConfig(encoder="t5", model=str(tmp_path)))
