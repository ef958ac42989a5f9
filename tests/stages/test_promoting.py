"""Decisions about models, from the lake's tables to the log; models that were never trained, whose order is known."""

import json
from dataclasses import replace

import pytest

from longtake.dit.config import Objective
from longtake.errors import UserError
from longtake.lake import Lake, join_uri, key_below
from longtake.promotion.entry import Entry
from longtake.stages import pointer, promoting
from longtake.stages.by_name import run_step, write_outputs
from longtake.stages.pointer import append, promote_by_hand, read_last, read_log, roll_back_by_hand
from tests.promotion.lakes import RAW, Footage


@pytest.fixture
def footage(tmp_path):
    return Footage(tmp_path)


@pytest.fixture
def judge(footage):
    """Promotes one model or refuses it; the summary."""

    def run(model, run="", **config):
        return promoting.run(
            data_root=footage.lake.data_root,
            samples=footage.samples.name,
            model=model,
            run=run,
            config={"draws": 2, **config},
        )

    return run


def test_the_first_model_of_a_family_is_promoted_without_a_comparison(footage, judge):
    first = footage.model(0.5)
    summary = judge(first)
    assert (summary.decision, summary.model, summary.items) == ("promoted", first, {"promoted": 1})
    entry = read_last(footage.lake, "dit")
    assert entry.reason == "it is the first of its family"
    assert (entry.samples, entry.raw, entry.videos, entry.previous) == (footage.samples.name, RAW, 1, "")


def test_a_better_model_takes_its_place_and_a_worse_one_does_not_with_the_reason_in_the_log_and_on_the_page(
    footage, judge
):
    first, better, worse = (footage.model(wrong) for wrong in (0.5, 0.0, 1.0))
    judge(first)
    summary = judge(better, run="one")
    assert (summary.decision, summary.model) == ("promoted", better)
    assert summary.loss < summary.previous_loss
    summary = judge(worse, run="two")
    assert (summary.decision, summary.model) == ("refused", better)
    entries = read_log(footage.lake, "dit")
    assert [(one.decision, one.model, one.candidate) for one in entries] == [
        ("promoted", first, first), ("promoted", better, better), ("refused", better, worse),
    ]  # fmt: skip
    assert "above the" in entries[2].reason
    assert f"{len(footage.held_out)} samples of {len(footage.held_out)} videos" in entries[2].reason
    assert (entries[2].samples, entries[2].judged_on, entries[2].by) == (
        entries[1].samples,
        footage.samples.name,
        "two",
    )
    page = footage.lake.objects.read("reports/two/promoting-1of1.html").decode()
    assert "above the" in page
    assert "<svg" in page


def test_both_models_are_judged_on_the_same_samples_and_noise(footage, judge):
    judge(footage.model(0.5))
    summary = judge(footage.model(0.0))
    again = judge(footage.model(0.25))
    assert summary.loss == again.previous_loss  # to the bit


def test_a_second_attempt_of_the_same_run_finds_its_decision_and_writes_no_other(footage, judge):
    first = footage.model(0.5)
    assert judge(first, run="one").decision == judge(first, run="one").decision == "promoted"
    worse = footage.model(1.0)
    assert judge(worse, run="two").reason == judge(worse, run="two").reason
    assert len(read_log(footage.lake, "dit")) == 2


def test_a_decision_that_came_in_between_is_judged_against(footage, judge, monkeypatch):
    first, middle, best = (footage.model(wrong) for wrong in (1.0, 0.5, 0.0))
    judge(first)
    others = [
        replace(read_last(footage.lake, "dit"), number=2, model=best, previous=first, candidate=best, by="another")
    ]

    def append_late(lake, entry):
        if others:
            assert pointer.append(lake, others.pop())
        return append(lake, entry)

    monkeypatch.setattr(promoting, "append", append_late)
    summary = judge(middle)
    assert (summary.decision, summary.model) == ("refused", best)
    assert [one.candidate for one in read_log(footage.lake, "dit")] == [first, best, middle]


def test_a_model_that_was_rolled_back_does_not_come_back_by_itself(footage, judge):
    judge(footage.model(0.5))
    better = footage.model(0.0)
    judge(better)
    roll_back_by_hand(footage.lake, "dit", None, by="ann", reason="it flickers")
    summary = judge(better, run="again")
    assert summary.decision == "refused"
    assert "rolled back by ann (it flickers)" in summary.reason


