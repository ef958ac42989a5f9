"""scores -> selections and a dataset: what is kept, what is dropped and why, under a name that never changes its meaning.

The tables are read a few buckets at a time: once to find the threshold on VTSS, once to judge, once to write. In between only
the fingerprints and ids of the clips that pass are held, about 400 bytes each, since near-duplicates can be anywhere.
"""

import hashlib
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from longtake.config import dump_config, load_config
from longtake.datasets.naming import check_family, name_of
from longtake.datasets.stored import has_dataset, read_dataset, write_dataset
from longtake.errors import UserError
from longtake.lake.tables import Batch
from longtake.records import METRICS, Clip, Dataset, Score, Selection, Video, made_by
from longtake.report import counts_in
from longtake.report.reservoir import Reservoir
from longtake.selecting.agreement import Agreement, AgreementTally
from longtake.selecting.config import ALGORITHM_VERSION, SelectingConfig
from longtake.selecting.fold import fold, parse_fingerprints, preference
from longtake.selecting.rule import Rule, check_scored, comparable, decide, rule_of
from longtake.selecting.thresholds import REASONS, Verdict, bounds, columns_of, judge, spreads
from longtake.selecting.valley import Cut, choose_threshold, count_scores
from longtake.shards import WHOLE
from longtake.stages import scoring
from longtake.stages.clips import Clips
from longtake.stages.config import ScoringStageConfig, SlicingStageConfig, check_agreement
from longtake.stages.dataset_page import Judged, Row, dataset_page
from longtake.stages.scoring import Scores
from longtake.stages.step import Step, Summary, flat, open_lake, open_step

log = logging.getLogger(__name__)

STAGE = "selecting"
NOT_SCORED = "not_scored"
SENTENCES = REASONS | {NOT_SCORED: "It has no score: its file was gone, or the step scoring has not come to it."}
"""One sentence to each reason."""


@dataclass(kw_only=True)
class SelectingSummary(Summary):
    """What selecting did, and what came of it."""

    dataset: str = ""
    """Its name."""
    agreement: Agreement | None = None
    """How VTSS and the thresholds agree; None where no clip has a VTSS."""

    def to_json(self) -> str:
        """Without the curve, which is for Kubeflow alone."""
        shown = asdict(self) | {"quarantined": self.quarantined}
        if self.agreement:
            shown["agreement"].pop("roc")
        return json.dumps(shown)


