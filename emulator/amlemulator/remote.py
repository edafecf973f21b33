"""An emulator in another process or a container, with the same handles as one in this process (testkit.py).

Everything goes over its control plane, so a test does not see the difference: the same records, the same refusals.
"""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast
from zipfile import ZipFile

import requests

from amlemulator.adapters.record_codecs import decode
from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import ServiceError, catalogue, failure
from amlemulator.core.records import Endpoint, Job, WebService, Workspace
from amlemulator.engine.faults import Rule, read_rule
from amlemulator.engine.journal import Entry, Requests

if TYPE_CHECKING:
    from amlemulator.testkit import Aml

IN_MEMORY = 1 << 20  # bytes of a snapshot that are kept in memory
FUNCTIONS_STAY = (
    "Functions stay in the process that has them. For an emulator elsewhere, deploy them by name: "
    "amlclassic deploy ROWS.csv --name NAME --train MODULE:FUNCTION --score MODULE:FUNCTION."
)
ANSWER_WITHIN = 120.0  # seconds: finishing a job by hand runs it


class Control:
    """Calls of the control plane. ``token`` is that of an emulator off loopback."""

    def __init__(self, base_url: str, token: str | None) -> None:
        self._base = f"{base_url}/_emulator"
        self._session = requests.Session()
        self._session.trust_env = False  # whatever proxy the environment names: it is near
        if token is not None:
            self._session.headers["x-amlclassic-control-token"] = token

    def call(self, method: str, path: str, body: Any = None, **query: str | None) -> Any:
        """Return the answer's JSON. Raises ServiceError as the emulator would in this process."""
        answer = self._session.request(method, f"{self._base}{path}", json=body, params=query, timeout=ANSWER_WITHIN)
        if answer.ok:
            return answer.json() if answer.content else None
        raise _refusal(answer)

    @contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        """Give an answer that is a file, as a file in memory or, a large one, on disk. Raises as ``call``."""
        with self._session.get(f"{self._base}{path}", stream=True, timeout=ANSWER_WITHIN) as answer:
            if not answer.ok:
                raise _refusal(answer)
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
                for piece in answer.iter_content(1 << 16):
                    content.write(piece)
                content.seek(0)
                yield cast(BinaryIO, content)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _refusal(answer: requests.Response) -> ServiceError:
    error = answer.json()["error"]
    name, evidence = f"control/{error['code']}", answer.headers.get("x-amlclassic-evidence")
    known = name if name in catalogue() else "control/InternalError"
    return failure(known, error["message"], evidence=evidence)


class RemoteClock:
    """The emulator's clock."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> float:
        """Return seconds since the epoch (UTC), as that clock sees it."""
        return float(self._control.call("GET", "/clock")["now"])

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return bool(self._control.call("GET", "/clock")["frozen"])

    def freeze(self, at: float | None = None) -> None:
        """Stop at ``at`` seconds since the epoch, or at this moment."""
        self._control.call("POST", "/clock", {"freeze": True if at is None else at})

    def advance(self, seconds: float) -> None:
        """Go on by ``seconds``, whether frozen or not."""
        self._control.call("POST", "/clock", {"advance": seconds})

    def resume(self) -> None:
        """Run on from the moment shown now."""
        self._control.call("POST", "/clock", {"resume": True})

    def reset(self) -> None:
        """Show the machine's time again."""
        self._control.call("POST", "/clock", {"reset": True})


