"""What goes wrong with a place is one sentence that says what to do, and never holds a secret."""

import configparser
import http.server
import logging
import socket
import threading

import pytest
from botocore.config import Config

from longtake.errors import TransientError, UserError
from longtake.lake import Lake, open_store
from longtake.lake import s3 as s3_module
from longtake.records import Video
from tests.rows import video

SECRET = "sesame-open-1234567890"


@pytest.fixture
def no_patience(monkeypatch):
    """Two attempts for botocore, so that a test of giving up is short."""
    patience = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2)
    monkeypatch.setattr(s3_module, "CLIENT", s3_module.CLIENT.merge(patience))


def use_keys(monkeypatch, key, secret, endpoint=None):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)


def known_key(server):
    found = configparser.ConfigParser()
    found.read(server.folder / "credentials")
    return found["default"]["aws_access_key_id"]


def uses(lake):
    """Every way in which the lake is used, each to be called."""
    return {
        "check": lambda: lake.objects.check(writable=True),
        "put": lambda: lake.objects.put("k", b""),
        "read": lambda: lake.objects.read("k"),
        "walk": lambda: list(lake.objects.walk()),
        "version": lambda: lake.tables.version(Video),
        "read rows": lambda: lake.tables.read(Video),
        "merge": lambda: lake.tables.merge([video(1)]),
    }


def sentence_of(use, kind):
    with pytest.raises(kind) as caught:
        use()
    sentence = str(caught.value)
    assert SECRET not in sentence
    assert "\n" not in sentence
    assert "<?xml" not in sentence
    assert "\x1b" not in sentence
    return sentence


def test_a_wrong_key_is_the_user_s_mistake_everywhere(s3, monkeypatch, caplog):
    use_keys(monkeypatch, "LTNOBODY", SECRET)
    with caplog.at_level(logging.DEBUG):
        for use in uses(Lake(s3)).values():
            assert "does not know this access key; set AWS_PROFILE" in sentence_of(use, UserError)
    assert SECRET not in caplog.text


def test_a_wrong_secret_is_the_user_s_mistake_everywhere(s3, server, monkeypatch, caplog):
    use_keys(monkeypatch, known_key(server), SECRET)
    with caplog.at_level(logging.DEBUG):
        for use in uses(Lake(s3)).values():
            assert "the secret key is wrong; set AWS_PROFILE" in sentence_of(use, UserError)
    assert SECRET not in caplog.text


def test_a_missing_bucket_is_named_and_what_to_do(s3):
    sentence = sentence_of(lambda: open_store("s3://no-such-bucket/x").check(writable=True), UserError)
    assert sentence.startswith("s3://no-such-bucket/x: there is no such bucket; make it")


def test_no_credentials_at_all_is_said(tmp_path):
    for name, use in uses(Lake("s3://lake/x")).items():
        assert "no AWS credentials were found; set AWS_PROFILE" in sentence_of(use, UserError), name


def test_a_profile_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "absent")
    for use in uses(Lake("s3://lake/x")).values():
        assert "absent" in sentence_of(use, UserError)


def test_an_endpoint_that_is_down_may_come_back(monkeypatch, no_patience):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        use_keys(monkeypatch, "key", SECRET, f"http://127.0.0.1:{unused.getsockname()[1]}")
        lake = Lake("s3://lake/x")
        for name in ("check", "put", "read", "version"):
            sentence = sentence_of(uses(lake)[name], TransientError)
            assert sentence.startswith("s3://lake/x")
            assert "does not answer" in sentence or "can't be reached" in sentence


class Answers:
    """A server on 127.0.0.1 that gives these answers, (status, headers, body), the last one for ever."""

    def __init__(self, *answers):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = left.pop(0) if len(left) > 1 else left[0]
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append(self.command)
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            do_PUT = do_POST = do_DELETE = do_GET

            def log_message(self, *given):
                pass

        left, self.seen = list(answers), []
        seen = self.seen
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *given):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def refusal(status, code, message="of no avail"):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return status, {"Content-Type": "application/xml"}, body


