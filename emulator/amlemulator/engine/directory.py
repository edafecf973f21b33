"""Cached lookups of what nearly every request needs: workspaces, services, endpoints and their interfaces.

A request that scores touches no disk. When the store's generation moves, what the commit changed is changed here too:
one PATCH among a thousand endpoints costs as much as among two.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any

from amlemulator.core.code_service import code_interface
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.ports.store import Change, Store


class _Children:
    """The children of one parent, in order of creation and by name."""

    def __init__(self, records: Iterable[Any]) -> None:
        self._by_id = {record.id: record for record in records}
        self._by_name = {record.name: record for record in self._by_id.values()}
        self._listed: tuple[Any, ...] | None = None

    def listed(self) -> tuple[Any, ...]:
        """Return them in order of creation."""
        if self._listed is None:
            self._listed = tuple(sorted(self._by_id.values(), key=lambda record: (record.ordinal, record.id)))
        return self._listed

    def named(self, name: str) -> Any:
        """Return the one of that name, or None."""
        return self._by_name.get(name)

    def concerns(self, change: Change, parent: str | None) -> bool:
        """Tell whether a change is one of theirs; a deleted record no longer says whose it was."""
        return change.id in self._by_id if change.record is None else parent in (None, change.record.parent)

    def changed(self, change: Change) -> _Children:
        """Return them after a change of one: whoever holds the old ones reads on in those."""
        records = {**self._by_id, change.id: change.record}
        return _Children(record for record in records.values() if record is not None)


class Directory:
    """Reads the store, remembering what it read until it changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._generation = -1
        self._records: dict[tuple[type, str], Any] = {}
        self._lists: dict[tuple[type, str | None], _Children] = {}
        # Graphs are named by their content, so these never go stale.
        self._graphs: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, str] = {}
        self._interfaces: dict[str, ServiceInterface] = {}

    def _fresh(self) -> int:
        """Follow the store to its generation of this moment, and return that."""
        generation = self._generation
        if generation != self._store.generation:
            with self._lock:
                # Read the number first: a change that comes in between is only done twice.
                generation = self._store.generation
                changes = self._store.changes(self._generation)
                if changes is None:
                    self._records, self._lists = {}, {}
                else:
                    for change in changes:
                        self._follow(change)
                self._generation = generation
        return generation

    def _follow(self, change: Change) -> None:
        self._records.pop((change.kind, change.id), None)
        for key, children in list(self._lists.items()):
            if key[0] is change.kind and children.concerns(change, key[1]):
                self._lists[key] = children.changed(change)

    def _keep(self, generation: int, place: dict[Any, Any], key: Any, value: Any) -> None:
        """Remember what was read when the store was at this generation, unless it has moved since."""
        with self._lock:
            if generation == self._generation:
                place[key] = value

    def _get(self, kind: Any, record_id: str) -> Any:
        generation = self._fresh()
        records, key = self._records, (kind, record_id)
        found = records.get(key)
        if found is None:
            with self._store.transaction() as transaction:
                found = transaction.get(kind, record_id)
            if found is not None:  # what is not there is not remembered: callers could name any number of such
                self._keep(generation, records, key, found)
        return found

    def _children(self, kind: Any, parent: str | None) -> _Children:
        generation = self._fresh()
        lists, key = self._lists, (kind, parent)
        found = lists.get(key)
        if found is None:
            with self._store.transaction() as transaction:
                found = _Children(transaction.list(kind, parent))
            self._keep(generation, lists, key, found)
        return found

    def workspace(self, workspace_id: str) -> Workspace | None:
        """Return the workspace, or None."""
        found: Workspace | None = self._get(Workspace, workspace_id)
        return found

    def service(self, service_id: str) -> WebService | None:
        """Return the web service, or None."""
        found: WebService | None = self._get(WebService, service_id)
        return found

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint by its GUID, or None."""
        found: Endpoint | None = self._get(Endpoint, endpoint_id)
        return found

    def workspaces(self) -> tuple[Workspace, ...]:
        """Return all workspaces in order of creation."""
        return self._children(Workspace, None).listed()

    def services(self, workspace_id: str) -> tuple[WebService, ...]:
        """Return a workspace's services in order of creation."""
        return self._children(WebService, workspace_id).listed()

    def endpoints(self, service_id: str) -> tuple[Endpoint, ...]:
        """Return a service's endpoints, the default one first, the others in order of creation."""
        return self._children(Endpoint, service_id).listed()

    def endpoint_named(self, service_id: str, name: str) -> Endpoint | None:
        """Return a service's endpoint by its name, or None."""
        found: Endpoint | None = self._children(Endpoint, service_id).named(name)
        return found

    def graph(self, key: str) -> dict[str, Any]:
        """Return the module graph kept under ``key``."""
        if key not in self._graphs:
            self._graphs[key] = json.loads(self._store.load_content(key))
        return self._graphs[key]

    def kind(self, key: str) -> str:
        """Return "training" or "scoring" of the graph kept under ``key``."""
        return self._kinds.get(key) or self.interface_of_graph(key).kind

    def know_kind(self, key: str, kind: str) -> None:
        """Take somebody's word for a graph's kind, who has read the graph before."""
        self._kinds[key] = kind

    def interface_of_graph(self, key: str) -> ServiceInterface:
        """Return what the graph kept under ``key`` takes and gives."""
        if key not in self._interfaces:
            from amlemulator.experiments.graph import interface_of

            graph = self.graph(key)
            self._interfaces[key] = code_interface(graph["code"]) if "code" in graph else interface_of(graph)
        return self._interfaces[key]

    def interface(self, endpoint: Endpoint) -> ServiceInterface:
        """Return what the endpoint takes and gives, by the graph it was last published or refreshed with."""
        return self.interface_of_graph(endpoint.experiment)
