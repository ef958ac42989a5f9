"""The findings on a page: a table with a line each, and below it every problem with its fix."""

import io
from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from longtake.doctor.finding import Finding

STYLES = {"good": "green", "warn": "yellow", "bad": "bold red", "skipped": "dim"}
WIDTH = 100
"""Columns at most, however wide the terminal is."""


def report(findings: Sequence[Finding], *, width: int = 80) -> str:
    """The page as plain text, `width` columns wide."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(lay_out(findings))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def show(findings: Sequence[Finding]) -> None:
    """Prints the page."""
    console = Console()
    console.print(lay_out(findings), width=min(console.width, WIDTH))


def lay_out(findings: Sequence[Finding]) -> Group:
    """Problems are cut short in the table, since the sentence below says all of them."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("check", "state", "found"):
        table.add_column(name, no_wrap=name != "found", overflow="fold")
    problems = [finding for state in ("bad", "warn") for finding in findings if finding.state == state]
    for finding in findings:
        style = STYLES[finding.state]
        words = f"{finding.found}; {finding.fix}" if finding.fix and finding not in problems else finding.found
        found = Text(plain(words), no_wrap=finding in problems, overflow="ellipsis")
        table.add_row(Text(finding.check), Text(finding.state, style=style), found)
    if not problems:
        return Group(table, Text("\nNothing is wrong."))
    sentences = Table.grid(padding=(0, 2, 0, 0))
    sentences.add_column(no_wrap=True)
    sentences.add_column(overflow="fold")
    for finding in problems:
        sentence = Text(f"{finding.check}: ", style="bold").append(
            plain(f"{finding.found}; {finding.fix}."), style="none"
        )
        sentences.add_row(Text(finding.state, style=STYLES[finding.state]), sentence)
    return Group(table, Text("\nWhat to do", style="bold"), sentences)


def plain(text: str) -> str:
    """The text without control characters: some of it was said by servers."""
    return "".join(char if char.isprintable() else " " for char in text)
