"""The failures' own pages: a person presses the button, and a program meets the failure."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from amlemulator.failures.catalogue import find
from support.browser import PHONE, Screen
from support.census import plain

pytestmark = pytest.mark.timeout(300)


def score(endpoints: dict[str, Any]) -> int:
    """Score a row as a program does; returns the status."""
    services = endpoints["workspaces"][0]["services"]
    place = next(one for one in services if one["name"].endswith("[Predictive Exp.]"))["endpoints"][0]
    headers = {"Authorization": f"Bearer {place['primary_key']}"}
    url = f"{place['api_location']}/execute?api-version=2.0"
    return requests.post(url, json=plain(), headers=headers, timeout=60).status_code


def test_a_button_lets_a_program_meet_a_failure(english: Screen, endpoints: dict[str, Any]) -> None:
    """Found in the list, set up for one call, met by the next score, and taken back."""
    english.open("/_emulator/failures")
    english.click(find("throttled").text("title"))
    english.choose("select[name=which]", "only this one, counted from now")
    english.fill("input[name=number]", "2")
    english.click("Set it up")
    assert "It is set up in" in english.text
    assert [200, 503, 200] == [score(endpoints) for _ in range(3)]
    english.click("Take it back")
    assert "It is set up" not in english.text
    assert [200, 200] == [score(endpoints) for _ in range(2)]


def test_the_pages_are_korean_for_who_reads_korean(korean: Screen) -> None:
    """Title and button; a link leads to the same page in English."""
    known = find("sas-expired")
    korean.open("/_emulator/failures/sas-expired")
    assert known.text("title", "ko") in korean.text
    assert "설정하기" == korean.find("main form button").text
    korean.click("English")
    assert known.text("title") in korean.text


def test_a_page_fits_a_phone_and_reads_well(english: Screen) -> None:
    """Nothing serious for axe-core, no scrolling sideways, in light and dark."""
    english.size(*PHONE)
    for path in ("", "/sas-of-another-blob", "/another-endpoint-scored"):
        english.open(f"/_emulator/failures{path}")
        for scheme in ("light", "dark"):
            english.colours(scheme)
            assert ([], 0) == (english.violations(), english.overflow())
    english.size(1280, 900)
    english.colours("light")
