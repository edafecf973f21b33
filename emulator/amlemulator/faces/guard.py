"""Who may use the control plane."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from amlemulator.core.errors import failure
from amlemulator.core.regions import host_of_name
from amlemulator.faces.call import Call
from amlemulator.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # brackets that do not close
        return None


def _foreign(call: Call) -> bool:
    # Browsers that send no Sec-Fetch-Site say with each POST where the page came from.
    origin = call.header("Origin")
    return origin is not None and origin.partition("://")[2] != call.host_header


class Guard:
    """Keeps the control plane to this machine: no DNS rebinding, no cross-site request; a token off loopback."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.control_token
        self._loopback = settings.host in LOOPBACK
        self._public = urlsplit(settings.public_url).hostname if settings.public_url else None

    def check(self, call: Call) -> None:
        """Refuse a call that does not come from this machine's own programs."""
        if call.header("Sec-Fetch-Site") not in (None, "none", "same-origin") or _foreign(call):
            raise failure("control/Forbidden", "The control plane answers to no cross-site request.")
        if self.knows(call.header("x-amlclassic-control-token") or ""):
            return
        if not self._loopback or self._token is not None or _name(call.host_header) not in LOOPBACK:
            raise failure(
                "control/Forbidden",
                "The control plane answers only to loopback host names; elsewhere it needs --control-token, sent as "
                "the header x-amlclassic-control-token.",
            )

    @property
    def asks_for_token(self) -> bool:
        """Whether the control token is needed: off loopback, or when there is one."""
        return not self._loopback or self._token is not None

    def knows(self, token: str) -> bool:
        """Whether this is the control token."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())

    def check_page(self, call: Call) -> None:
        """Refuse a page to a foreign host name, and a form from another site.

        A link from elsewhere may lead here. Real names of the service come through the emulator's own proxy. Where the
        token is asked for, its cookie belongs to one host name, so that another name finds nobody signed in.
        """
        posted_from_elsewhere = call.method == "POST" and (
            call.header("Sec-Fetch-Site") not in (None, "none", "same-origin") or _foreign(call)
        )
        if posted_from_elsewhere:
            raise failure("control/Forbidden", "The pages take no form from another site.", evidence="portal.forms")
        name = _name(call.host_header)
        if (
            not self.asks_for_token
            and name not in LOOPBACK
            and name != self._public
            and host_of_name(name or "") is None
        ):
            raise failure(
                "control/Forbidden",
                "The pages answer only to loopback host names, to that of --public-url and to the service's own; "
                "with --control-token they ask for it and answer to every name.",
                evidence="portal.guard",
            )
