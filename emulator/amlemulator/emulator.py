"""The composition: every part made once, given to those who need it, and taken down in order."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from amlcontracts import load
from amlemulator import pipeline
from amlemulator.adapters.caller_runner import CallerRunner
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.adapters.process_runner import ProcessRunner
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.addresses import Addresses
from amlemulator.core.allowed_hosts import AllowedHosts
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.records import WebService, Workspace
from amlemulator.engine.deployment import Deployment
from amlemulator.engine.directory import Directory
from amlemulator.engine.faults import Faults
from amlemulator.engine.gate import Gate
from amlemulator.engine.journal import Journal
from amlemulator.engine.outside import Outside
from amlemulator.engine.scoring import Scoring, worker_scoring
from amlemulator.engine.storage import Storage
from amlemulator.engine.throttle import Throttle
from amlemulator.faces.guard import Guard
from amlemulator.faces.rrs_answers import RequestResponse
from amlemulator.once import once
from amlemulator.ports.store import Snapshot
from amlemulator.server import Listeners
from amlemulator.settings import Settings, SettingsError
from amlemulator.workspaces import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask
    from requests import Session

    from amlemulator.doors import Door, Doors
    from amlemulator.engine.administration import Administration
    from amlemulator.engine.batch import Batch
    from amlemulator.engine.code_services import CodeServices
    from amlemulator.engine.data_files import DataFiles
    from amlemulator.engine.deploying import Deploying, Errands
    from amlemulator.engine.diagnostics import Diagnostics
    from amlemulator.engine.jobs import Jobs
    from amlemulator.engine.models import Models
    from amlemulator.engine.pacing import Pacing
    from amlemulator.engine.studio import Studio
    from amlemulator.engine.studio_experiments import Experiments
    from amlemulator.engine.trials import Trials
    from amlemulator.faces.blob import BlobApplication
    from amlemulator.faces.pages.sessions import Sessions
    from amlemulator.ports.diagnosis import Diagnose
    from amlemulator.testkit import Aml

LOG = logging.getLogger(__name__)
LIMITS = load("limits")
NOMINAL = Addresses()  # what answers name as long as nothing listens: see ``session``


class Emulator:
    """One emulator, in this process. Use it as a context manager, or call start and close.

    Without ``samples=False`` it serves the sample workspaces of interface.md. Its WSGI callable is ``wsgi_app``; with
    ``start`` it listens at ``base_url`` and ``blob_url``.
    """

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
        self.settings = replace(settings or Settings(port=0, blob_port=0), **changes)
        self.workspace_folder = WorkspaceFolder(self.settings.workspace, tell)
        self._temporary: Path | None = None
        self._folder_lock = threading.Lock()
        self._listeners: Listeners | None = None
        self._warming: threading.Thread | None = None
        self.faults_of_ours: list[Exception] = []
        self.on_deployed: Callable[[], None] = lambda: None  # called after a deployment by the control plane
        self.diagnose: Diagnose | None = None  # given by a command; what it needs is the client's
        self.phase: Literal["ready", "starting", "stopping"] = "ready"  # what readyz says
        self.addresses = self._addresses(NOMINAL.base, NOMINAL.blob)
        try:
            self._make_ports()
            self._make_engine()
            self._make_faces()
            self._samples = samples
            self._templates: Sequence[WebService] | None = None
            self._seed: Snapshot | None = None
            if not self.directory.workspaces():
                self._sow(self.store)
                self._seed = self.store.snapshot()
        except BaseException:
            self._release()
            raise

    def _addresses(self, base: str, blob: str) -> Addresses:
        settings = self.settings
        return Addresses((settings.public_url or base).rstrip("/"), (settings.public_blob_url or blob).rstrip("/"))

    def _make_ports(self) -> None:
        settings = self.settings
        self.clock = SystemClock()
        self.identity = Identity(settings.seed)
        self.request_ids = self.identity.guids("request")
        self.gate = Gate()
        self.store = SqliteStore(settings.state or ":memory:")
        self.store.discarding = self.gate.overtaken
        if settings.state:  # it is ours now, and so is what its last owner may have left
            shutil.rmtree(self._work(settings.state), ignore_errors=True)
        auto = (lambda account: self.identity.new_key("account", account)) if settings.auto_accounts else None
        self.blobs = FilesBlobs(
            Path(f"{settings.state}.blobs") if settings.state else self.folder() / "blobs",
            {DEVELOPMENT_ACCOUNT: DEVELOPMENT_KEY, **self.workspace_folder.accounts(self.identity)},
            self.clock,
            auto_account=auto,
            durable=settings.state is not None,
        )
        count, memory = settings.workers or os.cpu_count() or 1, settings.job_memory_limit << 20
        self.runner = CallerRunner(ProcessRunner(count, memory=memory))

    def _make_engine(self) -> None:
        """Make what a score needs; the rest of the engine is made when it is first asked for."""
        settings = self.settings
        self.directory = Directory(self.store)
        outside = Outside(
            AllowedHosts.read(settings.allow_storage), lambda account: self.blobs.key(account) is not None
        )
        backdated = LIMITS["sas_backdated_seconds"]
        self.storage = Storage(self.blobs, self.clock, settings.sas_seconds, backdated, outside)
        self.deployment = Deployment(self.store, self.clock, self.identity)
        limit = settings.job_memory_limit
        workers = worker_scoring(self.runner, self.folder, self.storage, self._stage_datasets, limit)
        delay, memory = settings.propagation_seconds, settings.model_memory << 20
        self.scoring = Scoring(self.store, self.directory, self.clock, delay, workers, memory)
        self.throttle = Throttle(enforced=settings.enforce_concurrency, server_calls=settings.server_calls)
        self.journal = self.requests = Journal()
        self.faults = Faults(self.clock, self._choose_stages)

    @once
    def administration(self) -> Administration:
        """Changes of endpoints and services."""
        from amlemulator.engine.administration import Administration

        low, propagation = self.settings.low_throttle_calls, self.settings.propagation_seconds
        return Administration(self.store, self.clock, self.identity, low, propagation)

    @once
    def trials(self) -> Trials:
        """Runs of experiments that are about to be deployed."""
        from amlemulator.engine.trials import Trials

        return Trials(self.runner, self.storage, self.folder, self.settings.job_time_limit)

    @once
    def deploying(self) -> Deploying:
        """Deployment of what somebody brings."""
        from amlemulator.engine.deploying import Deploying

        return Deploying(self.store, self.directory, self.deployment, self.studio, self.trials)

    @once
    def errands(self) -> Errands:
        """Deployments that the control plane was asked for."""
        from amlemulator.engine.deploying import Errands

        def deployed() -> None:
            self.on_deployed()

        return Errands(self.deploying, lambda number: self.identity.new_id("errand", number), deployed)

    @once
    def data_files(self) -> DataFiles:
        """Data files that become saved data sets."""
        from amlemulator.engine.data_files import DataFiles

        return DataFiles(self.store, self.blobs, self.clock, self.identity)

    @once
    def code_services(self) -> CodeServices:
        """Published functions."""
        from amlemulator.engine.code_services import CodeServices

        return CodeServices(self.store, self.directory, self.clock, self.identity)

    @once
    def models(self) -> Models:
        """Update Resource."""
        from amlemulator.engine.models import Models

        models = Models(self.store, self.storage, self.directory, self.runner, self.folder)
        models.trusting = self.settings.bad_model == "score"
        return models

    @once
    def diagnostics(self) -> Diagnostics:
        """The logs of endpoints that are traced."""
        from amlemulator.engine.diagnostics import Diagnostics

        create = self.settings.diagnostics_container == "create"
        return Diagnostics(self.blobs, self.directory, self.clock, create=create)

    @once
    def pacing(self) -> Pacing:
        """The job policies of workspaces."""
        from amlemulator.engine.pacing import Pacing

        return Pacing(self.clock)

    @once
    def batch(self) -> Batch:
        """The Batch Execution Service."""
        from amlemulator.engine.batch import Batch, Policy

        policy = Policy(
            self.identity,
            self.folder,
            self.settings.running_jobs,
            self.settings.job_time_limit,
            self.pacing,
            stage=self._stage_datasets,
            broken=self.faults_of_ours.append,
            ended=self.diagnostics.ended,
        )
        return Batch(self.store, self.directory, self.storage, self.runner, self.clock, policy)

    @once
    def jobs(self) -> Jobs:
        """The jobs of workspaces as tests hold them."""
        from amlemulator.engine.jobs import Jobs

        return Jobs(self.store, self.batch, self.pacing)

    def _stage_datasets(self, graph: Mapping[str, Any], folder: Path) -> dict[str, str]:
        return self.studio.stage(graph, folder)

    @once
    def studio(self) -> Studio:
        """The Studio API's data sets and people; made when that host is first asked."""
        from amlemulator.engine.studio import Studio

        return Studio(self.store, self.directory, self.blobs, self.storage, self.clock, self.identity)

    @once
    def experiments(self) -> Experiments:
        """The Studio API's experiments; made when that host is first asked."""
        from amlemulator.engine.studio_experiments import Experiments
        from amlemulator.engine.studio_runs import StudioRuns

        limit = self.settings.job_time_limit
        runs = StudioRuns(self.store, self.studio, self.storage, self.runner, self.folder, limit)
        return Experiments(self.store, self.directory, self.deployment, runs, self.clock, self.identity)

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
        self._choose_stages(armed=False)
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

    def _choose_stages(self, armed: bool) -> None:
        # Chosen when faults are armed, so that nobody looks for them otherwise; so is what --strict adds.
        stages = pipeline.STAGES
        if self.settings.strict:
            from amlemulator.faces import strict

            stages = (*stages, strict.check)
        if not armed:
            self.stages = stages
            self.blob_application: WSGIApplication = self._to_blobs
            return
        from amlemulator.faces.blob_faults import StruckBlobApplication

        self.stages = (pipeline.strike, *stages)
        self.blob_application = StruckBlobApplication(self.blobs, self.clock, self.request_ids, self.faults)

    def blobs_are_prompt(self, writes: bool) -> bool:
        """Tell whether a call of blob storage waits for nothing now: it is open, no fault is armed, no disk to sync."""
        opened = "_blob_application" in self.__dict__ and self.blob_application == self._to_blobs
        return opened and not (writes and self.settings.state is not None)

    def _to_blobs(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._blob_application(environ, start_response)

    @once
    def _blob_application(self) -> BlobApplication:
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

    @staticmethod
    def _work(state: str) -> Path:
        return Path(f"{state}.work").absolute()

    def folder(self) -> Path:
        """Return the temporary folder, which goes when the emulator goes.

        With a state file it lies beside that: who was killed leaves it to the next, who clears it away.
        """
        with self._folder_lock:
            if self._temporary is None and self.settings.state:
                self._temporary = self._work(self.settings.state)
                self._temporary.mkdir()
            elif self._temporary is None:
                self._temporary = Path(tempfile.mkdtemp(prefix="amlclassic-"))
            return self._temporary

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

        made = FunctionServices(self.deployment, self.deploying, self.data_files, self.runner.names)
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
            self.store.reset(seed, workspace_id)
            if workspace_id is None:
                self._forget_the_rest()

    def _forget_the_rest(self) -> None:
        self.blobs.reset()
        self.workspace_folder.put_blobs(self)
        self.clock.reset()
        self.request_ids.restart()
        self.requests.clear()
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
        self._release()

    def _release(self) -> None:
        # As far as it was made: one that could not be made leaves nothing behind either.
        for name in ("runner", "batch", "experiments", "errands", "blobs", "store"):
            if name in self.__dict__:
                self.__dict__[name].close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
