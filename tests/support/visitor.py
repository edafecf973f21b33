"""A person who looks at pages: keeps cookies, follows where a form leads, sends the token that forms carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from pages import Page
from support.wire import Answer, Wire

UNSENT = ("file", "submit", "checkbox", "radio")  # unless it is checked
TOKEN = re.compile(r'name="csrf_token" value="(\w+)"')


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, wire: Wire, language: str = "en-US", **headers: str) -> None:
        self.wire = wire
        self.cookies: dict[str, str] = {}
        self.headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language, **headers}

    def _send(self, method: str, path: str, content: bytes | None = None, **headers: str) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**self.headers, **headers, **({"Cookie": cookie} if cookie else {})}
        answer = self.wire.call(method, path, raw=content, headers=sent)
        for name, value in answer.headers:
            if name == "Set-Cookie":
                self.cookies.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})
        return answer

    def get(self, path: str, status: int = 200) -> Page:
        """Open a page."""
        answer = self._send("GET", path)
        assert status == answer.status, (path, answer.body.decode()[:2000])
        return Page(answer.body.decode())

    def raw(self, path: str) -> Answer:
        """Open an address as it is answered."""
        return self._send("GET", path)

    @property
    def token(self) -> str:
        """What this visitor's forms carry."""
        return TOKEN.findall(self._send("GET", "/portal/").body.decode())[0]

    def send(self, path: str, fields: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """Send a form with its token."""
        body = urlencode({"csrf_token": self.token, **(fields or {}), **more}).encode()
        return self._send("POST", path.partition("#")[0], body, **{"Content-Type": "application/x-www-form-urlencoded"})

    def submit(self, path: str, fields: Mapping[str, Any] | None = None, status: int = 303, **more: Any) -> Page:
        """Send a form, and go where it leads; ``status`` other than 303: stay on what it answers."""
        answer = self.send(path, fields, **more)
        assert status == answer.status, answer.body.decode()[:3000]
        leads = answer.header("Location")
        return self.get(leads) if leads else Page(answer.body.decode())


def fields(page: Page, action: str) -> dict[str, str]:
    """Return the fields of the form that goes to an address which ends so, as a browser would send them."""
    form = next(one for one in page.root.iter("form") if one.get("action", "").partition("#")[0].endswith(action))
    return dict(_values(form))


def _values(form: Any) -> Iterator[tuple[str, str]]:
    for one in form.iter():
        name, kind = one.get("name"), one.get("type", "")
        if one.tag == "input" and name and (kind not in UNSENT or "checked" in one.attrib):
            yield name, one.get("value", "")
        elif one.tag == "textarea" and name:
            yield name, "".join(one.itertext())
        elif one.tag == "select" and name:
            options = list(one.iter("option"))
            chosen = next(
                (option for option in options if "selected" in option.attrib), options[0] if options else None
            )
            if chosen is not None:
                yield name, chosen.get("value", "")
