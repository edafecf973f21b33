"""Who looks at the pages: a signed cookie, and the token that each form carries.

There are no accounts. Signing in is one button; off loopback it asks for the control token as well, because the pages
show keys. A form is answered only with the token of its own visitor's cookie, so no other site can send one.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from flask import Request, Response, g, request

from amlemulator.core.errors import failure
from amlemulator.faces.call import Call
from amlemulator.faces.guard import Guard
from amlemulator.faces.pages.languages import choose

FIELD = "csrf_token"


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor. ``fresh``: the browser does not have the cookie yet."""

    nonce: str
    signed_in: bool
    fresh: bool = False


class Sessions:
    """Makes and reads cookies. The key is drawn at each start: one derived from the seed could be known beforehand."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._key = secrets.token_bytes(32)

    @property
    def asks_for_token(self) -> bool:
        """Whether signing in needs the control token: off loopback, or when the user set one."""
        return self._guard.asks_for_token

    def _mark(self, *parts: str) -> str:
        return hmac.new(self._key, "\0".join(parts).encode(), "sha256").hexdigest()

    def _value(self, session: Session) -> str:
        state = "in" if session.signed_in else "guest"
        return f"{session.nonce}.{state}.{self._mark('cookie', session.nonce, state)}"

    def read(self, request: Request) -> Session:
        """Return the visitor of a request, a new one where its cookie is missing or not ours."""
        nonce, _, rest = request.cookies.get(cookie_name(request), "").partition(".")
        state, _, mark = rest.partition(".")
        if hmac.compare_digest(mark.encode(), self._mark("cookie", nonce, state).encode()):
            return Session(nonce, state == "in")
        return Session(secrets.token_urlsafe(16), signed_in=False, fresh=True)

    def token(self, session: Session) -> str:
        """Return what the forms of this visitor carry."""
        return self._mark("form", session.nonce)

    def keep(self, session: Session, request: Request, response: Response) -> None:
        """Give the browser its cookie. Lax: a link from elsewhere finds its visitor, a form from elsewhere does not."""
        name, secure = cookie_name(request), request.is_secure
        response.set_cookie(name, self._value(session), httponly=True, samesite="Lax", secure=secure)

    def drop(self, request: Request, response: Response) -> None:
        """Take the browser's cookie away."""
        response.delete_cookie(cookie_name(request))

    def sign_in(self, request: Request) -> Session:
        """Return the visitor signed in, under a new cookie. Raises 403 for a wrong control token."""
        if self.asks_for_token and not self._guard.knows(request.form.get("control_token", "")):
            raise failure("control/Forbidden", "This is not the control token.", evidence="portal.sign-in")
        return Session(secrets.token_urlsafe(16), signed_in=True, fresh=True)

    def admit(self, call: Call, *, signed_in: bool) -> None:
        """Let a request to a page in, or refuse it: by its Host and Origin, and off loopback without a sign-in."""
        self._guard.check_page(call)
        g.session = self.read(request)
        g.language = choose(request)
        if signed_in and self.asks_for_token and not g.session.signed_in:
            raise failure("control/Forbidden", "Sign in first.", evidence="portal.sign-in")

    def check_form(self, request: Request) -> None:
        """Refuse a form without its visitor's token."""
        given = request.form.get(FIELD, "")
        if not hmac.compare_digest(given.encode(), self.token(g.session).encode()):
            raise failure(
                "control/Forbidden",
                "This form does not belong to your session: the emulator was started anew, or the form came from "
                "another site. Open the page again and send it from there.",
                evidence="portal.forms",
            )


def cookie_name(request: Request) -> str:
    """Return the name of the cookie. Browsers share cookies between ports, and several emulators may run."""
    _, _, port = request.host.rpartition(":")
    return f"amlclassic-{port}" if port.isdigit() else "amlclassic"
