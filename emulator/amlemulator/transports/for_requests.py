"""``requests`` with no socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from amlclient import WSGIAdapter
from amlemulator.transports import Refused, Switchboard

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

__all__ = ["RequestsAdapter", "session"]


class RequestsAdapter(WSGIAdapter):
    """What a session of ``requests`` mounts in the place of the network."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(Switchboard(emulator))

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Send a prepared request. Raises requests.ConnectionError where the network would."""
        try:
            return super().send(request, *arguments, **options)
        except Refused as error:
            raise requests.ConnectionError(str(error), request=request) from error


def session(emulator: Emulator) -> requests.Session:
    """Return a session of ``requests`` whose every request goes to the emulator, with no socket."""
    made = requests.Session()
    made.trust_env = False  # neither a proxy nor a .netrc has a say in what never leaves the process
    for scheme in ("http://", "https://"):
        made.mount(scheme, RequestsAdapter(emulator))
    return made
