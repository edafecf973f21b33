"""The languages of the pages: which one a visitor reads, and its message catalogue.

Texts stand in the pages in English; ``messages/ko.po`` holds the Korean ones, ``ko.mo`` is compiled from it
(``make messages``), so that the standard library's gettext is all that runs here.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from flask import Request, g, has_request_context

MESSAGES = Path(__file__).parents[1] / "messages"
LANGUAGES = {"en": "English", "ko": "한국어"}
COOKIE = "amlclassic-language"
SWITCH = "lang"  # the parameter of a query that changes the language


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the messages of a language; those of English are the texts themselves."""
    if language == "en":
        return NullTranslations()
    with (MESSAGES / f"{language}.mo").open("rb") as file:
        return GNUTranslations(file)


def choose(request: Request) -> str:
    """Return the language of a request: as just switched, as switched before, else as its browser prefers."""
    for wanted in (request.args.get(SWITCH), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return str(wanted)
    return request.accept_languages.best_match(list(LANGUAGES), "en") or "en"


def current_language() -> str:
    """Return the language of the page being made."""
    return str(g.get("language", "en")) if has_request_context() else "en"


def gettext(message: str) -> str:
    """Return a text in the language of the page being made."""
    return catalogue(current_language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return a text for a number of things in the language of the page being made."""
    return catalogue(current_language()).ngettext(singular, plural, number)
