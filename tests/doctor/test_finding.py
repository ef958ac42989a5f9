import errno

import pytest

from longtake.doctor import Finding, exit_code
from longtake.doctor.finding import bad, failed, good, skipped, warn
from longtake.errors import TransientError, UserError


@pytest.mark.parametrize("state", ["bad", "warn"])
def test_a_problem_without_a_fix_is_refused(state):
    with pytest.raises(ValueError, match="without a fix"):
        Finding("scratch", state, "full")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([good("a", ""), warn("b", "", "do"), skipped("c", "")], 0),
        ([good("a", ""), bad("b", "", "do")], 20),
        ([bad("a", "", "do", transient=True), warn("b", "", "do")], 30),
        ([bad("a", "", "do", transient=True), bad("b", "", "do")], 20),
    ],
)
def test_the_exit_code_is_20_for_what_is_the_user_s_and_30_where_all_may_pass(findings, code):
    assert exit_code(findings) == code


@pytest.mark.parametrize(
    ("error", "found", "fix", "transient"),
    [
        (UserError("LONGTAKE_WORKERS is '0'; give 1"), "LONGTAKE_WORKERS is '0'", "give 1", False),
        (TransientError("the lake does not answer"), "the lake does not answer", "try again in a while", True),
        (ModuleNotFoundError("no", name="av"), "av is not installed", "pip install 'longtake[media]'", False),
        (OSError(errno.ENOSPC, "full"), "this machine's scratch space is full", "free some", True),
        (ZeroDivisionError("by\nzero"), "ZeroDivisionError: by zero", "report this", False),
        (KeyError(), "KeyError: no words", "report this", False),
    ],
)
def test_an_error_becomes_what_was_found_and_what_to_do(error, found, fix, transient):
    finding = failed("check", error)
    assert finding.state == "bad"
    assert finding.found == found
    assert finding.fix.startswith(fix)
    assert finding.transient is transient


def test_a_record_has_four_keys():
    assert bad("a", "b", "c", transient=True).to_record() == {"check": "a", "state": "bad", "found": "b", "fix": "c"}
