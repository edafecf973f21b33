"""``/_emulator/proxies``: a proxy for one program, opened while the emulator runs, with a record of what was called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from amlemulator.core.errors import failure
from amlemulator.faces.calls import answer, mount, route
from amlemulator.faces.control import given_object
from amlemulator.settings import SettingsError

if TYPE_CHECKING:
    from amlemulator.doors import Door
    from amlemulator.emulator import Emulator


class Proxies:
    """The views."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/control/proxies", "control.proxies", "control")
    def proxies(self) -> Response:
        """List the open proxies and TLS listeners."""
        return answer([_shown(door) for door in self._emulator.ways_in()])

    @route("POST", "/control/proxies", "control.open-proxy", "control")
    def open_proxy(self) -> Response:
        """Open a proxy on a free port of the loopback; ``passthrough`` lists other hosts that it lets through."""
        rules = given_object({"passthrough"}).get("passthrough", [])
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
            raise failure("control/BadRequest", '"passthrough" is a list of hosts.')
        try:
            return answer(_shown(self._emulator.doors.open_proxy(rules)), 201)
        except ValueError as error:
            raise failure("control/BadRequest", f"'{error}' is no host: HOST, HOST:PORT or *.DOMAIN.") from error
        except SettingsError as error:
            raise failure("control/BadRequest", str(error)) from error

    @route("GET", "/control/proxies/<proxy_id>", "control.proxy", "control")
    def proxy(self, proxy_id: str) -> Response:
        """Show what was called through a proxy or TLS listener, and what was refused."""
        door = self._find(proxy_id)
        return answer({**_shown(door), **door.traffic.as_json()})

    @route("DELETE", "/control/proxies/<proxy_id>", "control.shut-proxy", "control")
    def shut_proxy(self, proxy_id: str) -> Response:
        """Shut a proxy that was opened here; the answer shows what was called through it."""
        door = self._find(proxy_id)
        self._emulator.doors.shut(door)
        return answer({**_shown(door), **door.traffic.as_json()})

    def _find(self, proxy_id: str) -> Door:
        found = [door for door in self._emulator.ways_in() if door.id == proxy_id]
        if not found:
            raise failure("control/NotFound", f"There is no proxy {proxy_id}.", evidence="control.proxies")
        return found[0]


def _shown(door: Door) -> dict[str, Any]:
    way = {"proxy_url": door.url} if door.proxy else {"tls_port": door.port}
    return {"id": door.id, **way, "ca_file": str(door.certificate)}


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes."""
    return mount("control_proxies", Proxies(emulator))
