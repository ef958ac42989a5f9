import math
import re
from dataclasses import dataclass, replace
from functools import cache
from html import unescape

import numpy as np
import pytest

from longtake.dit.config import DiTConfig
from longtake.report.figure_svg import power
from longtake.report.plots import amount
from longtake.report.scaling import ScalingSheet, formula, interval_texts, scaling_sheet
from longtake.report.scaling_grids import heat_maps
from longtake.report.scaling_verdicts import verdicts
from longtake.scaling.cells import Cell, Line, Outcome
from longtake.scaling.family import Family
from longtake.scaling.fit import Interval, fit_laws
from longtake.scaling.isoflop import find_valleys, size_by_valleys
from longtake.scaling.law import LossLaw, PowerLaw
from longtake.scaling.study import Arm, Arms, Conventions, GridView, HeldOutRun, HeldOutSetting, Noise, Rival, Study
from longtake.scaling.trials import Trial
from tests.report.reading import EVIL, Reader, check_stands_alone

FAMILY = Family(DiTConfig(width_per_layer=32, text_width=32), {(2, 8, 8): 1.0}, text_tokens=8)
TRUE = LossLaw(floor=0.52, scale_params=0.1, alpha_params=0.34, scale_tokens=0.3, alpha_tokens=0.4, unit=1e6)
BATCH = PowerLaw(quantity="batch", scale=1400, exponents={"tokens": 0.5, "params": 0.1}, unit=1e6)
RATE = PowerLaw(quantity="learning rate", scale=2.2e-3, exponents={"tokens": -0.05, "params": -0.2}, unit=1e6)
BUDGETS = (3e13, 1e14, 3e14)
FIXED = (1024, 4e-3)
DIVERGES = 1.2e-2


@dataclass
class Bench:
    """Losses of a known law, with what a wrong batch or learning rate adds, and noise."""

    rng: np.random.Generator
    outcomes: list[Outcome]

    def run(self, depth, tokens, batch, lr, seed=0):
        params = FAMILY.params(depth)
        at = dict(params=params, tokens=tokens)
        off = 0.03 * np.log(batch / BATCH(**at)) ** 2 + 0.05 * np.log(lr / RATE(**at)) ** 2
        loss = TRUE(**at) + TRUE.reducible(**at) * off + 4e-4 * self.rng.standard_normal()
        flops = tokens * FAMILY.flops_per_token(depth)
        failed = lr > DIVERGES
        cell = Cell(line=Line(depth=depth, batch_tokens=int(batch), lr=lr, seed=seed), tokens=int(tokens))
        reason = "diverged" if failed else ""
        self.outcomes.append(
            Outcome(cell=cell, loss=None if failed else loss, reason=reason, flops=flops, seconds=flops / 1e12)
        )
        return None if failed else Trial(**at, loss=loss, batch_tokens=batch, lr=lr, flops=flops)

    def tuned(self, depth, tokens):
        at = dict(params=FAMILY.params(depth), tokens=tokens)
        return self.run(depth, tokens, round(BATCH(**at)), RATE(**at))

    def grid(self, depth, tokens, held_out=False):
        params = FAMILY.params(depth)
        around = BATCH(params=1e6, tokens=8e6)
        settings = [(round(around * 2.0**i), 1e-3 * 2.0**j) for i in range(-2, 2) for j in range(-1, 5)]
        trials = [(setting, self.run(depth, tokens, *setting)) for setting in settings]
        done = tuple(trial for _, trial in trials if trial)
        return GridView(
            depth=depth, params=params, tokens=tokens, trials=done, best=min(done, key=lambda t: t.loss), on_edge=tokens > 2e7,
            failed=tuple(setting for setting, trial in trials if not trial), held_out=held_out,
            predicted=(BATCH(params=params, tokens=tokens), RATE(params=params, tokens=tokens)),
        )  # fmt: skip


def arm(name, trials):
    law = fit_laws(trials, cost=FAMILY.cost, bootstraps=2).laws
    mse = float(np.mean([(law.loss(params=t.params, tokens=t.tokens) - t.loss) ** 2 for t in trials]))
    return Arm(
        name=name, trials=tuple(trials), loss=law.loss, mse=mse, predicted_size=law.size,
        empirical_size=size_by_valleys(find_valleys(trials)),
    )  # fmt: skip


