"""Every page that a link leads to: no complaint in the console, nothing serious for axe-core, readable on a phone."""

import re
from urllib.parse import urlsplit

import pytest

from support.browser import DESK, PHONE, Screen

pytestmark = pytest.mark.timeout(900)
PLACES = re.compile(r"[0-9a-f]{32}(?:\.f-id\.[0-9a-f]{32})?|(?<=/failures/)[a-z0-9-]+")
MOST = 60


def shape(address: str) -> str:
    """Return what kind of page an address is: ids and queries make no difference."""
    return PLACES.sub("ID", urlsplit(address).path.rstrip("/"))


def every_page(screen: Screen) -> list[str]:
    """Return one address of each kind of page that can be reached from the doors, and of each kind of endpoint."""
    found: dict[str, str] = {}
    waiting = [f"{screen.base}/portal/", f"{screen.base}/studio/"]
    while waiting and len(found) < MOST:
        address = waiting.pop(0)
        if shape(address) in found:
            continue
        found[shape(address)] = address
        screen.open(address)
        links = [one.get_attribute("href") or "" for one in screen.all("a[href]")]
        pages = [one.partition("#")[0] for one in links if one.startswith(screen.base) and "lang=" not in one]
        waiting += [one for one in pages if _is_page(one)]
    return list(found.values())


def _is_page(address: str) -> bool:
    return (
        urlsplit(address).path.startswith(("/portal", "/studio", "/_emulator/failures"))
        and "apidocument" not in address
    )


@pytest.fixture(scope="module")
def pages(english):
    """Walk everywhere; a job, an added endpoint and the pages of both are among it."""
    english.open("/portal/")
    if english.all("form[action$='/signin'] button"):
        english.press("form[action$='/signin'] button")
    english.open("/portal/classic")
    english.click("Census Model [Predictive Exp.]")
    english.press("a[href$='/newendpoint']")
    english.fill("#name", "everypage")
    english.press("main form button.primary")
    english.click("everypage")
    added = english.driver.current_url
    found = every_page(english)
    assert len(found) > 15, found
    english.open(added)
    english.press("section[aria-labelledby=patch] a")
    help_page = english.driver.current_url
    return [*found, added, f"{added.partition('?')[0]}/diagnosis", help_page]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", ["english", "korean"])
def test_nothing_serious_on_any_page(request, pages, language, colours):
    """axe-core finds neither serious nor critical faults, in both languages and both colour schemes."""
    screen = request.getfixturevalue(language)
    screen.colours(colours)
    found = {}
    for address in pages:
        screen.open(address)
        if faults := screen.violations():
            found[shape(address)] = faults
    screen.colours("light")
    assert {} == found


def test_pages_fit_a_phone(english, pages):
    """No page is wider than the screen: tables, code and graphs scroll by themselves."""
    english.size(*PHONE)
    wide = {}
    for address in pages:
        english.open(address)
        if english.overflow() > 0:
            wide[shape(address)] = english.overflow()
    english.size(*DESK)
    assert {} == wide


def test_no_page_complains(english, pages):
    """The console stays empty on every page, and each is in the language that was asked for."""
    english.errors()
    for address in pages:
        english.open(address)
        assert "en" == english.find("html").get_attribute("lang")
        assert [] == english.errors(), address


def test_a_refused_form_and_shown_keys_are_pages_too(english):
    """What comes back from a form is held to the same."""
    english.open("/portal/classic")
    english.click("Census Model [Predictive Exp.]")
    english.press("a[href$='/newendpoint']")
    english.fill("#name", "Bad")
    english.press("main form button.primary")
    assert english.find("[role=alert]").text
    assert [] == english.violations()
    english.errors()  # the browser notes that the answer was 400, as it should be
    english.open("/portal/classic")
    english.click("Census Model [Predictive Exp.]")
    english.click("default")
    english.click("Show keys")
    assert [] == english.violations()
