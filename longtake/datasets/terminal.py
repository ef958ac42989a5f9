"""Cards, differences, imports and traces on the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from longtake.datasets.card import Card, vtss_rule
from longtake.datasets.diff import Diff, Lost
from longtake.datasets.placing import REASONS
from longtake.datasets.published import PUBLISHED
from longtake.datasets.trace import NUMBERS, Trace
from longtake.records import Clip
from longtake.report.page import clock, size
from longtake.report.plots import number

BAR = "▁▂▃▄▅▆▇█"


def show_card(card: Card) -> None:
    """Prints the card; histograms are a letter a bin."""
    console = _console()
    chosen = f", by {rule}" if (rule := vtss_rule(card.dataset)) else ""
    console.print(f"{card.dataset.name}, made {card.dataset.made_at} from {card.dataset.raw}{chosen}\n")
    mean_s = card.spreads["length_s"].mean
    rows = [(card.dataset.name, f"{card.clips:,}", number(card.seconds / 3600), _seconds(mean_s), _words(card))]
    for other in PUBLISHED:
        mean = f"{'≈ ' if other.computed else ''}{other.mean_s} s"
        rows.append((other.name, f"{other.clips:,}", f"{other.hours:,.0f}", mean, str(other.words)))
    _print(console, ("dataset", "clips", "hours", "mean clip", "words a caption"), rows, right=(1, 2, 3, 4))
    for other in PUBLISHED:
        console.print(f"{other.name}: {other.note}", style="dim")
    console.print()
    sides = [(n, f"{s.clips:,}", number(s.seconds / 3600), f"{s.videos:,}") for n, s in card.splits.items()]
    _print(console, ("side", "clips", "hours", "videos"), sides, right=(1, 2, 3))
    if card.dropped:
        dropped = [(reason or "–", f"{n:,}") for reason, n in card.dropped.most_common()]
        _print(console, ("dropped for", "clips"), dropped, right=(1,))
    spreads = [
        (
            name,
            number(spread.mean),
            f"{spread.known:,}",
            _bars(spread.kept),
            f"{number(spread.edges[0])} … {_last(spread.edges)}",
        )
        for name, spread in card.spreads.items()
        if spread.known
    ]
    _print(console, ("of the kept clips", "mean", "known", "spread", "axis"), spreads, right=(1, 2))


def _words(card: Card) -> str:
    """Of a caption in the mean; a dash where there are none, or several to choose from."""
    mean = card.spreads["words"].mean
    return "–" if mean is None else f"{mean:.1f}"


def show_diff(diff: Diff) -> None:
    """Prints what differs."""
    console = _console()
    console.print(f"{diff.old} → {diff.new}\n")
    hours = " → ".join(f"{number(seconds / 3600)} h" for seconds in diff.seconds)
    console.print(f"{diff.both:,} clips in both, {hours}")
    _show_lost(console, diff.lost, diff.old, diff.new)
    _show_lost(console, diff.gained, diff.new, diff.old)
    console.print()
    makers = [(stage, str(old), str(new)) for stage, (old, new) in diff.made_by.items()]
    settings = [(path, _value(old), _value(new)) for path, (old, new) in diff.configs.items()]
    if makers:
        _print(console, ("rows of", "made_by, old", "new"), makers)
    if settings:
        _print(console, ("setting", "old", "new"), settings)
    if not makers and not settings:
        console.print("The same makers and settings.")


def show_import(dataset: str, counts: Mapping[str, int], examples: Mapping[str, str], report_uri: str) -> None:
    """Prints the dataset that was made, and what became of the file's rows, by reason, with the first row of each."""
    console = _console()
    console.print(f"{dataset}: {counts.get('imported', 0):,} of {sum(counts.values()):,} rows\n")
    rows = [
        (reason, f"{n:,}", REASONS.get(reason, ""), examples.get(reason, ""))
        for reason, n in counts.items()
        if reason != "imported"
    ]
    if rows:
        _print(console, ("not imported", "rows", "what it means", "the first"), rows, right=(1,))
    console.print(f"the page is {report_uri}")


