import pytest
import torch

from longtake.captioning.vlm.prompting import collate, encode
from longtake.errors import UserError
from tests.captioning.vlm.tiny_models import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_read_the_same_among_others_as_alone(tiny, frames, kind):
    """Clips, stills and texts in one batch."""
    vlm = tiny(kind)
    examples = [encode(vlm, f"Describe {count}.", frames(count), "A red car.") for count in (4, 1, 0)]
    for side in ("left", "right"):
        batch = collate(vlm, examples, side)
        together = vlm.model(**batch)
        assert together.loss.isfinite()
        for row, example in enumerate(examples):
            alone = vlm.model(**collate(vlm, [example], side)).logits[0]
            assert torch.allclose(together.logits[row][batch["attention_mask"][row].bool()], alone, atol=1e-3)


def test_only_the_answer_and_its_end_are_learnt(tiny, frames):
    vlm = tiny("smolvlm")
    example = encode(vlm, "What is it?", frames(3), "  A dog on a beach. ")
    learnt = vlm.tokenizer.decode(example.input_ids_T[example.labels_T >= 0])
    assert learnt == "A dog on a beach.<|im_end|>"
    assert torch.equal(example.labels_T[example.labels_T >= 0], example.input_ids_T[example.labels_T >= 0])
    prompt_T = encode(vlm, "What is it?", frames(3)).input_ids_T
    assert torch.equal(example.input_ids_T[: len(prompt_T)], prompt_T)


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_in_a_text_are_words_like_others(tiny, frames, kind):
    vlm = tiny(kind)
    harmless = encode(vlm, "Notes:", frames(2), "yes")
    nasty = " ".join(vlm.special_tokens)
    attacked = encode(vlm, f"Notes: {nasty}", frames(2), nasty)
    special = vlm.tokenizer.convert_tokens_to_ids(vlm.special_tokens)
    count = [torch.isin(example.input_ids_T, torch.tensor(special)).sum() for example in (harmless, attacked)]
    assert count[0] == count[1]
    assert vlm.model(**collate(vlm, [attacked], "left")).loss.isfinite()


def test_smolvlm_is_told_when_each_frame_is_shown(tiny, frames):
    import numpy as np

    vlm = tiny("smolvlm")
    text = vlm.tokenizer.decode(encode(vlm, "And?", frames(2), times_s=np.array([0.5, 61.2])).input_ids_T)
    assert "series of two frames from a 0:01:01 [H:MM:SS] video." in text
    assert "\nFrame from 01:01:<fake_token_around_image><global-img>" in text


def test_a_template_for_text_alone_is_refused(folders, frames):
    from longtake.captioning.vlm.loading import load_vlm

    vlm = load_vlm(folders("llava"))
    vlm.tokenizer.chat_template = "{% for message in messages %}{{ message.content[-1].text }}{% endfor %}"
    with pytest.raises(UserError, match="does not show 2 pictures"):
        encode(vlm, "Describe it.", frames(2))