BUSY, FINE = refusal(503, "SlowDown"), (200, {"ETag": '"e"'}, b"content")


def test_throttling_is_waited_for(monkeypatch):
    with Answers(BUSY, refusal(500, "InternalError"), FINE) as fake:
        use_keys(monkeypatch, "key", SECRET, fake.url)
        assert open_store("s3://lake/x").read("k") == b"content"
    assert len(fake.seen) == 3


def test_throttling_without_end_may_pass_later(monkeypatch, no_patience):
    with Answers(BUSY) as fake:
        use_keys(monkeypatch, "key", SECRET, fake.url)
        lake = Lake("s3://lake/x")
        assert "SlowDown" in sentence_of(lambda: lake.objects.read("k"), TransientError)
        assert len(fake.seen) == 2
        assert "SlowDown" in sentence_of(lambda: lake.objects.put("k", b""), TransientError)


def test_an_answer_that_breaks_off_is_asked_for_again(monkeypatch, tmp_path):
    short = (200, {"ETag": '"e"', "Content-Length": "1000"}, b"cont")
    for use in (lambda store: store.read("k"), lambda store: store.fetch("k", tmp_path / "copy") or b"content"):
        with Answers(short, short, FINE) as fake:
            use_keys(monkeypatch, "key", SECRET, fake.url)
            assert use(open_store("s3://lake/x")) == b"content"
        assert len(fake.seen) == 3
    assert (tmp_path / "copy").read_bytes() == b"content"


def test_answers_that_always_break_off_may_pass_later(monkeypatch):
    with Answers((200, {"Content-Length": "1000"}, b"cont")) as fake:
        use_keys(monkeypatch, "key", SECRET, fake.url)
        sentence_of(lambda: open_store("s3://lake/x").read("k"), TransientError)


def test_a_race_that_s3_has_not_decided_is_asked_about_again(monkeypatch):
    undecided = refusal(409, "ConditionalRequestConflict")
    use_keys(monkeypatch, "key", SECRET)
    for decided, won in ((refusal(412, "PreconditionFailed"), False), ((200, {"ETag": '"e"'}, b""), True)):
        with Answers(undecided, decided) as fake:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", fake.url)
            assert open_store("s3://lake/x").put("k", b"") is won
        assert len(fake.seen) == 2


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "list, read and write rights"),
        (400, "ExpiredToken", "credentials have expired"),
        (403, "RequestTimeTooSkewed", "clock"),
        (501, "NotImplemented", "NotImplemented"),
        (400, "MalformedXML", "check the URI and the AWS settings"),
    ],
)
def test_what_the_server_refuses_says_what_to_do(monkeypatch, no_patience, status, code, words):
    with Answers(refusal(status, code)) as fake:
        use_keys(monkeypatch, "key", SECRET, fake.url)
        kind = TransientError if status >= 500 else UserError
        assert words in sentence_of(lambda: open_store("s3://lake/x").put("k", b""), kind)


@pytest.mark.parametrize("place", ["file/below", "/proc/longtake"])
def test_a_folder_that_can_not_be_written_is_the_user_s_mistake(tmp_path, place):
    (tmp_path / "file").write_text("")
    lake = Lake(str(tmp_path / place))
    for name in ("check", "put", "merge"):
        assert "check the path and its rights" in sentence_of(uses(lake)[name], UserError)
    assert lake.tables.read(Video) == []


def test_a_folder_to_read_that_is_not_there_is_the_user_s_mistake(tmp_path):
    with pytest.raises(UserError, match=r"there is no folder .*; check the path"):
        open_store(str(tmp_path / "missing")).check(writable=False)


@pytest.mark.parametrize("root", ["s3://lake/a%b", "s3://lake/a b", "s3://lake/a#b", "s3://lake/ä", "/data/50%"])
def test_a_data_root_that_tables_can_not_live_under_is_refused(root):
    with pytest.raises(UserError, match="plainer name"):
        Lake(root)
