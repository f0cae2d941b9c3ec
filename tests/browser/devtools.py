"""A headless Chromium driven over its DevTools protocol: pages, clicks, keys, pictures, and what went wrong."""

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request

from websockets.sync.client import connect

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
SECONDS = 30
FOUND = next((path for path in map(shutil.which, BROWSERS) if path), None)
MISSING = f"no browser here: none of {', '.join(BROWSERS)} (on Debian: apt-get install chromium)"


class Page:
    """One tab: sends commands and collects console errors, exceptions, violations and requests."""

    def __init__(self, socket):
        self.socket, self.sent = socket, 0
        self.problems, self.requests = [], []

    def send(self, method, **params):
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=SECONDS))
            if message.get("id") == self.sent:
                assert "error" not in message, message["error"]
                return message["result"]
            self._note(message)

    def _note(self, message):
        params = message.get("params", {})
        kind = message.get("method")
        if kind == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif kind == "Runtime.exceptionThrown":
            self.problems.append(params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif kind == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.problems.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
        elif kind == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.problems.append(params["entry"]["text"])

    def open(self, url, width=1280, height=900, *, dark=False, mobile=False, locale=None):
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        if locale:
            self.send("Emulation.setUserAgentOverride", userAgent="test", acceptLanguage=locale)
        self.send("Page.navigate", url=url)
        return self

    def run(self, script):
        """Value of a JavaScript expression; promises are waited for."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, script, seconds=SECONDS):
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}; problems: {self.problems}"
            time.sleep(0.05)

    def drag(self, start, end):
        mouse = {"button": "left", "clickCount": 1}
        middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
        for kind, place in (
            ("mousePressed", start),
            ("mouseMoved", middle),
            ("mouseMoved", end),
            ("mouseReleased", end),
        ):
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], buttons=1, **mouse)

    def press(self, key, code=None):
        text = {"text": " "} if key == " " else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, **text)

    def picture(self, path, *, whole=False):
        made = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(made["data"]))


@contextlib.contextmanager
def browser(profile):
    """A running Chromium; yields a function that opens a new tab."""
    command = [FOUND, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        with contextlib.ExitStack() as sockets:
            sockets.callback(process.terminate)
            port = next(line for line in process.stderr if "DevTools listening" in line).split(":")[2].split("/")[0]

            def tab():
                request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
                with urllib.request.urlopen(request, timeout=SECONDS) as reply:  # noqa: S310 - own browser
                    url = json.load(reply)["webSocketDebuggerUrl"]
                return Page(sockets.enter_context(connect(url, max_size=None, proxy=None)))

            yield tab
        process.stderr.close()
        process.wait(timeout=SECONDS)
