"""A headless Chromium under a test's hand, over the DevTools protocol: what a page does where people open it.

Everything that goes wrong in a page, and every request that it makes, is noted as it happens.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = (
    "--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-allow-origins=*", "--disable-extensions", "--mute-audio",
)  # fmt: skip
PATIENCE_S = 60.0


def chromium() -> str:
    """The browser of this machine; without one the test is skipped."""
    for name in NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip("no Chromium here: apt-get install chromium")


class Tab:
    """One tab. Use `opened`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.errors: list[str] = []
        """What the console and the page's scripts complained about."""
        self.requests: list[str] = []
        """Everything that was asked for, the page itself included."""
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Call a method of the protocol; returns its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": given}))
        while True:
            said = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if said.get("id") == self._number:
                assert "error" not in said, (method, said["error"])
                result: dict[str, Any] = said["result"]
                return result
            self._hear(said)

    def _hear(self, said: dict[str, Any]) -> None:
        about = said.get("params", {})
        match said.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(about["exceptionDetails"].get("exception", about)))
            case "Runtime.consoleAPICalled" if about["type"] in ("error", "warning", "assert"):
                self.errors.append(str(about["args"]))
            case "Log.entryAdded" if about["entry"]["level"] in ("error", "warning"):
                self.errors.append(str(about["entry"]))
            case "Network.requestWillBeSent":
                self.requests.append(about["request"]["url"])

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, (script, done["exceptionDetails"])
        return done["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + PATIENCE_S
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"never: {condition}; {self.errors}"
            time.sleep(0.02)

    def open(self, url: str) -> None:
        """Open a page and wait for its text."""
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def screen(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """Have a screen of this size, in light or dark, or paper."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def press(self, key: str) -> None:
        """A key, down and up; a single character is typed."""
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        code = {"Enter": 13, "Escape": 27, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "ArrowUp": 38,
                "ArrowDown": 40}.get(key, 0)  # fmt: skip
        for kind in ("keyDown", "keyUp"):
            given = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **given)

    def write(self, text: str) -> None:
        """Type text where the cursor is."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> bytes:
        """A PNG of what is to be seen."""
        content = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        path.write_bytes(content)
        return content


@contextmanager
def opened() -> Iterator[Tab]:
    """A tab of a browser of its own, which ends with the block."""
    program = chromium()
    with tempfile.TemporaryDirectory(prefix="pidistill-chrome-") as profile:
        alone = ("--no-sandbox",) if os.geteuid() == 0 else ()
        with subprocess.Popen(
            [program, *SWITCHES, *alone, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                with connect(_address(Path(profile)), max_size=None, compression=None) as socket:
                    tab = Tab(socket)
                    yield tab
                    tab.call("Browser.close")
            finally:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()


def _address(profile: Path) -> str:
    """Where the browser's first tab is talked to."""
    end, file = time.monotonic() + PATIENCE_S, profile / "DevToolsActivePort"
    while not (file.exists() and (lines := file.read_text().split())):
        assert time.monotonic() < end, "Chromium does not start"
        time.sleep(0.05)
    with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=PATIENCE_S) as answer:
        pages = [tab for tab in json.load(answer) if tab["type"] == "page"]
    address: str = pages[0]["webSocketDebuggerUrl"]
    return address
