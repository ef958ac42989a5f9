"""The two kinds of failure that a caller must tell apart, and the exit code of each."""

EXIT_DONE = 0
EXIT_QUARANTINED = 10
"""Done, and some items were put aside with a reason."""
EXIT_USER = 20
EXIT_TRANSIENT = 30


class UserError(ValueError):
    """The user's mistake: the message says what was given, what is expected and what to do. Trying again is useless."""


class TransientError(RuntimeError):
    """A fault that may pass by itself (endpoint down, throttling, time-out), after the retries of whoever raises it."""
