"""HR's hands: a real Chromium in Prefect's own page, and all the addresses it has asked."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotYet

from tests.waiting import AT_MOST

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
"""Nothing that the program asks for on its own account; a sandbox of its own it has only where it may make one."""
WINDOW = (1200, 1200)
SIZE_IN_THE_GUIDE = (900, 900)
COLOURS_IN_THE_GUIDE = 48
PATIENCE = 1000 * AT_MOST
"""Milliseconds for a page to show what it is waited for."""
SUBMIT_PATIENCE = (20_000, 20_000, 60_000, PATIENCE)


@dataclass
class Browser:
    """One tab on Prefect's page at `address`; `asked` are the hosts that were asked for anything."""

    page: Page
    address: str
    pictures: Path | None
    asked: set[str] = field(default_factory=set)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def search(self, words: str) -> None:
        """In the list of deployments, which shows ten at a time."""
        self.open("/deployments")
        self.page.get_by_placeholder("Search deployments...").fill(words)

    def open_form(self, title: str) -> None:
        """As HR finds it: searched for by its name."""
        self.search(title)
        self.page.get_by_role("link", name=title, exact=True).first.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_text("Custom run", exact=True).click()
        self.page.locator(".schema-form-property__label").first.wait_for()

    def write(self, title: str, text: str) -> None:
        self._field(title).locator("textarea, input").first.fill(text)

    def choose(self, title: str, *choices: str) -> None:
        # The field itself opens and closes again at once (Prefect 3.8.8); its arrow opens it.
        self._field(title).locator(".p-select-button__icon").click()
        for choice in choices:
            self.page.locator(".p-select-option", has_text=re.compile(f"^{re.escape(choice)}$")).click()
        self.page.keyboard.press("Escape")

    def pick(self, title: str, day: date) -> None:
        self._field(title).locator(".p-date-button__control").click()
        picker = self.page.locator(".p-date-picker, .p-pop-over-content").last
        picker.locator("input[type=date]").fill(day.isoformat())
        picker.get_by_role("button", name="Apply").click()

    def submit(self) -> None:
        """Over when the page has left the form, which it does once a run has been made of it.

        A server that is busy with its SQLite file answers 503, and a person presses the button again.
        """
        for patience in SUBMIT_PATIENCE:
            self.page.get_by_role("button", name="Submit").click()
            with suppress(NotYet):
                self.page.wait_for_url(re.compile(r"/deployments/deployment/[0-9a-f-]+$"), timeout=patience)
                return
        pytest.fail(f"the form is still there: {self.page.locator('body').inner_text()[-500:]}")

    def read(self, artifact: str, expected: str) -> str:
        """The newest artifact under this key, as it is shown; it must come to say what is expected."""
        self.open(f"/artifacts/key/{artifact}")
        self.page.locator("a[href*='/artifacts/artifact/']").first.click()
        self.page.get_by_text(expected).first.wait_for()
        return self.page.locator("body").inner_text()

    def follow(self, link: str) -> None:
        """Go on from an artifact; Prefect opens its links in a tab of their own."""
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name=link, exact=True).first.click()
        self.page = opened.value
        self.page.locator(".schema-form-property__label").first.wait_for()

    def picture(self, name: str) -> None:
        """For the guide: only where it is asked for."""
        if self.pictures is not None:
            self.page.wait_for_timeout(600)  # what unfolds has unfolded
            with Image.open(BytesIO(self.page.screenshot())) as shot:
                smaller = shot.convert("RGB").resize(SIZE_IN_THE_GUIDE, Image.Resampling.LANCZOS)
                smaller.quantize(COLOURS_IN_THE_GUIDE, dither=Image.Dither.NONE).save(
                    self.pictures / f"{name}.png", optimize=True
                )

    def _field(self, title: str) -> Locator:
        label = self.page.locator(".schema-form-property__label", has_text=re.compile(f"^{re.escape(title)}"))
        return self.page.locator(".schema-form-property", has=label).last


@contextmanager
def browser(address: str, pictures: Path | None, last_seen: Path) -> Iterator[Browser]:
    """What the page showed at the end is kept as the picture `last_seen`, for whoever looks why a test failed."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        context = chromium.new_context(viewport={"width": WINDOW[0], "height": WINDOW[1]}, locale="nb-NO")
        context.set_default_timeout(PATIENCE)
        asked: set[str] = set()
        context.on("request", lambda request: _note(asked, request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: _note(asked, socket.url)))
        opened = Browser(context.new_page(), address, pictures, asked)
        yield opened
        opened.page.screenshot(path=last_seen)
        chromium.close()


def _note(asked: set[str], address: str) -> None:
    """What is within the page itself (data:, blob:) asks nobody."""
    if host := urlsplit(address).netloc:
        asked.add(host)