@pytest.mark.parametrize("what", ["objective", "latents"])
def test_models_that_no_loss_compares_are_refused_with_a_way_on(footage, judge, what):
    other = (
        {"objective": Objective(kind="v")}
        if what == "objective"
        else {"sample_set": footage.sample_set(autoencoder="linear ffff")}
    )
    promote_by_hand(footage.lake, footage.model(0.5, **other), "dit", by="ann", reason="the old one")
    summary = judge(footage.model(0.0))
    assert summary.decision == "refused"
    assert "can't be compared" in summary.reason
    assert "longtake models promote" in summary.reason


def test_a_model_of_other_latents_than_the_samples_is_the_user_s_mistake(footage, judge):
    with pytest.raises(UserError, match=r"linear ffff, those of clips-0000aaaa\.0000bbbb by linear 0123"):
        judge(footage.model(0.0, sample_set=footage.sample_set(autoencoder="linear ffff")))


def test_what_either_model_may_have_learned_from_judges_none(footage, judge):
    judge(footage.model(0.5, sample_set=footage.sample_set(validation_share=0.0)))
    summary = judge(footage.model(0.0))
    assert summary.decision == "refused"
    assert "no video is held out from both" in summary.reason
    assert "hold out more than 0.5 of them (selecting_config: {validation_share: ...})" in summary.reason


def test_the_model_in_use_is_not_judged_against_itself_and_the_reason_says_that_nothing_was_new(footage, judge):
    first = footage.model(0.5)
    judge(first)
    assert judge(first).reason == "it is in use already, and these are the samples that it was trained on"
    other = footage.model(0.0, sample_set=footage.sample_set(name="clips-0000aaaa.0000cccc"))
    promote_by_hand(footage.lake, other, "dit", by="ann", reason="so")
    assert judge(other).reason == "it is in use already"


def test_the_step_gives_out_its_decision_as_text(footage, tmp_path):
    done = run_step(
        "promoting",
        {
            "data_root": footage.lake.data_root, "samples": footage.samples.name, "model": footage.model(0.0), "raw": RAW,
            "videos": 7,
        },
    )  # fmt: skip
    write_outputs(done, tmp_path)
    assert (tmp_path / "decision.json").read_text() == "promoted"
    assert json.loads(done.to_json())["decision"] == "promoted"
    assert read_last(footage.lake, "dit").videos == 7


def test_a_model_promoted_by_hand_from_a_file_is_copied_into_the_lake(footage, tmp_path):
    inside = footage.model(0.0)
    entry = promote_by_hand(footage.lake, str(tmp_path / "model"), "dit", by="ann", reason="sharper")
    assert isinstance(entry, Entry)
    assert entry.model.startswith(f"{footage.lake.data_root}/models/dit-")
    assert entry.model != inside
    assert (entry.samples, entry.videos, entry.loss) == (footage.samples.name, 1, 0.5)
    with pytest.raises(UserError, match="in use already"):
        promote_by_hand(footage.lake, str(tmp_path / "model"), "dit", by="ann", reason="sharper")
    assert promote_by_hand(footage.lake, inside, "dit", by="ann", reason="sharper").previous == entry.model


def test_a_model_of_another_lake_brings_its_basis_along_and_no_samples(footage, tmp_path):
    footage.model(0.0)
    elsewhere = Lake(str(tmp_path / "other"))
    elsewhere.objects.check(writable=True)
    entry = promote_by_hand(elsewhere, str(tmp_path / "model"), "dit", by="ann", reason="from there")
    assert (entry.samples, entry.raw, entry.videos) == ("", "", None)
    assert elsewhere.objects.exists(key_below(entry.basis, elsewhere.data_root))


def test_the_basis_of_a_promoted_model_is_that_of_its_samples_and_stays_where_another_is_refused(footage, judge):
    basis = join_uri(footage.lake.data_root, footage.samples.basis)
    judge(footage.model(0.0))
    judge(footage.model(1.0))
    assert [one.basis for one in read_log(footage.lake, "dit")] == [basis, basis]
