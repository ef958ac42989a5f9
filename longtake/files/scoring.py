"""`longtake score FILE...`: VTSS and sub-metrics of plain files, and whether selecting would keep them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from longtake.config import load_config
from longtake.engine import Lost, stream
from longtake.files.given import check_files, uri_of, with_progress
from longtake.records import METRICS, Score, content_id
from longtake.scoring.metrics import SUB_METRICS
from longtake.scoring.reasons import in_words
from longtake.selecting.config import Range, SelectingConfig, Thresholds
from longtake.selecting.thresholds import judge
from longtake.selecting.valley import PAPER_THRESHOLD
from longtake.stages.config import ScoringStageConfig
from longtake.stages.scoring import makers, pools_of, score_row
from longtake.stages.step import Makers
from longtake.stages.visiting import plain_file
from longtake.stages.workers import Looked, LookerOrder


@dataclass(frozen=True)
class ScoredFile:
    """One file, and its row, which lies in no table: its ids are the digest of its content."""

    path: Path
    score: Score

    def to_record(self) -> dict[str, Any]:
        return {"uri": uri_of(self.path), **asdict(self.score)}


def score_files(files: Sequence[Path], *, config: Mapping[str, Any]) -> list[ScoredFile]:
    """Measures the files side by side, one a core; each is taken for one clip.

    A file that can't be measured has a reason. Raises UserError for a file that is not there, or a wrong config.
    """
    settings = load_config(ScoringStageConfig, config, where="scoring config")
    check_files(files)
    found: dict[Path, Looked | Lost] = {}
    wanted = list(dict.fromkeys(files))
    looker = LookerOrder(settings.measuring, settings.limits, plain_file, not settings.work.model_gpus)
    pools = pools_of(settings, looker, len(wanted))
    for path, looked in with_progress("scoring", stream(wanted, pools, engine=settings.work.engine), len(wanted)):
        found[path] = looked
    made_by = makers(settings)
    return [ScoredFile(path, _row(path, found[path], made_by)) for path in files]


def _row(path: Path, found: Looked | Lost, made_by: Makers) -> Score:
    """The row of a file: its ids are the digest of its content."""
    clip_id = content_id(path)
    return score_row(clip_id, clip_id, found, made_by)


def show_scores(scored: Sequence[ScoredFile], selecting: SelectingConfig | None = None) -> None:
    """Prints VTSS, its reason and a column of numbers for each file, and whether selecting would keep it."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True, markup=False)
    for file in scored:
        score = file.score
        if score.reason:
            console.print(
                f"{file.path}: {score.reason} ({score.detail})" if score.detail else f"{file.path}: {score.reason}"
            )
            continue
        said = [] if score.vtss is None else [f"VTSS {score.vtss:.2f}"]
        console.print(f"{file.path}: " + ", ".join([*said, judge_file(score, selecting)]))
        if words := in_words(score):
            console.print(f"    {words}")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(justify="left")
        table.add_column(justify="right")
        table.add_column(style="dim")
        for metric in SUB_METRICS:
            value = getattr(score, metric.name)
            table.add_row(f"    {metric.name}", "–" if value is None else f"{value:.3g}", metric.unit)
        console.print(table)


def judge_file(score: Score, selecting: SelectingConfig | None = None) -> str:
    """Whether selecting would keep the file, in words: by what the config says, or by the defaults on what was measured.

    A file has no clips around it in whose scores a valley could lie: without `vtss_min` it is held against the paper's 2.5.
    """
    by = selecting.by if selecting else "thresholds" if score.vtss is None else "vtss"
    if by != "thresholds" and score.vtss is not None:
        least = selecting.vtss_min if selecting and selecting.vtss_min is not None else PAPER_THRESHOLD
        if score.vtss < least:
            return f"dropped, VTSS below {least:g}"
        if by == "vtss":
            return f"kept, VTSS at least {least:g}"
    verdict = judge(score, selecting.thresholds if selecting else _on_what_was_measured(score))
    return "kept" if verdict.kept else f"dropped, {verdict.detail}"


def _on_what_was_measured(score: Score) -> Thresholds:
    """The default thresholds, none of them on what the config left out."""
    return replace(Thresholds(), **{name: Range() for name in METRICS if getattr(score, name) is None})
