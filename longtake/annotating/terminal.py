"""Agreement of annotators on the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from longtake.annotating.agreement import Agreement

COLUMNS = ("annotator", "marks", "mean", "sd", "shared", "PLCC", "debiased", "SRCC", "debiased")


def show_agreement(found: Agreement) -> None:
    """Prints a line an annotator, then what they have in common."""
    console = Console(highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "annotator" else "right", overflow="fold")
    for one in found.annotators:
        table.add_row(
            Text(one.annotator), f"{one.marks:,}", f"{one.mean:.2f}", f"{one.sd:.2f}", f"{one.shared:,}",
            _number(one.plcc_before), _number(one.plcc_after), _number(one.srcc_before), _number(one.srcc_after),
        )  # fmt: skip
    console.print(table)
    console.print("\nPLCC, SRCC: of one's marks with the mean of the others', over the clips that he shares with them.")
    if constant := [one.annotator for one in found.annotators if one.sd == 0]:
        console.print(f"The same mark for every clip, so left out by debiasing: {', '.join(constant)}.")
    console.print(
        f"{found.marks:,} marks of {found.clips:,} clips, {found.shared_clips:,} of them by two people or more."
    )
    console.print(
        f"Krippendorff's alpha (intervals): {_number(found.alpha_before)}, debiased {_number(found.alpha_after)}. "
        f"Mean of {found.pairs:,} pairs: PLCC {_number(found.pairwise_plcc)}, SRCC {_number(found.pairwise_srcc)}, "
        "which debiasing can't change."
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
