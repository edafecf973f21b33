"""Who may use the control plane."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from amlemulator.core.errors import failure
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

    def check(self, call: Call) -> None:
        """Refuse a call that does not come from this machine's own programs."""
        if call.header("Sec-Fetch-Site") not in (None, "none", "same-origin") or _foreign(call):
            raise failure("control/Forbidden", "The control plane answers to no cross-site request.")
        given = call.header("x-amlclassic-control-token") or ""
        if self._token is not None and hmac.compare_digest(given.encode(), self._token.encode()):
            return
        if not self._loopback or self._token is not None or _name(call.host_header) not in LOOPBACK:
            raise failure(
                "control/Forbidden",
                "The control plane answers only to loopback host names; elsewhere it needs --control-token, sent as "
                "the header x-amlclassic-control-token.",
            )
