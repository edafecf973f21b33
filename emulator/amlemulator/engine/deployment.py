"""Deploying experiments as web services: what Studio's "Deploy Web Service [Classic]" did."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amlemulator.core.endpoints import new_endpoint, republish
from amlemulator.core.identity import Identity
from amlemulator.core.records import Endpoint, Resource, WebService, Workspace
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody wants a new record to have. None: as the emulator derives it from its seed."""

    id: str | None = None
    primary: str | None = None
    secondary: str | None = None
    description: str | None = None


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class Plan:
    """A service to be: its name, its experiment, and the content of each saved trained model by resource name."""

    name: str
    experiment: Mapping[str, Any]
    models: Mapping[str, bytes]


class NameTaken(Exception):  # noqa: N818 - named for what happened
    """There is a web service of that name; the message is the name."""


class Deployment:
    """Makes workspaces and deploys experiments into them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identity: Identity,
        prevented: Callable[[str], bool] = lambda workspace_id: False,
    ) -> None:
        """Make it; ``prevented`` tells whether somebody sets PreventUpdate before a service is published anew."""
        self._store = store
        self._clock = clock
        self._identity = identity
        self._prevented = prevented

    def add_workspace(
        self,
        name: str,
        region: str,
        *,
        tier: str = "standard",
        storage_account: str = "devstoreaccount1",
        given: Given = NOTHING_GIVEN,
    ) -> Workspace:
        """Make a workspace with tokens of its own, or with the id and the tokens given."""
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal("workspace")
            workspace = Workspace(
                id=given.id or self._identity.new_id("workspace", ordinal),
                ordinal=ordinal,
                name=name,
                region=region,
                primary_token=given.primary or self._identity.new_key("workspace-primary", ordinal),
                secondary_token=given.secondary or self._identity.new_key("workspace-secondary", ordinal),
                created=self._clock.now(),
                tier=tier,
                storage_account=storage_account,
            )
            transaction.put(workspace)
        return workspace

    def deploy(
        self,
        workspace: Workspace,
        name: str,
        experiment: Mapping[str, Any],
        models: Mapping[str, bytes],
        *,
        checked: bool = False,
        given: Given = NOTHING_GIVEN,
    ) -> WebService:
        """Deploy an experiment as a new service with its default endpoint.

        ``models`` holds the content of each saved trained model, by resource name. ``checked``: the graph is known to
        be sound and its resources are those of ``models``, as with the samples, whose tests hold that; reading a graph
        needs every module of the palette. KeyError when a model is missing, GraphError for an unsound graph.
        """
        graph = self._save_graph(experiment)
        resources = self._save_models(list(models) if checked else self._resources_of(experiment), models)
        with self._store.transaction() as transaction:
            return self._create(transaction, workspace, name, graph, resources, given)

    def deploy_all(self, workspace: Workspace, plans: Sequence[Plan], *, update: bool) -> list[tuple[WebService, bool]]:
        """Deploy experiments, all of them or none; returns each service, and whether it is a new one.

        With ``update`` each goes in the place of the last service of its name, where there is one; without, that is
        NameTaken. KeyError and GraphError as ``deploy``.
        """
        kept = [
            (
                plan.name,
                self._save_graph(plan.experiment),
                self._save_models(self._resources_of(plan.experiment), plan.models),
            )
            for plan in plans
        ]
        made: list[tuple[WebService, bool]] = []
        with self._store.transaction() as transaction:
            for name, graph, resources in kept:
                services = transaction.list(WebService, workspace.id)
                found = next((one for one in reversed(services) if one.name == name and one.type == "Graph"), None)
                if found is not None and not update:
                    raise NameTaken(name)
                if found is None:
                    made.append((self._create(transaction, workspace, name, graph, resources), True))
                else:
                    made.append((self._renew(transaction, found, graph, resources), False))
        return made

    def _create(
        self,
        transaction: Transaction,
        workspace: Workspace,
        name: str,
        graph: str,
        resources: tuple[Resource, ...],
        given: Given = NOTHING_GIVEN,
    ) -> WebService:
        ordinal, now = transaction.next_ordinal(f"service/{workspace.id}"), self._clock.now()
        service = WebService(
            id=given.id or self._identity.new_id("service", f"{workspace.id}/{ordinal}"),
            ordinal=ordinal,
            workspace_id=workspace.id,
            name=name,
            created=now,
            updated=now,
            description=given.description,
            experiment=graph,
            resources=resources,
        )
        transaction.put(service)
        transaction.put(self._default_endpoint(transaction, service))
        return service

    def copy(self, workspace: Workspace, service: WebService) -> WebService:
        """Deploy into a workspace what another service was deployed from."""
        now = self._clock.now()
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal(f"service/{workspace.id}")
            copied = replace(
                service,
                id=self._identity.new_id("service", f"{workspace.id}/{ordinal}"),
                ordinal=ordinal,
                workspace_id=workspace.id,
                created=now,
                updated=now,
            )
            transaction.put(copied)
            transaction.put(self._default_endpoint(transaction, copied))
        return copied

    def move_storage(self, workspace: Workspace, account: str) -> Workspace:
        """Give a workspace another storage account; what lies in the old one stays there."""
        moved = replace(workspace, storage_account=account)
        with self._store.transaction() as transaction:
            transaction.put(moved)
        return moved

    def redeploy(self, service: WebService, experiment: Mapping[str, Any], models: Mapping[str, bytes]) -> WebService:
        """Deploy a changed experiment in the place of the old one.

        The default endpoint follows, with its keys; other endpoints stay as they are until they are refreshed
        (documents.md section 1).
        """
        graph, resources = self._save_graph(experiment), self._save_models(self._resources_of(experiment), models)
        with self._store.transaction() as transaction:
            return self._renew(transaction, service, graph, resources)

    def _renew(
        self, transaction: Transaction, service: WebService, graph: str, resources: tuple[Resource, ...]
    ) -> WebService:
        updated = replace(service, experiment=graph, resources=resources, updated=self._clock.now())
        transaction.put(updated)
        for endpoint in transaction.list(Endpoint, service.id):
            if endpoint.is_default:
                kept = endpoint.prevent_update or self._prevented(service.workspace_id)
                followed = republish(endpoint, updated, resources)
                transaction.put(replace(endpoint, prevent_update=True) if kept else followed)
        return updated

    def settle_endpoint(
        self,
        service: WebService,
        name: str,
        given: Given,
        change: Callable[[Endpoint], Endpoint],
        experiment: Mapping[str, Any] | None = None,
    ) -> Endpoint:
        """Make an endpoint, or take the one of that name, give it id and keys, and change it: in one transaction.

        ``experiment`` is a graph of its own, where it is not the service's.
        """
        graph = self._save_graph(experiment) if experiment is not None else None
        with self._store.transaction() as transaction:
            found = next((one for one in transaction.list(Endpoint, service.id) if one.name == name), None)
            if found is None:
                ordinal = transaction.next_ordinal(f"endpoint/{service.id}")
                found = new_endpoint(service, name, ordinal, self._identity, self._clock.now(), origin=None)
            transaction.delete(Endpoint, found.id)  # its id may change
            settled = change(
                replace(
                    found,
                    id=given.id or found.id,
                    primary_key=given.primary or found.primary_key,
                    secondary_key=given.secondary or found.secondary_key,
                    experiment=graph or found.experiment,
                )
            )
            transaction.put(settled)
        return settled

    def keep(self, model: bytes) -> str:
        """Keep the content of a model; return its key."""
        return self._store.save_content(model)

    def _default_endpoint(self, transaction: Transaction, service: WebService) -> Endpoint:
        ordinal = transaction.next_ordinal(f"endpoint/{service.id}")
        return new_endpoint(service, "default", ordinal, self._identity, self._clock.now(), origin=None)

    def _save_graph(self, experiment: Mapping[str, Any]) -> str:
        return self._store.save_content(json.dumps(experiment, sort_keys=True, ensure_ascii=False).encode())

    def _resources_of(self, experiment: Mapping[str, Any]) -> Sequence[str]:
        from amlemulator.experiments.graph import interface_of

        return interface_of(experiment).resources

    def _save_models(self, names: Sequence[str], models: Mapping[str, bytes]) -> tuple[Resource, ...]:
        return tuple(Resource(name=name, model=self._store.save_content(models[name])) for name in names)
