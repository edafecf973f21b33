"""The ways in for programs that use the service's real host names, opened and shut on a running emulator.

Two are opened at the start where the settings say so: a proxy (``proxy_port``) and a listener with TLS (``tls``).
``amlclassic run`` opens a proxy of its own for each program, so that it can tell what that program called.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from amlemulator.adapters.authority import AuthorityError, Contexts, default_folder
from amlemulator.core.allowed_hosts import AllowedHosts, rules_of
from amlemulator.core.regions import is_real
from amlemulator.faces.entrance import Entrance
from amlemulator.server import bind
from amlemulator.settings import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from amlemulator.engine.traffic import Traffic
    from amlemulator.ports.blobs import Blobs
    from amlemulator.server import Listeners
    from amlemulator.settings import Settings

LOOPBACK = "127.0.0.1"  # whatever ``--host`` says: a proxy that others could reach would be theirs too


@dataclass(frozen=True)
class Door:
    """An open way in. ``certificate`` is the file of the authority that its clients must trust."""

    id: str
    port: int
    certificate: Path
    traffic: Traffic
    proxy: bool
    entrance: Entrance = field(repr=False)

    @property
    def url(self) -> str:
        """The proxy's URL, as HTTPS_PROXY takes it."""
        return f"http://{LOOPBACK}:{self.port}"


class Doors:
    """Every way in of one emulator. Raises SettingsError where the authority cannot be had."""

    def __init__(self, settings: Settings, blobs: Blobs, application: WSGIApplication, listeners: Listeners) -> None:
        self._settings = settings
        self._listeners = listeners
        self._blobs = blobs
        self._application = application
        self._open: dict[str, Door] = {}
        self._lock = threading.Lock()
        folder = Path(settings.ca_folder) if settings.ca_folder else default_folder()
        try:
            self._contexts = Contexts(folder, self.serves)
        except AuthorityError as error:
            raise SettingsError(str(error)) from error

    def serves(self, name: str) -> bool:
        """Tell whether a host name is the service's, or that of a storage account of this emulator."""
        return is_real(name, lambda account: self._blobs.key(account) is not None)

    def open_configured(self) -> None:
        """Open what the settings ask for."""
        settings = self._settings
        if settings.proxy_port is not None:
            self._add("proxy", LOOPBACK, settings.proxy_port, AllowedHosts.read(settings.passthrough))
        if settings.tls:
            self._add("tls", settings.host, settings.tls_port, None)

    def open_proxy(self, passthrough: Sequence[str] = ()) -> Door:
        """Open a proxy on a free port. Raises ValueError for a rule of ``passthrough`` that is none."""
        rules = [*rules_of(self._settings.passthrough), *passthrough]
        return self._add(str(uuid.uuid4()), LOOPBACK, 0, AllowedHosts(rules))

    def _add(self, name: str, host: str, port: int, passthrough: AllowedHosts | None) -> Door:
        proxy = passthrough is not None
        listener = bind(host, port, f"{name}_port")
        entrance = Entrance(self._application, self.serves, self._contexts.of, proxy=proxy, passthrough=passthrough)
        self._listeners.open(entrance, listener)
        number = listener.getsockname()[1]
        door = Door(name, number, self._contexts.certificate_file, entrance.traffic, proxy, entrance)
        with self._lock:
            self._open[name] = door
        return door

    def all(self) -> list[Door]:
        """Return every open door."""
        with self._lock:
            return list(self._open.values())

    def shut(self, door: Door) -> None:
        """Shut a door; what was called through it can still be read."""
        with self._lock:
            self._open.pop(door.id, None)
        self._listeners.shut(door.entrance)
