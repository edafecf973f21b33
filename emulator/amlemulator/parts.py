"""The parts of an emulator behind its faces: the ports, and the engine over them, each made when it is needed."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlcontracts import load
from amlemulator.adapters.caller_runner import CallerRunner
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.adapters.process_runner import ProcessRunner
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.allowed_hosts import AllowedHosts
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.identity import Identity
from amlemulator.engine.deployment import Deployment
from amlemulator.engine.directory import Directory
from amlemulator.engine.exchanges import Exchanges
from amlemulator.engine.faults import Faults
from amlemulator.engine.gate import Gate
from amlemulator.engine.journal import Journal
from amlemulator.engine.outside import Outside
from amlemulator.engine.propagation import Propagation
from amlemulator.engine.scoring import Scoring, worker_scoring
from amlemulator.engine.storage import Storage
from amlemulator.engine.throttle import Throttle
from amlemulator.once import once
from amlemulator.settings import Settings
from amlemulator.workspaces import WorkspaceFolder

if TYPE_CHECKING:
    from amlemulator.engine.administration import Administration
    from amlemulator.engine.batch import Batch
    from amlemulator.engine.code_services import CodeServices
    from amlemulator.engine.data_files import DataFiles
    from amlemulator.engine.deploying import Deploying, Errands
    from amlemulator.engine.diagnostics import Diagnostics
    from amlemulator.engine.interference import Interference
    from amlemulator.engine.jobs import Jobs
    from amlemulator.engine.models import Models
    from amlemulator.engine.pacing import Pacing
    from amlemulator.engine.studio import Studio
    from amlemulator.engine.studio_experiments import Experiments
    from amlemulator.engine.trials import Trials

LIMITS = load("limits")


class Parts(ABC):
    """What an emulator is made of. A score needs what ``make_parts`` makes; the rest waits until it is asked for.

    ``faults_of_ours`` holds what went wrong inside the emulator itself; ``on_deployed`` is called after a deployment
    by the control plane.
    """

    def __init__(self, settings: Settings, workspace_folder: WorkspaceFolder) -> None:
        self.settings = settings
        self.workspace_folder = workspace_folder
        self.faults_of_ours: list[Exception] = []
        self.on_deployed: Callable[[], None] = lambda: None
        self._temporary: Path | None = None
        self._released = False
        self._folder_lock = threading.Lock()

    @abstractmethod
    def choose_stages(self) -> None:
        """Hear that faults are armed or that none is left, that somebody listens or that nobody does any more."""

    def make_parts(self) -> None:
        """Make the ports and what a score needs. Raises StateFileError and FolderError with what to do.

        Whatever happens, ``release`` takes down what was made.
        """
        self._make_ports()
        self._make_engine()

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
            Path(f"{settings.state}.blobs") if settings.state else lambda: self.folder() / "blobs",
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
        self.faults = Faults(self.clock, self.choose_stages)
        self.deployment = Deployment(self.store, self.clock, self.identity, self.faults.prevent_update)
        limit = settings.job_memory_limit
        workers = worker_scoring(self.runner, self.folder, self.storage, self._stage_datasets, limit)
        self.propagation = Propagation(settings.propagation_seconds)
        memory = settings.model_memory << 20
        self.scoring = Scoring(self.store, self.directory, self.clock, self.propagation, workers, memory)
        self.throttle = Throttle(enforced=settings.enforce_concurrency, server_calls=settings.server_calls)
        self.journal = self.requests = Journal()
        self.exchanges = Exchanges(self.choose_stages)

    @once
    def administration(self) -> Administration:
        """Changes of endpoints and services."""
        from amlemulator.engine.administration import Administration

        low = self.settings.low_throttle_calls
        return Administration(self.store, self.clock, self.identity, low, self.propagation, self.interference)

    @once
    def interference(self) -> Interference:
        """What armed effects do."""
        from amlemulator.engine.interference import Interference

        return Interference(self.faults, self.store, self.clock, self.identity, self.blobs, self.propagation)

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

        return Pacing(self.clock, self.faults.job_policy)

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

    @staticmethod
    def _work(state: str) -> Path:
        return Path(f"{state}.work").absolute()

    def folder(self) -> Path:
        """Return the temporary folder, which goes when the emulator goes.

        With a state file it lies beside that: who was killed leaves it to the next, who clears it away.
        Raises RuntimeError when the emulator has gone already, as threads may find that Ctrl-C overtook.
        """
        with self._folder_lock:
            if self._released:
                raise RuntimeError("This emulator has been closed.")
            if self._temporary is None:
                state = self.settings.state
                # Known before it is there: a Ctrl-C between the two must find what to remove.
                self._temporary = folder = self._work(state) if state else self._unused_name()
                try:
                    folder.mkdir(mode=0o700)
                except OSError:
                    self._temporary = None
                    raise
            return self._temporary

    @staticmethod
    def _unused_name() -> Path:
        return Path(tempfile.gettempdir(), f"amlclassic-{secrets.token_hex(6)}").absolute()

    def release(self) -> None:
        """Take down whatever was made; one that could not be made whole leaves nothing behind either."""
        for name in ("runner", "batch", "experiments", "errands", "blobs", "store"):
            if name in self.__dict__:
                self.__dict__[name].close()
        with self._folder_lock:
            self._released = True
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
