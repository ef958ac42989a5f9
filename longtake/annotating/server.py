"""The page's server: HTTP on 127.0.0.1, for one person.

Other pages in the same browser, and other users of the machine, can reach the port too. So every address begins with a
secret token, the Host must be this machine's own name (a foreign name that resolves to it is refused), marks come only
as JSON from the page itself, and what a client says is looked up and never opened.
"""

import hmac
import json
import secrets
import sys
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from longtake.annotating.ranges import Unsatisfiable, parse_range
from longtake.errors import TransientError, UserError, explain

HOST = "127.0.0.1"
_OWN_NAMES = {HOST, "localhost"}
"""With any port: behind `ssh -L` it is another one."""
_BODY_BYTES = 1024
_PIECE_BYTES = 1 << 16


class Desk(Protocol):
    """What the server serves. Called by many threads at once."""

    def page(self, nonce: str) -> str:
        """The page, its script and style under this nonce."""

    def film(self, clip_id: str) -> Path | None:
        """The clip's file on this machine; None for a clip that is not on the desk. Raises UserError, TransientError, OSError."""

    def mark(self, clip_id: str, score: int) -> bool:
        """Takes down a mark, 1 to 5; False for a clip that is not on the desk. Raises UserError when it is closing."""

    def status(self) -> dict[str, Any]:
        """What the page shows of how safe the marks are."""


class AnnotationServer(ThreadingHTTPServer):
    """Serves one desk; port 0 takes a free one. Raises UserError where the port can't be had."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(16)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise UserError(f"port {port} can't be had ({error.strerror}); give another --port, or none") from None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a browser that hangs up is no fault
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: AnnotationServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "longtake", ""
    timeout = 60

    @cached_property
    def desk(self) -> Desk:
        return self.server.desk

    def do_GET(self) -> None:
        if (path := self._admitted()) is None:
            return
        if path == "":
            self._send_page()
        elif path == "status":
            self._send_json(self.desk.status())
        elif path.startswith("clips/"):
            self._send_film(path.removeprefix("clips/"))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if (path := self._admitted()) is None:
            return
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        if origin not in (None, f"http://{self.headers['Host']}") or site not in (None, "same-origin"):
            self._refuse(HTTPStatus.FORBIDDEN, "marks are taken from the page itself alone")
        elif path != "marks":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a mark comes as JSON")
        elif (body := self._body()) is not None:
            self._take_mark(body)

    def _admitted(self) -> str | None:
        """The path after the token; None if the request was refused."""
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if name not in _OWN_NAMES:
            self._refuse(HTTPStatus.FORBIDDEN, f"this page is for {HOST} alone; open the address that was printed")
            return None
        token, slash, path = self.path.removeprefix("/").partition("?")[0].partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(
                HTTPStatus.NOT_FOUND, "open the whole address that longtake annotate printed; each start has its own"
            )
            return None
        return path

    def _body(self) -> bytes | None:
        """The request's body; None if it was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "say the body's length")
            return None
        if len(length) > 9 or int(length) > _BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a mark has at most {_BODY_BYTES} bytes")
            return None
        return self.rfile.read(int(length))

    def _take_mark(self, body: bytes) -> None:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        clip_id, score = (said.get("clip_id"), said.get("score")) if isinstance(said, dict) else (None, None)
        if not isinstance(clip_id, str) or type(score) is not int or not 1 <= score <= 5:
            self._refuse(HTTPStatus.BAD_REQUEST, "expected a clip_id and a score, a whole number from 1 to 5")
            return
        try:
            taken = self.desk.mark(clip_id, score)
        except UserError as error:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
            return
        if taken:
            self._send_json(self.desk.status())
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such clip here")

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        allowed = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; media-src 'self'; connect-src 'self'; img-src data:"
        policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        body = self.desk.page(nonce).encode()
        self._send(HTTPStatus.OK, body, "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def _send_json(self, value: dict[str, Any]) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self.close_connection = True  # a body may be left unread
        self._send(status, sentence.encode(), "text/plain; charset=utf-8", {"Connection": "close"})

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        fresh = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        self._begin(status, fresh | (headers or {}))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        closed = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        self.send_response(status)
        for name, value in (closed | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _send_film(self, clip_id: str) -> None:
        try:
            path = self.desk.film(clip_id)
        except (UserError, TransientError, OSError) as error:
            foreseen = explain(error)
            sentence = foreseen[1] if foreseen else str(error)
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
            return
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such clip here")
            return
        with path.open("rb") as file:
            size = path.stat().st_size
            common = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600, immutable"}
            try:
                part = parse_range(self.headers.get("Range"), size)
            except Unsatisfiable:
                beyond = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                self._begin(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, common | beyond)
                return
            first, end = part or (0, size)
            headers = common | {"Content-Type": "video/mp4", "Content-Length": str(end - first)}
            if part:
                headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
            self._begin(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, headers)
            if self.command != "HEAD":
                file.seek(first)
                self._copy(file, end - first)

    def _copy(self, file: Any, left: int) -> None:
        try:
            while left and (piece := file.read(min(left, _PIECE_BYTES))):
                self.wfile.write(piece)
                left -= len(piece)
        except (TimeoutError, ConnectionError):
            self.close_connection = True  # it has seen enough

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the terminal is the annotator's, and addresses hold the token."""
