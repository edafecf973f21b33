"""The pages in English and Korean: which one is shown, and that no message is missing."""

import gettext
import re
import sys
from pathlib import Path

import pytest

from amlemulator.faces.pages import languages
from support.source import ROOT
from support.visitor import Visitor

sys.path.append(str(ROOT / "tools"))
import make_messages

KOREAN = "ko-KR,ko;q=0.9,en;q=0.5"


def heading(visitor, path="/portal/classic"):
    return visitor.get(path).headings()[0]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (KOREAN, "기존 웹 서비스"),
        ("ko", "기존 웹 서비스"),
        ("en", "Classic Web Services"),
        ("de", "Classic Web Services"),
        ("", "Classic Web Services"),
    ],
)
def test_the_browser_decides_first(wire, asked, expected):
    """Accept-Language chooses; English for everybody else, and the page says which it is."""
    visitor = Visitor(wire, asked)
    assert expected == heading(visitor)
    answer = visitor.raw("/portal/")
    assert ("ko" if "ko" in asked else "en") == answer.header("Content-Language")
    assert "Accept-Language" in answer.header("Vary")


def test_the_switch_stays(wire):
    """Who has switched gets that language from then on, on every page; an unknown one changes nothing."""
    visitor = Visitor(wire, "en")
    assert "기존 웹 서비스" == heading(visitor, "/portal/classic?lang=ko")
    assert "작업 영역" == heading(visitor, "/studio/")
    assert "작업 영역" == heading(visitor, "/studio/?lang=xx")
    assert "Workspaces" == heading(visitor, "/studio/?lang=en")


def test_the_switch_keeps_what_was_searched(wire):
    """The links of the switch lead to the same page in the other language."""
    links = Visitor(wire).get("/portal/classic?q=a%26b&page=1").links()
    assert "?q=a%26b&page=1&lang=ko" == links["한국어"]


def test_help_pages_have_the_documents_words(wire, place):
    """The link that the Korean document names is there by its name."""
    target = place.sample("census-model-predictive").add("retrained")
    ids = f"{place.workspace.id}/webservices/{target.service.id}/endpoints/{target.endpoint.id}"
    path = f"/studio/apihelp/workspaces/{ids}"
    assert "리소스 업데이트" in Visitor(wire, KOREAN).get(path).links()
    assert "Update Resource" in Visitor(wire).get(path).links()


def test_no_message_is_missing():
    """Every text of the pages stands in the Korean catalogue, translated, and no other does."""
    catalogue = make_messages.updated("ko")
    assert [] == make_messages.missing(catalogue)
    with (make_messages.MESSAGES / "ko.po").open("rb") as file:
        written = make_messages.read_po(file, locale="ko")
    assert {one.id for one in catalogue} == {one.id for one in written}


def test_what_runs_is_what_people_wrote():
    """The compiled catalogue says the same as the one that people write."""
    with (make_messages.MESSAGES / "ko.po").open("rb") as file:
        written = {one.id: one.string for one in make_messages.read_po(file, locale="ko") if one.id}
    compiled = languages.catalogue("ko")
    assert isinstance(compiled, gettext.GNUTranslations)
    assert written == {one: compiled.gettext(one) for one in written}


@pytest.mark.parametrize("mark", [r"%\(\w+\)s|%s", r"\.ilearner", "PATCH", "API_KEY"])
def test_translations_keep_places_and_names(mark):
    """What stands for a value, and what is typed as it stands, is in both languages."""
    messages = [one for one in make_messages.updated("ko") if one.id]
    assert [] == [one.id for one in messages if set(re.findall(mark, one.id)) != set(re.findall(mark, one.string))]


def test_every_text_of_a_template_is_a_message():
    """No sentence stands in a template outside of a translation."""
    bare = [
        f"{path.name}: {text}"
        for folder in ("pages", "help")
        for path in sorted((make_messages.FACES / "templates" / folder).rglob("*.html"))
        for text in _bare(path)
    ]
    assert [] == bare


KNOWN = {"amlclassic", "curl", "ID", "HTTP/1.1", "PATCH", "REQUEST/RESPONSE", "BATCH EXECUTION", "UPDATE RESOURCE"}
KNOWN |= {"Content-Length", "Accept: application/json", "Content-Type:application/json", "Authorization:Bearer abc123"}
KNOWN |= {"swagger.json", "- amlclassic", "HelpLocation"}


def _bare(path: Path) -> list[str]:
    text = re.sub(r"\{#.*?#\}|\{%-?\s*trans.*?endtrans\s*-?%\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    outside = re.findall(r">([^<>]+)<", text)
    return [one.strip() for one in outside if re.search(r"[A-Za-z]{3}", one) and not _known(one.strip())]


def _known(text: str) -> bool:
    return text in KNOWN or text.startswith('"539d0bc2')


def test_the_catalogue_is_found_by_its_own_name():
    """The languages of the switch are those that there are catalogues for, and English."""
    there = {path.stem for path in languages.MESSAGES.glob("*.mo")}
    assert there | {"en"} == set(languages.LANGUAGES)
    assert set(make_messages.LANGUAGES) == there
