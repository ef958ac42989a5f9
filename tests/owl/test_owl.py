"""The mechanism of the paper (G.3), with each of the language models."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
pytest.importorskip("transformers", reason="the torch extra is not installed")
pytest.importorskip("peft", reason="the torch extra is not installed")

from longtake.owl.opening import open_lmm  # noqa: E402
from longtake.owl.owl import Owl  # noqa: E402
from longtake.owl.sequence import FRAME, NOTHING, STATE  # noqa: E402
from tests.owl.tiny import (  # noqa: E402
    CONFIG,
    QUERIES,
    SMALL,
    causal_config,
    chameleon_config,
    save_causal,
    save_chameleon,
    stories,
    story,
    words,
)

D = 12
SAME, MOVED = 1e-5, 1e-4


def small_owl(config=CONFIG):
    return Owl(config, open_lmm(config.lmm, words(), config.seed), D)


@pytest.fixture(scope="module", params=["small", "causal", "chameleon"])
def owl(request, tmp_path_factory):
    if request.param == "small":
        return small_owl()
    save, configure = {
        "causal": (save_causal, causal_config), "chameleon": (save_chameleon, chameleon_config)
    }[request.param]  # fmt: skip
    lmm = configure(save(tmp_path_factory.mktemp(request.param)))
    made = Owl(replace(CONFIG, lmm=lmm), open_lmm(lmm), D)
    generator = torch.Generator().manual_seed(0)
    for name, weight in made.named_parameters():
        if name.endswith("marks_2d"):  # as after some training: the marks differ
            weight.data += torch.randn(weight.shape, generator=generator) * 0.1
    return made


def changed(told, number, **how):
    clips = [replace(clip, **how) if count == number else clip for count, clip in enumerate(told.clips)]
    return replace(told, clips=clips)


@torch.no_grad()
def states(owl, *told):
    return owl([owl.read(each) for each in told]).states


def moved(before, after):
    """By how much each clip's state has."""
    return [float((one - other).abs().max()) for one, other in zip(before, after, strict=True)]


@torch.no_grad()
def test_states_are_read_at_the_state_slots(owl):
    reading = owl.read(story())
    understood = owl([reading])
    layout = reading.layout
    for number, states_QD in enumerate(understood.states[0]):
        here = (layout.kinds_L == STATE) & (layout.segments_L == number)
        assert torch.allclose(states_QD, owl.state(understood.hidden_BLd[0, here]), atol=SAME)
    assert understood.states[0].shape == (3, QUERIES, D)


def test_queries_words_and_frames_are_embedded_where_they_stand(owl):
    reading = owl.read(story())
    layout, embeddings_Ld = reading.layout, owl.embed([reading])[0]
    for slots_Q in layout.slots_NQ:
        assert torch.equal(embeddings_Ld[slots_Q], owl.state.queries_Qd)
    frames_NFd = owl.lmm.embed_frames(torch.from_numpy(reading.frames_KHW3))
    assert torch.allclose(embeddings_Ld[layout.kinds_L == FRAME], frames_NFd.flatten(0, 1), atol=SAME)
    first = owl.lmm.frame_tokens
    prompt = torch.tensor(owl.lmm.words.encode(story().text))
    assert torch.equal(embeddings_Ld[first : first + len(prompt)], owl.lmm.embed_words(prompt))


def test_a_state_is_unmoved_by_its_own_clip_and_all_that_follows(owl):
    told = story()
    before = states(owl, told)[0]
    for number in range(3):
        frames_NHW3 = 255 - told.clips[number].frames_NHW3
        drift = moved(before, states(owl, changed(told, number, frames_NHW3=frames_NHW3))[0])
        assert max(drift[: number + 1]) < SAME
        assert all(each > MOVED for each in drift[number + 1 :])


def test_the_next_state_is_moved_by_the_dynamics_and_this_one_is_not(owl):
    told = story()
    before = states(owl, told)[0]
    for number in (1, 2):  # anticipated: d_0 is the text of clip 1
        drift = moved(before, states(owl, changed(told, number, text="A green square goes up up up."))[0])
        assert max(drift[:number]) < SAME
        assert all(each > MOVED for each in drift[number:])
    assert moved(before, states(owl, changed(told, 0, text="A green square goes up."))[0]) == [0, 0, 0]


def test_every_state_is_moved_by_the_image_and_by_the_prompt(owl):
    told = story()
    before = states(owl, told)[0]
    for other in (replace(told, image_HW3=255 - told.image_HW3), replace(told, text="The green square goes up.")):
        assert all(each > MOVED for each in moved(before, states(owl, other)[0]))


@torch.no_grad()
def test_stories_of_different_length_are_understood_as_each_alone(owl):
    readings = [owl.read(told) for told in stories()]
    together = owl(readings)
    for row, reading in enumerate(readings):
        alone = owl([reading])
        assert torch.allclose(together.states[row], alone.states[0], atol=SAME)
        length = len(reading.layout)
        assert torch.allclose(together.hidden_BLd[row, :length], alone.hidden_BLd[0], atol=1e-4)