class RemoteFaults:
    """The armed faults (engine/faults.py)."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def add(self, **rule: Any) -> str:
        """Arm a fault; returns its id. Raises ServiceError when it makes no sense."""
        return self.arm(read_rule(rule))

    def arm(self, rule: Rule, owner: str | None = None) -> str:
        """Arm a fault; returns its id. It goes with its workspace, or with the one that is its ``owner``."""
        [armed] = self._control.call("POST", "/faults", rule.shown() or {"operation": "*"}, workspace=owner)
        return str(armed["id"])

    def list(self) -> list[dict[str, Any]]:
        """Return the armed faults in order, with how often each met and hit."""
        found: list[dict[str, Any]] = self._control.call("GET", "/faults")
        return found

    def hits(self, fault_id: str) -> int:
        """Return how often a fault hit. KeyError when it is not armed."""
        found = next((one for one in self.list() if one["id"] == fault_id), None)
        if found is None:
            raise KeyError(fault_id)
        return int(found["hits"])

    def remove(self, fault_id: str) -> bool:
        """Disarm one; False when there is none of that id."""
        try:
            self._control.call("DELETE", f"/faults/{fault_id}")
        except ServiceError:
            return False
        return True

    def clear(self, workspace: str | None = None) -> None:
        """Disarm all, or those of one workspace."""
        self._control.call("DELETE", "/faults", workspace=workspace)


class RemoteJobs:
    """The batch jobs (engine/jobs.py)."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def policy(self, policy: Any, workspace_id: str | None = None) -> None:
        """Set when jobs run, in one workspace or in all that have no policy of their own."""
        self._control.call("POST", "/policy", {"policy": policy, "workspace": workspace_id})

    def policy_of(self, workspace_id: str | None = None) -> Any:
        """Return the policy of a workspace, or of those without one of their own."""
        return self._control.call("GET", "/policy", workspace=workspace_id)["policy"]

    def finish(self, job_id: str, outputs: Mapping[str, bytes | str] | None = None) -> Job:
        """End a held job well: really run, or with ``outputs`` by name."""
        return self._changed(job_id, "finish", {} if outputs is None else {"outputs": _in_json(outputs)})

    def fail(self, job_id: str, reason: str = "The job was made to fail.") -> Job:
        """End a held or running job as Failed."""
        return self._changed(job_id, "fail", {"reason": reason})

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that has not ended."""
        return self._changed(job_id, "cancel", None)

    def list(self, workspace_id: str | None = None) -> list[Job]:
        """Return the jobs of one workspace, or all, in order of creation."""
        return [_record(Job, one) for one in self._control.call("GET", "/jobs", workspace=workspace_id)]

    def _changed(self, job_id: str, how: str, body: Any) -> Job:
        self._control.call("POST", f"/jobs/{job_id}/{how}", body)
        return next(job for job in self.list() if job.id == job_id)


class RemoteRequests(Requests):
    """The journal of requests (engine/journal.py)."""

    look_every = 0.02

    def __init__(self, control: Control) -> None:
        self._control = control

    def entries(self) -> list[Entry]:
        """Return what is kept, oldest first."""
        found: list[Entry] = self._control.call("GET", "/requests")
        return found


class RemoteExchanges:
    """Whole exchanges (engine/exchanges.py)."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def listen(self, workspace_id: str) -> None:
        """Keep the exchanges of a workspace from now on; those from before are forgotten."""
        self._control.call("POST", "/exchanges", {"workspace": workspace_id})

    def stop(self, workspace_id: str | None = None) -> None:
        """Keep no more of a workspace, or of any, and forget what was heard."""
        self._control.call("DELETE", "/exchanges", workspace=workspace_id)

    def heard(self, workspace_id: str) -> list[Entry]:
        """Return the exchanges of a workspace in the order in which they ended, [] when nobody listens."""
        found: list[Entry] = self._control.call("GET", "/exchanges", workspace=workspace_id)
        return found


class RemoteWorkspaces:
    """What is kept of one workspace after another: looked up each time, for the programs under test change it."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._places: dict[str, str] = {}  # service or endpoint id to the workspace it was seen in

    def read(self, workspace_id: str) -> dict[str, Any]:
        """Return the workspace, its services, their endpoints, and its storage account with its key."""
        found: dict[str, Any] = self._control.call("GET", f"/workspaces/{workspace_id}")
        for one in (*found["services"], *found["endpoints"]):
            self._places[one["id"]] = workspace_id
        return found

    def services(self, workspace_id: str) -> tuple[WebService, ...]:
        """Return a workspace's services in order of creation."""
        return tuple(_record(WebService, one) for one in self.read(workspace_id)["services"])

    def endpoints(self, service_id: str) -> tuple[Endpoint, ...]:
        """Return a service's endpoints, the default one first."""
        found = self.read(self._places[service_id])["endpoints"]
        return tuple(_record(Endpoint, one) for one in found if one["service_id"] == service_id)

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint by its GUID, or None."""
        found = self.read(self._places[endpoint_id])["endpoints"]
        return next((_record(Endpoint, one) for one in found if one["id"] == endpoint_id), None)

    def endpoint_named(self, service_id: str, name: str) -> Endpoint | None:
        """Return a service's endpoint by its name, or None."""
        return next((endpoint for endpoint in self.endpoints(service_id) if endpoint.name == name), None)

    def replace_keys(self, endpoint: Endpoint, which: str) -> Endpoint:
        """Give an endpoint a new ``which`` key: "primary" or "secondary"."""
        self._control.call("POST", f"/endpoints/{endpoint.id}/keys", {"which": which})
        changed = self.endpoint(endpoint.id)
        assert changed is not None
        return changed


def _in_json(contents: Mapping[str, bytes | str]) -> dict[str, Any]:
    return {
        name: one if isinstance(one, str) else {"base64": b64encode(one).decode()} for name, one in contents.items()
    }


def _record(kind: type[Any], body: Any) -> Any:
    return decode(kind.__name__, dumps(body))


