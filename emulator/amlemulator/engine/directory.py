"""Cached lookups of what nearly every request needs: workspaces, services, endpoints and their interfaces.

A request that scores touches no disk: the caches empty themselves when the store's generation moves.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from amlemulator.core.code_service import code_interface
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.ports.store import Store


class Directory:
    """Reads the store, remembering what it read until something changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._generation = -1
        self._records: dict[tuple[type, str], Any] = {}
        self._lists: dict[tuple[type, str | None], tuple[Any, ...]] = {}
        # Graphs are named by their content, so these never go stale.
        self._graphs: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, str] = {}
        self._interfaces: dict[str, ServiceInterface] = {}

    def _fresh(self) -> None:
        if self._generation != self._store.generation:
            with self._lock:
                # Read the number first: a change that comes while the caches empty moves it again.
                generation = self._store.generation
                self._records, self._lists = {}, {}
                self._generation = generation

    def _get(self, kind: Any, record_id: str) -> Any:
        self._fresh()
        records, key = self._records, (kind, record_id)
        found = records.get(key)
        if found is None:
            with self._store.transaction() as transaction:
                found = transaction.get(kind, record_id)
            if found is not None:  # what is not there is not remembered: callers could name any number of such
                records[key] = found
        return found

    def _list(self, kind: Any, parent: str | None) -> tuple[Any, ...]:
        self._fresh()
        lists, key = self._lists, (kind, parent)
        if key not in lists:
            with self._store.transaction() as transaction:
                lists[key] = tuple(transaction.list(kind, parent))
        return lists[key]

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
        return self._list(Workspace, None)

    def services(self, workspace_id: str) -> tuple[WebService, ...]:
        """Return a workspace's services in order of creation."""
        return self._list(WebService, workspace_id)

    def endpoints(self, service_id: str) -> tuple[Endpoint, ...]:
        """Return a service's endpoints, the default one first, the others in order of creation."""
        return self._list(Endpoint, service_id)

    def endpoint_named(self, service_id: str, name: str) -> Endpoint | None:
        """Return a service's endpoint by its name, or None."""
        return next((endpoint for endpoint in self.endpoints(service_id) if endpoint.name == name), None)

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
