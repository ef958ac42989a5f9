"""A server of this machine that answers as a captioning model does, or delays, drops, limits, fails and garbles."""

import base64
import json
import re
import socket
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from longtake.captioning.config import Asking, CaptioningConfig, Endpoint, Requests
from longtake.captioning.endpoint import EndpointCaptioner
from longtake.captioning.seen import Seen

KEY = "sk-Zm9vYmFy/+secret"
BOATS = [
    "amber",
    "bronze",
    "copper",
    "dappled",
    "ebony",
    "faded",
    "golden",
    "hazel",
    "indigo",
    "jade",
    "khaki",
    "lilac",
]
PORTS = ["north", "south", "west", "east"]
PARTS = {
    "subject": "A {boat} wooden boat with a patched sail lies at the {port} quay, low in the water.",
    "movement": "The hull rocks gently from side to side while two gulls rise from the mast and circle once.",
    "environment": "Behind it stands a row of tall brick warehouses, and a thin mist hangs over the harbour at dawn.",
    "visual": "Cool blue and grey tones with one warm lamp, soft contrast, and a balanced composition.",
    "camera": "The camera stands still on a tripod at eye level and holds a wide shot with deep focus.",
    "overall": "A quiet morning begins in an old harbour before the fishermen come to work.",
}
TEXT = """A quiet morning begins at the {port} quay of an old harbour, where a {boat} wooden boat rocks gently on dark water
before anybody has come to work. Its patched sail hangs loosely from a short mast, the paint along the hull has worn
away in long strips, and a coil of rope lies on the deck beside two empty crates. Small waves tap against the planks
and make the boat sway slowly from side to side, never far, always returning to the same place. Two gulls rise from
the top of the mast, circle once above the roofs and settle on a chimney further back. Tall brick warehouses stand in
a row behind the quay, their shutters closed, while a thin mist drifts between them and softens every edge. One warm
lamp still burns over a doorway and throws an orange stripe across the water, which breaks apart whenever a wave
passes. Everything else keeps to cool blue and grey tones with soft contrast, so that the picture feels calm and a
little melancholy. A bicycle leans against the railing at the left, its basket full of folded nets. Nobody walks past,
and no engine is running. The camera stands still on a tripod at eye level throughout, and holds a wide shot with deep
focus from the stones in front to the chimneys."""


def clip(number):
    """Two tiny frames of one grey, by which the server knows the clip."""
    return Seen(duration_s=2.0, width=64, height=48, frames_NHW3=np.full((2, 16, 24, 3), 5 * number + 2, np.uint8))


def words_of(number):
    return {"boat": BOATS[number % len(BOATS)], "port": PORTS[number // len(BOATS)]}


def completion(text, finish="stop", **message):
    usage = {"prompt_tokens": 100, "completion_tokens": 40}
    return {"choices": [{"message": {"content": text, **message}, "finish_reason": finish}], "usage": usage}


def answer_to(asked):
    """What a good model says: the parts of the clip that the picture tells, then the text that belongs to the notes."""
    content = asked["messages"][0]["content"]
    if len(content) > 1:
        jpeg = base64.b64decode(content[0]["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        number = round((cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean() - 2) / 5)
        return json.dumps({name: part.format(**words_of(number)) for name, part in PARTS.items()})
    boat, port = re.search(r"A (\w+) wooden boat .* at the (\w+) quay", content[0]["text"]).groups()
    return TEXT.format(boat=boat, port=port)


class Loopback(ThreadingHTTPServer):
    """Answers by `behave(exchange)`, and counts what is under way: from a request's arrival until its answer begins, or until
    the client has closed the connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, behave):
        self.behave = behave
        self.lock = threading.Lock()
        self.under_way = []
        self.arrivals = Counter()
        self.asked = []
        self.most, self.twice = 0, 0
        super().__init__(("127.0.0.1", 0), Exchange)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def arrive(self, exchange):
        with self.lock:
            self.under_way = [one for one in self.under_way if not one.is_abandoned()]
            self.twice += any(one.body == exchange.body for one in self.under_way)
            self.under_way.append(exchange)
            self.most = max(self.most, len(self.under_way))
            self.arrivals[exchange.body] += 1
            self.asked.append(exchange.asked)
            return self.arrivals[exchange.body]

    def leave(self, exchange):
        with self.lock:
            self.under_way = [one for one in self.under_way if one is not exchange]

    def handle_error(self, request, client_address):
        """A client that has gone is what these tests are about."""


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked = json.loads(self.body)
        self.attempt = self.server.arrive(self)
        try:
            self.server.behave(self)
        finally:
            self.server.leave(self)

    def reply(self, status, said, *, declared=None, **headers):
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.server.leave(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(declared or len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = declared is not None

    def answer(self):
        time.sleep(0.002)
        self.reply(200, completion(answer_to(self.asked)))

    def drop(self):
        self.server.leave(self)
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def hang(self):
        """Until the client has had enough."""
        while not self.is_abandoned():
            time.sleep(0.005)
        self.close_connection = True

    def is_abandoned(self):
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def log_message(self, *_):
        pass


@contextmanager
def serving(behave):
    with Loopback(behave) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def captioner_of(server, *, environ=None, asking=None, guided="json_schema", **requests):
    endpoint = Endpoint(url=getattr(server, "url", server), model="tiny-vlm", guided=guided)
    config = CaptioningConfig(captioner="endpoint", endpoint=endpoint, asking=asking or Asking())
    fast = {"concurrency": 4, "timeout_s": 20, "backoff_s": 0.01, "backoff_max_s": 0.05} | requests
    return EndpointCaptioner(config, Requests(**fast), environ or {})


def caption(server, clips, **options):
    with closing(captioner_of(server, **options)) as captioner:
        return captioner(clips)


FAULTS = {
    "delay": lambda exchange: (time.sleep(0.05), exchange.answer()),
    "hang": Exchange.hang,
    "drop": Exchange.drop,
    "limit": lambda exchange: exchange.reply(429, {"error": {"message": "slow down"}}),
    "limit for a while": lambda exchange: exchange.reply(429, {}, Retry_After="0.03"),
    "fail": lambda exchange: exchange.reply(500, b"<html>oh no</html>", Content_Type="text/html"),
    "overload": lambda exchange: exchange.reply(503, {}, Retry_After="Mon, 01 Jan 2001 00:00:00 GMT"),
    "garbage": lambda exchange: exchange.reply(200, b"\x00\xff garbage {"),
    "no choices": lambda exchange: exchange.reply(200, {"error": {"message": "upstream died"}, "choices": []}),
    "half": lambda exchange: exchange.reply(200, b'{"choices": [{"mess', declared=500),
}
