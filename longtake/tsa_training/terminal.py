"""How good a TSA network is, in a terminal."""

from longtake.tsa_training.findings import Evaluation

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
