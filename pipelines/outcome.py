"""How a pipeline's run on this machine ended, for people and for programs."""

import json
from dataclasses import dataclass, field
from typing import Any

from longtake.dit.step_record import UNJUDGED, UNJUDGED_WORLD, say_losses
from longtake.errors import EXIT_DONE, EXIT_QUARANTINED, EXIT_USER

SHOWN_QUARANTINED = 5


@dataclass
class Outcome:
    """How a local run ended."""

    run: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """One `longtake.progress.Progress` a step and shard, as the steps left it in the lake."""
    errors: list[tuple[int, str]] = field(default_factory=list)
    """(exit code, sentence) of each step that failed."""
    dataset: dict[str, Any] = field(default_factory=dict)
    """Name of the dataset that the run ended with, its clips that are kept, and all that it chose from."""
    network: dict[str, Any] = field(default_factory=dict)
    """URI of the weights that the run ended with, and their SRCC on sources that were held out."""
    model: dict[str, Any] = field(default_factory=dict)
    """URI of the video model that the run trained, its loss on held-out samples, none where there were none, and its train loss."""
    news: dict[str, Any] = field(default_factory=dict)
    """How many videos were new, and whether that was enough to go on."""
    decision: dict[str, Any] = field(default_factory=dict)
    """What became of the model, why, and which one of its family is in use now."""
    quarantined: list[str] = field(default_factory=list)
    """Inputs that this run has put aside, each with its reason; those of earlier runs are in the reports."""

    @property
    def exit_code(self) -> int:
        if self.errors:
            return min(code for code, _ in self.errors)  # a fault before a mistake before what may pass
        bad = any(name.startswith("quarantined") for step in self.steps for name in step["items"])
        return EXIT_QUARANTINED if bad else EXIT_DONE

    def to_json(self) -> str:
        errors = [{"exit_code": code, "sentence": sentence} for code, sentence in self.errors]
        facts = {"run": self.run, "exit_code": self.exit_code, "errors": errors}
        made = {"dataset": self.dataset.get("name"), "weights": self.network.get("weights")}
        trained = {"model": self.model.get("uri"), **{name: self.model.get(name) for name in ("loss", "train_loss")}}
        told = {"news": self.news or None, "decision": self.decision or None}
        return json.dumps(facts | made | trained | told | {"steps": self.steps}, indent=2)

    def show(self) -> None:
        """Prints what each step did."""
        from rich.console import Console
        from rich.table import Table

        console = Console(highlight=False, soft_wrap=True, markup=False)
        if not console.is_terminal:  # of a file's 80 columns the reasons would take all, and names and numbers go
            console.width = 1000
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("step", "shard", "inputs", "already done", "rows"):
            table.add_column(column, justify="right" if column in ("inputs", "already done") else "left", no_wrap=True)
        for step in self.steps:
            rows = ", ".join(f"{count} {name}" for name, count in step["items"].items())
            table.add_row(step["stage"], step["shard"], str(step["total"]), str(step["skipped"]), rows or step["state"])
        console.print(table)
        for line in self.quarantined[:SHOWN_QUARANTINED]:
            console.print(f"quarantined: {line}")
        if len(self.quarantined) > SHOWN_QUARANTINED:
            console.print(f"quarantined: {len(self.quarantined) - SHOWN_QUARANTINED} more, in the reports")
        for step in self.steps:
            if step["report_uri"]:
                console.print(f"report: {step['report_uri']}")
        if self.dataset:
            console.print("dataset: {name}, {kept} of {clips} clips".format(**self.dataset))
        if self.news:
            enough = "enough for a training" if self.news["enough"] else "nothing to do"
            console.print(f"news: {self.news['new']} new videos, {enough}")
        if self.model:
            loss, train_loss = self.model["loss"], self.model["train_loss"]
            console.print(f"model: {self.model['uri']}, {say_losses(loss, train_loss)}")
            if loss is None:
                console.print(f"model: {UNJUDGED_WORLD if '/owl-' in self.model['uri'] else UNJUDGED}")
        if self.decision:
            console.print("decision: {decision}, since {why}; in use: {in_use}".format(**self.decision))
        if self.network:
            console.print("weights: {weights}, SRCC {srcc:.3f} on held-out sources".format(**self.network))

    def complain(self) -> None:
        """Prints to standard error what went wrong, and how to go on."""
        from rich.console import Console

        console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        for sentence in dict.fromkeys(sentence for _, sentence in self.errors):
            console.print(f"longtake: {sentence}")
        if self.errors and self.exit_code != EXIT_USER:
            console.print("longtake: nothing that is done is lost; the same command goes on from here")