@cache
def sweep():
    """A study of it, and all outcomes."""
    bench = Bench(np.random.default_rng(3), [])
    tokens_at = lambda depth, flops: flops / FAMILY.flops_per_token(depth)  # noqa: E731
    places = [(depth, tokens_at(depth, flops)) for flops in BUDGETS for depth in (2, 3, 4, 5, 6)]
    grids = tuple(bench.grid(depth, tokens) for depth in (2, 4) for tokens in (2e6, 8e6, 32e6))
    held_grid = bench.grid(8, 16e6, held_out=True)
    tuned = [bench.tuned(*place) for place in places]
    fixed = [bench.run(depth, tokens, *FIXED) for depth, tokens in places]
    repeats = tuple(bench.run(2, 2e6, 2048, 2e-3, seed=seed) for seed in range(3))
    beyond = [bench.tuned(depth, tokens_at(depth, 1e15)) for depth in (5, 6, 8)]
    fitted = fit_laws([*tuned, *(trial for view in grids for trial in view.trials)], cost=FAMILY.cost, bootstraps=100)
    held_out = [*beyond, held_grid.best]
    arms = Arms(
        tuned=arm("tuned", tuned), fixed=arm("fixed", fixed), same_loss=(3e14, 0.9e6, 1.9e6),
        flat=tuple((share, 0.002 * np.log(share) ** 2) for share in np.geomspace(0.25, 4, 17)),
    )  # fmt: skip
    constant = dict(quantity="", exponents={})
    study = Study(
        name="sweep-1", fitted=fitted, grids=(*grids, held_grid), valleys=tuple(find_valleys(tuned)),
        noise=Noise(trials=repeats, mean=0.75, deviation=4e-4), huber=TRUE,
        conventions=Conventions(
            exponents={
                "blocks": {"projection": 0.541, "huber": 0.5312, "isoflop": 0.48},
                "all": {"projection": 0.61, "huber": 0.60},
            }
        ),
        rivals=(
            Rival(name="laws of N and T", source="here", batch=fitted.laws.batch, lr=fitted.laws.lr, excess={"held-out size": 0.0011}),
            Rival(
                name="one fixed setting", source="Chinchilla", batch=PowerLaw(scale=1024, **constant), lr=PowerLaw(scale=2e-3, **constant),
                excess={"held-out size": 0.0093},
            ),
        ),
        arms=arms, held_out=tuple(held(fitted, trial) for trial in held_out),
        held_out_setting=HeldOutSetting(
            predicted=held_grid.trials[3], best=held_grid.best, excess=0.0011, noise=4e-4 * 2**0.5, within=True
        ),
        spread={"settings": 0.031, "sizes": 0.012},
        failed=[("depth 2, batch 1,024, lr 0.016, 2M tokens", "diverged")],
    )  # fmt: skip
    return study, tuple(bench.outcomes)


def held(fitted, trial):
    predicted = fitted.predict_loss(params=trial.params, tokens=trial.tokens)
    error = abs(trial.loss - predicted.value)
    return HeldOutRun(
        trial=trial, predicted=predicted, inside=predicted.low <= trial.loss <= predicted.high, error=error / trial.loss,
        reducible_error=error / (predicted.value - fitted.laws.loss.floor), constant_error=0.21,
    )  # fmt: skip


def page(**fields):
    study, outcomes = sweep()
    plain = dict(name="sweep-1", facts={"begun": "now"}, planned=len(outcomes), outcomes=outcomes, study=study)
    return scaling_sheet(ScalingSheet(**plain | fields))


@cache
def whole():
    """Of a sweep that has everything, with names at their worst."""
    return page(name=EVIL, facts={"begun": EVIL}, study=replace(sweep()[0], grids=sweep()[0].grids[::6]))


def bare(study):
    """Laws alone: nothing was held out, and there are neither grids nor arms."""
    return replace(
        study, grids=(), valleys=(), noise=None, conventions=Conventions(exponents={}), rivals=(), arms=None, held_out=(),
        held_out_setting=None, spread={}, failed=(),
    )  # fmt: skip


def test_the_page_stands_alone_and_is_small():
    check_stands_alone(whole())
    assert len(whole().encode()) < 2_000_000
    assert not [attributes for _, attributes in Reader(whole()).elements if "id" in attributes]


def test_laws_stand_as_formulas_with_intervals_of_their_exponents():
    study, _ = sweep()
    law, constants = study.fitted.laws.loss, study.fitted.constants()
    text = unescape(whole())
    assert f"L = {law.floor:.4f} + {law.scale_params:.3g} · N<sup>−{law.alpha_params:.3f}</sup>" in text
    assert f"exponent of C {interval_texts(constants['size.flops'])[1]}" in text
    assert text.count('<td class="number dim">') >= len(constants)
    assert "The constants of published laws are theirs" in text


def test_every_figure_is_there_and_every_run_of_it_says_what_it_is():
    study, _ = sweep()
    drawn = Reader(whole()).all("svg")
    assert len({svg["aria-label"] for svg in drawn}) == len(drawn) == 8 + len(study.grids[::6])
    for run in study.held_out:
        assert f"batch {amount(run.trial.batch_tokens)}, lr {power(run.trial.lr)}: loss {run.trial.loss:.4f}" in whole()


