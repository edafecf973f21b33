"""What a failure is played on: a workspace of a running emulator, and the names its calls refer to.

The setup steps are a small closed vocabulary (``STEPS``); everything else a failure does goes over the wire.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from amlemulator import Emulator
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT as ACCOUNT
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.sas import make_service_sas
from amlemulator.failures import material
from amlemulator.failures.patterns import CatalogueFault

CONTAINER = "failures"


class Stage:
    """One failure's place in an emulator that listens. ``names`` is what the placeholders stand for."""

    def __init__(self, emulator: Emulator, models: material.Models) -> None:
        self.emulator = emulator
        self._models = models
        self._services: dict[str, tuple[Workspace, WebService]] = {}
        self._workspaces: dict[str, Workspace] = {}
        self._held = ExitStack()
        self._accounts = {"": ACCOUNT}
        self.names: dict[str, Any] = {
            **material.constants(),
            "emulator": {"base": emulator.base_url, "control": f"{emulator.base_url}/_emulator"},
        }
        self.workspace()

    def close(self) -> None:
        """Give back what was held (places of the throttle)."""
        self._held.close()

    def do(self, step: Mapping[str, Any]) -> None:
        """Carry out one setup step: ``{name: {argument: value}}``. Raises CatalogueFault for one there is not."""
        (name, arguments) = next(iter(step.items()))
        action = STEPS.get(name)
        if action is None:
            raise CatalogueFault(f"there is no setup step {name!r}; there is: {', '.join(STEPS)}")
        try:
            action(self, **(arguments or {}))
        except TypeError as error:
            raise CatalogueFault(f"the step {name!r} is called wrongly: {error}") from error

    # --- the vocabulary -----------------------------------------------------------------------------------------------

    def workspace(self, name: str = "workspace", region: str = "South Central US") -> None:
        """Make a workspace: id, token, region, management (its address on the management host), services (its host)."""
        made = self.emulator.add_workspace(f"Failures: {name}", region)
        addresses = self.emulator.addresses
        self._workspaces[name] = made
        self.names[name] = {
            "id": made.id,
            "token": made.primary_token,
            "region": region,
            "management": addresses.management_url(made),
            "services": addresses.host("services", region),
        }

    def deploy(self, service: str, name: str | None = None, workspace: str = "workspace") -> None:
        """Deploy one of the experiments of material.EXPERIMENTS; ``name`` is then its default endpoint."""
        title, graph, models = material.experiment(service)
        place = self._workspaces[workspace]
        made = self.emulator.add_service(place, title, graph, models)
        self._services[name or service] = (place, made)
        self._name_endpoint(name or service, name or service, "default")

    def republish(self, service: str, experiment: str) -> None:
        """Deploy another experiment in the place of a service; its added endpoints stay as they are."""
        place, made = self._services[service]
        _, graph, models = material.experiment(experiment)
        self._services[service] = (place, self.emulator.deployment.redeploy(made, graph, models))

    def endpoint(self, service: str, name: str, endpoint: str = "retrained") -> None:
        """Add an endpoint to a service."""
        from amlemulator.core.endpoints import Settings

        _, made = self._services[service]
        self.emulator.administration.put_endpoint(made.id, endpoint, Settings())
        self._name_endpoint(name, service, endpoint)

    def replaced_key(self, endpoint: str, which: str = "secondary") -> None:
        """Give an endpoint a new key; ``{endpoint.key}`` and the like keep the old one."""
        names = self.names[endpoint]
        record = self.emulator.directory.endpoint(names["guid"])
        assert record is not None
        changed = self.emulator.administration.replace_keys(record, which)
        names["new_key"] = changed.primary_key if which == "primary" else changed.secondary_key

    def training_results(self, name: str = "trained") -> None:
        """Put the results of a finished training into storage: ``{name.model}`` and ``{name.evaluation}``.

        Each is a reference as the job's results have it, with a container SAS (documents.md section 6);
        ``{name.token}`` is the model's SAS without its question mark.
        """
        model, evaluation = self._models.trained(self.emulator)
        folder = f"{name}-{len(self.names)}"
        shared = self._result(f"{folder}/model.ilearner", model)
        self.names[name] = {
            "model": shared,
            "evaluation": self._result(f"{folder}/evaluation.csv", evaluation),
            "token": shared["SasBlobToken"].lstrip("?"),
        }

    def account(self, name: str) -> None:
        """Make a storage account of this failure's own; ``blob`` and ``sas`` take its name."""
        account = f"failures{self._workspaces['workspace'].id[:12]}"
        self.emulator.blobs.set_key(account, self.emulator.identity.new_key("account", account))
        self._accounts[name] = account

    def replaced_account_key(self, account: str) -> None:
        """Give an account another key: tokens and connection strings from before open nothing any more."""
        known = self._accounts[account]
        self.emulator.blobs.set_key(known, self.emulator.identity.new_key("account-regenerated", known))

    def blob(self, name: str, blob: str, content: str, account: str = "") -> None:
        """Write a blob: ``content`` is a text of material.CONTENTS. ``{name}`` refers to it with the account's key."""
        known = self._accounts[account]
        self._write(CONTAINER, blob, self._content(content), known)
        self.names[name] = {"ConnectionString": self._connection(known), "RelativeLocation": f"{CONTAINER}/{blob}"}

    def sas(self, name: str, blob: str, account: str = "", content: str | None = None, **signed: Any) -> None:
        """Make a reference with a SAS for one blob.

        ``signed``: ``permissions`` ("r") and ``expires``, in seconds from now (3600), negative for long past.
        """
        known = self._accounts[account]
        if content is not None:
            self._write(CONTAINER, blob, self._content(content), known)
        options = {"permissions": "r", "expires": 3600.0, **signed}
        self.names[name] = self._reference(CONTAINER, blob, blob, account=known, **options)

    def busy(self, endpoint: str, calls: int) -> None:
        """Keep calls of an endpoint going, until ``idle``."""
        record = self.emulator.directory.endpoint(self.names[endpoint]["guid"])
        assert record is not None
        for _ in range(calls):
            self._held.enter_context(self.emulator.throttle.place(record))

    def idle(self) -> None:
        """End the calls that ``busy`` keeps going."""
        self._held.close()

    # --- help ---------------------------------------------------------------------------------------------------------

    def _connection(self, account: str) -> str:
        endpoint, key = self.emulator.addresses.blob_account(account).rstrip("/"), self.emulator.blobs.key(account)
        return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};BlobEndpoint={endpoint}"

    def _name_endpoint(self, name: str, service: str, endpoint: str) -> None:
        place, made = self._services[service]
        record = self.emulator.directory.endpoint_named(made.id, endpoint)
        assert record is not None
        self.names[name] = self._facts(place, made, record)

    def _facts(self, place: Workspace, service: WebService, endpoint: Endpoint) -> dict[str, Any]:
        addresses = self.emulator.addresses
        manage = addresses.patch_url(place, service, endpoint)
        path = f"/workspaces/{place.id}/services/{endpoint.id}"
        return {
            "id": service.id,
            "guid": endpoint.id,
            "name": endpoint.name,
            "key": endpoint.primary_key,
            "secondary_key": endpoint.secondary_key,
            "api": addresses.api_location(place, endpoint),
            "help": addresses.help_location(place, service, endpoint),
            "patch": manage,
            "endpoints": manage.rpartition("/")[0],
            "path": path,
            "managed_path": manage.removeprefix(addresses.management_url(place)),
            "resource": next((resource.name for resource in endpoint.resources), ""),
        }

    def _result(self, blob: str, content: bytes) -> dict[str, str]:
        self._write("experimentoutput", blob, content)
        return self._reference("experimentoutput", blob, None, "rl", 86400.0)

    def _reference(
        self, container: str, blob: str, signed: str | None, permissions: str, expires: float, account: str = ACCOUNT
    ) -> dict[str, str]:
        now, key = self.emulator.clock.now(), self.emulator.blobs.key(account)
        assert key is not None
        begins = min(now - 300.0, now + expires - 3600.0)
        token = make_service_sas(account, key, container, signed, permissions, begins, now + expires)
        base = self.emulator.addresses.blob_account(account)
        return {"BaseLocation": base, "RelativeLocation": f"{container}/{blob}", "SasBlobToken": token}

    def _content(self, content: str) -> bytes:
        if content == "model":
            return self._models.trained(self.emulator)[0]
        return material.content(content)

    def _write(self, container: str, blob: str, content: bytes, account: str = ACCOUNT) -> None:
        self.emulator.blobs.create_container(account, container)
        self.emulator.blobs.put(account, container, blob, io.BytesIO(content))


STEPS: dict[str, Callable[..., None]] = {
    "workspace": Stage.workspace,
    "deploy": Stage.deploy,
    "republish": Stage.republish,
    "endpoint": Stage.endpoint,
    "replaced_key": Stage.replaced_key,
    "training_results": Stage.training_results,
    "account": Stage.account,
    "replaced_account_key": Stage.replaced_account_key,
    "blob": Stage.blob,
    "sas": Stage.sas,
    "busy": Stage.busy,
    "idle": Stage.idle,
}
