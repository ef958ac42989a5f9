from dataclasses import replace

import pytest
import torch

from longtake.owl.config import ContextConfig, DynamicsConfig
from longtake.owl.context import Context, first_seen, pick
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.sequence import WORD
from longtake.owl.story import key_frames
from tests.owl.tiny import CONFIG, SMALL, story, words

PROMPTS = ("A red square.", "The green square goes left.")
SLIDING = replace(CONFIG, context=ContextConfig(triplets=2, slack=2))


def owl(config=CONFIG):
    return Owl(config, open_lmm(SMALL, words()), 12).eval()


def pictures(*shape, seed=0):
    return torch.randint(0, 256, (*shape, 16, 16, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def generators(count):
    return [torch.Generator().manual_seed(row) for row in range(count)]


def states_of(context, clips, given=None, rows=2):
    """Of clip after clip, with what was written behind each."""
    states, written = [], []
    for clip in range(clips):
        states.append(context.state())
        context.observe(pictures(rows, 2, seed=clip + 1))
        written.append(context.write([given[clip] if given else None] * rows, generators(rows)))
    return torch.stack(states), written


def test_what_is_seen_grows_by_the_slack_and_never_lacks_a_clip_that_is_to_be_kept():
    config = ContextConfig(triplets=3, slack=2)
    seen = [clip - first_seen(clip, config) for clip in range(40)]
    assert seen[:6] == [0, 1, 2, 3, 4, 5]
    assert set(seen[6:]) == {4, 5}
    firsts = [first_seen(clip, config) for clip in range(40)]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize(
    "config", [CONFIG, SLIDING, replace(SLIDING, context=replace(SLIDING.context, dropped="told"))]
)
def test_what_is_read_with_a_cache_is_what_is_read_anew(config):
    model = owl(config)
    cached, anew = (states_of(Context(model, pictures(2), PROMPTS, cached=flag), 9) for flag in (True, False))
    assert torch.allclose(cached[0], anew[0], atol=1e-4)
    assert cached[1] == anew[1]


@torch.no_grad()
def test_the_first_token_of_a_pretrained_model_stands_before_the_image_in_training_and_in_films():
    model, told = owl(), story(0)
    model.lmm.words.begin_ids = (5,)
    reading = model.read(told)
    assert (int(reading.layout.kinds_L[0]), int(reading.layout.index_L[0])) == (WORD, 5)
    context = Context(model, torch.from_numpy(told.image_HW3)[None], [told.text])
    keys = [torch.from_numpy(key_frames(clip.frames_NHW3, CONFIG.key_frames)) for clip in told.clips]
    states_NQD = model([reading]).states[0]
    for number, (keys_KHW3, later) in enumerate(zip(keys, [*told.clips[1:], None], strict=True)):
        assert torch.allclose(context.state()[0], states_NQD[number], atol=1e-4)
        if later is not None:
            context.observe(keys_KHW3[None])
            context.say([model.lmm.words.encode(later.text)[: CONFIG.dynamics.tokens]])


def test_films_that_are_read_together_are_read_as_each_alone():
    model, images = owl(SLIDING), pictures(2)
    together, written = states_of(Context(model, images, PROMPTS), 7)
    for row, prompt in enumerate(PROMPTS):
        context, alone = Context(model, images[row : row + 1], [prompt]), []
        for clip in range(7):
            alone.append(context.state())
            context.observe(pictures(2, 2, seed=clip + 1)[row : row + 1])
            assert context.write([None], generators(2)[row : row + 1]) == [written[clip][row]]
        assert torch.allclose(together[:, row], torch.cat(alone), atol=1e-4)


def test_a_context_that_is_taken_up_again_reads_on_as_it_would_have():
    model = owl(replace(SLIDING, context=replace(SLIDING.context, dropped="told")))
    whole, written = states_of(Context(model, pictures(2), PROMPTS), 9)
    for clips in range(1, 9):
        again = Context(model, pictures(2), PROMPTS)
        keys = torch.stack([pictures(2, 2, seed=clip + 1) for clip in range(clips)], 1)
        again.recall(keys, [[written[clip][row] for clip in range(clips)] for row in range(2)], [[False] * clips] * 2)
        assert torch.equal(again.state(), whole[clips])


def test_the_length_of_what_is_seen_stays_flat_however_long_the_film_is():
    context = Context(owl(SLIDING), pictures(1), PROMPTS[:1])
    lengths = []
    for clip in range(24):
        context.state()
        context.observe(pictures(1, 2, seed=clip))
        context.say([[3, 4]])
        lengths.append(context.length)
    assert max(lengths[6:]) == max(lengths[:6])


def test_words_that_are_given_move_the_next_state_and_not_this_one():
    model = owl()
    own, _ = states_of(Context(model, pictures(2), PROMPTS), 3)
    given, _ = states_of(Context(model, pictures(2), PROMPTS), 3, given=[[3, 5], None, None])
    assert torch.equal(own[0], given[0])
    assert not torch.allclose(own[1], given[1], atol=1e-4)


def test_one_film_may_be_told_what_happens_while_another_writes():
    model = owl()
    context = Context(model, pictures(2), PROMPTS)
    context.state()
    context.observe(pictures(2, 2))
    told, written = context.write([[3, 4, 5, 6], None], generators(2))
    assert told == [3, 4, 5, 6]
    assert len(written) <= CONFIG.dynamics.tokens
    assert model.lmm.words.open_id not in written


def test_a_word_that_was_said_is_held_back_and_the_nucleus_leaves_out_the_unlikely():
    logits = torch.tensor([0.0, 1.0, 1.05])
    dice = torch.Generator().manual_seed(0)
    assert pick(logits, [], DynamicsConfig(), dice) == 2
    assert pick(logits, [2], DynamicsConfig(repetition_penalty=1.2), dice) == 1
    sure = torch.tensor([0.0, 5.0, 5.0])
    drawn = {pick(sure, [], DynamicsConfig(top_p=0.9), dice) for _ in range(40)}
    assert drawn == {1, 2}
