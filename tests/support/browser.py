"""A real browser: Debian's Chromium, driven through Selenium as a person would use it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait

from support.real import node_packages

SECONDS = 60
AXE = "axe-core@4.11.0"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
# Whether a click on an element leads to another page.
LEADS = """
const element = arguments[0], bare = (address) => address.split("#")[0];
return element.tagName === "A" ? bare(element.href) !== bare(location.href) : element.type === "submit";
"""
DESK, PHONE = (1280, 900), (390, 844)


class Screen:
    """A window of the browser on one emulator."""

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    def open(self, path: str) -> None:
        """Type an address."""
        self.driver.get(path if "://" in path else self.base + path)

    @property
    def text(self) -> str:
        """What can be read."""
        return self.driver.find_element(By.TAG_NAME, "main").text

    def find(self, selector: str) -> WebElement:
        """Return the first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """Return every element of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, text: str, within: str = "body") -> None:
        """Click the link or button of that text."""
        place = self.find(within)
        words = json.dumps(text, ensure_ascii=False)
        path = "|".join(f".//{tag}[normalize-space()={words}]" for tag in ("a", "button", "summary"))
        self.press(place.find_element(By.XPATH, path))

    def press(self, element: WebElement | str) -> None:
        """Click an element, by itself or by selector, and wait for the page that comes of it."""
        found = self.find(element) if isinstance(element, str) else element
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
        here, leads = self.find("html"), self.driver.execute_script(LEADS, found)
        found.click()
        if leads:
            # A script that is run while one page goes and the next comes is refused.
            wait = WebDriverWait(self.driver, SECONDS, ignored_exceptions=[WebDriverException])
            wait.until(staleness_of(here))
            wait.until(lambda driver: driver.execute_script("return document.readyState") == "complete")

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector: str, text: str) -> None:
        """Choose from a list."""
        Select(self.find(selector)).select_by_visible_text(text)

    def until(self, selector: str) -> WebElement:
        """Wait for an element that appears by itself."""
        return WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.find_element(By.CSS_SELECTOR, selector))

    def errors(self) -> list[str]:
        """Return what stands in the console since the last look."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]

    def size(self, width: int, height: int) -> None:
        """Make the window as wide as a screen; a headless window itself cannot be narrower than 500 pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def colours(self, scheme: str) -> None:
        """Prefer ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.driver.execute_script(wider))

    def violations(self) -> list[str]:
        """Return what axe-core finds serious or critical."""
        self.driver.execute_script(axe())
        found: dict[str, Any] = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(done, (error) => done({error: String(error)}));"
        )
        assert "error" not in found, found
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        return [f"{one['id']}: {node['target']} {node['html'][:120]}" for one in serious for node in one["nodes"]]

    def shot(self, path: Path) -> None:
        """Keep what the window shows as a PNG."""
        self.driver.save_screenshot(str(path))


@cache
def axe() -> str:
    """Return axe-core's program."""
    return (node_packages("axe", [AXE]) / "axe-core" / "axe.min.js").read_text("utf-8")


@contextmanager
def screen(base: str, language: str = "en-US") -> Iterator[Screen]:
    """Start a browser with a profile of its own, in a language; end it with everything it left."""
    profile = tempfile.mkdtemp(prefix="amlclassic-browser-")
    options = Options()
    options.binary_location = _program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--lang={language}", "--window-size={},{}".format(*DESK)):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_program("chromedriver")))
    try:
        made = Screen(driver, base)
        made.size(*DESK)
        made.colours("light")
        yield made
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: make test-real installs it"
    return found
