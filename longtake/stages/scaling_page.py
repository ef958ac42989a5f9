"""The page of a sweep as far as it is, from what lies in the lake."""

from collections.abc import Mapping, Sequence

from longtake.report.scaling import ScalingSheet, scaling_sheet
from longtake.scaling.cells import Outcome
from longtake.scaling.plan import Phase
from longtake.scaling.study import Study
from longtake.stages.scaling import Sweep


def scaling_page(
    sweep: Sweep, facts: Mapping[str, str], outcomes: Sequence[Outcome], phases: Sequence[Phase], study: Study | None = None,
    why: str = "",
) -> str:  # fmt: skip
    """The page, which stands alone; `why` says why there is no study yet."""
    planned = len({cell for phase in phases for cell in phase.cells} | {outcome.cell for outcome in outcomes})
    return scaling_sheet(
        ScalingSheet(name=sweep.name, facts=facts, planned=planned, outcomes=outcomes, study=study, why=why)
    )
