"""Changing services and endpoints: each operation reads, decides by the core's rules and writes in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from amlemulator.core.endpoints import (
    Settings,
    apply_settings,
    check_deletable,
    check_name,
    check_room,
    new_endpoint,
    refresh,
)
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.patching import apply_updates
from amlemulator.core.records import BlobReference, Endpoint, Job, WebService, Workspace
from amlemulator.engine.interference import Interference
from amlemulator.engine.propagation import Propagation
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store, Transaction


def _service(transaction: Transaction, service_id: str) -> tuple[WebService, Workspace]:
    service = transaction.get(WebService, service_id)
    workspace = transaction.get(Workspace, service.workspace_id) if service else None
    if service is None or workspace is None:
        raise failure("NotFound/WebServiceNotFound")
    return service, workspace


def _endpoint(transaction: Transaction, endpoint_id: str) -> Endpoint:
    # Read again inside the transaction: what the pipeline found may have changed since.
    endpoint = transaction.get(Endpoint, endpoint_id)
    if endpoint is None:
        raise failure("management/NotFound")
    return endpoint


class Administration:
    """The management host's changes."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identity: Identity,
        low_calls: int,
        propagation: Propagation,
        interference: Interference,
    ) -> None:
        self._store = store
        self._low_calls = low_calls
        self._propagation = propagation
        self._interference = interference
        self._clock = clock
        self._identity = identity

    def put_endpoint(self, service_id: str, name: str, settings: Settings, *, new: bool = False) -> Endpoint:
        """Add an endpoint, or change the one of that name (one PUT does both, errors.md U6).

        ``new``: it must not be there. A form that adds one must not change another's settings.
        """
        with self._store.transaction() as transaction:
            service, workspace = _service(transaction, service_id)
            endpoint = transaction.endpoint_named(service_id, name)
            if endpoint is not None and new:
                raise failure(
                    "management/BadArgument",
                    message=f"An endpoint named '{name}' exists in this web service.",
                    evidence="portal.new-endpoint",
                )
            if endpoint is None:
                check_name(name)
                check_room(transaction.count(Endpoint, service_id), workspace.tier)
                default = transaction.endpoint_named(service_id, "default")
                ordinal = transaction.next_ordinal(f"endpoint/{service_id}")
                endpoint = new_endpoint(service, name, ordinal, self._identity, self._clock.now(), origin=default)
            endpoint = apply_settings(endpoint, settings, workspace.tier, service.name, self._low_calls)
            transaction.put(endpoint)
        return endpoint

    def patch_endpoint(
        self, endpoint: Endpoint, settings: Settings, models: Mapping[str, tuple[str, BlobReference]]
    ) -> Endpoint:
        """Change settings and replace models, all of it or nothing; return the endpoint as the PATCH asks for it."""
        with self._store.transaction() as transaction:
            service, workspace = _service(transaction, endpoint.service_id)
            found = _endpoint(transaction, endpoint.id)
            changed = apply_settings(found, settings, workspace.tier, service.name, self._low_calls)
            patched = apply_updates(changed, models, self._clock.now(), self._propagation.of(found.id))
            kept = self._interference.patched(transaction, service, changed, patched) if models else (patched,)
            for one in kept:
                transaction.put(one)
        return patched

    def refresh_endpoint(self, endpoint: Endpoint, *, overwrite: bool) -> bool:
        """Bring an endpoint up to the default endpoint's state; False when nothing changed."""
        with self._store.transaction() as transaction:
            found = _endpoint(transaction, endpoint.id)
            default = transaction.endpoint_named(found.service_id, "default") or found
            fresh = refresh(found, default, overwrite=overwrite)
            if fresh == found:
                return False
            transaction.put(fresh)
        return True

    def delete_endpoint(self, endpoint: Endpoint) -> list[Job]:
        """Delete an endpoint with its jobs, which are returned: some may run. The default one only as the last.

        Of two that delete it at the same time one is told that it is not there.
        """
        with self._store.transaction() as transaction:
            found = _endpoint(transaction, endpoint.id)
            check_deletable(found, transaction.count(Endpoint, found.service_id))
            return self._drop(transaction, found)

    def delete_service(self, service_id: str) -> list[Job]:
        """Delete a service with all its endpoints and their jobs, which are returned: some may run."""
        jobs: list[Job] = []
        with self._store.transaction() as transaction:
            for endpoint in transaction.list(Endpoint, service_id):
                jobs += self._drop(transaction, endpoint)
            transaction.delete(WebService, service_id)
        return jobs

    def _drop(self, transaction: Transaction, endpoint: Endpoint) -> list[Job]:
        jobs = list(transaction.list(Job, endpoint.id))
        for job in jobs:
            transaction.delete(Job, job.id)
        transaction.delete(Endpoint, endpoint.id)
        return jobs

    def replace_keys(self, endpoint: Endpoint, which: str) -> Endpoint:
        """Give an endpoint a new ``which`` key: "primary" or "secondary".

        The classic API had no such call; the control plane has (documents.md section 3).
        """
        with self._store.transaction() as transaction:
            found = _endpoint(transaction, endpoint.id)
            ordinal = transaction.next_ordinal(f"key/{found.id}")
            key = self._identity.new_key(f"{which}-key", f"{found.id}/{ordinal}")
            changed = replace(found, primary_key=key) if which == "primary" else replace(found, secondary_key=key)
            transaction.put(changed)
        return changed
