"""Asks a server one question until it answers, within bounds; says what is the server's fault, the request's or the user's."""

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from longtake.captioning.config import Endpoint, Requests
from longtake.captioning.dialogue import Answer, Ask
from longtake.captioning.endpoint_messages import (
    Dialect,
    Unreadable,
    error_code,
    read_answer,
    read_error,
    weaken,
    write_body,
)
from longtake.captioning.endpoint_server import Broken, Reply, Server
from longtake.captioning.endpoint_waiting import Gate, backoff_s, retry_after_s
from longtake.captioning.faults import Unanswered
from longtake.errors import TransientError, UserError

log = logging.getLogger(__name__)

SHORT = 200
"""Characters of a server's words that are kept."""
PASSING = {408, 409, 425, 429}
"""Statuses that may be another one next time, besides 5xx: time-out, conflict, too early, too many."""
RATE_LIMITS = {429, 503}
"""Those whose `Retry-After` is meant for all of us."""
COMPLAINTS = {400, 422, 500, 501}
"""Statuses by which servers turn down a field that they do not know; llama.cpp's relatives say 500."""
GIVE_UP = 8
"""Requests without an answer, after which none is expected for the others: they would all be put aside for the server's fault."""


class Passing(Exception):
    """An attempt failed, and the next may not; `asked_s` is how long the server wants to be left alone."""

    def __init__(self, detail: str, asked_s: float | None = None) -> None:
        self.detail, self.asked_s = detail, asked_s
        super().__init__(detail)


class Outlook:
    """Whether clips are at fault where requests come to nothing, or the server, for all of them alike."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered_any = False
        self._failed_in_row = 0
        self._refused = 0

    def answered(self) -> None:
        with self._lock:
            self._answered_any, self._failed_in_row = True, 0

    def failed(self) -> bool:
        """Whether so many requests in a row failed in every attempt that the server is gone."""
        with self._lock:
            self._failed_in_row += 1
            return self._failed_in_row >= GIVE_UP

    def refused(self) -> bool:
        """Whether it has refused so many, and answered none, that it would refuse all."""
        with self._lock:
            self._refused, self._failed_in_row = self._refused + 1, 0
            return self._refused >= GIVE_UP and not self._answered_any


class Client:
    """Shared by the threads of one captioner; what one of them learns of the server holds for all."""

    def __init__(
        self, endpoint: Endpoint, requests: Requests, environ: Mapping[str, str], *, temperature: float
    ) -> None:
        self._endpoint, self._requests, self._temperature = endpoint, requests, temperature
        self._server = Server(endpoint, requests, environ)
        self._gate = Gate(requests.backoff_s)
        self._dialect = Dialect(guided=endpoint.guided)
        self._lock = threading.Lock()
        self._outlook = Outlook()

    def ask(self, ask: Ask, pictures: Sequence[str]) -> Answer:
        """The answer. Raises Unanswered, UserError where no question would be answered, TransientError where none is, Closed.

        An attempt begins when the one before is over and its answer read, or its connection closed. All of them together end
        within `attempts` times `timeout_s` and `backoff_max_s`.
        """
        requests = self._requests
        late_s = (
            time.monotonic() + requests.attempts * (requests.timeout_s + requests.backoff_max_s) - requests.timeout_s
        )
        wait_s, detail = 0.0, "it wanted to be left alone all the time"
        for attempt in range(1, requests.attempts + 1):
            if not self._gate.pass_through(wait_s, late_s):
                break
            try:
                answer = self._attempt(ask, pictures)
            except Passing as fault:
                detail = fault.detail
                wait_s = backoff_s(attempt, fault.asked_s, requests, random.random())
                log.debug("attempt %d of %d: %s", attempt, requests.attempts, detail)
            else:
                self._outlook.answered()
                return answer
        self._gate.check()
        if self._outlook.failed():
            raise TransientError(f"{self._endpoint.url} left {GIVE_UP} requests in a row without an answer ({detail})")
        raise Unanswered("endpoint_failed", detail)

    def close(self) -> None:
        """Ends what waits and what is under way."""
        self._gate.close()
        self._server.close()

    def _attempt(self, ask: Ask, pictures: Sequence[str]) -> Answer:
        """One attempt, repeated only where the server turns down a field that can be left out."""
        while True:
            dialect = self._dialect
            body = write_body(ask, pictures, model=self._endpoint.model, temperature=self._temperature, dialect=dialect)
            try:
                reply = self._server.post(body)
                if 200 <= reply.status < 300:
                    answer = read_answer(reply.body, reply.model_s)
                    return replace(answer, text=self._server.redact(answer.text))
            except (Broken, Unreadable) as fault:
                raise Passing(self._short(str(fault))) from None
            if not self._give_in(dialect, ask, reply):
                self._judge(reply)

    def _give_in(self, dialect: Dialect, ask: Ask, reply: Reply) -> bool:
        """Whether to ask again at once in a weaker dialect, since the server turned down a field of this one."""
        weaker = weaken(dialect, ask, reply.body) if reply.status in COMPLAINTS else None
        if weaker is None:
            return False
        with self._lock:
            if self._dialect is dialect:  # else another thread was told the same
                self._dialect = weaker
                log.warning(
                    "%s does not take %s; asked with %s from here on: %s",
                    self._endpoint.url, dialect, weaker, self._said(reply),
                )  # fmt: skip
        return True

    def _judge(self, reply: Reply) -> NoReturn:
        """Raises what a status other than 2xx means."""
        status, said = reply.status, f"status {reply.status}: {self._said(reply)}"
        if mistake := self._mistake_of(reply):
            raise UserError(f"{mistake} ({said})")
        if status in PASSING or status >= 500:
            asked_s = retry_after_s(reply.headers, time.time())
            if asked_s is not None and status in RATE_LIMITS:
                self._gate.shut(min(asked_s, self._requests.backoff_max_s))
            raise Passing(said, asked_s)
        if self._outlook.refused():
            raise UserError(
                f"{self._endpoint.url} refused the first {GIVE_UP} requests; check that {self._endpoint.model!r} takes "
                f"pictures, as many and as large as `sampling` says ({said})"
            )
        raise Unanswered("endpoint_refused", said)

    def _mistake_of(self, reply: Reply) -> str | None:
        """What the user is to do, where every request would come to the same."""
        url, model, variable = self._endpoint.url, self._endpoint.model, self._endpoint.key_variable
        if 300 <= reply.status < 400:
            to = self._short(reply.headers.get("location", "elsewhere"))
            return f"{url} redirects to {to}; set endpoint.url to where the server is, up to and with /v1"
        if reply.status == 401:
            do = "holds a key that it does not take" if self._server.has_key else "is not set, and it wants a key"
            return f"{url} lets nobody in: the environment variable {variable} {do}; set it to a valid one"
        if reply.status == 403:
            return f"{url} forbids this: check what the key in {variable} may do, and endpoint.model {model!r}"
        if reply.status in (404, 405):
            return (
                f"{url} has no chat completions, or no model {model!r}: check endpoint.url, up to and with /v1, and "
                "endpoint.model, by the name that the server gives it"
            )
        if reply.status == 402 or (reply.status == 429 and error_code(reply.body) == "insufficient_quota"):
            return f"{url} wants to be paid first: check the account behind the key in {variable}"
        return None

    def _said(self, reply: Reply) -> str:
        return self._short(read_error(reply.body))

    def _short(self, text: str) -> str:
        return self._server.redact(text)[:SHORT]