def run(
    *,
    raw: str,
    data_root: str,
    dataset: str = "clips",
    slicing_config: Mapping[str, Any] | None = None,
    scoring_config: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> SelectingSummary:
    """Makes a dataset of the clips below `raw` by slicing's and scoring's configs; the same clips and rules give the same.

    Raises UserError for a wrong place or config, and where there is nothing to choose from.
    """
    settings = load_config(SelectingConfig, config or {}, where="selecting config")
    measuring = load_config(ScoringStageConfig, scoring_config or {}, where="scoring config")
    check_agreement(measuring, settings)
    check_family(dataset)
    lake = open_lake(data_root)
    scores = Scores(Clips.of(lake, raw, slicing_config or {}), scoring.makers(measuring))
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step:
        choice = _choose(scores, settings, dataset)
        there = has_dataset(lake, choice.name)
        step.begin(inputs=choice.clips, skipped=choice.clips if there else 0)
        if not there:
            counts, seconds = _write(choice, step)
            write_dataset(lake, _dataset(choice, counts, seconds, sliced_by=slicing_config or {}, scored_by=measuring))
        made = read_dataset(lake, choice.name)
        in_table: Counter[tuple[str, str]] = Counter()
        page = dataset_page(
            lake,
            made,
            _as_written(choice, in_table),
            folded=choice.folded,
            judged=choice.judged,
            sentences=SENTENCES,
            facts=step.facts(raw=made.raw, dataset=made.name, **{f"{k} made_by": v for k, v in made.made_by.items()}),
        )
        summary = step.finish(in_table, new=Counter() if there else in_table, report=page, shown=counts_in(page))
        log.info("dataset", extra={"dataset": made.name, "kept": made.clips, "clips": choice.clips})
    summary.seconds = time.monotonic() - began
    return SelectingSummary(**vars(summary), dataset=choice.name, agreement=choice.judged.agreement)


def maker(config: SelectingConfig) -> str:
    """The `made_by` of the rows that this config makes."""
    return made_by(STAGE, ALGORITHM_VERSION, dump_config(config))


@dataclass(frozen=True)
class Choice:
    """What was chosen, before it is written."""

    name: str
    scores: Scores
    groups: list[tuple[int, ...]]
    config: SelectingConfig
    clips: int
    folded: dict[str, str]
    """Near-duplicates, and the clip that stands for each."""
    judged: Judged

    def rows(self, group: Sequence[int]) -> Iterator[tuple[Clip, Score | None, Selection]]:
        """The clips of some buckets, each with its score and what became of it."""
        for clip, score in _pairs(self.scores, group):
            verdict = _verdict(score, self.judged.rule)
            if stands_for := self.folded.get(clip.clip_id):
                verdict = Verdict(kept=False, reason="duplicate", detail=stands_for)
            row = Selection(
                dataset=self.name, clip_id=clip.clip_id, bucket=clip.bucket, video_id=clip.video_id, kept=verdict.kept,
                reason=verdict.reason, detail=verdict.detail, made_by=maker(self.config),
            )  # fmt: skip
            yield clip, score, row


def _choose(scores: Scores, config: SelectingConfig, family: str) -> Choice:
    """Finds the threshold, judges every clip, folds what passes, and names the dataset by the digest of all that.

    Raises UserError where there are no clips, none of them has a score by this config, or one lacks what it chooses by.
    """
    groups = scores.clips.groups(WHOLE.buckets)
    cut, absent = _survey(scores, groups, config)
    by_hand = comparable(config.thresholds, absent)
    rule = rule_of(config, cut.threshold if cut else None)
    content = hashlib.sha256(f"{rule.vtss_min}\n".encode())
    clips = 0
    passing: list[tuple[tuple[int, float, str], str]] = []
    sample: Reservoir[Score] = Reservoir()
    tally = AgreementTally(cut.threshold) if cut else None
    for group in groups:
        for clip, score in _pairs(scores, group):
            verdict = _verdict(score, rule)
            content.update(f"{clip.clip_id} {verdict.reason}\n".encode())
            clips += 1
            if score:
                sample.offer(clip.clip_id, score)
                if tally and score.reason is None and score.vtss is not None and math.isfinite(score.vtss):
                    tally.add(score.vtss, judge(score, by_hand).kept)
            if verdict.kept and score and score.fingerprint and int(score.fingerprint, 16):  # flat ones are all alike
                rank = preference(clip.width, clip.height, clip.end_s - clip.start_s, clip.clip_id)
                passing.append((rank, score.fingerprint))
    folded = _fold(passing, config) if config.fold_duplicates else {}
    makers = [scores.clips.made_by, scores.makers.good, maker(config)]
    name = name_of(family, scores.clips.raw, *makers, content.hexdigest())
    agreement = tally.agreement() if tally else None
    unread = tuple(sorted({metric for metric, _, _ in bounds(config.thresholds)} & absent))
    judged = Judged(rule, cut, by_hand, unread, agreement, spreads(columns_of(sample.rows())))
    return Choice(name, scores, groups, config, clips, folded, judged)


def _survey(scores: Scores, groups: Sequence[tuple[int, ...]], config: SelectingConfig) -> tuple[Cut | None, set[str]]:
    """The threshold on VTSS, None where no clip has a VTSS, and the metrics that some clip lacks."""
    counts_B = count_scores(())
    clips, scored = 0, 0
    absent: set[str] = set()
    for group in groups:
        rows = [score for _, score in _pairs(scores, group)]
        found = [score for score in rows if score]
        measured = [score for score in found if score.reason is None]
        check_scored(measured, config)
        clips, scored = clips + len(rows), scored + len(found)
        counts_B += count_scores(score.vtss for score in measured if score.vtss is not None)
        absent |= {m for m in (*METRICS, "aesthetic") if any(getattr(score, m) is None for score in measured)}
    _check_something(scores, clips, scored)
    known = config.by != "thresholds" or bool(counts_B.any())
    return choose_threshold(counts_B, config.vtss_min) if known else None, absent


def _fold(passing: list[tuple[tuple[int, float, str], str]], config: SelectingConfig) -> dict[str, str]:
    """Near-duplicate -> the clip that stands for it."""
    passing.sort()
    ids = [rank[-1] for rank, _ in passing]
    stands_for = fold(parse_fingerprints([print_ for _, print_ in passing]), config.duplicate_bits)
    return {ids[n]: ids[other] for n, other in enumerate(stands_for.tolist()) if other != n}


def _pairs(scores: Scores, group: Sequence[int]) -> Iterator[tuple[Clip, Score | None]]:
    """The clips of some buckets in an order that no grouping changes, each with its score if it has one."""
    clips, rows = scores.read(group)
    for clip in sorted(clips, key=lambda clip: (clip.bucket, clip.clip_id)):
        yield clip, rows.get(clip.clip_id)


def _verdict(score: Score | None, rule: Rule) -> Verdict:
    if score is None:
        return Verdict(kept=False, reason=NOT_SCORED, detail=None)
    return decide(score, rule)


def _check_something(scores: Scores, clips: int, scored: int) -> None:
    where = f"below {scores.clips.raw} in {scores.clips.lake.data_root}"
    if not clips:
        raise UserError(
            f"there are no clips by this slicing config (made_by {scores.clips.made_by}) {where}; run slicing with it "
            "first, or give the config that it was given"
        )
    if not scored:
        raise UserError(
            f"none of {clips} clips has a score by this scoring config (made_by {scores.makers.good}) {where}; run scoring "
            "with it first, or give the config that it was given"
        )


def _write(choice: Choice, step: Step) -> tuple[Counter[tuple[str, str]], float]:
    """Writes all rows; how many there are of each outcome, and the seconds of the clips that are kept."""
    counts: Counter[tuple[str, str]] = Counter()
    seconds = 0.0
    with Batch(step.lake.tables) as batch:
        for group in choice.groups:
            for clip, _, row in choice.rows(group):
                batch.add([row])
                counts[row.outcome] += 1
                seconds += (clip.end_s - clip.start_s) if row.kept else 0.0
                step.count(clip.uri or clip.clip_id, [row], seconds=0.0, read_bytes=0)
    return counts, seconds


def _as_written(choice: Choice, counts: Counter[tuple[str, str]]) -> Iterator[Row]:
    """The clips of the dataset with the rows that the table has, which are counted on the way."""
    tables = choice.scores.clips.lake.tables
    for group in choice.groups:
        rows = {row.clip_id: row for row in tables.read(Selection, buckets=group, dataset=choice.name)}
        for clip, score in _pairs(choice.scores, group):
            if row := rows.get(clip.clip_id):
                counts[row.outcome] += 1
                yield clip, score, row


def _dataset(
    choice: Choice,
    counts: Counter[tuple[str, str]],
    seconds: float,
    *,
    sliced_by: Mapping[str, Any],
    scored_by: ScoringStageConfig,
) -> Dataset:
    """The dataset that the rows make, with the tables as they are now."""
    tables, scores = choice.scores.clips.lake.tables, choice.scores
    slicing = load_config(SlicingStageConfig, sliced_by, where="slicing config")
    versions = {record.TABLE: tables.version(record) for record in (Video, Clip, Score, Selection)}
    cut = choice.judged.cut if choice.judged.rule.vtss_min is not None else None
    return Dataset(
        name=choice.name,
        raw=scores.clips.raw,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={table: version for table, version in versions.items() if version is not None},
        made_by={"slicing": scores.clips.made_by, "scoring": scores.makers.good, STAGE: maker(choice.config)},
        configs={"slicing": dump_config(slicing), "scoring": dump_config(scored_by), STAGE: dump_config(choice.config)},
        validation_share=choice.config.validation_share,
        vtss_threshold=cut.threshold if cut else None,
        vtss_how=cut.how if cut else None,
        counts=flat(counts),
        clips=counts["kept", ""],
        seconds=seconds,
    )
