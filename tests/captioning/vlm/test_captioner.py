import json
import logging
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from longtake.captioning.config import Asking, CaptioningConfig, Rules, Transformers
from longtake.captioning.dialogue import merge_ask, parts_ask
from longtake.captioning.faults import REASONS
from longtake.captioning.schema import NAMES, Parts
from longtake.captioning.seen import Seen
from longtake.captioning.vlm.captioner import TransformersCaptioner
from longtake.captioning.vlm.loading import load_vlm
from longtake.captioning.vlm.prompting import collate, encode
from longtake.errors import UserError

ASKING = Asking(
    questions={name: "what?" for name in NAMES}, parts="{questions} {shape}", shape="JSON.", parts_tokens=192, text_tokens=64,
    merge="{notes} as {words_min} to {words_max} words.",
)  # fmt: skip
RULES = Rules(words_min=8, words_max=40)
PARTS = Parts(
    subject="A red car.", movement="It drives slowly.", environment="A narrow street.", visual="Warm light.", camera="It pans.",
    overall="A car passes.",
)  # fmt: skip
TEXT = "A red car drives slowly through a narrow street in warm light, and the camera pans."


def config(folder, **given):
    asking, rules = given.pop("asking", ASKING), given.pop("rules", RULES)
    return CaptioningConfig(
        captioner="transformers", transformers=Transformers(model=str(folder), **given), asking=asking, rules=rules
    )


@pytest.fixture(scope="module")
def clips(frames):
    return [
        Seen(duration_s=4, width=60, height=40, frames_NHW3=frames(count), times_s=np.arange(count) * 0.7)
        for count in (2, 1, 3, 2)
    ]


@pytest.fixture(scope="module")
def taught(folders, clips, tmp_path_factory):
    """A tiny SmolVLM that has learnt one caption by heart, saved."""
    vlm = load_vlm(folders("smolvlm"), device="cpu")
    parts, merge = parts_ask(ASKING), merge_ask(ASKING, RULES, PARTS)
    batch = collate(
        vlm,
        [encode(vlm, parts.prompt, clip.frames_NHW3, json.dumps(asdict(PARTS)), clip.times_s) for clip in clips[:3]]
        + [encode(vlm, merge.prompt, None, TEXT)],
        "right",
    )
    optimiser = torch.optim.AdamW(vlm.model.parameters(), lr=1e-2, weight_decay=0)
    for _ in range(200):
        loss = vlm.model(**batch).loss
        if loss < 0.05:
            break
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    folder = tmp_path_factory.mktemp("taught")
    vlm.model.save_pretrained(folder)
    vlm.tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("constrained", [True, False])
def test_a_model_that_can_writes_the_caption_of_each_clip(taught, clips, constrained):
    captioner = TransformersCaptioner(config(taught, slots=2, constrained=constrained), device="cpu")
    assert captioner.name == f"transformers {taught.name}"
    for written in captioner(clips):
        assert (written.reason, written.parts, written.text) == (None, PARTS, TEXT)
        assert written.complaints == ()
        assert written.answer_tokens > 60
        assert written.prompt_tokens > 150
        assert written.model_s > 0


@pytest.mark.parametrize("passes", ["one", "each"])
def test_of_a_model_that_knows_nothing_each_clip_has_a_reason(folders, clips, passes):
    asking = replace(ASKING, passes=passes, temperature=1.0, parts_tokens=64)
    captioner = TransformersCaptioner(config(folders("llava"), slots=3, pooling=2, asking=asking), device="cpu")
    written = captioner(clips)
    assert len(written) == len(clips)
    for one in written:
        assert one.reason in REASONS
        assert one.parts is one.text is None
        assert len(one.complaints) == 2
    assert [(one.reason, one.detail) for one in captioner(clips[::-1])] == [
        (one.reason, one.detail) for one in written[::-1]
    ]


def test_where_memory_runs_out_fewer_answers_are_written_at_a_time_and_no_clip_is_lost(taught, clips, caplog):
    captioner = TransformersCaptioner(config(taught, slots=8), device="cpu")
    rows = []

    def run_out(model, args, given):
        rows.append(len(given["input_ids"]))
        if rows[-1] > 2:
            raise torch.OutOfMemoryError

    captioner._vlm.model.register_forward_pre_hook(run_out, with_kwargs=True)
    with caplog.at_level(logging.WARNING, "longtake"):
        written = captioner(clips)
    assert [one.text for one in written] == [TEXT] * len(clips)
    assert [record.slots for record in caplog.records if "out of memory" in record.message] == [4, 2]
    caplog.clear()
    captioner(clips[:3])  # it has learnt how much there is
    assert not caplog.records
    captioner._vlm.model.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(UserError, match=r"does not fit .* show fewer frames"):
        captioner(clips[:1])
