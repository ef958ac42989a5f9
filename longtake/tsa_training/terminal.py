"""How good a TSA network is, in a terminal."""

from longtake.tsa_training.findings import Evaluation


def show_evaluation(found: Evaluation) -> None:
    """Prints its figures on held-out sources, beside sub-metrics and hand-set thresholds."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    groups = Table("held-out sources", "clips", "PLCC", "SRCC", "95 % of it", "KRCC", "RMSE", box=None, pad_edge=False)
    for name, group in found.groups.items():
        srcc = group.srcc
        figures = (f"{group.plcc.value:.3f}", f"{srcc.value:.3f}", f"{srcc.low:.2f} to {srcc.high:.2f}")
        groups.add_row(name, str(group.samples), *figures, f"{group.krcc.value:.3f}", f"{group.rmse.value:.2f}")
    console.print(groups)
    pairs = found.ladders.all
    console.print(f"\nseverity ladders: {pairs.count} of {pairs.of} neighbouring pairs in order ({pairs.value:.1%})")
    if found.metrics:
        best = found.metrics[0]
        console.print(f"best single sub-metric: {best.name}, SRCC {best.best:.3f}\n")
    ways = Table("selecting by", "keeps", "bad let through", "good thrown away", "right", box=None, pad_edge=False)
    for way in found.decisions:
        shares = (way.kept, way.bad_let_through, way.good_thrown_away)
        ways.add_row(way.way, *(f"{share.value:.1%}" for share in shares), f"{way.accuracy:.1%}")
    console.print(ways)
