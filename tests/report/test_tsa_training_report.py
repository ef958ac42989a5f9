import math
from dataclasses import replace

from longtake.report.tsa_training import Epoch, KindRow, Point, SourceRow, TrainingSheet, Variant, training_sheet
from longtake.tsa_training.findings import (
    Agreement,
    Decision,
    Evaluation,
    Figure,
    Ladders,
    MetricAgreement,
    Roc,
    RocPoint,
    Rung,
    Share,
    Shift,
)  # fmt: skip
from tests.report.reading import EVIL, Reader, check_stands_alone

UNKNOWN = Figure(math.nan)
SEEN = Agreement(
    samples=9, sources=2, plcc=Figure(0.91, 0.8, 0.95), srcc=Figure(0.923, 0.81, 0.96), krcc=Figure(0.7), rmse=UNKNOWN
)
NO_LADDERS = Ladders(all=Share(0, 0), by_kind={}, by_step={}, rungs={})


def decision(way, threshold):
    return Decision(
        way=way, threshold=threshold, kept=Share(5, 9), bad_let_through=Share(1, 4), good_thrown_away=Share(1, 5),
        clean_thrown_away=Share(0, 0),
    )  # fmt: skip


def evaluation(kind="blur", **fields):
    rungs = tuple(Rung(step=step, samples=3, target=5 - step, vtss=4.6 - step) for step in range(3))
    plain = {
        "vtss_min": 2.5, "samples": 9, "sources": 2, "groups": {"held-out sources": SEEN}, "dimensions": {"static": SEEN},
        "kinds": {kind: SEEN},
        "best_metrics": {kind: MetricAgreement(name="noise", srcc=0.1, folded_srcc=0.234)},
        "metrics": (MetricAgreement(name="clarity", srcc=0.4, folded_srcc=math.nan),),
        "ladders": Ladders(all=Share(5, 6), by_kind={kind: Share(5, 6)}, by_step={0: Share(3, 3), 1: Share(2, 3)}, rungs={kind: rungs}),
        "decisions": (decision("VTSS", 2.5), decision("VTSS, moved", 2.31), decision("hand-set thresholds", math.nan)),
        "shifts": (Shift(
            way="clarity", samples=9, errors=2, dropped=2, good_lost=1, stricter_errors=2, added=1, bad_let_in=1, looser_errors=3,
        ),),
        "roc": Roc((RocPoint(0, 0, math.inf), RocPoint(0, 0.8, 3.0), RocPoint(1, 1, 1.0)), 0.9),
    }  # fmt: skip
    return Evaluation(**plain | fields)


def sheet(name="small", **fields):
    plain = {
        "name": name, "sentence": name, "facts": {name: name}, "evaluation": evaluation(name),
        "sources": [SourceRow(name=name, samples=7, held_out=True, licence=name)],
        "kinds": [KindRow(name=name, dimension=name, held_out=True, sentence=name)],
        "history": {name: [Epoch(epoch=e, loss=1 / e, held_out_loss=1.1 / e, held_out_srcc=1 - 1 / e) for e in (1, 2, 3)]},
        "points": [Point(target=1 + n % 5, vtss=1 + n % 4, kind=name, held_out_kind=n % 2 == 0) for n in range(20)],
        "ablation": [Variant(name="dynamic", runs=[{"plcc": p, "srcc": 0.5, "krcc": 0.4, "rmse": 0.6} for p in (0.7, 0.8, 0.9)])],
    }  # fmt: skip
    return TrainingSheet(**plain | fields)


def test_a_page_stands_alone_whatever_anything_is_called():
    page = training_sheet(sheet(EVIL))
    check_stands_alone(page)
    assert "<script>alert(1)</script>" in Reader(page).text


def test_every_figure_of_an_evaluation_is_on_its_page():
    text = " ".join(Reader(training_sheet(sheet())).text.split())
    for said in (
        "0.923",
        "0.810 to 0.960",
        "5 of 6",
        "83.3%",
        "0.900",
        "77.8%",
        "1 of 4",
        "2.31",
        "0.400",
        "noise 0.234",
    ):
        assert said in text, said


def test_the_ablation_stands_beside_the_paper_with_its_mean_and_spread():
    text = Reader(training_sheet(sheet())).text
    assert "0.800± 0.100" in text.replace("\n", "")
    assert "0.8684" in text
    alone = training_sheet(sheet(ablation=[Variant(name="labels only", runs=[])]))
    assert "0.8684" not in alone


def test_a_held_out_kind_is_said_to_be_one_and_others_are_not():
    page = sheet()
    assert 'class="new"' in training_sheet(page)
    assert 'class="new"' not in training_sheet(replace(page, kinds=[replace(page.kinds[0], held_out=False)]))


def test_of_many_samples_some_are_drawn_and_it_is_said():
    points = [Point(target=3, vtss=3, kind="blur", held_out_kind=False)] * 4100
    page = training_sheet(sheet(points=points))
    assert "1,367 of 4,100 samples are drawn" in Reader(page).text
    assert len(page) < 500_000


def test_a_page_of_little_is_a_page():
    unknown = Agreement(samples=1, sources=1, plcc=UNKNOWN, srcc=UNKNOWN, krcc=UNKNOWN, rmse=UNKNOWN)
    little = evaluation(
        groups={"held-out sources": unknown}, dimensions={}, kinds={}, metrics=(), best_metrics={},
        ladders=NO_LADDERS, shifts=(), roc=Roc((), math.nan),
    )  # fmt: skip
    page = training_sheet(sheet(evaluation=little, history={}, points=[], ablation=[], sources=[], kinds=[], facts={}))
    check_stands_alone(page)
    assert "nan" not in page
