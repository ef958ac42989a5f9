"""The ledger of claims: `docs/claims.yaml`, a row for each claim of the three papers, becomes `docs/claims.md`.

`python -m benchmarks.claims` writes the page; with `--check` it writes nothing and exits 1 if the page is stale.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints
from pydantic.dataclasses import dataclass

from longtake.config import STRICT, load_config
from longtake.errors import EXIT_DONE, EXIT_USER, UserError
from longtake.yamlfile import read_yaml

CLAIMS_YAML = Path(__file__).parent.parent / "docs" / "claims.yaml"
EXIT_STALE = 1

Verdict = Literal["holds", "does not hold", "within noise", "not testable here", "not yet"]
Trust = Literal["first hand", "second hand, cross-checked", "second hand", "inferred"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

MEASURED: tuple[Verdict, ...] = ("holds", "does not hold", "within noise")
"""The verdicts that rest on a figure of ours."""

VERDICT_MEANING: dict[Verdict, str] = {
    "holds": "our whole interval supports the claim, at the scale that the command says",
    "does not hold": "our whole interval contradicts it, at that scale",
    "within noise": "our interval holds both the claim and its opposite",
    "not testable here": "it needs data, people, weights or machines that cannot be had here; the note says which",
    "not yet": "nothing has been measured so far",
}
TRUST_MEANING: dict[Trust, str] = {
    "first hand": "read in the paper's own text, tables or captions, or in its released code",
    "second hand, cross-checked": "read only in others' digests, which agree with each other or with arithmetic",
    "second hand": "read in one digest or article alone, or with a doubt that the note names",
    "inferred": "stated nowhere; computed by us from what is stated",
}

PREFACE = """\
Every claim of the three papers that this repository sets out to implement has a row here: what the paper says, in words or by its
printed figures, the command that tests it, what that command found, and a verdict. **The figures under "Theirs" are the
papers' own**, got with their data, models and machines; none of them was measured here. Our runs are small, so a
verdict is about the claim (an order, a sign, a shape), and about the figure only where the setting is the same.

| Column | What it holds |
| --- | --- |
| Id | the claim's name; it never changes and is never given to another claim |
| Claim | the claim in one sentence, with a note where one is needed |
| Theirs | the paper's figure, or "no figure" where the paper only says so |
| Where it stands | the place in the paper, and how it was read (below) |
| Tested here by | the command that repeats our test, from the root of a clone |
| Ours | our figure with its 95 % interval, over seeds or by bootstrap |
| Verdict | one of the five below |
"""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Claim:
    """One claim of one paper, and what became of it here."""

    id: str = Field(pattern=r"^[A-Z]-[A-Z]?[1-9][0-9]*$")
    """Stable name such as K-A1, S-3 or O-7."""
    paper: Text
    """One of the names under `papers`."""
    topic: Text
    claim: Text
    theirs: Text
    """The paper's figure, as text, so that its digits stay as printed."""
    source: Text
    """Table, equation, figure or section of the paper."""
    trust: Trust
    command: Text | None
    ours: Text | None
    interval: Text | None
    """95 % interval of `ours`."""
    verdict: Verdict
    note: Text | None = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Document:
    """The file as written: the papers by name, and the rows, still unchecked."""

    papers: dict[str, str]
    claims: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Ledger:
    """The papers (name to citation) and every claim, in the order of the file."""

    papers: dict[str, str]
    claims: tuple[Claim, ...]


def load_ledger(path: Path) -> Ledger:
    """The checked claims of a YAML file. Raises UserError that names the row and what is wrong with it."""
    given = read_yaml(path)
    if not isinstance(given, dict):
        raise UserError(f"{path} holds no mapping; it should have the keys 'papers' and 'claims'")
    document = load_config(Document, given, where=path.name)
    rows = [
        load_config(Claim, row, where=f"{path.name}, claim {row.get('id', f'number {number}')}")
        for number, row in enumerate(document.claims, start=1)
    ]
    faults = list(_faults(document.papers, rows))
    if faults:
        raise UserError(f"{path.name}: " + "; ".join(faults))
    return Ledger(papers=document.papers, claims=tuple(rows))


