"""The endpoints file that ``amlclassic serve`` writes: where everything is, and the keys to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ._exceptions import UnexpectedAnswer, WrongCall
from ._models import require_object

__all__ = ["EndpointEntry", "EndpointsFile", "ServiceEntry", "WorkspaceEntry"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EndpointEntry:
    """One endpoint as the file lists it."""

    name: str
    api_location: str
    primary_key: str = field(repr=False)
    help_location: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """One web service; ``kind`` is ``training`` or ``scoring``."""

    id: str
    name: str
    kind: str
    endpoints: tuple[EndpointEntry, ...] = ()

    @property
    def default(self) -> EndpointEntry:
        """The default endpoint. Raises WrongCall when the file does not list one."""
        for endpoint in self.endpoints:
            if endpoint.name == "default":
                return endpoint
        raise WrongCall(f"the endpoints file lists no default endpoint of {self.name!r}")


@dataclass(frozen=True, slots=True)
class WorkspaceEntry:
    """One workspace: its region, its token, its hosts and services."""

    id: str
    name: str
    region: str
    token: str = field(repr=False)
    management_url: str
    services: tuple[ServiceEntry, ...] = ()
    studio_url: str | None = None
    connection_string: str | None = field(default=None, repr=False)  # of the workspace's own storage

    def service(self, name_or_id: str, kind: str | None = None) -> ServiceEntry:
        """Return the one service of that name or id (and kind). Raises WrongCall with what there is."""
        fits = [s for s in self.services if name_or_id in (s.id, s.name) and kind in (None, s.kind)]
        known = [s.name for s in self.services if kind in (None, s.kind)]
        return only(fits, name_or_id, f"{kind or 'web'} service", known)


@dataclass(frozen=True, slots=True)
class EndpointsFile:
    """The whole file."""

    base_url: str
    workspaces: tuple[WorkspaceEntry, ...]
    blob_url: str | None = None
    connection_string: str | None = field(default=None, repr=False)
    pid: int | None = None
    local_url: str | None = None  # where it listens on its own machine, when base_url is known elsewhere only

    @classmethod
    def read(cls, path: Path) -> EndpointsFile:
        """Read the file. Raises WrongCall with a sentence that says what to do."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WrongCall(
                f"the endpoints file {path} cannot be read ({error.strerror}); "
                f"`amlclassic serve --endpoints-file {path}` writes one"
            ) from None
        try:
            return cls.from_json(json.loads(content))
        except (ValueError, UnexpectedAnswer) as error:
            trouble = f"{path} is not an endpoints file: {error}"
        raise WrongCall(trouble)  # out here, so that nothing hangs on it: what cannot be read has its keys all the same

    @classmethod
    def from_json(cls, data: object) -> EndpointsFile:
        """Read the file's object. Raises UnexpectedAnswer for what is not one."""
        members = require_object(data, "the file")
        if members.get("version") != 1:
            raise UnexpectedAnswer(f"its version is {members.get('version')!r}, this program reads version 1")
        pid = members.get("pid")
        return cls(
            base_url=str(members.get("base_url", "")),
            workspaces=tuple(_workspace(member) for member in _list(members, "workspaces")),
            blob_url=members.get("blob_url"),
            connection_string=_connection(members),
            pid=pid if isinstance(pid, int) else None,
            local_url=members.get("local_url"),
        )

    def workspace(self, name_or_id: str | None = None) -> WorkspaceEntry:
        """Return the workspace of that name or id; without one, the first. Raises WrongCall with what there is."""
        if name_or_id is None and self.workspaces:
            return self.workspaces[0]
        fits = [w for w in self.workspaces if name_or_id in (w.id, w.name)]
        return only(fits, name_or_id or "", "workspace", [w.name for w in self.workspaces])


def only(fits: list[T], wanted: str, what: str, known: list[str]) -> T:
    """Return the only one that fits. Raises WrongCall with the names that there are."""
    if len(fits) == 1:
        return fits[0]
    trouble = f"there is no {what} {wanted!r}" if not fits else f"several are called {wanted!r}: name it by its id"
    raise WrongCall(f"{trouble}; there is: {', '.join(known) or 'nothing'}")


def _workspace(data: object) -> WorkspaceEntry:
    members = require_object(data, "a workspace")
    return WorkspaceEntry(
        id=_member(members, "id"),
        name=_member(members, "name"),
        region=str(members.get("region", "")),
        token=_member(members, "token"),
        management_url=_member(members, "management_url"),
        services=tuple(_service(member) for member in _list(members, "services")),
        studio_url=members.get("studio_url"),
        connection_string=_connection(members),
    )


def _connection(members: Mapping[str, Any]) -> str | None:
    storage = members.get("storage")
    return storage.get("connection_string") if isinstance(storage, Mapping) else None


def _service(data: object) -> ServiceEntry:
    members = require_object(data, "a service")
    endpoints = tuple(_endpoint(member) for member in _list(members, "endpoints"))
    return ServiceEntry(_member(members, "id"), _member(members, "name"), str(members.get("kind", "")), endpoints)


def _endpoint(data: object) -> EndpointEntry:
    members = require_object(data, "an endpoint")
    location, key = _member(members, "api_location"), _member(members, "primary_key")
    return EndpointEntry(_member(members, "name"), location, key, members.get("help_location"))


def _member(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise UnexpectedAnswer(f"{name} is missing")
    return value


def _list(members: Mapping[str, Any], name: str) -> list[Any]:
    value = members.get(name, [])
    if not isinstance(value, list):
        raise UnexpectedAnswer(f"{name} is not a list")
    return value
