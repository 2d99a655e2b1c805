"""A reader at the review page: Chromium, driven by Playwright, with every websocket frame counted."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, TimeoutError, WebSocket, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TRACING = ".st-key-tracing .js-plotly-plot .scatterlayer .trace"
FINDINGS = ".st-key-findings canvas"
SALIENCY = ".st-key-saliency .js-plotly-plot .heatmaplayer image"
EMPTY = "text=No ECG is open"
OPTION = "[role=option]"
STOOD = {"tracing": TRACING, "findings": FINDINGS, "saliency": SALIENCY}
CLOCK = """wanted => {
    const stood = window.stood = {started: performance.now()};
    const look = () => {
        for (const [name, selector] of Object.entries(wanted))
            if (!(name in stood) && document.querySelector(selector)) {
                stood[name] = Infinity;  // until the frame that shows it
                requestAnimationFrame(() => { stood[name] = performance.now(); });
            }
    };
    new MutationObserver(look).observe(document, {childList: true, subtree: true, attributes: true});
}"""  # the page's own clock: asked from outside, a busy page answers late
TRIES = 5
PATIENCE = 120_000  # ms


@dataclass
class Wire:
    """The traffic from the server: bytes, and when the last run of the script ended."""

    received: int = 0
    finished: list[float] = field(default_factory=list)

    def listen(self, socket: WebSocket) -> None:
        """Count every frame of ``socket``."""
        socket.on("framereceived", self._frame)

    def _frame(self, payload: str | bytes) -> None:
        self.received += len(payload)
        if (
            isinstance(payload, bytes)
            and ForwardMsg.FromString(payload).WhichOneof("type") == "script_finished"
        ):
            self.finished.append(time.perf_counter())


@dataclass(frozen=True)
class Opened:
    """The time from a drop to the frame that shows it, s, and the bytes sent."""

    tracing: float
    saliency: float  # and the findings
    received: int


@dataclass(frozen=True)
class Rerun:
    """The time from a choice to the last frame of its rerun, s, and the bytes sent."""

    seconds: float
    received: int


@dataclass(frozen=True, eq=False)
class Reader:
    """One tab at the review page."""

    page: Page
    url: str
    wire: Wire

    def enter(self) -> None:
        """A fresh session with no ECG open."""
        self.page.goto(self.url)
        self.page.wait_for_selector(EMPTY, timeout=PATIENCE)
        self._settle()

    def drop(self, files: Sequence[Path]) -> Opened:
        """Drop one record's files, and wait for all that follows."""
        before = self.wire.received
        self.page.evaluate(CLOCK, STOOD)
        self.page.set_input_files("input[type=file]", [str(file) for file in files])
        for selector in STOOD.values():
            self.page.wait_for_selector(selector, state="attached", timeout=PATIENCE)
        self._settle()
        stood = self.page.evaluate("window.stood")
        tracing, findings, saliency = ((stood[name] - stood["started"]) / 1000 for name in STOOD)
        return Opened(tracing, max(findings, saliency), self.wire.received - before)

    def choose_each(self, key: str, rounds: int) -> list[Rerun]:
        """Choose every option of the select box whose key begins so, one after the other."""
        self._open_box(key)
        count = self.page.locator(OPTION).count()
        self.page.keyboard.press("Escape")
        chosen = [self._choose(key, number) for _ in range(rounds) for number in reversed(range(count))]
        return [rerun for rerun in chosen if rerun is not None]

    def _choose(self, key: str, number: int) -> Rerun | None:
        """Choose one option and time its rerun; None if it is chosen already."""
        self._open_box(key)
        option = self.page.locator(OPTION).nth(number)
        if option.get_attribute("aria-selected") == "true":
            self.page.keyboard.press("Escape")
            return None
        before, runs, started = self.wire.received, len(self.wire.finished), time.perf_counter()
        option.click()
        deadline = started + PATIENCE / 1000
        while len(self.wire.finished) == runs:
            if time.perf_counter() > deadline:
                raise RuntimeError("The page did not run again.")
            self.page.wait_for_timeout(5)
        took = time.perf_counter() - started
        self._settle()
        return Rerun(took, self.wire.received - before)

    def _open_box(self, key: str) -> None:
        """Open the list; a rerun that just ends may close it, so try again."""
        for _ in range(TRIES):
            self.page.click(f"[class*='st-key-{key}'] input")
            try:
                self.page.wait_for_selector(OPTION, timeout=2000)
            except TimeoutError:
                continue
            return
        raise RuntimeError("The select box does not open.")

    def _settle(self) -> None:
        """Wait until nothing has been sent for half a second."""
        before = -1
        while before != self.wire.received:
            before = self.wire.received
            self.page.wait_for_timeout(500)


@contextmanager
def reader(url: str) -> Iterator[Reader]:
    """A tab of 1,400 x 900 px in a headless Chromium of its own."""
    executable = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(OPTIONS))
        page, wire = browser.new_page(viewport={"width": 1400, "height": 900}), Wire()
        page.on("websocket", wire.listen)
        yield Reader(page, url, wire)
        browser.close()
