"""A workspace as a test holds it: where it is, what is in it, and its own faults, jobs and requests.

``Emulator.workspace()`` and the pytest fixture ``aml`` give one. Everything here is scoped to the workspace, so that
many tests, and many threads, can share one emulator; which may run in this process or in another (remote.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from amlemulator.core.records import Endpoint, Job, WebService, Workspace
from amlemulator.engine.faults import read_rule

if TYPE_CHECKING:
    from requests import Session

    from amlemulator.adapters.clock import SystemClock
    from amlemulator.emulator import Emulator
    from amlemulator.remote import RemoteClock, RemoteEmulator

    AnyEmulator: TypeAlias = "Emulator | RemoteEmulator"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndpointHandle:
    """One endpoint: what a client needs to call it."""

    emulator: AnyEmulator
    workspace: Workspace
    service: WebService
    id: str

    @property
    def record(self) -> Endpoint:
        """The endpoint as it is now. KeyError when it has been deleted."""
        found = self.emulator.directory.endpoint(self.id)
        if found is None:
            raise KeyError(self.id)
        return found

    @property
    def key(self) -> str:
        """The primary key."""
        return self.record.primary_key

    @property
    def api_location(self) -> str:
        """ApiLocation: ``/execute`` and ``/jobs`` are below it."""
        return self.emulator.addresses.api_location(self.workspace, self.record)

    @property
    def help_location(self) -> str:
        """HelpLocation."""
        return self.emulator.addresses.help_location(self.workspace, self.service, self.record)

    @property
    def patch_url(self) -> str:
        """Where Update Resource is sent."""
        return self.emulator.addresses.patch_url(self.workspace, self.service, self.record)

    def replace_key(self, which: str = "primary") -> str:
        """Give it a new primary or secondary key; returns that."""
        changed = self.emulator.administration.replace_keys(self.record, which)
        return changed.primary_key if which == "primary" else changed.secondary_key


@dataclass(frozen=True, slots=True)
class WorkspaceFaults:
    """Faults that only this workspace meets (engine/faults.py). Those of blob storage are met by all."""

    emulator: AnyEmulator
    workspace_id: str

    def add(self, **rule: Any) -> str:
        """Arm a fault; returns its id. Raises ServiceError when it makes no sense."""
        if str(rule.get("operation", "")).startswith("blob."):
            return self.emulator.faults.arm(read_rule(rule), owner=self.workspace_id)
        return self.emulator.faults.add(**{"workspace": self.workspace_id, **rule})

    def hits(self, fault_id: str) -> int:
        """Return how often a fault hit."""
        return self.emulator.faults.hits(fault_id)

    def remove(self, fault_id: str) -> bool:
        """Disarm one; False when there is none of that id."""
        return self.emulator.faults.remove(fault_id)

    def clear(self) -> None:
        """Disarm all of this workspace."""
        self.emulator.faults.clear(self.workspace_id)


@dataclass(frozen=True, slots=True)
class WorkspaceJobs:
    """The workspace's batch jobs (engine/jobs.py)."""

    emulator: AnyEmulator
    workspace_id: str

    def policy(self, policy: Any) -> None:
        """Set when jobs run: "run", "immediate", "manual", "fail", {"polls": n}, {"after": seconds}, {"fail": why}."""
        self.emulator.jobs.policy(policy, self.workspace_id)

    def list(self) -> list[Job]:
        """Return the jobs in order of creation."""
        return self.emulator.jobs.list(self.workspace_id)

    def finish(self, job_id: str, outputs: Mapping[str, bytes | str] | None = None) -> Job:
        """End a held job well: really run, or with ``outputs`` by name."""
        return self.emulator.jobs.finish(job_id, outputs)

    def fail(self, job_id: str, reason: str = "The job was made to fail.") -> Job:
        """End a held or running job as Failed."""
        return self.emulator.jobs.fail(job_id, reason)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that has not ended."""
        return self.emulator.jobs.cancel(job_id)


@dataclass(frozen=True, slots=True)
class WorkspaceRequests:
    """The requests to this workspace, in the journal (engine/journal.py). Filters: operation, method, path, status."""

    emulator: AnyEmulator
    workspace_id: str

    def find(self, **wanted: Any) -> list[Entry]:
        """Return the requests that pass, oldest first."""
        return self.emulator.requests.find(workspace=self.workspace_id, **wanted)

    def count(self, **wanted: Any) -> int:
        """Return how many pass."""
        return self.emulator.requests.count(workspace=self.workspace_id, **wanted)

    def assert_called(self, times: int | None = None, **wanted: Any) -> list[Entry]:
        """Return those that pass; AssertionError with the nearest other one when there are none, or not ``times``."""
        return self.emulator.requests.assert_called(times, workspace=self.workspace_id, **wanted)

    def wait_for(self, times: int = 1, seconds: float = 5.0, **wanted: Any) -> list[Entry]:
        """Wait for that many that pass; AssertionError after ``seconds``."""
        return self.emulator.requests.wait_for(times, seconds, workspace=self.workspace_id, **wanted)


class Aml:
    """A workspace of an emulator, with everything that a test needs of it."""

    def __init__(self, emulator: AnyEmulator, workspace: Workspace) -> None:
        self.emulator = emulator
        self.workspace = workspace
        self.faults = WorkspaceFaults(emulator, workspace.id)
        self.jobs = WorkspaceJobs(emulator, workspace.id)
        self.requests = WorkspaceRequests(emulator, workspace.id)

    @property
    def clock(self) -> SystemClock | RemoteClock:
        """The emulator's clock, which all its workspaces share."""
        return self.emulator.clock

    @property
    def base_url(self) -> str:
        """The root of the address tree, without trailing slash."""
        return self.emulator.base_url

    @property
    def blob_url(self) -> str:
        """The root of blob storage, without trailing slash."""
        return self.emulator.blob_url

    @property
    def management_url(self) -> str:
        """The management host of the workspace's region."""
        return self.emulator.addresses.management_url(self.workspace)

    @property
    def token(self) -> str:
        """The workspace's authorization token."""
        return self.workspace.primary_token

    @property
    def connection_string(self) -> str:
        """The connection string of the workspace's storage account."""
        account = self.workspace.storage_account
        blob = f"BlobEndpoint={self.blob_url}/{account};"
        key = self.emulator.storage_key(self.workspace)
        return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};{blob}"

    def session(self) -> Session:
        """Return a session of ``requests``; with an emulator of this process it needs no socket."""
        return self.emulator.session()

    @property
    def services(self) -> tuple[WebService, ...]:
        """The web services, in order of creation."""
        return self.emulator.directory.services(self.workspace.id)

    def deploy(
        self, name: str, experiment: Mapping[str, Any], models: Mapping[str, bytes] | None = None
    ) -> EndpointHandle:
        """Deploy a module graph as a web service; returns its default endpoint."""
        service = self.emulator.add_service(self.workspace, name, experiment, models)
        return self.endpoint(service.name)

    def add_service(self, name: str, **functions: Any) -> EndpointHandle:
        """Make web services of one's own functions (see ``Emulator.add_service``); returns the default endpoint."""
        service = self.emulator.add_service(self.workspace, name, **functions)
        return self.endpoint(service.name)

    def deploy_file(self, path: str | Path, **wish: Any) -> EndpointHandle:
        """Deploy an experiment file (see ``Emulator.deploy_file``); returns the default endpoint."""
        service = self.emulator.deploy_file(self.workspace, path, **wish)
        return self.endpoint(service.name)

    def endpoint(self, service: str, name: str = "default") -> EndpointHandle:
        """Return an endpoint of the service of that name. KeyError naming those there are."""
        found = next((one for one in self.services if one.name == service), None)
        if found is None:
            raise KeyError(f"no web service '{service}'; there are: {[one.name for one in self.services]}")
        endpoint = self.emulator.directory.endpoint_named(found.id, name)
        if endpoint is None:
            there = [one.name for one in self.emulator.directory.endpoints(found.id)]
            raise KeyError(f"no endpoint '{name}' of '{service}'; there are: {there}")
        return EndpointHandle(self.emulator, self.workspace, found, endpoint.id)

    def reset(self) -> None:
        """Empty the workspace, its jobs, faults and policy with it; its tokens stay."""
        self.emulator.reset(self.workspace.id)
