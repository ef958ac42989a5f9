"""The page of a captioning: what became of the clips of one shard, how good the captions are, and some to look at."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from longtake.captioning.camera_claims import sentences_of
from longtake.captioning.checking import flag_of
from longtake.captioning.contradictions import KINDS, camera_in_words
from longtake.captioning.facts import Facts
from longtake.captioning.schema import NAMES, PAPER_WORDS
from longtake.records import Caption, Clip
from longtake.report.distribution import bin_edges, count_into
from longtake.report.page import count_rows, render_page
from longtake.report.pictures import PAGE_BYTES, choose, in_turn, left_out
from longtake.report.plots import histogram_svg

if TYPE_CHECKING:
    from longtake.captioning.quality import CaptionTally, Judged

PARTS = {
    "subject": "Subject", "movement": "Movement", "environment": "Environment", "visual": "Visual language", "camera": "Camera language",
    "overall": "Overall",
}  # fmt: skip
CAPTIONERS = 5
"""Names on a page; a shard has one, unless rows of several configs are looked at together."""


def captioning_sheet(
    tally: "CaptionTally",
    poster: Callable[[Clip], bytes],
    *,
    sentences: Mapping[str, str],
    shard: str,
    facts: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """The page of a captioning; every text on it is untrusted, and escaped.

    `names` says where a video lies by video_id, of all `tally.clips()`. `poster` gives a clip's filmstrip (JPEG), empty where
    it is missing; it is asked only for clips that the page has room for.
    """
    total = tally.counts.total()
    shown = {"against": tally.contradicting(), "flags": tally.flags(), "samples": tally.samples()}
    values: dict[str, Any] = {
        "title": "Captioning",
        "place": f"shard {shard}",
        "facts": facts,
        "counts": count_rows(tally.counts, sentences),
        "total": total,
        "kept": tally.kept,
        "share_kept": tally.kept / total if total else None,
        "tally": tally,
        "captioners": tally.captioners.most_common(CAPTIONERS),
        "words": _words(tally),
        "reasons": _reasons(tally, sentences),
        "coverage": tally.coverage(),
        "distinct": tally.distinct(),
        "kinds": [(kind, tally.kinds[kind], meaning) for kind, meaning in KINDS.items()],
        "labels": PARTS,
        **shown,
        "measured": {one.clip.clip_id: facts_in_words(one) for one in shown["samples"]},
        "orders": {one.clip.clip_id: orders_in(one.caption) for one in shown["flags"]},
        "failed": tally.failed(),
        "failed_count": total - tally.kept,
        "names": names,
    }
    pictured = [one.clip for one in in_turn(*shown.values())]
    room = PAGE_BYTES - len(render_page("captioning.html", **values, pictures={}, missing=0).encode())
    # A clip may be on the page as a sample, as a contradiction and as flagged: its picture is written each time.
    pictures = choose(pictured, poster, room)
    return render_page("captioning.html", **values, pictures=pictures, missing=left_out(pictured, pictures))


def orders_in(caption: Caption) -> str:
    """The sentences for which a caption is flagged; all of it where no single one is."""
    said = " ".join(getattr(caption, name) or "" for name in ("text", *NAMES))
    return " … ".join(one for one in dict.fromkeys(sentences_of(said)) if flag_of(one)) or said


def facts_in_words(judged: "Judged") -> list[tuple[str, str]]:
    """What was measured on a clip, by what it is about; empty where nothing was."""
    if judged.caption.facts is None:
        return []
    facts = Facts.of_json(judged.caption.facts)
    motion = facts.motion
    way = {None: "", "different directions": ", in different directions"}.get(motion.direction, f", {motion.direction}")
    lines = [
        ("camera", camera_in_words(facts.camera)),
        ("motion", f"{motion.share:.0%} of the picture, {motion.speed:.2f} widths/s{way}{', steady' if motion.steady else ', in bursts'}"),
        ("light", f"brightness {facts.brightness:.2f}, contrast {facts.contrast:.2f}, clarity {facts.clarity:.2f}"),
        ("colour", f"colourfulness {facts.colourfulness:.0f}; " + ", ".join(f"{one.name} {one.share:.0%}" for one in facts.palette)),
        ("subject", ", ".join(f"{one.name} ({one.confidence:.0%})" for one in facts.subjects)),
        ("text", " · ".join(facts.texts)),
    ]  # fmt: skip
    return [(name, said) for name, said in lines if said]


def _words(tally: "CaptionTally") -> Any:
    """The histogram of lengths, as far as the paper's mean at least."""
    lengths = list(tally.words.elements())
    edges = bin_edges([*lengths, PAPER_WORDS])
    marks = {"Koala-36M, mean": PAPER_WORDS}
    return histogram_svg(count_into(lengths, edges), edges, label="words of a caption", marks=marks) if lengths else ""


def _reasons(tally: "CaptionTally", sentences: Mapping[str, str]) -> list[dict[str, Any]]:
    """Answers turned down by reason, the most frequent first, with their share of the most frequent one."""
    most = max(tally.complaints.values(), default=1)
    return [
        {"reason": reason, "count": count, "share": count / most, "meaning": sentences.get(reason, "")}
        for reason, count in tally.complaints.most_common()
    ]


assert tuple(PARTS) == NAMES