def show_trace(trace: Trace) -> None:
    """Prints the story of a clip or a video."""
    console = _console()
    video, clip = trace.video, trace.clips[0] if trace.clip_id else None
    facts = [("clip", trace.clip_id or "")] if clip else []
    facts += [("video", video.video_id)]
    facts += [("raw file" if n == 0 else "the same file", uri) for n, uri in enumerate(video.uris)]
    if not video.uris:
        facts.append(("raw file", "at no place any more"))
    what = f"{clock(video.duration_s)}, {video.width}x{video.height}, {video.fps:.2f} frames/s, {video.codec}, {size(video.bytes)}"
    facts.append(("it is", what if video.reason is None else f"quarantined: {video.reason} {video.detail or ''}"))
    if clip:
        facts += _clip_facts(trace, clip)
    _facts(console, facts)
    if not clip:
        _show_clips(console, trace.clips)
        return
    _show_scores(console, trace)
    uses = [
        (
            use.selection.dataset, use.split or "never finished", use.selection.outcome[0], use.selection.reason or "–",
            use.selection.detail or "",
        )
        for use in trace.uses
    ]  # fmt: skip
    if uses:
        _print(console, ("dataset", "side", "outcome", "reason", "detail"), uses)
    else:
        console.print("No dataset has chosen from it.")
    for caption in sorted(trace.captions, key=lambda row: (row.reason is not None, row.captioner)):
        said = caption.text or f"quarantined: {caption.reason} {caption.detail or ''}"
        console.print(f"captioned by {caption.captioner}, {caption.made_by}")
        console.print(Padding(said, (0, 0, 1, 4)), soft_wrap=False)
    if not trace.captions:
        console.print("Nothing is said of it: the step captioning has not come to it.")


def _clip_facts(trace: Trace, clip: Clip) -> list[tuple[str, str]]:
    span = f"{clock(clip.start_s)} to {clock(clip.end_s)}, frames {clip.start_frame} to {clip.start_frame + clip.frames - 1}"
    facts = [("span", f"{span}, {clip.begins_with} → {clip.ends_with}")]
    if clip.uri:
        there = size(trace.film_bytes) if trace.film_bytes is not None else "no longer in the lake"
        facts.append(("film", f"{trace.film_uri}, {there}"))
    for row in trace.clips:
        why = f", dropped: {row.reason}" if row.reason else ""
        facts.append(("found by", f"{row.made_by}{why}{f', {row.detail}' if row.detail else ''}"))
    return facts


def _show_scores(console: Console, trace: Trace) -> None:
    if not trace.scores:
        console.print("Nothing is measured: the step scoring has not come to it.\n")
        return
    names = [name for name in NUMBERS if any(getattr(score, name) is not None for score in trace.scores)]
    rows = [(name, *(number(getattr(score, name)) for score in trace.scores)) for name in names]
    rows += [(f"made_by {'' if not score.reason else f'({score.reason})'}".strip(), *(
        score.made_by if other is score else "" for other in trace.scores)) for score in trace.scores]  # fmt: skip
    _print(
        console, ("measured", *(score.scorer for score in trace.scores)), rows, right=range(1, 1 + len(trace.scores))
    )


def _show_clips(console: Console, clips: Sequence[Clip]) -> None:
    rows = [
        (clip.clip_id, clock(clip.start_s), clock(clip.end_s), ": ".join(filter(None, clip.outcome)), clip.made_by)
        for clip in clips
    ]
    if rows:
        _print(console, ("clip", "from", "to", "outcome", "found by"), rows, right=(1, 2))
    else:
        console.print("No clips yet: the step slicing has not come to it.")


def _show_lost(console: Console, lost: Lost, keeps: str, other: str) -> None:
    total = sum(lost.reasons.values())
    console.print(f"{total:,} clip{'' if total == 1 else 's'} in {keeps} alone")
    for reason, n in sorted(lost.reasons.items(), key=lambda item: -item[1]):
        why = "not there to choose from" if reason == "not_there" else f"dropped for {reason or 'no reason'}"
        console.print(
            f"    {n:,} {why} in {other}: {', '.join(lost.examples[reason])}{' ...' if n > len(lost.examples[reason]) else ''}"
        )


def _console() -> Console:
    """As wide as the terminal; wide enough for whole ids where it is none."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, markup=False, soft_wrap=True, width=160)


def _facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name, style="dim"), Text(_plain(value)))
    console.print(table)
    console.print()


def _print(console: Console, names: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for index, name in enumerate(names):
        table.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_plain(cell)) for cell in row))
    console.print(table)
    console.print()


def _plain(text: str) -> str:
    """Without control characters: names of files and details are said by others."""
    return "".join(char if char.isprintable() else " " for char in text)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _value(value: object) -> str:
    return "–" if value is None else str(value)


def _last(edges: Sequence[float]) -> str:
    return number(edges[-1]) if edges[-1] != float("inf") else f"{number(edges[-2])} and above"


def _bars(counts: Sequence[int]) -> str:
    most = max(counts, default=0) or 1
    return "".join(BAR[min(len(BAR) - 1, -(-len(BAR) * n // most) - 1)] if n else "·" for n in counts)
