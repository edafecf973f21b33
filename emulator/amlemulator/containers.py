"""The emulator in a container, for ``testcontainers``. It is no dependency of amlclassic: who uses this has it.

The image is made from the Dockerfile of this repository: ``docker build -t amlclassic .``
"""

from __future__ import annotations

import secrets
from typing import Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from amlemulator.remote import RemoteEmulator

PORT, BLOB_PORT = 8350, 10000  # inside the container


class AmlClassicContainer(DockerContainer):
    """A container with the emulator: ``with AmlClassicContainer() as container: container.emulator.workspace()``.

    Its ports are mapped to free ones of the host, and its answers name those. ``settings`` are those of ``amlclassic
    serve`` by name.
    """

    def __init__(self, image: str = "amlclassic", **settings: str | float | bool) -> None:
        super().__init__(image)
        self._token = secrets.token_urlsafe(16)
        self._emulator: RemoteEmulator | None = None
        self.with_exposed_ports(PORT, BLOB_PORT)
        given = {"auto_accounts": True, **settings, "control_token": self._token}
        for name, value in given.items():
            self.with_env(f"AMLCLASSIC_{name.upper()}", str(value))
        self.waiting_for(HttpWaitStrategy(PORT, "/_emulator/readyz").for_status_code(200))

    def start(self) -> Self:
        """Start it and wait until everything answers."""
        super().start()
        try:
            base, blob = (self._url(port) for port in (PORT, BLOB_PORT))
            with RemoteEmulator(base, self._token) as emulator:
                emulator.move(base, blob)
            self._emulator = RemoteEmulator(base, self._token)
        except BaseException:
            self.stop()
            raise
        return self

    def _url(self, port: int) -> str:
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(port)}"

    @property
    def emulator(self) -> RemoteEmulator:
        """The handle of the emulator: workspaces, faults, jobs, requests, clock. Known once started."""
        assert self._emulator is not None, "start the container first"
        return self._emulator

    @property
    def connection_string(self) -> str:
        """The connection string of the built-in storage account."""
        return str(self.emulator.endpoints["storage"]["connection_string"])

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Stop and remove it."""
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None
        super().stop(force, delete_volume)
