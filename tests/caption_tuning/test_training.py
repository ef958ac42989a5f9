"""Fine-tuning of tiny models on a dozen drawn clips: the whole of it, in seconds."""

import math
from dataclasses import replace

import pytest
import torch

from longtake.caption_tuning.adapter import make_pupil, read_facts, save_adapter
from longtake.caption_tuning.batches import Plan
from longtake.caption_tuning.config import CaptionTuningConfig, Judging, Lora, Optimisation
from longtake.caption_tuning.frames import FrameFiles
from longtake.caption_tuning.lessons import training_lessons
from longtake.caption_tuning.training import Course
from longtake.caption_tuning.tuning import course_id, encode_lesson, first_captions, tune, write_answers
from longtake.captioning.config import Asking, Rules
from longtake.captioning.vlm.loading import load_vlm
from longtake.captioning.vlm.prompting import collate
from longtake.errors import UserError
from tests.caption_tuning.drawn import seed, shown
from tests.captioning.vlm.tiny_models import make_tiny

SEEDS = [seed(number) for number in range(15)]
SIDES = {"train": SEEDS[:12], "validation": SEEDS[12:]}
CONFIG = CaptionTuningConfig(
    asking=Asking(parts_tokens=64, text_tokens=64),
    rules=Rules(words_min=5),
    lora=Lora(rank=4, alpha=8),
    optimisation=Optimisation(learning_rate=3e-3, vision_rate=3e-3, batch=2, accumulation=2),
    judging=Judging(every_steps=2, written=1),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of tiny models by their kind, made when they are asked for."""
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = make_tiny(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return get


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    files = FrameFiles(tmp_path_factory.mktemp("frames"))
    for number, item in enumerate(SEEDS):
        files.save(item.name, shown(number))
    return files


def silent(name, items, total):
    return items


def course(place, files, config=CONFIG, seeds=SEEDS[:12], held_out=()):
    """A training, and what learns in it."""
    torch.manual_seed(0)
    vlm = load_vlm(place, dtype=config.dtype)
    pupil = make_pupil(vlm.model, config)
    lessons = training_lessons(seeds, config)
    plan = Plan([lesson.seed.kind for lesson in lessons], None, step_size=4, epochs=1, seed=0)
    return Course(
        vlm, pupil, lambda at: encode_lesson(vlm, files, lessons[at], answered=True), plan, config, held_out
    ), pupil


@pytest.mark.parametrize(
    ("kind", "vision", "projector"),
    [("llava", "lora", True), ("qwen2_5_vl", "full", False), ("smolvlm", "frozen", True)],
)
def test_an_epoch_lowers_the_loss_and_the_adapter_read_again_says_the_same(
    models, files, tmp_path, kind, vision, projector
):
    config = replace(CONFIG, vision=vision, projector=projector)
    before = load_vlm(models(kind)).model.state_dict()
    tuned = tune(load_vlm(models(kind)), SIDES, files, config, tmp_path / "state", silent)
    loss_before, loss_after = tuned.held_out_losses
    assert loss_after < loss_before - 0.1
    assert tuned.history[-1].loss < tuned.history[1].loss
    learning = {"language": True, "projector": projector, "vision": vision != "frozen"}
    assert {role: role in tuned.counts for role in learning} == learning
    save_adapter(tuned.pupil, tmp_path / "adapter", {"learned from": "drawn clips"})
    again = load_vlm(models(kind), adapter=tmp_path / "adapter")
    judging = first_captions([item.lesson for item in tuned.exchanges], 1)
    questions = [encode_lesson(again, files, lesson, answered=False) for lesson in judging]
    answers = [answer.text.strip() for answer in write_answers(again, questions, [64] * len(questions), 2)]
    assert answers == [item.after.text for item in tuned.exchanges]
    assert answers != [item.before.text for item in tuned.exchanges]
    assert read_facts(tmp_path / "adapter") == {"learned from": "drawn clips"}
    _check_what_changed(before, again.model.state_dict(), vision, projector)


def _check_what_changed(before, after, vision, projector):
    changed = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    projecting = {name for name in before if any(part in name for part in ("projector", "connector", "merger"))}
    seeing = {name for name in before if "vision" in name or "visual" in name} - projecting
    assert bool(changed & projecting) == projector
    assert bool(changed & seeing) == (vision != "frozen")
    assert changed - projecting - seeing
    assert all("language_model" in name or "text_model" in name for name in changed - projecting - seeing)


def test_a_training_that_was_stopped_goes_on_to_the_same_losses_and_weights(models, files, tmp_path):
    def begin():
        return course(models("llava"), files, seeds=SEEDS[:8], held_out=range(2))

    straight, expected = begin()
    records = list(straight.run(tmp_path / "straight"))
    for record in begin()[0].run(tmp_path / "stopped"):
        if record.number == 3:  # the state is that of step 2
            break
    resumed, pupil = begin()
    assert list(resumed.run(tmp_path / "stopped")) == records
    assert all(torch.equal(weight, expected.learning[name]) for name, weight in pupil.learning.items())
    assert list(begin()[0].run(tmp_path / "stopped")) == records  # nothing is left to do


def test_the_loss_is_that_of_the_answers_alone_each_token_alike(models, files):
    held, pupil = course(models("smolvlm"), files, seeds=SEEDS[:2], held_out=range(3))
    vlm = load_vlm(models("smolvlm"))
    total, tokens = 0.0, 0
    for lesson in training_lessons(SEEDS[:2], CONFIG):
        example = encode_lesson(vlm, files, lesson, answered=True)
        answered = example.labels_T[example.labels_T >= 0]
        assert vlm.tokenizer.decode(answered, skip_special_tokens=True) == lesson.answer
        with torch.inference_mode():
            total += vlm.model(**collate(vlm, [example], "right")).loss.item() * len(answered)
        tokens += len(answered)
    assert held.held_out_loss() == pytest.approx(total / tokens, rel=1e-4)
    assert {weight.dtype for weight in pupil.learning.values()} == {torch.float32}


def test_weights_in_bfloat16_learn_by_adapters_in_float32_and_activations_may_be_computed_again(
    models, files, tmp_path
):
    optimisation = replace(CONFIG.optimisation, gradient_checkpointing=True)
    config = replace(CONFIG, dtype="bfloat16", vision="full", optimisation=optimisation)
    mixed, pupil = course(models("qwen2_5_vl"), files, config, seeds=SEEDS[:4])
    records = list(mixed.run(tmp_path / "state"))
    assert all(math.isfinite(record.loss) and record.norm > 0 for record in records[1:])
    assert {weight.dtype for weight in pupil.learning.values()} == {torch.float32}
    assert pupil.model.lm_head.weight.dtype == torch.bfloat16


def test_a_loss_that_is_no_number_ends_the_training_with_a_sentence(models, files, tmp_path):
    broken, pupil = course(models("llava"), files)
    with torch.no_grad():
        next(iter(pupil.learning.values())).fill_(math.inf)
    with pytest.raises(UserError, match=r"loss of step 1 is nan .*come apart.*learning_rate 0\.003"):
        list(broken.run(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


def test_questions_over_the_limit_of_tokens_are_left_out_and_counted(models, files, tmp_path):
    long, pupil = course(models("llava"), files, replace(CONFIG, tokens_max=64), seeds=SEEDS[:2])
    before = {name: weight.clone() for name, weight in pupil.learning.items()}
    _, step = long.run(tmp_path / "state")
    assert (step.loss, step.tokens, step.too_long) == (None, 0, 3)
    assert all(torch.equal(weight, before[name]) for name, weight in pupil.learning.items())


def test_another_caption_seed_or_rate_is_another_course_and_how_it_is_judged_is_not():
    plain = course_id(SIDES, CONFIG, "model")
    assert plain == course_id(SIDES, replace(CONFIG, judging=replace(CONFIG.judging, written=9)), "model")
    assert plain != course_id(SIDES, CONFIG, "another model")
    assert plain != course_id(SIDES, replace(CONFIG, vision="full"), "model")
    assert plain != course_id({**SIDES, "train": [*SEEDS[:11], seed(11, text="A box.")]}, CONFIG, "model")
