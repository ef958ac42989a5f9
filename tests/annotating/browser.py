"""A headless Chromium that tests drive by its DevTools protocol."""

import json
import re
import shutil
import subprocess
import time
import urllib.request

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Browser:
    """One page of a browser of its own."""

    def __init__(self, folder):
        websocket = pytest.importorskip("websocket", reason="websocket-client (of the kfp extra) is not installed")
        path = next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            pytest.skip(f"there is no browser: none of {', '.join(NAMES)} is on the PATH")
        quiet = ("--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
        self._process = subprocess.Popen(
            [path, "--headless", "--no-sandbox", *quiet, f"--user-data-dir={folder}", "--remote-debugging-port=0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        found = next(
            filter(None, (re.search(r"ws://(127\.0\.0\.1:\d+)/", line) for line in self._process.stderr)), None
        )
        if found is None:
            self.close()
            pytest.skip(f"{path} does not start here")
        with urllib.request.urlopen(f"http://{found[1]}/json") as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        self._socket = websocket.create_connection(page["webSocketDebuggerUrl"], suppress_origin=True, timeout=30)
        self._asked = 0
        self.faults = []
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.faults.append(answer["params"])
            if answer.get("id") == self._asked:
                return answer["result"]

    def open(self, url):
        self.ask("Page.navigate", url=url)

    def run(self, script):
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def press(self, *keys):
        for key in keys:
            for kind in ("keyDown", "keyUp"):
                self.ask("Input.dispatchKeyEvent", type=kind, key=key)

    def wait(self, script, seconds=20):
        """Until the script gives something true."""
        until = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < until, (
                f"{script} did not come true; the page says: {self.run('document.body.innerText')}"
            )
            time.sleep(0.05)

    def close(self):
        if hasattr(self, "_socket"):
            self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._process.stderr.close()
