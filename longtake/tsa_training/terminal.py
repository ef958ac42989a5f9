"""How good a TSA network is, in a terminal."""

from statistics import mean

from longtake.tsa_training.defects import KINDS
from longtake.tsa_training.findings import Evaluation

HIGH = 0.8
"""An SRCC that is called high."""
WIDEST = 110
"""Characters of a line: the tables are not broken where a terminal has fewer."""


def show_evaluation(found: Evaluation) -> None:
    """Prints its figures on held-out sources, beside sub-metrics and hand-set thresholds."""
    from rich.console import Console
    from rich.table import Column, Table

    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, WIDEST)
    heads = ("clips", "PLCC", "SRCC", "95 % of it", "within sources", "KRCC", "RMSE")
    groups = Table(Column("held-out sources", no_wrap=True), *heads, box=None, pad_edge=False)
    for name, group in found.groups.items():
        srcc = group.srcc
        groups.add_row(
            name, str(group.samples), f"{group.plcc.value:.3f}", f"{srcc.value:.3f}", f"{srcc.low:.2f} to {srcc.high:.2f}",
            f"{group.within.value:.3f}", f"{group.krcc.value:.3f}", f"{group.rmse.value:.2f}",
        )  # fmt: skip
    console.print(groups)
    pairs = found.ladders.all
    console.print(f"\nseverity ladders: {pairs.count} of {pairs.of} neighbouring pairs in order ({pairs.value:.1%})")
    if kinds := [group.srcc.value for name, group in found.kinds.items() if name in KINDS]:
        high = sum(srcc >= HIGH for srcc in kinds)
        console.print(
            f"within one kind of defect: SRCC {mean(kinds):.3f} on average, {HIGH} or more in {high} of {len(kinds)}"
        )
    if rungs := found.ladders.rungs.values():
        clean, worst = (mean(ladder[step].vtss for ladder in rungs) for step in (0, -1))
        console.print(f"mean VTSS of clean clips {clean:.2f}, of the worst of each ladder {worst:.2f}")
    if found.metrics:
        best = found.metrics[0]
        console.print(f"best single sub-metric: {best.name}, SRCC {best.best:.3f}\n")
    ways = Table(
        Column("selecting by", no_wrap=True),
        "keeps",
        "bad let through",
        "good thrown away",
        "right",
        box=None,
        pad_edge=False,
    )
    for way in found.decisions:
        shares = (way.kept, way.bad_let_through, way.good_thrown_away)
        ways.add_row(way.way, *(f"{share.value:.1%}" for share in shares), f"{way.accuracy:.1%}")
    console.print(ways)
