"""The page of a training, from what came of it."""

from collections import Counter
from collections.abc import Mapping

from longtake.report.tsa_training import Epoch, KindRow, Point, SourceRow, TrainingSheet, Variant, training_sheet
from longtake.tsa_training.config import TSATrainingConfig
from longtake.tsa_training.course import Lesson
from longtake.tsa_training.defects import KINDS
from longtake.tsa_training.evaluation import Judged
from longtake.tsa_training.judged import once


def training_page(lesson: Lesson, config: TSATrainingConfig, *, sentence: str, facts: Mapping[str, str]) -> str:
    """The page, which stands alone."""
    rows = once(lesson.judged)
    by_source = Counter((row.source, row.held_out_source) for row in rows)
    sheet = TrainingSheet(
        name=f"{config.preset}, seed {lesson.seed}",
        sentence=sentence,
        facts=facts,
        sources=[
            SourceRow(name=name, samples=n, held_out=held_out) for (name, held_out), n in sorted(by_source.items())
        ],
        kinds=_kinds(rows),
        history={
            name: [
                Epoch(epoch=e.number + 1, loss=e.loss, held_out_loss=e.held_out_loss, held_out_srcc=e.srcc)
                for e in epochs
            ]
            for name, epochs in lesson.history.items()
        },
        points=[
            Point(target=row.target, vtss=row.vtss, kind=row.kind, held_out_kind=row.held_out_kind)
            for row in rows
            if row.held_out_source
        ],
        ablation=[Variant(name=name, runs=runs) for name, runs in lesson.ablation.items()],
        evaluation=lesson.evaluation,
    )
    return training_sheet(sheet)


def _kinds(rows: list[Judged]) -> list[KindRow]:
    seen = {kind for row in rows for kind in row.kinds}
    return [
        KindRow(
            name=kind.name, dimension=kind.dimension, held_out=kind.held_out,
            sentence=(kind.apply.__doc__ or "").strip(),
        )
        for kind in KINDS.values()
        if kind.name in seen
    ]  # fmt: skip