class RemoteEmulator:
    """An emulator that runs elsewhere, at ``base_url``; ``token`` is its control token, where it has one.

    Raises requests.ConnectionError when nothing answers there.
    """

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self._control = control = Control(base_url.rstrip("/"), token)
        self.endpoints: dict[str, Any] = control.call("GET", "/endpoints")
        self.addresses = Addresses(self.endpoints["base_url"], self.endpoints["blob_url"])
        self.clock, self.faults, self.jobs = RemoteClock(control), RemoteFaults(control), RemoteJobs(control)
        self.requests, self.directory = RemoteRequests(control), RemoteWorkspaces(control)
        self.administration = self.directory
        self.exchanges = RemoteExchanges(control)

    @property
    def base_url(self) -> str:
        """The root of the address tree, without trailing slash, as answers name it."""
        return self.addresses.base

    @property
    def blob_url(self) -> str:
        """The root of blob storage, without trailing slash."""
        return self.addresses.blob

    def move(self, base_url: str, blob_url: str) -> None:
        """Name other addresses in answers from now on: where callers find it, behind a mapped port say."""
        self._control.call("PUT", "/addresses", {"base_url": base_url, "blob_url": blob_url})
        self.addresses = Addresses(base_url.rstrip("/"), blob_url.rstrip("/"))

    def session(self) -> requests.Session:
        """Return a session of ``requests`` that goes past any proxy of the environment."""
        made = requests.Session()
        made.trust_env = False
        return made

    def workspace(self, name: str = "Workspace", *, samples: bool = True, **options: Any) -> Aml:
        """Make a workspace for a test, with the sample services. ``options`` are ``region`` and ``tier``."""
        from amlemulator.testkit import Aml

        made = self._control.call("POST", "/workspaces", {"name": name, "samples": samples, **options})
        return Aml(self, _record(Workspace, made["workspace"]))

    def add_service(
        self,
        workspace: Workspace,
        name: str,
        experiment: Mapping[str, Any] | None = None,
        models: Mapping[str, bytes] | None = None,
        **functions: Any,
    ) -> WebService:
        """Deploy an experiment (a module graph) as a web service of the workspace. Raises ServiceError if unsound.

        Raises TypeError for functions, which live in the process that has them.
        """
        if functions or experiment is None:
            raise TypeError(FUNCTIONS_STAY)
        body = {"name": name, "experiment": experiment, "models": _in_json(models or {})}
        made: WebService = _record(WebService, self._control.call("POST", f"/workspaces/{workspace.id}/services", body))
        return made

    def deploy_file(
        self,
        workspace: Workspace,
        path: str | Path,
        *,
        data_files: Mapping[str, bytes | Path] | None = None,
        **wish: Any,
    ) -> WebService:
        """Deploy an experiment file, with what it raises, as Emulator.deploy_file does; the file lies here."""
        from amlemulator.remote_deploying import deploy
        from amlemulator.testkit import Aml

        connection_string = Aml(self, workspace).connection_string
        made = deploy(self._control, workspace.id, connection_string, Path(path), data_files or {}, wish)
        return next(service for service in self.directory.services(workspace.id) if service.id == made)

    def storage_key(self, workspace: Workspace) -> str | None:
        """Return the key of a workspace's storage account."""
        storage: dict[str, str | None] = self.directory.read(workspace.id)["storage"]
        return storage["key"]

    def take_faults(self) -> list[Exception]:
        """Return what went wrong inside the emulator itself since this was last asked."""
        found = self._control.call("GET", "/errors")
        if found:
            self._control.call("DELETE", "/errors")
        return [EmulatorFailed(text) for text in found]

    def snapshot(self, folder: str | Path) -> None:
        """Write everything that is served there as a workspace folder here (see Emulator.snapshot): whole, or not.

        Raises FileExistsError when the folder is not empty, OSError when it cannot be written.
        """
        target = Path(folder)
        if target.exists() and any(target.iterdir()):
            raise FileExistsError(f"{target} is not empty. Name another folder, or empty this one first.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._control.opened("/snapshot") as content,
            ZipFile(content) as archive,
            tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as draft,
        ):
            whole = Path(draft, "whole")
            whole.mkdir()
            archive.extractall(whole)
            whole.replace(target)

    def reset(self, workspace_id: str | None = None) -> None:
        """Go back to the state of a fresh start: everything, or one workspace. Raises ServiceError if it is unknown."""
        self._control.call("POST", "/reset", {} if workspace_id is None else {"workspace": workspace_id})

    def close(self) -> None:
        """Close the connections; the emulator runs on."""
        self._control.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class EmulatorFailed(Exception):  # noqa: N818 - what happened, there
    """The emulator itself failed, in its own process; the message is its traceback."""
