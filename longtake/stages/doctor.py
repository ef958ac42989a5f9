"""Whether a pod of the cluster has what steps need: `longtake doctor`, looked at from where the steps run."""

import json
from dataclasses import dataclass

from longtake.doctor import Finding, examine, exit_code
from longtake.errors import EXIT_DONE, EXIT_TRANSIENT, TransientError, UserError

_HEAD = "| check | state | found | fix |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class Diagnosis:
    """What was found, good and bad."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        return exit_code(self.findings)

    def to_json(self) -> str:
        return json.dumps([finding.to_record() for finding in self.findings])

    def to_markdown(self) -> str:
        rows = [[finding.check, finding.state, finding.found, finding.fix] for finding in self.findings]
        return _HEAD + "".join(f"| {' | '.join(_cell(text) for text in row)} |\n" for row in rows)

    def demand_health(self) -> None:
        """Raises UserError or TransientError with every problem and its fix, if there is one that stops work."""
        if self.exit_code == EXIT_DONE:
            return
        problems = "; ".join(f"{f.check}: {f.found}: {f.fix}" for f in self.findings if f.state == "bad")
        raise (TransientError if self.exit_code == EXIT_TRANSIENT else UserError)(problems)


def run(*, raw: str, data_root: str, run: str = "") -> Diagnosis:
    """Looks at this machine, at both places and at the cluster. `run` is taken as every step takes it; nothing is kept."""
    return Diagnosis(tuple(examine(raw=raw, data_root=data_root)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
