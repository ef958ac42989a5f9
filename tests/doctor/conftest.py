"""A server on 127.0.0.1 that answers as a function of method, path and body says."""

import http.server
import threading

import pytest


@pytest.fixture
def serve():
    """`serve(answer)` gives a URL; `answer(method, path, body)` gives (status, text)."""
    running = []

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # else clients of S3 wait for a word before they send

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, text = answer(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if text.startswith("{") else "application/xml")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(text.encode())

            do_PUT = do_DELETE = do_HEAD = do_GET

            def log_message(self, *given):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