def test_a_heat_map_shows_each_loss_above_the_best_and_the_page_why_some_are_missing():
    study, _ = sweep()
    view = study.grids[0]
    (plot,) = heat_maps([view])
    above = [1000 * (trial.loss - view.best.loss) for trial in view.trials if trial is not view.best]
    shown = [float(text) for text in re.findall(r">\+([\d.]+)</text>", plot)]
    assert sorted(shown) == pytest.approx(sorted(above), abs=0.51)
    assert f">{view.best.loss:.4f}</text>" in plot
    assert f"{len(view.failed)} diverged" in whole()
    assert "learning rate 0.016, seed 0: no loss after 2M, 8M, 32M tokens" in whole()


def test_half_way_the_page_says_why_there_are_no_laws_and_lists_what_is_done():
    _, outcomes = sweep()
    text = page(study=None, outcomes=outcomes[:24], why="the runs have 1 sizes <b>")
    check_stands_alone(text)
    assert "There are no laws yet: the runs have 1 sizes &lt;b&gt;." in text
    assert "<b>20</b>losses of 204 planned" in text
    assert "<b>4</b>failed" in text
    assert [f">{outcome.loss:.4f}<" in text for outcome in outcomes[:24] if outcome.loss] == [True] * 20
    assert not Reader(text).all("svg")


def test_a_sweep_that_has_begun_nothing_has_a_page_too():
    assert "<b>0</b>losses of 204 planned" in page(study=None, outcomes=())


def test_a_study_of_laws_alone_has_a_page_that_promises_no_more():
    study, _ = sweep()
    text = page(study=bare(study))
    check_stands_alone(text)
    assert "Tuned against fixed" not in text
    assert "reached" not in text
    assert ">nan<" not in text
    assert len(Reader(text).all("svg")) == 3


def test_of_very_many_losses_the_first_are_shown_and_the_rest_counted():
    _, outcomes = sweep()
    text = page(study=None, outcomes=outcomes[:100] * 40)
    assert "The first 3,000 of 4,000." in text
    assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: replace(s, held_out=tuple(replace(run, inside=False) for run in s.held_out)), "0 of 4 held-out runs lie in"),
        (lambda s: replace(s, held_out=tuple(replace(run, reducible_error=0.5) for run in s.held_out)), "by 50.0% of the reducible"),
        (lambda s: replace(s, held_out_setting=replace(s.held_out_setting, within=False)), "more than twice the noise"),
        (lambda s: replace(s, spread={"settings": 0.01, "sizes": 0.02}), "cost 0.01 of loss, the worst size 0.02"),
        (lambda s: replace(s, arms=replace(s.arms, same_loss=(3e14, math.nan, 1.9e6))), "no tuned size reaches"),
        (lambda s: replace(s, arms=replace(s.arms, same_loss=(3e14, 2e6, 1e6))), "100% more"),
        (lambda s: replace(s, arms=Arms(tuned=s.arms.fixed, fixed=s.arms.tuned, same_loss=s.arms.same_loss, flat=())), "mean square error"),
    ],
)  # fmt: skip
def test_what_is_missed_is_said_to_be_missed(change, sentence):
    study, _ = sweep()
    (reached,) = [reached for reached, said in verdicts(change(study)) if sentence in said]
    assert not reached


def test_what_is_reached_is_said_to_be_reached():
    study, _ = sweep()
    inside = replace(study, grids=study.grids[:1], held_out=tuple(replace(run, inside=True) for run in study.held_out))
    found = [reached for reached, said in verdicts(inside) if "exponent differ" not in said]
    assert found == [True] * 7


@pytest.mark.parametrize(
    ("interval", "value", "span"),
    [
        ((0.31881, 0.2911, 0.3523), "0.319", "0.291 to 0.352"),
        ((-0.0251, -0.0594, 0.0021), "−0.025", "−0.059 to 0.002"),
        ((15.74, 3.21, 77.4), "16", "3.2 to 77"),
        ((1234.5, 1201.2, 1290.0), "1,234", "1,201 to 1,290"),
        ((5e-4, 4.4e-4, 5.9e-4), "0.00050", "0.00044 to 0.00059"),
        ((0.5, 0.5, 0.5), "0.5", "0.5 to 0.5"),
        ((0.5, math.nan, math.nan), "0.5", "–"),
    ],
)
def test_a_number_has_the_digits_that_its_interval_gives_a_meaning_to(interval, value, span):
    assert interval_texts(Interval(**dict(zip(("value", "low", "high"), interval, strict=True)))) == (value, span)


def test_a_law_in_its_own_unit_says_so():
    assert str(formula(RATE)) == "0.0022 · (T / 1e6)<sup>−0.050</sup> · (N / 1e6)<sup>−0.200</sup>"
    assert str(formula(PowerLaw(quantity="batch", scale=1024, exponents={}))) == "1,024"
