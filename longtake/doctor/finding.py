"""What a look found: its state, the facts in words, and what to do about them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from longtake.errors import EXIT_DONE, EXIT_TRANSIENT, EXIT_USER, explain

State = Literal["good", "warn", "bad", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One line of the examination. A warning lets work go on, slower or less safely; what is bad stops it."""

    check: str
    state: State
    found: str
    fix: str = ""
    """What to do, in the imperative; there is one for each problem."""
    transient: bool = False
    """Bad, but it may pass by itself: something did not answer."""

    def __post_init__(self) -> None:
        if self.state in ("warn", "bad") and not self.fix:
            raise ValueError(f"{self.check}: {self.found!r} is a problem without a fix")

    def to_record(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if name != "transient"}


def good(check: str, found: str) -> Finding:
    return Finding(check, "good", found)


def warn(check: str, found: str, fix: str) -> Finding:
    return Finding(check, "warn", found, fix)


def bad(check: str, found: str, fix: str, *, transient: bool = False) -> Finding:
    return Finding(check, "bad", found, fix, transient)


def skipped(check: str, found: str, fix: str = "") -> Finding:
    """Nothing to look at; `fix` is what would bring it, for who wants it."""
    return Finding(check, "skipped", found, fix)


def failed(check: str, error: Exception) -> Finding:
    """The finding for an error that ended a look: its own sentence where it was foreseen, else its name and text."""
    foreseen = explain(error)
    if foreseen is None:
        words = " ".join(str(error).split()) or "no words"
        return bad(
            check, f"{type(error).__name__}: {words}", "report this: the look itself failed, in a way not foreseen"
        )
    code, sentence = foreseen
    found, _, fix = sentence.rpartition("; ")
    return bad(check, found or sentence, fix if found else "do what it says", transient=code == EXIT_TRANSIENT)


def exit_code(findings: Sequence[Finding]) -> int:
    """0 where nothing is bad, 30 where all that is bad may pass by itself, else 20."""
    problems = [finding for finding in findings if finding.state == "bad"]
    if not problems:
        return EXIT_DONE
    return EXIT_TRANSIENT if all(finding.transient for finding in problems) else EXIT_USER
