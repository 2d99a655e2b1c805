"""A person at the app: a tab of a headless Chromium, with gestures in the words of the pages.

Tests that import this are skipped without Playwright or Chromium.
"""

import base64
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from app_server import AppServer

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Chromium is not on this machine", allow_module_level=True)
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000  # ms; only keeps a broken page from hanging the tests
WIDTH, HEIGHT = 1280, 900  # px
_DROP = """(zone, files) => {
    const carried = new DataTransfer();
    for (const [name, content] of files) {
        const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
        carried.items.add(new File([bytes], name));
    }
    zone.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


@contextmanager
def browser() -> Iterator[Browser]:
    """One headless Chromium; every tab of it is a person of their own, without the others' cookies."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield started
        started.close()


@dataclass(frozen=True, eq=False)
class Visitor:
    """One tab, and the addresses of all its requests."""

    page: Page
    app: AppServer
    asked: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, browser: Browser, app: AppServer, path: str = "") -> "Visitor":
        """Open the page of this path in a tab of its own."""
        visitor = cls(browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}), app)
        visitor.page.set_default_timeout(PATIENCE)
        visitor.page.on("request", lambda request: visitor.asked.append(request.url))
        visitor.page.on("websocket", lambda socket: visitor.asked.append(socket.url))
        visitor.page.goto(f"{app.url}/{path}")
        return visitor

    def other_hosts(self) -> set[str]:
        """The hosts of the tab's requests other than the app."""
        hosts = {urlsplit(address).netloc for address in self.asked}
        return hosts - {"", urlsplit(self.app.url).netloc}  # "": data: and blob: addresses stay in the tab

    def widget(self, key: str) -> Locator:
        """The element with a widget's key."""
        return self.page.locator(f".st-key-{key}")

    def sees(self, words: str | re.Pattern[str]) -> Locator:
        """Wait for these words on the page."""
        found = self.page.get_by_text(words).filter(visible=True).first
        expect(found).to_be_visible()
        return found

    def drop(self, *files: tuple[str, bytes]) -> None:
        """Drag files of these names and contents onto the page and let go."""
        carried = [[name, base64.b64encode(content).decode()] for name, content in files]
        self.page.get_by_test_id("stFileUploaderDropzone").evaluate(_DROP, carried)

    def click(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def fill(self, key: str, value: object) -> None:
        box = self.widget(key).locator("input")
        box.fill(str(value))
        box.press("Tab")

    def pick(self, key: str, option: str) -> None:
        """Choose from a select box; a page that is just being drawn closes it, and it is opened again."""
        choice = self.page.get_by_role("option", name=option)
        for _ in range(10):
            self.widget(key).locator("input").click()
            with suppress(PlaywrightTimeout):
                return choice.click(timeout=6000)
        raise AssertionError(f"{option} cannot be chosen")

    def sign_in(self, password: str) -> None:
        self.page.get_by_label("Password", exact=True).fill(password)
        self.click("Sign in")

    def figure(self, label: str) -> str:
        """The value of the metric with this label."""
        shown = self.page.get_by_test_id("stMetric").filter(has_text=label)
        return shown.get_by_test_id(
            "stMetricValue"
        ).first.inner_text()  # the last drawing may fade out beside it

    def navigation(self) -> list[str]:
        """The pages that the sidebar offers."""
        return self.page.get_by_test_id("stSidebarNavLink").all_inner_texts()
