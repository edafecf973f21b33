"""Calls of the emulator's control plane by commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amlclient import Call, ServiceClient


class _Token:
    """What the control plane asks for where it does not listen on loopback alone."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def headers(self) -> Mapping[str, str]:
        return {"x-amlclassic-control-token": self._token} if self._token else {}

    def secrets(self) -> tuple[str, ...]:
        return (self._token,) if self._token else ()


class ControlPlane(ServiceClient):
    """The control plane of the emulator at ``base_url``. Every call raises ServiceError and TransportError."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        super().__init__(_Token(token))
        self._root = f"{base_url}/_emulator/"

    def get(self, path: str) -> Any:
        """Return what stands at a path below /_emulator."""
        return json.loads(self.call(Call("GET", self._root + path, repeatable=True)).content)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send an object; return the answer."""
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return json.loads(self.call(Call("POST", self._root + path, headers=headers, content=content)).content)

    def delete(self, path: str) -> None:
        """Remove what stands at a path."""
        self.call(Call("DELETE", self._root + path, repeatable=True))