@torch.no_grad()
def test_the_dynamics_loss_is_the_mean_over_labels_and_padding_has_none(owl):
    readings = [owl.read(told) for told in stories()]
    together = owl.dynamics_loss(readings, owl(readings).hidden_BLd)
    counts = [int((reading.layout.labels_L != NOTHING).sum()) for reading in readings]
    alone = [owl.dynamics_loss([reading], owl([reading]).hidden_BLd) for reading in readings]
    expected = sum(count * float(loss) for count, loss in zip(counts, alone, strict=True)) / sum(counts)
    assert counts[0] == 0
    assert alone[0] == 0
    assert float(together) == pytest.approx(expected, abs=1e-4)


def test_labels_are_words_and_the_close_mark_and_never_the_open_one(owl):
    labels = set(owl.read(story()).layout.labels_L.tolist())
    assert owl.lmm.words.close_id in labels
    assert owl.lmm.words.open_id not in labels


def test_a_repeated_prompt_has_no_loss_and_yet_states_with_gradients(owl):
    readings = [owl.read(story(), repeat_prompt=True)]
    understood = owl(readings)
    loss = owl.dynamics_loss(readings, understood.hidden_BLd)
    assert loss == 0
    owl.zero_grad()
    (loss + understood.states[0].square().sum()).backward()
    assert float(owl.state.queries_Qd.grad.abs().min()) > 0
    owl.zero_grad()


@torch.no_grad()
def test_a_film_fed_chunk_by_chunk_gives_the_states_of_the_whole(owl):
    reading = owl.read(story())
    whole, layout = owl([reading]), reading.layout
    embeddings_BLd, cache, chunks = owl.embed([reading]), owl.lmm.new_cache(), []
    for segment in range(-1, 3):
        for state in (True, False):
            here_L = (layout.segments_L == segment) & ((layout.kinds_L == STATE) == state)
            if here_L.any():
                chunks.append(owl.lmm(embeddings_BLd[:, here_L], cache=cache))
    assert torch.allclose(torch.cat(chunks, 1), whole.hidden_BLd, atol=1e-4)


def test_the_checkpoint_has_no_gradient_and_all_else_has_one(owl):
    readings = [owl.read(story())]
    understood = owl(readings)
    owl.zero_grad()
    (owl.dynamics_loss(readings, understood.hidden_BLd) + understood.states[0].square().sum()).backward()
    got = {name for name, weight in owl.named_parameters() if weight.grad is not None}
    assert got == set(owl.learned())
    owl.zero_grad()


def test_learned_weights_alone_bring_a_model_back(tmp_path):
    from safetensors.torch import load_file, save_file

    config = causal_config(save_causal(tmp_path / "base"))
    first, again = (Owl(replace(CONFIG, lmm=config, seed=seed), open_lmm(config, seed=seed), D) for seed in (1, 2))
    weights = first.state_dict()
    save_file({name: weights[name].contiguous() for name in first.learned()}, tmp_path / "owl.safetensors")
    found = again.load_state_dict(load_file(tmp_path / "owl.safetensors"), strict=False)
    assert not found.unexpected_keys
    assert not set(found.missing_keys) & set(again.learned())
    assert torch.equal(states(first, story())[0], states(again, story())[0])


def test_a_small_model_is_whole_in_its_state_dict(tmp_path):
    from safetensors.torch import load_file, save_file

    first, again = small_owl(), small_owl(replace(CONFIG, seed=5))
    save_file(first.state_dict(), tmp_path / "owl.safetensors")
    again.load_state_dict(load_file(tmp_path / "owl.safetensors"))
    assert set(first.learned()) == set(first.state_dict())
    assert torch.equal(states(first, story())[0], states(again, story())[0])


def test_a_story_without_clips_has_no_states():
    assert states(small_owl(), story(clips=0), story())[0].shape == (0, QUERIES, D)


def test_a_small_model_learns_the_dynamics_of_one_batch():
    owl = small_owl()
    readings = [owl.read(told) for told in stories()]
    learner = torch.optim.AdamW(owl.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        loss = owl.dynamics_loss(readings, owl(readings).hidden_BLd)
        learner.zero_grad()
        loss.backward()
        learner.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_numbers_of_half_the_width_on_a_processor_give_a_gradient():
    owl = small_owl()
    readings = [owl.read(story())]
    with torch.autocast("cpu", torch.bfloat16):
        understood = owl(readings)
        loss = owl.dynamics_loss(readings, understood.hidden_BLd)
    loss.backward()
    assert understood.hidden_BLd.dtype == torch.float32
    assert owl.state.queries_Qd.grad.isfinite().all()


def test_the_config_of_a_small_model_is_the_one_of_its_parts():
    owl = small_owl()
    assert owl.lmm.frame_tokens == (SMALL.frame_px // SMALL.patch_px) ** 2
    assert owl.state.project[-2].out_features == D
