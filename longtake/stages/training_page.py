"""The page of a training, from what it left in the lake."""

import json
from collections.abc import Mapping

from longtake.dit.step_record import Curve
from longtake.lake import Lake
from longtake.records import Run
from longtake.report.training import Film, TrainingSheet, training_sheet
from longtake.stages.training_events import Assignment

SHOWN = 4
"""Of the moments that films were made at, evenly spread; the last one among them."""
CLIPS = "clips"


def training_page(assignment: Assignment, lake: Lake, row: Run, curve: Curve, facts: Mapping[str, str]) -> str:
    """The page, which stands alone."""
    config = assignment.config
    return training_sheet(
        TrainingSheet(
            name=assignment.samples.name, facts={**facts, "config": row.config}, row=row, curve=curve,
            films=_films(assignment, lake), depth=config.model.depth, width=config.model.width, objective=config.objective.kind,
            started_from=assignment.start,
        )
    )  # fmt: skip


def _films(assignment: Assignment, lake: Lake) -> list[Film]:
    folder = f"{assignment.folder}films/"
    keys = {item.key.removeprefix(folder).removesuffix(".json"): item.key for item in lake.objects.walk(folder)}
    steps = sorted(name for name in keys if name.isdecimal())
    chosen = [
        steps[round(place * (len(steps) - 1) / max(1, min(SHOWN, len(steps)) - 1))]
        for place in range(min(SHOWN, len(steps)))
    ]
    films: dict[str, Film] = {}
    for name in [CLIPS, *chosen] if CLIPS in keys else []:
        label = "its clip, as the autoencoder has it" if name == CLIPS else f"after step {int(name):,}"
        for one in json.loads(lake.objects.read(keys[name])):
            film = films.setdefault(
                one["sample_id"],
                Film(
                    clip_id=one["sample_id"].rpartition("/")[0],
                    caption=one["caption"],
                    conditions=one["conditions"],
                    strips=[],
                ),
            )
            film.strips.append((label, one["strip"]))
    return [films[sample_id] for sample_id in sorted(films)]
