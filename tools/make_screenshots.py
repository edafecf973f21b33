"""Make the pictures of ``docs/pages.md`` again: every page in a real browser, small files. ``make screenshots``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from amlemulator import Emulator  # noqa: E402
from amlemulator.commands._page_diagnosis import diagnosed  # noqa: E402
from support.browser import DESK, PHONE, Screen, screen  # noqa: E402 # the tests' helpers are no installed package

FOLDER = ROOT / "docs" / "screenshots"
SCORING = "Census Model [Predictive Exp.]"


class Photographer:
    """Walks through the pages as the document does, and keeps a picture of each."""

    def __init__(self, made: Screen, folder: Path) -> None:
        self.screen = made
        self.folder = folder

    def keep(self, name: str, height: int | None = None, width: int = DESK[0]) -> None:
        """Keep what stands on the screen, as high as the page is unless told."""
        whole = self.screen.driver.execute_script("return document.documentElement.scrollHeight")
        self.screen.size(width, min(height or whole, 1700))
        self.screen.shot(self.folder / f"{name}.png")
        self.screen.size(*DESK)

    def portal(self) -> None:
        """Go through option 2 of the document, to the PATCH URL."""
        made = self.screen
        made.open("/portal/")
        self.keep("sign-in")
        made.press("form[action$='/signin'] button")
        self.keep("web-services")
        made.click(SCORING)
        made.press("a[href$='/newendpoint']")
        made.fill("#name", "retrained")
        self.keep("new-endpoint")
        made.press("main form button.primary")
        self.keep("web-service")
        made.click("retrained")
        self.keep("endpoint")
        self.address = made.driver.current_url
        made.press("section[aria-labelledby=patch] a")
        self.keep("patch-url", 900)
        made.click("Overview")
        self.keep("update-resource")
        made.click("Request/Response")
        made.click("Test Request-Response")
        made.driver.execute_script("document.getElementById('test').scrollIntoView({behavior: 'instant'})")
        self.keep("test", 900)

    def studio(self) -> None:
        """Go through the region check and the experiment's graph, connected and not."""
        made = self.screen
        made.open("/studio/")
        made.press("#workspaces summary")
        self.keep("region")
        made.click("Census EU", "main")
        made.click("Census Model")
        self.keep("connected")
        made.choose("#source-1", "nothing (not connected)")
        made.press("form[action$='/wires'] button")
        self.keep("not-connected")

    def flow(self) -> None:
        """Retrain; keep the job, the models side by side and the journal."""
        made = self.screen
        made.open("/portal/retraining")
        made.choose("#dataset", "census-train")
        made.press("#do-data")
        made.press("#do-job")
        made.until("#output1-SasBlobToken")
        job = made.find("#follow a[href*='/jobs/']").get_attribute("href") or ""
        made.click("Go on")
        made.press("#do-endpoint")
        made.press("#do-patch")
        made.press("#do-score")
        made.driver.execute_script("document.getElementById('score-title').scrollIntoView({behavior: 'instant'})")
        self.keep("retraining", 900)
        made.open(job)
        self.keep("job")
        made.open(self.address.partition("/endpoints/")[0] + "/models")
        made.press("#do-compare")
        self.keep("models", 700)
        made.open("/portal/requests")
        self.keep("requests", 900)

    def mending(self) -> None:
        """Diagnose the endpoint that was retrained, and have a failure met."""
        made = self.screen
        made.open(f"{self.address}/diagnosis")
        made.press("#diagnose")
        self.keep("diagnosis")
        made.open("/_emulator/failures/sas-cut")
        made.press("main form button.primary")
        self.keep("failure", 1000)
        made.press("form[action*='/disarm'] button")

    def phone(self) -> None:
        """Look at an endpoint on a phone."""
        self.screen.size(*PHONE)
        self.screen.open(self.address)
        self.screen.shot(self.folder / "phone.png")
        self.screen.size(*DESK)


def main() -> int:
    """Make every picture. Returns the exit status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Emulator(port=8350, blob_port=10000) as emulator:
        emulator.diagnose = partial(diagnosed, emulator)
        emulator.clock.freeze(1709290800)  # the same times in every picture
        with screen(emulator.base_url) as made:
            photographer = Photographer(made, FOLDER)
            photographer.portal()
            photographer.studio()
            emulator.clock.resume()
            photographer.flow()
            photographer.mending()
            photographer.phone()
        with screen(emulator.base_url, "ko-KR") as made:
            made.open("/portal/classic")
            Photographer(made, FOLDER).keep("korean")
    _shrink()
    return 0


def _shrink() -> None:
    """Write each picture with few colours: screens have few, and a quarter of the bytes is enough."""
    from PIL import Image

    for path in sorted(FOLDER.glob("*.png")):
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
