"""losses -> laws: `<data_root>/laws/<name>.json`, and the page of the sweep."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longtake.lake import join_uri
from longtake.scaling.stored import dump_laws
from longtake.scaling.study import Study
from longtake.scaling.studying import make_study
from longtake.scaling.sufficiency import TooFew
from longtake.shards import WHOLE
from longtake.stages.laws import FOLDER, SUFFIX
from longtake.stages.scaling import Sweep
from longtake.stages.scaling_page import scaling_page
from longtake.stages.step import Summary, open_lake, open_step
from longtake.stages.training_laws import facts_of

STAGE = "scaling_fit"
BOOTSTRAPS = 1000

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class FitSummary(Summary):
    """What a sweep came to."""

    laws: str = ""
    """URI; empty where the runs do not determine them yet."""
    name: str = ""
    """What `longtake advise --laws` and `training_config: {laws: ...}` take."""
    runs: int = 0
    left: int = 0
    """Cells that are planned and not done: the laws are of the others."""
    size_exponent: float | None = None
    """Of compute in the best size."""
    why: str = ""
    """Why there are none, and what to run next."""


def run(
    *, data_root: str, samples: str = "clips", config: Mapping[str, Any] | None = None, run: str = ""
) -> FitSummary:
    """Fits the laws of a sweep's runs, and draws its page; where they are too few, the page says what to run next.

    Raises UserError for a wrong place, samples or config.
    """
    sweep = Sweep.open(open_lake(data_root), samples, config or {})
    began = time.monotonic()
    with open_step(STAGE, sweep.lake, run=run, shard=WHOLE.label) as step:
        outcomes = sweep.outcomes()
        step.begin(inputs=len(outcomes), skipped=0)
        planned = sweep.plan()
        study: Study | None = None
        why, uri = str(planned.stuck or ""), ""
        try:
            study = make_study(
                sweep.name, outcomes, sweep.config, sweep.family, bootstraps=BOOTSTRAPS, seed=sweep.config.seed
            )
        except TooFew as error:
            why = str(error)
            log.warning("no laws yet", extra={"reason": why})
        if study is not None:
            key = f"{FOLDER}{sweep.name}{SUFFIX}"
            stored = dump_laws(study.fitted, sweep.family, facts_of(sweep.samples, sweep.training))
            sweep.lake.objects.put(key, json.dumps(stored).encode(), overwrite=True)
            uri = join_uri(sweep.lake.data_root, key)
        facts = step.facts(sweep=sweep.name, laws=uri or "none yet", samples=sweep.samples.name)
        page = scaling_page(sweep, facts, outcomes, planned.phases, study, why)
        summary = step.publish(page, items={"kept": sum(outcome.loss is not None for outcome in outcomes)})
    log.info(
        "laws",
        extra={
            "laws": uri or "none yet",
            "cells": len(outcomes),
            "left": len(planned.cells),
            "why": why or planned.stuck,
        },
    )
    summary.seconds = time.monotonic() - began
    exponent = study.fitted.laws.size.exponents["flops"] if study and study.fitted.laws.size else None
    return FitSummary(
        **vars(summary), laws=uri, name=sweep.name if uri else "", runs=len(outcomes), left=len(planned.cells),
        size_exponent=exponent, why=why,
    )  # fmt: skip
