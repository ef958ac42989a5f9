import http.client
import json
import threading
from contextlib import contextmanager

import pytest

from longtake.annotating.server import AnnotationServer
from longtake.errors import TransientError, UserError

FILM = bytes(range(256)) * 4


class FakeDesk:
    def __init__(self, folder):
        self.path = folder / "film.mp4"
        self.path.write_bytes(FILM)
        self.marks = []

    def page(self, nonce):
        return f"<script nonce={nonce}></script>"

    def film(self, clip_id):
        if clip_id == "away":
            raise TransientError("the endpoint does not answer")
        return self.path if clip_id == "here" else None

    def mark(self, clip_id, score):
        self.marks.append((clip_id, score))
        return clip_id == "here"

    def status(self):
        return {"waiting": 0, "fault": None}


@contextmanager
def serving(desk):
    with AnnotationServer(desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return FakeDesk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def server(desk):
    with serving(desk) as server:
        yield server


@pytest.fixture
def ask(server):
    def ask(method, path, body=None, token=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/{token or server.token}/{path}", body, named)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    return ask


def mark(ask, said, **headers):
    body = said if isinstance(said, bytes) else json.dumps(said)
    return ask("POST", "marks", body, **({"Content_Type": "application/json"} | headers))


def test_the_page_runs_its_own_script_alone_and_leaks_no_address(ask):
    answer = ask("GET", "")
    policy = answer.headers["Content-Security-Policy"]
    nonce = answer.content.decode().partition("nonce=")[2].partition(">")[0]
    assert answer.status == 200
    assert "default-src 'none'" in policy
    assert f"script-src 'nonce-{nonce}'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_film_comes_whole_or_in_the_range_that_was_asked_for(ask):
    whole = ask("GET", "clips/here")
    assert (whole.status, whole.content, whole.headers["Accept-Ranges"]) == (200, FILM, "bytes")
    part = ask("GET", "clips/here", Range="bytes=100-199")
    assert (part.status, part.content) == (206, FILM[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(FILM)}"
    beyond = ask("GET", "clips/here", Range="bytes=5000-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(FILM)}")
    head = ask("HEAD", "clips/here")
    assert (head.status, head.content, head.headers["Content-Length"]) == (200, b"", str(len(FILM)))


def test_a_film_that_can_t_be_fetched_is_a_sentence(ask):
    answer = ask("GET", "clips/away")
    assert answer.status == 503
    assert b"the endpoint does not answer" in answer.content


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example:80", "", "[::1]:80"])
def test_a_name_that_only_resolves_to_this_machine_is_refused(ask, host):
    assert ask("GET", "", Host=host).status == 403
    assert mark(ask, {"clip_id": "here", "score": 3}, Host=host).status == 403


def test_another_port_is_admitted_since_ssh_may_bring_it(ask):
    assert ask("GET", "", Host="localhost:9999").status == 200


@pytest.mark.parametrize("path", ["", "clips/here", "status"])
def test_without_the_token_there_is_nothing(ask, path):
    assert ask("GET", path, token="guess").status == 404
    assert ask("GET", path, token="%C3%BC").status == 404


def test_marks_come_from_the_page_itself_alone(ask, desk):
    before = list(desk.marks)
    good = {"clip_id": "here", "score": 3}
    assert mark(ask, good, Origin="http://evil.example").status == 403
    assert mark(ask, good, Origin="null").status == 403
    assert mark(ask, good, Sec_Fetch_Site="cross-site").status == 403
    assert mark(ask, good, Content_Type="text/plain").status == 415
    assert desk.marks == before
    assert mark(ask, good, Host="localhost:1", Origin="http://localhost:1", Sec_Fetch_Site="same-origin").status == 200
    assert desk.marks == [*before, ("here", 3)]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"clip_id": "here", "score": 0}, 400),
        ({"clip_id": "here", "score": 6}, 400),
        ({"clip_id": "here", "score": True}, 400),
        ({"clip_id": "here", "score": 2.5}, 400),
        ({"clip_id": ["here"], "score": 2}, 400),
        ([1], 400),
        (b"{", 400),
        (b"[" * 1000, 400),
        (b"\xff", 400),
        (b" " * 2000, 413),
        ({"clip_id": "../../etc/passwd", "score": 2}, 404),
    ],
)
def test_what_is_no_mark_of_a_clip_that_is_there_is_refused(ask, said, status):
    assert mark(ask, said).status == status


@pytest.mark.parametrize(
    "path", ["clips/../../etc/passwd", "clips/%2e%2e/film.mp4", "clips/", "film.mp4", "clips/here/../here"]
)
def test_no_path_of_a_client_is_opened(ask, path):
    assert ask("GET", path).status == 404


def test_only_this_machine_can_reach_it_and_each_start_has_its_own_address(server, desk):
    assert server.server_address[0] == "127.0.0.1"
    with serving(desk) as other:
        assert other.token != server.token
    with pytest.raises(UserError, match="can't be had"):
        AnnotationServer(desk, server.server_port)
