"""The composition: every part made once, given to those who need it, and taken down in order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from amlcontracts import load
from amlemulator import pipeline
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import failure
from amlemulator.core.records import WebService, Workspace
from amlemulator.engine.deployment import Deployment
from amlemulator.faces.guard import Guard
from amlemulator.faces.rrs_answers import RequestResponse
from amlemulator.once import once
from amlemulator.parts import Parts
from amlemulator.ports.store import Snapshot
from amlemulator.server import Listeners
from amlemulator.settings import Settings, SettingsError
from amlemulator.stages import choose
from amlemulator.workspaces import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask
    from requests import Session

    from amlemulator.doors import Door, Doors
    from amlemulator.faces.blob import BlobApplication
    from amlemulator.faces.pages.sessions import Sessions
    from amlemulator.ports.diagnosis import Diagnose
    from amlemulator.testkit import Aml

LOG = logging.getLogger(__name__)
LIMITS = load("limits")
NOMINAL = Addresses()  # what answers name as long as nothing listens: see ``session``


class Emulator(Parts):
    """One emulator, in this process. Use it as a context manager, or call start and close.

    Without ``samples=False`` it serves the sample workspaces of interface.md. Its WSGI callable is ``wsgi_app``; with
    ``start`` it listens at ``base_url`` and ``blob_url``.
    """

    stages: tuple[Callable[..., None], ...]  # these three are chosen in stages.py
    entry: Callable[[Emulator, WSGIEnvironment, StartResponse], Iterable[bytes]]
    blob_application: WSGIApplication

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        samples: bool = True,
        tell: Callable[[str], None] = lambda line: None,
        **changes: Any,
    ) -> None:
        """Make it from ``settings``, or from the defaults with free ports; ``changes`` override single settings.

        ``tell`` hears, line by line, of what takes a while: experiments of a workspace folder that are run.
        Raises SettingsError, StateFileError and FolderError with a sentence that says what to do.
        """
        chosen = replace(settings or Settings(port=0, blob_port=0), **changes)
        super().__init__(chosen, WorkspaceFolder(chosen.workspace, tell))
        self._listeners: Listeners | None = None
        self._warming: threading.Thread | None = None
        self.diagnose: Diagnose | None = None  # given by a command; what it needs is the client's
        self.phase: Literal["ready", "starting", "stopping"] = "ready"  # what readyz says
        self.addresses = self._addresses(NOMINAL.base, NOMINAL.blob)
        try:
            self.make_parts()
            self._make_faces()
            self._samples = samples
            self._templates: Sequence[WebService] | None = None
            self._seed: Snapshot | None = None
            if not self.directory.workspaces():
                self._sow(self.store)
                self._seed = self.store.snapshot()
        except BaseException:
            self.release()
            raise

    def _addresses(self, base: str, blob: str) -> Addresses:
        settings = self.settings
        return Addresses((settings.public_url or base).rstrip("/"), (settings.public_blob_url or blob).rstrip("/"))

    @once
    def doors(self) -> Doors:
        """The ways in for real host names; made when the first is opened, for they bring TLS with them.

        Raises SettingsError when the certificate authority cannot be used, and when nothing listens.
        """
        from amlemulator.doors import Doors

        if self._listeners is None:
            raise SettingsError("A proxy stands beside listeners, and this emulator has none: start it first.")
        return Doors(self.settings, self.blobs, self.wsgi_app, self._listeners)

    def ways_in(self) -> Sequence[Door]:
        """Return the open ways in for real host names; asking brings no TLS."""
        return self.doors.all() if "doors" in self.__dict__ else ()

    @once
    def sessions(self) -> Sessions:
        """Who looks at the pages; made when the first is asked for."""
        from amlemulator.faces.pages.sessions import Sessions

        return Sessions(self.guard)

    def _make_faces(self) -> None:
        self._hosts: dict[str, Flask] = {}
        self._hosts_lock = threading.Lock()
        self.guard = Guard(self.settings)
        self.rrs = RequestResponse(self)
        self.choose_stages()
        self.wsgi_app: WSGIApplication = pipeline.application(self)

    def host(self, role: str) -> Flask:
        """Return the Flask app of one logical host, made when the first request for it comes.

        A program that scores never loads Flask or the help pages; that is half of every start.
        """
        app = self._hosts.get(role)
        if app is None:
            with self._hosts_lock:
                from amlemulator.faces.hosts import make_host

                app = self._hosts.get(role) or make_host(self, role)
                self._hosts[role] = app
        return app

    def choose_stages(self) -> None:
        """Choose what a request goes through, so that no request asks for what is not there."""
        choose(self)

    def blobs_are_prompt(self, writes: bool) -> bool:
        """Tell whether a call of blob storage waits for nothing now: it is open, no fault is armed, no disk to sync."""
        opened = "plain_blobs" in self.__dict__ and not self.faults.armed
        return opened and not (writes and self.settings.state is not None)

    @once
    def plain_blobs(self) -> BlobApplication:
        """Blob storage's REST API, made when the first blob is asked for."""
        from amlemulator.faces.blob import BlobApplication

        return BlobApplication(self.blobs, self.clock, self.request_ids)

    def _sow(self, store: SqliteStore) -> None:
        """Deploy what is there from the start: the workspace folder, the sample workspaces, or nothing."""
        deployment = Deployment(store, self.clock, self.identity)
        if self.workspace_folder:
            self.workspace_folder.plant(self, store)
        elif self._samples:
            from amlemulator.samples import workspaces

            for sample in workspaces():
                workspace = deployment.add_workspace(sample.name, sample.region)
                for service in sample.services:
                    models = service.models
                    made = deployment.deploy(workspace, service.name, service.experiment, models, checked=True)
                    self.directory.know_kind(made.experiment, service.kind)

    def _seeded(self) -> Snapshot:
        """Return the state that a fresh start has; a state file that was there before does not tell."""
        if self._seed is None:
            scratch = SqliteStore()
            self._sow(scratch)
            self._seed = scratch.snapshot()
            for content in scratch.contents():
                self.store.save_content(content)
            scratch.close()
        return self._seed

    # --- what users of the Python interface call ----------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The root of the address tree, without trailing slash; the nominal one until it is started."""
        return self.addresses.base

    @property
    def blob_url(self) -> str:
        """The root of the blob listener, without trailing slash."""
        return self.addresses.blob

    @property
    def local_url(self) -> str:
        """Where it listens on this machine, whatever answers name; the nominal address until it is started."""
        return self._listeners.urls[0] if self._listeners is not None else NOMINAL.base

    def move(self, base_url: str, blob_url: str) -> None:
        """Name other addresses in answers from now on: where callers find it, behind a mapped port say."""
        self.addresses = Addresses(base_url.rstrip("/"), blob_url.rstrip("/"))

    def session(self) -> Session:
        """Return a session of ``requests`` that calls this emulator with no socket, started or not.

        It answers at ``base_url`` and ``blob_url`` and at the real names of the service's hosts; any other host is a
        ConnectionError. For ``httpx`` there is ``amlemulator.transports.for_httpx``.
        """
        from amlemulator.transports.for_requests import session

        return session(self)

    def add_workspace(self, name: str = "Workspace", region: str = "South Central US", **options: Any) -> Workspace:
        """Make an empty workspace."""
        return self.deployment.add_workspace(name, region, **options)

    def workspace(self, name: str = "Workspace", *, samples: bool = True, **options: Any) -> Aml:
        """Make a workspace for a test, with the sample services and, where account names are free, its own storage.

        ``options`` are those of add_workspace.
        """
        from amlemulator.testkit import Aml

        workspace = self.add_workspace(name, **options)
        if samples:
            for service in self._sample_services():
                self.deployment.copy(workspace, service)
        if self.settings.auto_accounts and "storage_account" not in options:
            workspace = self.deployment.move_storage(workspace, f"aml{workspace.id[:16]}")
        return Aml(self, workspace)

    def _sample_services(self) -> Sequence[WebService]:
        """Return the sample services, deployed once and out of sight: copies of them cost next to nothing."""
        if self._templates is None:
            from amlemulator.samples import workspaces

            scratch = SqliteStore()
            deployment = Deployment(scratch, self.clock, self.identity)
            sample = workspaces()[0]
            place = deployment.add_workspace(sample.name, sample.region)
            self._templates = [
                deployment.deploy(place, one.name, one.experiment, one.models) for one in sample.services
            ]
            for content in scratch.contents():
                self.store.save_content(content)
            scratch.close()
        return self._templates

    def storage_key(self, workspace: Workspace) -> str | None:
        """Return the key of a workspace's storage account."""
        return self.blobs.key(workspace.storage_account)

    def take_faults(self) -> list[Exception]:
        """Return what went wrong inside the emulator itself since this was last asked."""
        found, self.faults_of_ours[:] = list(self.faults_of_ours), []
        return found

    def add_service(
        self,
        workspace: Workspace,
        name: str,
        experiment: Mapping[str, Any] | None = None,
        models: Mapping[str, bytes] | None = None,
        **functions: Any,
    ) -> WebService:
        """Deploy an experiment (a module graph) as a web service of the workspace, as it stands: nothing is run.

        In place of a graph: ``train``, ``score``, ``schema`` and ``label`` (engine/function_services.py).
        """
        if experiment is not None and not functions:
            return self.deployment.deploy(workspace, name, experiment, models or {})
        if experiment is not None or models is not None:
            raise TypeError("Give a service an experiment and its models, or functions, not both.")
        from amlemulator.engine.function_services import FunctionServices

        made = FunctionServices(self.deploying, self.data_files, self.runner.names)
        return made.add(workspace, name, **functions)

    def deploy_file(
        self,
        workspace: Workspace,
        path: str | Path,
        *,
        data_files: Mapping[str, bytes | Path] | None = None,
        **wish: Any,
    ) -> WebService:
        """Deploy an experiment file as ``amlclassic deploy`` does: checked, run once, its data files taken along.

        ``wish`` may have ``name``, ``models`` (bytes by resource), ``update``, ``predictive`` and ``parameters``
        (engine/deploying.py); ``data_files`` are data sets that the file names and that do not lie beside it.
        Raises GraphError with every finding by file and line, DeployRefused, and ExperimentFailed naming the module.
        """
        from amlemulator.engine.deploying import Wish
        from amlemulator.experiments.bringing import bring

        brought = bring(Path(path))
        datasets = self.data_files.bring(workspace, {**brought.files, **(data_files or {})})
        return self.deploying.deploy(workspace, Wish(brought.document, datasets=datasets, **wish)).service

    def reset(self, workspace_id: str | None = None) -> None:
        """Go back to the state of a fresh start: the same ids and keys, no jobs, blobs, faults, policies, journal.

        With ``workspace_id`` only that workspace goes back (empty, when it was not there at the start) with its jobs,
        faults and policy; blobs stay, for accounts are shared. Atomic: requests that are under way end first, others
        wait, none sees it half done. Jobs that run are stopped. Raises ServiceError for an unknown workspace.
        """
        if workspace_id is not None and self.directory.workspace(workspace_id) is None:
            raise failure("control/NotFound", f"There is no workspace {workspace_id}.", evidence="control.reset")
        seed = self._seeded()
        self.batch.forget(workspace_id)  # so that nobody inside the gate waits for a job
        if "errands" in self.__dict__:
            self.errands.forget(workspace_id)
        with self.gate.closed():
            self.batch.forget(workspace_id)
            self.pacing.clear(workspace_id)
            self.faults.clear(workspace_id)
            self.propagation.forget(workspace_id)
            self.store.reset(seed, workspace_id)
            if workspace_id is None:
                self._forget_the_rest()

    def _forget_the_rest(self) -> None:
        self.blobs.reset()
        self.workspace_folder.put_blobs(self)
        self.clock.reset()
        self.request_ids.restart()
        self.requests.clear()
        self.exchanges.stop()
        self.diagnostics.forget()
        experiments = self.__dict__.pop("experiments", None)
        if experiments is not None:
            experiments.retire()

    def begin_with(self, folder: WorkspaceFolder) -> None:
        """Take another folder for what a fresh start has; ``reset`` goes there."""
        self.workspace_folder = folder
        self.blobs.know(folder.accounts(self.identity))
        self._seed = None

    def snapshot(self, folder: str | Path) -> None:
        """Write everything that is served as a workspace folder, for ``--workspace`` and for version control.

        In it are workspaces, services, endpoints with their models as they are now, data sets and blobs; not in it are
        jobs, the journal, faults, Studio's own experiments and published functions. Raises FileExistsError when the
        folder is not empty, OSError when it cannot be written.
        """
        from amlemulator.workspaces.describing import write_snapshot

        write_snapshot(self, Path(folder))

    def start(self) -> Self:
        """Listen. Raises SettingsError when a port is taken, and leaves nothing behind then."""
        self.phase = "starting"
        try:
            self._listeners = Listeners(self)
            base, blob = self._listeners.urls
            self.addresses = self._addresses(base, blob)
            self._listeners.serve()
            if self.settings.state is not None:  # nothing else has jobs that a crash interrupted
                self.batch.recover()
            if self.settings.proxy_port is not None or self.settings.tls:
                self.doors.open_configured()
        except BaseException:
            self.close()
            raise
        self.phase = "ready"
        return self

    def warm(self) -> None:
        """Load, beside the first calls, what they would wait for longest: Flask and the faces of two hosts."""

        def load_the_rest() -> None:
            for role in ("services", "management"):
                self.host(role)

        self._warming = threading.Thread(target=load_the_rest, name="amlclassic-warming", daemon=True)
        self._warming.start()

    def close(self) -> None:
        """Stop listening, kill the workers, close the store, remove the temporary folder. Twice is as good as once."""
        self.phase = "stopping"
        if self._listeners is not None:
            self._listeners.close()
            self._listeners = None
            self.__dict__.pop("doors", None)
        if self._warming is not None:
            self._warming.join()
        self.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
