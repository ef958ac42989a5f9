"""Runs that come again: Kubeflow's recurring runs, each kept once under its name.

Kubeflow can wake a recurring run and put it to sleep, and nothing else: one that is to change is made anew. The new one
is made asleep, then the old one is deleted, then the new one is woken. So there is never none, and never two awake; whoever is
cut off in between leaves something that the next `keep_schedule` puts right.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from longtake.errors import UserError
from pipelines.kubeflow.api import Kubeflow
from pipelines.kubeflow.runs import pipeline_name_of

Maker = Literal["publish", "schedule"]
"""Which verb made a schedule: `longtake publish` (the chart's values) or `longtake schedule` (a person)."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A schedule as it is to be."""

    name: str
    made_by: Maker
    cron: str
    enabled: bool
    fields: Mapping[str, Any]
    """What each of its runs does: `Order.fields`."""

    @property
    def description(self) -> str:
        """What Kubeflow shows, and what says whether a recurring run is this one: all but whether it is awake."""
        facts = json.dumps([self.name, self.made_by, self.cron, self.fields], sort_keys=True)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return f"Made by longtake {self.made_by} ({digest[:12]})."


def maker_of(run: Any) -> Maker | None:
    """Which verb made this recurring run; None: someone else, and it is never touched."""
    match = re.fullmatch(r"Made by longtake (publish|schedule) \([0-9a-f]{12}\)\.", run.description or "")
    return match[1] if match else None  # type: ignore[return-value]


def is_enabled(run: Any) -> bool:
    return str(run.mode) == "ENABLE"


def ours(kubeflow: Kubeflow) -> list[Any]:
    """Every recurring run that longtake made, newest first."""
    return [run for run in kubeflow.schedules() if maker_of(run)]


def keep_schedule(kubeflow: Kubeflow, wanted: Wanted, existing: Iterable[Any]) -> str:
    """Sees to it that of our schedules of this name (`existing`) there is one, and just so; what was done, in a word or two."""
    existing = list(existing)
    kept = next((run for run in existing if run.description == wanted.description), None)
    others = [run for run in existing if run is not kept]
    done = "unchanged"
    if kept is None:
        done = "replaced" if others else "made"
        kept = _create(kubeflow, wanted, awake=wanted.enabled and not others)
    elif others:
        done = "put right"
    for run in others:
        kubeflow.delete_schedule(run.recurring_run_id)
    if is_enabled(kept) != wanted.enabled:
        kubeflow.enable_schedule(kept.recurring_run_id, wanted.enabled)
        if done == "unchanged":
            done = "resumed" if wanted.enabled else "paused"
    return done


def find_schedules(kubeflow: Kubeflow, name: str) -> list[Any]:
    """Our schedules of this name: one, or more after something was cut off. Raises UserError where there is none."""
    everything = list(kubeflow.schedules())
    found = [run for run in everything if run.display_name == name and maker_of(run)]
    if found:
        return found
    if any(run.display_name == name for run in everything):
        raise UserError(
            f"the schedule {name!r} was not made by longtake; change it in the KFP UI, under Recurring Runs"
        )
    known = ", ".join(sorted({run.display_name for run in everything if maker_of(run)})) or "none"
    raise UserError(f"there is no schedule {name!r}; longtake made {known}")


def list_schedules(kubeflow: Kubeflow) -> list[dict[str, str]]:
    """Every recurring run by its name, whoever made it."""
    names: dict[str, str] = {}
    return [
        {
            "schedule": run.recurring_run_id,
            "name": run.display_name,
            "pipeline": pipeline_name_of(kubeflow, run, names),
            "cron": _cron_of(run),
            "state": "enabled" if is_enabled(run) else "paused",
            "made_by": {"publish": "the chart", "schedule": "longtake schedule", None: "others"}[maker_of(run)],
        }
        for run in sorted(kubeflow.schedules(), key=lambda run: str(run.display_name))
    ]


def _cron_of(run: Any) -> str:
    trigger = run.trigger
    if trigger and trigger.cron_schedule and trigger.cron_schedule.cron:
        return str(trigger.cron_schedule.cron)
    every = trigger.periodic_schedule.interval_second if trigger and trigger.periodic_schedule else None
    return f"every {every} s" if every else "?"


def _create(kubeflow: Kubeflow, wanted: Wanted, *, awake: bool) -> Any:
    return kubeflow.create_schedule(
        wanted.cron,
        display_name=wanted.name,
        description=wanted.description,
        mode="ENABLE" if awake else "DISABLE",
        **wanted.fields,
    )
