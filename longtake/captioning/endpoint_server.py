"""One exchange with a server: a request goes out, an answer comes back whole and in time, or it is broken."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import urllib3
from pydantic import SecretStr
from urllib3.connection import HTTPConnection

from longtake import __version__
from longtake.captioning.config import Endpoint, Requests
from longtake.captioning.endpoint_waiting import Closed
from longtake.errors import UserError

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of an answer; a caption has a few thousand."""
CONNECT_S = 5.0
"""For a connection, TLS included: whatever is slower is not there."""


class Broken(Exception):
    """No whole answer came, and the connection is closed; the message says why, without the key."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    """By name, whatever its case."""
    body: bytes = field(repr=False)
    model_s: float
    """From the request to the last byte; the share, where others were under way."""


class Server:
    """Where chat completions are to be had. Any number of threads post at the same time, over connections that stay open.

    The key is read from the environment once and lives here alone.
    """

    def __init__(self, endpoint: Endpoint, requests: Requests, environ: Mapping[str, str]) -> None:
        place = _parse(endpoint.url)
        self._path = (place.path or "").rstrip("/") + "/chat/completions"
        self._key = _key_of(environ, endpoint.key_variable)
        self._timeout_s = requests.timeout_s
        self._lines: WeakSet[HTTPConnection] = WeakSet()
        self._lock = threading.Lock()
        self._closed = False
        self._clock = SharedClock()
        self._pool = urllib3.connection_from_url(endpoint.url, maxsize=requests.concurrency, retries=False)
        self._pool.ConnectionCls = _known_to(self, self._pool.ConnectionCls)

    @property
    def has_key(self) -> bool:
        return self._key is not None

    def post(self, body: bytes) -> Reply:
        """The answer, whatever its status; redirects are not followed. Raises Broken, UserError, Closed.

        `timeout_s` holds for every wait, and from the request to the last byte but one wait.
        """
        begun_s = time.monotonic()
        headers = {"Content-Type": "application/json", "User-Agent": f"longtake/{__version__}"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        timeout = urllib3.Timeout(connect=min(CONNECT_S, self._timeout_s), read=self._timeout_s)
        with self._clock.count() as share:
            try:
                answer = self._pool.urlopen(
                    "POST", self._path, body=body, headers=headers, timeout=timeout, redirect=False,
                    preload_content=False, decode_content=False,
                )  # fmt: skip
                read = _read(answer, begun_s + self._timeout_s)
            except urllib3.exceptions.SSLError as error:
                if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
                    raise UserError(
                        f"the certificate of {self._pool.host} is not trusted ({error}); for one of your own authority "
                        "set SSL_CERT_FILE to the authority's certificate"
                    ) from None
                raise Broken(self.redact(str(error))) from None
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise Broken(self.redact(f"{type(error).__name__}: {error}")) from None
        return Reply(status=answer.status, headers=answer.headers, body=read, model_s=share())

    def redact(self, text: str) -> str:
        """The text without the key: a server may give it back in an error."""
        return text if self._key is None else text.replace(self._key.get_secret_value(), "***")

    def close(self) -> None:
        """Cuts what is under way; nothing can be posted any more."""
        with self._lock:
            self._closed = True
            lines = list(self._lines)
        for line in lines:
            if (wire := line.sock) is not None:
                with suppress(OSError):  # it may end at the same time
                    wire.shutdown(socket.SHUT_RDWR)
        self._pool.close()

    def connected(self, line: HTTPConnection) -> None:
        """A connection has been made, and nothing is sent yet."""
        with self._lock:
            if self._closed:
                raise Closed("the captioner was closed")
            self._lines.add(line)


class SharedClock:
    """Divides the time among those who are under way, so that their shares add up to the time that has passed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._share_s = 0.0
        self._at_s = 0.0

    @contextmanager
    def count(self) -> Iterator[Callable[[], float]]:
        """One more is under way; what it gives says its share in seconds, once it is over."""
        begun_s = self._turn(1)
        ended_s = begun_s
        try:
            yield lambda: ended_s - begun_s
        finally:
            ended_s = self._turn(-1)

    def _turn(self, change: int) -> float:
        with self._lock:
            now_s = time.monotonic()
            if self._under_way:
                self._share_s += (now_s - self._at_s) / self._under_way
            self._at_s = now_s
            self._under_way += change
            return self._share_s


def _read(answer: urllib3.BaseHTTPResponse, until_s: float) -> bytes:
    """The whole body. Raises Broken where it is too large or too slow, and urllib3's errors where it is half of one."""
    body = bytearray()
    try:
        while piece := answer.read1(64 * 1024):
            body += piece
            if len(body) > LARGEST_BODY:
                raise Broken(f"the answer is larger than {LARGEST_BODY} bytes")
            if time.monotonic() > until_s:
                raise Broken("the answer came too slowly")
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return bytes(body)


def _known_to(server: Server, base: Any) -> Any:
    """The connections of urllib3, made known to the server, so that another thread can cut them."""

    class Connection(base):
        def connect(self) -> None:
            super().connect()
            server.connected(self)

    return Connection


def _parse(url: str) -> urllib3.util.Url:
    try:
        place = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        raise UserError(f"endpoint.url {url!r} is no URL; give one like http://127.0.0.1:8000/v1") from None
    if place.auth or place.query or place.fragment or not place.host:
        raise UserError(
            "endpoint.url must have a host, and no user, query or fragment: give it up to and with /v1, and the key in the "
            "environment variable that endpoint.key_variable names"
        )
    return place


def _key_of(environ: Mapping[str, str], variable: str) -> SecretStr | None:
    """The key, without white space around it (files end in a new line). Raises UserError where it cannot be one."""
    key = environ.get(variable, "").strip()
    if not key:
        return None
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UserError(f"what {variable} holds cannot be a key: it has blanks or other characters that no key has")
    return SecretStr(key)
