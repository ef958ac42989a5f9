from collections import deque

import pytest
import torch

from longtake.captioning.vlm.decoding import Decoder, Sequence
from longtake.captioning.vlm.prompting import collate, encode
from longtake.captioning.vlm.slabs import Slabs
from longtake.errors import UserError
from tests.captioning.vlm.tiny_models import KINDS

TOKENS = (20, 4, 15, 1, 40, 12)


def decode(vlm, slots, examples, sequences):
    """All of them, refilled as soon as a slot is free."""
    decoder, waiting = Decoder(vlm, slots), deque(zip(examples, sequences, strict=True))
    while waiting or decoder.running:
        while waiting and decoder.free:
            decoder.add(*waiting.popleft())
        if decoder.running:
            assert len(decoder.running) <= slots
            decoder.step()
    return sequences


@pytest.fixture
def penalty(tiny):
    """Against going in circles, as Qwen2.5-VL has it; untrained models do little else."""
    configs = [tiny(kind).model.generation_config for kind in KINDS]
    for config in configs:
        config.repetition_penalty = 1.3
    yield
    for config in configs:
        config.repetition_penalty = None


@pytest.mark.parametrize("kind", KINDS)
def test_answers_written_side_by_side_are_those_that_generate_writes_alone(tiny, frames, penalty, kind):
    vlm = tiny(kind)
    examples = [
        encode(vlm, f"Describe {'it ' * 9 * place}", frames(count)) for place, count in enumerate((5, 1, 0, 3, 2, 0))
    ]
    sequences = decode(vlm, 3, examples, [Sequence(tokens=tokens) for tokens in TOKENS])
    for example, sequence in zip(examples, sequences, strict=True):
        batch = collate(vlm, [example], "left")
        told = vlm.model.generate(**batch, max_new_tokens=sequence.tokens, do_sample=False)[
            0, len(example.input_ids_T) :
        ]
        ended = int(told[-1]) in vlm.end_ids
        assert sequence.ids == told.tolist()[: len(told) - ended]
        assert sequence.cut_off == (not ended)
        assert sequence.prompt_tokens == len(example.input_ids_T)
        assert sequence.model_s > 0


def test_what_is_drawn_depends_on_the_seed_and_not_on_the_neighbours(tiny, frames):
    vlm = tiny("qwen2_5_vl")
    examples = [encode(vlm, f"Describe {place}.", frames(2 + place)) for place in range(4)]

    def drawn(slots, order, seed=7):
        said = {place: Sequence(tokens=20, temperature=1.0, seed=seed + place) for place in order}
        decode(vlm, slots, [examples[place] for place in order], [said[place] for place in order])
        return [said[place].ids for place in range(4)]

    assert drawn(1, [0, 1, 2, 3]) == drawn(3, [3, 1, 0, 2])
    assert drawn(3, [0, 1, 2, 3]) != drawn(3, [0, 1, 2, 3], seed=70)


def test_a_prompt_that_is_too_long_for_the_model_is_refused_in_plain_words(tiny):
    vlm = tiny("llava")
    with pytest.raises(UserError, match=r"takes 4096 tokens; .* up to 4090\. Show fewer frames"):
        Decoder(vlm, 1).add(encode(vlm, "Describe it.", None), Sequence(tokens=4090))


def test_rows_keep_what_is_theirs_while_others_come_and_go():
    """Against lists, with more columns than there was room for at first."""
    dice = torch.Generator().manual_seed(0)
    slabs, kept = Slabs(rows=3, layers=2), []
    for turn in range(400):
        if len(kept) < 3 and turn % 7 == 0:
            length = 1 + int(torch.randint(90, (), generator=dice))
            kept.append(
                [torch.rand(2, 2, length, 4, generator=dice) for _ in range(2)]
            )  # of each layer: both, heads, columns
            slabs.add([(both[:1], both[1:]) for both in kept[-1]])
        if len(kept) == 3 and turn % 40 == 0:
            kept[turn % 3] = kept[-1]
            kept.pop()
            slabs.drop(turn % 3)
        mask_B = slabs.mask()[:, 0, 0]
        for layer in range(2):
            new = torch.rand(2, len(kept), 2, 1, 4, generator=dice)
            for row, rows in enumerate(kept):
                rows[layer] = torch.cat([rows[layer], new[:, row]], 2)
            both = slabs.update(*new, layer)
            for row, rows in enumerate(kept):
                assert all(
                    torch.equal(found[row][:, mask_B[row]], own) for found, own in zip(both, rows[layer], strict=True)
                )
        slabs.advance()
        assert slabs.lengths == [rows[0].shape[2] for rows in kept]
    assert slabs.columns < 1200