def _faults(papers: dict[str, str], claims: Sequence[Claim]) -> Iterable[str]:
    for name, count in Counter(claim.id for claim in claims).items():
        if count > 1:
            yield f"{name} is the id of {count} claims; give each its own"
    for claim in claims:
        given = [name for name in ("command", "ours", "interval") if getattr(claim, name) is not None]
        if claim.paper not in papers:
            yield f"{claim.id}: the paper {claim.paper!r} is not one of {', '.join(papers)}"
        if claim.verdict in MEASURED and len(given) < 3:
            yield f"{claim.id}: the verdict {claim.verdict!r} needs command, ours and interval"
        if claim.verdict not in MEASURED and given:
            yield f"{claim.id}: the verdict {claim.verdict!r} goes with no {' or '.join(given)}; say what was found"
        if claim.verdict == "not testable here" and claim.note is None:
            yield f"{claim.id}: 'not testable here' needs a note that says why"


def escape(text: str) -> str:
    """Text on one line that shows as itself in a cell of a Markdown table."""
    return re.sub(r"([\\`*_\[\]|~$<&])", r"\\\1", " ".join(text.split()))


def summarise(claims: Sequence[Claim]) -> str:
    """How many claims there are, and how many of each verdict: "71 claims: 2 hold, ..., 60 not yet"."""
    counts = Counter(claim.verdict for claim in claims)
    plural = {"holds": "hold", "does not hold": "do not hold"}
    parts = [f"{counts[v]} {v if counts[v] == 1 else plural.get(v, v)}" for v in get_args(Verdict)]
    return f"{len(claims)} claim{'' if len(claims) == 1 else 's'}: {', '.join(parts)}"


def render(ledger: Ledger) -> str:
    """The whole Markdown page."""
    blocks = [
        "<!-- Made from claims.yaml by `python -m benchmarks.claims`; edit that file, not this one. -->",
        "# Claims of the papers, and what is found here",
        f"**{summarise(ledger.claims)}.**",
        PREFACE.rstrip(),
        "The verdicts:",
        _bullets(VERDICT_MEANING),
        "How a figure of theirs was read:",
        _bullets(TRUST_MEANING),
        "The page is made from [claims.yaml](claims.yaml) by `python -m benchmarks.claims`; a test keeps it fresh.",
    ]
    for paper, citation in ledger.papers.items():
        claims = [claim for claim in ledger.claims if claim.paper == paper]
        blocks += [f"## {escape(paper)}", f"{escape(citation)}.", f"{summarise(claims)}."]
        topics = list(dict.fromkeys(claim.topic for claim in claims))
        by_topic = groupby(sorted(claims, key=lambda claim: topics.index(claim.topic)), key=lambda claim: claim.topic)
        for topic, group in by_topic:
            blocks += [f"### {escape(topic)}", _table(group)]
    return "\n\n".join(blocks) + "\n"


def _bullets(meanings: dict[Any, str]) -> str:
    return "\n".join(f"- **{name}**: {meaning}" for name, meaning in meanings.items())


def _table(claims: Iterable[Claim]) -> str:
    header = "| Id | Claim | Theirs | Where it stands | Tested here by | Ours | Verdict |\n" + "| --- " * 7 + "|"
    return "\n".join([header, *("| " + " | ".join(_cells(claim)) + " |" for claim in claims)])


def _cells(claim: Claim) -> list[str]:
    verdict = f"**{claim.verdict}**" if claim.verdict in MEASURED else claim.verdict
    return [
        claim.id,
        escape(claim.claim) + (f"<br>Note: {escape(claim.note)}" if claim.note else ""),
        escape(claim.theirs),
        f"{escape(claim.source)}<br>({claim.trust})",
        f"<code>{escape(claim.command)}</code>" if claim.command else "",
        f"{escape(claim.ours)}<br>({escape(claim.interval)})" if claim.ours and claim.interval else "",
        verdict,
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page beside the data, or only say whether it is stale; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is stale")
    parser.add_argument("--data", type=Path, default=CLAIMS_YAML, help="the claims; the page lies beside them as .md")
    arguments = parser.parse_args(argv)
    try:
        ledger = load_ledger(arguments.data)
    except UserError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    page, path = render(ledger), arguments.data.with_suffix(".md")
    if not arguments.check:
        path.write_text(page, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != page:
        print(f"{path} is stale; run python -m benchmarks.claims", file=sys.stderr)
        return EXIT_STALE
    print(f"{path}: {summarise(ledger.claims)}")
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
