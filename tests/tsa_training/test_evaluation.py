import math

import pytest

pytest.importorskip("scipy", reason="the torch extra is not installed")

from longtake.errors import UserError
from longtake.tsa_training.evaluation import evaluate, group, judge_ladders, judge_metrics
from longtake.tsa_training.findings import Share
from tests.tsa_training.drawn import UNKNOWN, judged


def ladder(name, kind, *scores, new=False, held_out=True, source="street", dimension="static"):
    """A clean sample and ever worse ones of a kind with these scores; None is a step that is missing."""
    return [
        judged(
            f"{source} clean" if step == 0 else f"{source} {name} {step}", 5.0 - step, vtss, *[kind] * (step > 0), new=new and step > 0,
            ladder=(f"{source} {name}", step), held_out=held_out, source=source, dimension=dimension,
        )
        for step, vtss in enumerate(scores) if vtss is not None
    ]  # fmt: skip


def test_pairs_of_neighbouring_steps_are_counted_by_kind_and_by_step_and_ties_are_wrong():
    found = judge_ladders([*ladder("one", "blur", 4.5, 4.0, 4.0, 1.5), *ladder("two", "shake", 4.5, 4.6)])
    assert found.all == Share(2, 4)
    assert found.by_kind == {"blur": Share(2, 3), "shake": Share(0, 1)}
    assert found.by_step == {0: Share(1, 2), 1: Share(0, 1), 2: Share(1, 1)}
    assert [(rung.step, rung.vtss, rung.target) for rung in found.rungs["shake"]] == [(0, 4.5, 5.0), (1, 4.6, 4.0)]


def test_steps_with_a_missing_one_between_them_are_no_neighbours():
    assert judge_ladders(ladder("one", "blur", 4.5, None, 2.0, 1.5)).all == Share(1, 1)
    assert math.isnan(judge_ladders([]).all.value)


def test_two_samples_on_one_step_are_refused():
    with pytest.raises(ValueError, match="two samples at step 1"):
        judge_ladders([*ladder("one", "blur", 4.5, 4.0), judged("other", 3.0, 3.0, "blur", ladder=("street one", 1))])


def test_samples_count_once_and_those_of_a_new_kind_are_judged_with_the_clean_ones_of_their_ladders():
    trained, unseen = ladder("one", "blur", 4.5, 4.0), ladder("two", "freeze", 4.5, 3.0, new=True)
    elsewhere = ladder("one", "blur", 4.4, 4.1, source="beach")
    everything, with_trained, with_unseen = group([*trained, *unseen, *elsewhere]).values()
    assert sorted(row.sample_id for row in everything) == sorted(
        ["street clean", "street one 1", "street two 1", "beach clean", "beach one 1"]
    )
    assert [row.sample_id for row in with_trained] == ["street clean", "street one 1", "beach clean", "beach one 1"]
    assert [row.sample_id for row in with_unseen] == ["street two 1", "street clean"]


def test_the_sign_and_the_middle_of_a_metric_come_from_training_alone():
    # In training noise is bad and brightness is bad at both ends; in the test noise goes the other way round.
    trained = [
        judged("0", 5.0, 5.0, held_out=False, noise=1.0, brightness=0.5),
        judged("1", 3.0, 3.0, "dark", held_out=False, noise=2.0, brightness=0.3),
        judged("2", 2.0, 2.0, "bright", held_out=False, noise=3.0, brightness=0.9),
    ]
    tested = [
        judged("3", 4.0, 4.0, noise=3.0, brightness=0.45),
        judged("4", 3.0, 3.0, "bright", noise=2.0, brightness=0.7),
        judged("5", 1.0, 1.0, "dark", noise=1.0, brightness=0.1),
    ]
    found = {row.name: row for row in judge_metrics(trained, tested)}
    assert found["noise"].srcc == pytest.approx(-1)
    assert found["brightness"].folded_srcc == pytest.approx(1)
    assert found["brightness"].srcc == pytest.approx(-0.5), "the bright one is worse in training, the dark one here"
    assert next(iter(found)) == "brightness"
    assert math.isnan(found["clarity"].best)


def test_a_metric_that_was_not_measured_is_that_of_a_clean_sample():
    trained = [judged(str(n), 5.0 - n, 3.0, *["grain"] * (n > 0), held_out=False, noise=float(n)) for n in range(4)]
    tested = [judged("a", 5.0, 5.0, noise=UNKNOWN), judged("b", 3.0, 3.0, noise=1.0), judged("c", 1.0, 1.0, noise=2.0)]
    assert next(row for row in judge_metrics(trained, tested) if row.name == "noise").srcc == pytest.approx(1)


def test_an_evaluation_is_of_held_out_sources_alone():
    seen = ladder("one", "blur", 1.0, 5.0, held_out=False, source="indoors")
    rows = [
        *ladder("one", "blur", 4.5, 3.5, 2.5, 1.2),
        *ladder("one", "freeze", 4.4, 3.6, 2.2, new=True, source="beach"),
    ]
    found = evaluate([*seen, *rows], vtss_min=2.5, draws=5)
    assert (found.samples, found.sources, found.ladders.all) == (7, 2, Share(5, 5))
    assert list(found.kinds) == ["blur", "freeze"]
    assert list(found.dimensions) == ["static"]
    assert [agreement.samples for agreement in found.groups.values()] == [7, 5, 3]
    assert all(agreement.krcc.value > 0.9 for agreement in found.groups.values())
    assert (found.roc.auc, len(found.metrics), list(found.best_metrics)) == (1.0, 15, ["blur", "freeze"])


def test_a_sample_with_two_defects_is_of_neither_kind():
    rows = [judged("a", 2.0, 2.0, "blur", "noise"), judged("b", 3.0, 3.0, "blur"), judged("c", 5.0, 5.0)]
    found = evaluate(rows, vtss_min=2.5, draws=1)
    assert {kind: agreement.samples for kind, agreement in found.kinds.items()} == {"blur": 1, "composed": 1}
    assert list(found.dimensions) == ["static"]


def test_nothing_held_out_is_nothing_to_evaluate_on():
    with pytest.raises(UserError, match="none of 1 samples comes from a held-out source"):
        evaluate([judged("a", 5.0, 5.0, held_out=False)], vtss_min=2.5)
