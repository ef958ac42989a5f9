import json

import pytest
import torch

from longtake.captioning.reading import read_parts
from longtake.captioning.schema import parts_schema
from longtake.captioning.vlm.decoding import Decoder, Sequence
from longtake.captioning.vlm.grammar import Grammars
from longtake.captioning.vlm.prompting import encode


@pytest.fixture(scope="module")
def grammars(tiny):
    return Grammars(tiny("llava"))


def short_parts():
    """The schema of the six parts, with texts that are soon at an end."""
    schema = parts_schema()
    schema["properties"] = {name: field | {"maxLength": 9} for name, field in schema["properties"].items()}
    return schema


@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_under_a_grammar_even_noise_answers_with_the_six_parts(tiny, grammars, frames, temperature):
    vlm = tiny("llava")
    decoder = Decoder(vlm, 4)
    asked = [
        Sequence(tokens=600, grammar=grammars.begin(short_parts()), temperature=temperature, seed=seed)
        for seed in range(4)
    ]
    for seed, sequence in enumerate(asked):
        assert not decoder.add(encode(vlm, "Describe it.", frames(2, seed)), sequence)
    while decoder.running:
        decoder.step()
    for sequence in asked:
        answer = vlm.tokenizer.decode(sequence.ids, skip_special_tokens=True)
        assert not sequence.cut_off
        assert set(json.loads(answer)) == set(parts_schema()["properties"])
        if not temperature:
            read_parts(answer)


def test_what_is_left_may_follow(tiny, grammars):
    """More may, where what follows is fixed: there the mask leaves only the longest token."""
    grammar = grammars.begin(parts_schema())
    logits_V = torch.zeros(tiny("llava").vocabulary)
    grammar.forbid(logits_V)
    allowed = logits_V.isfinite().nonzero()[:, 0].tolist()
    may = [token for token in range(len(logits_V)) if grammar.allows(token)]
    assert set(allowed) <= set(may)
    assert tiny("llava").tokenizer.convert_ids_to_tokens(allowed) == ['{"']
    assert set(tiny("llava").tokenizer.convert_ids_to_tokens(may)) == {"{", '{"'}


def test_a_schema_that_is_none_is_refused(grammars):
    with pytest.raises(ValueError, match="no grammar"):
        grammars.begin({"type": "nonsense"})
