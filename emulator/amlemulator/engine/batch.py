"""Running batch jobs: the queue of each endpoint, staging of inputs, the worker, storing of outputs.

The rules of a job's states are in core/batch.py; here they meet store, storage and runner. Every change of state is one
transaction that looks at the job again first, so that a cancelled job stays cancelled whatever comes in late.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlcontracts import load
from amlemulator.core import batch as rules
from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.interface import OutputPort
from amlemulator.core.records import BlobReference, Endpoint, Job, JobState, StoredOutput, Workspace
from amlemulator.core.references import render_reference
from amlemulator.engine.directory import Directory
from amlemulator.engine.pacing import Pacing
from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.experiments.errors import ModuleError
from amlemulator.ports.clock import Clock
from amlemulator.ports.runner import Outcome, Runner, Task
from amlemulator.ports.store import Store, Transaction

if TYPE_CHECKING:
    from amlemulator.engine.exports import Exports, Sink  # brings the modules' palette, which the first job needs

LOG = logging.getLogger(__name__)
CONTENT_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".arff": "text/plain"}
REASON = re.compile(r"(?:Module: (?P<module>[^;]+); )?Error (?P<code>\d{4}): (?P<message>.+)", re.DOTALL)
EXTENSIONS = {"dataset": "csv", "model": "ilearner"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What the engine is told of ids, places and limits.

    ``folder`` gives a temporary folder for staged files; ``stage`` copies the saved data sets of a graph there and
    returns name to path; ``ended`` is told of every job that has come to its end, ``broken`` of every fault of our own.
    """

    identity: Identity
    folder: Callable[[], Path]
    running_jobs: int
    job_time_limit: float
    pacing: Pacing
    stage: Callable[[Mapping[str, Any], Path], dict[str, str]] = lambda graph, folder: {}
    ended: Callable[[Job], None] = lambda job: None
    broken: Callable[[Exception], None] = lambda error: None


class Batch:
    """The Batch Execution Service's engine."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        storage: Storage,
        runner: Runner,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._store = store
        self._directory = directory
        self._storage = storage
        self._runner = runner
        self._clock = clock
        self._identity = policy.identity
        self._folder = policy.folder
        self._places = policy.running_jobs
        self._time_limit = policy.job_time_limit
        self._stage_datasets = policy.stage
        self._tell_ended = policy.ended
        self._tell_broken = policy.broken
        self._pacing = policy.pacing
        self._lock = threading.Lock()
        self._handles: dict[str, str] = {}  # job id to the runner's handle
        # The admitted jobs as they were then. After a reset an id can come again: what still comes in for the job that
        # had it before is known by the record that it carries.
        self._admitted: dict[str, Job] = {}
        self._progress: dict[str, dict[str, Any]] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    # --- what the face calls -----------------------------------------------------------------------------------------

    def submit(self, endpoint: Endpoint, submission: rules.Submission, *, legacy: bool) -> Job:
        """Register a job. API version 1 knew no start: submitting was starting (documents.md section 20 no. 7)."""
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal(f"job/{endpoint.id}")
            job_id = self._identity.new_id("job", f"{endpoint.id}/{ordinal}")
            job = rules.new_job(job_id, ordinal, endpoint, submission, self._clock.now(), legacy=legacy)
            started = legacy and self._pacing.start(job).way != "unstarted"
            transaction.put(self._queued(transaction, job) if started else job)
        if started:
            self._admit(endpoint.id)
        return job

    def find(self, endpoint: Endpoint, job_id: str) -> Job | None:
        """Return the endpoint's job of that id, or None."""
        with self._store.transaction() as transaction:
            job = transaction.get(Job, job_id)
        return job if job is not None and job.endpoint_id == endpoint.id else None

    def poll(self, endpoint: Endpoint, job_id: str) -> Job | None:
        """Return the endpoint's job of that id, or None, for a status call, with which a held job's time may come."""
        job = self.find(endpoint, job_id)
        if job is None or job.state.ended or not self._pacing.active:
            return job
        if self._pacing.served(job_id):
            self._admit(endpoint.id)
        elif job.state is not JobState.RUNNING:
            return job
        if self._pacing.due(job_id):
            self._release(job_id)
        self._pacing.wait(job_id)
        return self.find(endpoint, job_id)

    def _release(self, job_id: str) -> bool:
        """Let a held job run, and wait for its end; False when it is not held."""
        held = self._pacing.take(job_id)
        if held is not None:
            self._pacing.run_to_end(job_id, lambda: self._in_background(self._run, held))
        return held is not None

    def finish(self, job_id: str, contents: Mapping[str, bytes] | None = None) -> Job:
        """End a held job well: run it now, or give it ``contents`` by output's name and run nothing.

        Raises 404 and 400 of the control plane.
        """
        job = self._known(job_id)
        held = self._pacing.held(job_id)
        if held is None:
            raise failure(
                "control/BadRequest",
                f'The job {job_id} is not held: it is {job.state}. Jobs are held by the policies "manual", "polls" and '
                '"after", from their start on.',
            )
        if contents is None:
            self._release(job_id)
        else:
            self._finish_with(held, contents)
        return self._known(job_id)

    def _finish_with(self, job: Job, contents: Mapping[str, bytes]) -> None:
        try:
            outputs = self._outputs(job)
            if set(contents) != set(outputs):
                raise failure("control/BadRequest", f"The outputs of this job are: {', '.join(outputs) or 'none'}.")
            for name, output in outputs.items():
                kind = CONTENT_TYPES.get(_extension(output.name), "application/octet-stream")
                self._storage.write(output, BytesIO(contents[name]), kind)
        except StorageRefused as error:
            self._fail(job, _refusal("Web Service Output", error))
            return
        self._end(job, lambda found: rules.finish(found, outputs, self._clock.now()))

    def fail(self, job_id: str, reason: str) -> Job:
        """End a running job as failed, its worker killed. Raises 404 and 400 of the control plane."""
        job = self._known(job_id)
        admitted = self._admitted.get(job_id)
        if admitted is None:
            raise failure("control/BadRequest", f"The job {job_id} does not run: it is {job.state}.")
        with self._lock:
            handle = self._handles.pop(job_id, None)
        self._fail(admitted, _made_failure(reason))
        if handle is not None:
            self._runner.cancel(handle)
        return self._known(job_id)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that has not ended. Raises 404 and 400 of the control plane."""
        job = self._known(job_id)
        if job.state.ended:
            raise failure("control/BadRequest", f"The job {job_id} has ended: it is {job.state}.")
        self.delete(job)
        return self._known(job_id)

    def _known(self, job_id: str) -> Job:
        with self._store.transaction() as transaction:
            job = transaction.get(Job, job_id)
        if job is None:
            raise failure("control/NotFound", f"There is no job {job_id}.", evidence="control.jobs")
        return job

    def start(self, job: Job) -> None:
        """Queue a submitted job. Raises InvalidOperation/CannotStartJob, NotFound when it is gone."""
        with self._store.transaction() as transaction:
            found = transaction.get(Job, job.id)
            if found is None:
                raise failure("NotFound", evidence="bes.unknown-job")
            started = self._queued(transaction, found)
            policy = self._pacing.start(found)
            if policy.way == "unstarted":
                return
            transaction.put(started)
        if policy.way == "immediate":
            self._pacing.run_to_end(job.id, lambda: self._admit(job.endpoint_id))
        else:
            self._admit(job.endpoint_id)

    def _queued(self, transaction: Transaction, job: Job) -> Job:
        return rules.start(job, transaction.next_ordinal(f"queue/{job.endpoint_id}"))

    def delete(self, job: Job) -> None:
        """Cancel a job that has not ended, which stays readable; drop one that has (errors.md section 15)."""
        with self._store.transaction() as transaction:
            found = transaction.get(Job, job.id)
            if found is None:
                return
            cancelled = rules.delete(found, self._clock.now())
            if cancelled is None:
                transaction.delete(Job, job.id)
                return
            transaction.put(cancelled)
        self.abandon([job])
        self._tell_ended(cancelled)
        self._admit(job.endpoint_id)

    def abandon(self, jobs: Iterable[Job]) -> None:
        """Stop the workers of jobs that have been cancelled or are gone."""
        with self._lock:
            ids = [job.id for job in jobs]
            handles = [self._handles.pop(job_id, None) for job_id in ids]
            for job_id in ids:
                self._admitted.pop(job_id, None)
        for handle in handles:
            if handle is not None:
                self._runner.cancel(handle)
        for job_id in ids:
            self._pacing.ended(job_id)

    def forget(self, workspace_id: str | None = None) -> None:
        """Stop everything that runs, in one workspace or in all; nothing is written for it any more."""
        running = list(self._admitted.values())
        self.abandon(job for job in running if workspace_id in (None, job.workspace_id))

    def results(self, job: Job, addresses: Addresses) -> dict[str, dict[str, str | None]]:
        """Return the references of a finished job's outputs, each with a fresh SAS."""
        return {name: render_reference(self._storage.shared(output, addresses)) for name, output in job.results.items()}

    def progress(self, job_id: str) -> dict[str, Any]:
        """Return the last word of a running job's worker: module, done, of."""
        return dict(self._progress.get(job_id, {}))

    # --- the queue ---------------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Queue again what a crash interrupted, and admit what was waiting."""
        endpoints = set()
        with self._store.transaction() as transaction:
            for job in transaction.list(Job):
                if job.state is JobState.RUNNING:
                    transaction.put(rules.requeue(job))
                if job.state is JobState.RUNNING or (job.queued and not job.state.ended):
                    endpoints.add(job.endpoint_id)
        for endpoint_id in endpoints:
            self._admit(endpoint_id)

    def _admit(self, endpoint_id: str) -> None:
        with self._store.transaction() as transaction:
            admitted = self._fill_places(transaction, endpoint_id)
        for job in admitted:
            self._begin(job)

    def _fill_places(self, transaction: Transaction, endpoint_id: str) -> Sequence[Job]:
        """Admit what waits, as far as there are places; the caller begins them when the transaction is done."""
        places = rules.places_left(transaction.running(endpoint_id), self._places)
        queue = transaction.queue(endpoint_id, places + self._pacing.waiting) if places else ()
        admitted = [job for job in queue if not self._pacing.waits(job.id)][:places]
        for job in admitted:
            transaction.put(rules.admit(job, self._clock.now()))
            self._admitted[job.id] = job
        return admitted

    def _begin(self, job: Job) -> None:
        policy = self._pacing.hold(job)
        if policy.way == "fail":
            self._fail(job, _made_failure(policy.reason))
        elif policy.way == "cancelled":
            self.delete(job)
        elif self._pacing.held(job.id) is None:
            self._in_background(self._run, job)

    def _in_background(self, work: Callable[[Job], None], job: Job) -> None:
        with self._lock:
            if self._closed:
                return
            if self._threads is None:
                self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="amlclassic-batch")
            self._threads.submit(self._guarded, work, job)

    def _guarded(self, work: Callable[[Job], None], job: Job) -> None:
        try:
            work(job)
        except Exception as error:
            LOG.exception("job %s failed in the emulator itself", job.id)
            self._tell_broken(error)
            self._fail(job, _module_failure("Emulator", "1000", f"{type(error).__name__}: {error}"))

    def _still_running(self, admitted: Job) -> bool:
        with self._store.transaction() as transaction:
            job = transaction.get(Job, admitted.id)
        return job is not None and job.state is JobState.RUNNING and self._admitted.get(job.id) is admitted

    # --- one job -----------------------------------------------------------------------------------------------------

    def _run(self, job: Job) -> None:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder()))
        place = "Web Service Output"
        try:
            outputs = self._outputs(job)
            place = "Web Service Input"
            body = self._stage(job, outputs, folder)
            place = "Import Data"
            sinks = self._exports().stage(body["experiment"], job.parameters, folder)
        except (StorageRefused, ModuleError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            self._fail(job, _refusal(place, error))
            return
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

        body["sinks"] = {sink.node: sink.file for sink in sinks}

        def done(outcome: Outcome) -> None:
            self._in_background(lambda ended: self._conclude(ended, outcome, outputs, sinks, folder), job)

        def progress(event: dict[str, Any]) -> None:
            self._progress[job.id] = event
            LOG.info("job %s: %s (%d of %d)", job.id, event["module"], event["done"] + 1, event["of"])

        if not self._still_running(job):
            shutil.rmtree(folder, ignore_errors=True)
            return
        handle = self._runner.submit(Task("run", body, self._time_limit or None), done, progress)
        with self._lock:
            if self._admitted.get(job.id, job) is job:
                self._handles[job.id] = handle
        if not self._still_running(job):  # cancelled, or done already, between the look and the hand-over
            with self._lock:
                self._handles.pop(job.id, None)
            self._runner.cancel(handle)

    def _outputs(self, job: Job) -> dict[str, StoredOutput]:
        """Decide where each output goes, and check the right to write there before anything runs."""
        ports = self._directory.interface_of_graph(job.experiment).outputs
        return {port.name: self._output(job, port, job.outputs.get(port.name)) for port in ports}

    def _output(self, job: Job, port: OutputPort, override: BlobReference | None) -> StoredOutput:
        if override is not None:
            return self._storage.output(override)
        with self._store.transaction() as transaction:
            workspace = transaction.get(Workspace, job.workspace_id)
        assert workspace is not None
        # Derived from the job, so that one that is run again after a crash writes to the same place.
        name = self._identity.new_guid("output", f"{job.id}/{port.name}")
        blob = f"{name}/{name}.{EXTENSIONS[port.kind]}"
        return StoredOutput(workspace.storage_account, rules.DEFAULT_CONTAINER, blob, shared="container")

    def _stage(self, job: Job, outputs: dict[str, StoredOutput], folder: Path) -> dict[str, Any]:
        """Bring everything the worker needs into the folder: inputs, imported data, models."""
        from amlemulator.experiments.transfers import staged_sources

        graph = self._directory.graph(job.experiment)
        inputs, sources, models = {}, {}, {}
        for number, (name, reference) in enumerate(job.inputs.items()):
            inputs[name] = _staged_file(folder, f"input{number}", reference.relative_location or "")
            self._storage.fetch(reference, Path(inputs[name]["path"]))
        for number, (node, blob) in enumerate(staged_sources(graph, job.parameters).items()):
            sources[node] = self._import(blob, folder, f"source{number}")
        for number, (name, key) in enumerate(job.models.items()):
            path = folder / f"model{number}.ilearner"
            path.write_bytes(self._store.load_content(key))
            models[name] = str(path)
        written = {
            name: _staged_file(folder, f"output{number}", output.name)
            for number, (name, output) in enumerate(outputs.items())
        }
        return {
            "experiment": graph,
            "inputs": inputs,
            "sources": sources,
            "outputs": written,
            "parameters": job.parameters,
            "models": models,
            "datasets": self._stage_datasets(graph, folder),
        }

    def _import(self, blob: BlobReference, folder: Path, stem: str) -> dict[str, str]:
        """Fetch what an Import Data module reads; what the storage refuses is that module's failure."""
        try:
            return self._storage.stage(blob, folder, stem)
        except StorageRefused as error:
            failed = ModuleError("0065", f"The Azure storage blob is incorrect. {error}")
            failed.module = "Import Data"
            raise failed from error

    def _conclude(
        self, job: Job, outcome: Outcome, outputs: dict[str, StoredOutput], sinks: Sequence[Sink], folder: Path
    ) -> None:
        """Store the outputs of a worker that is done and end the job, or end it as failed."""
        try:
            if outcome.status == "cancelled" or not self._still_running(job):
                return
            if outcome.status != "done":
                self._fail(job, outcome.error)
                return
            self._export(job, sinks)
            for number, output in enumerate(outputs.values()):
                file = _staged_file(folder, f"output{number}", output.name)
                kind = CONTENT_TYPES.get(_extension(output.name), "application/octet-stream")
                with Path(file["path"]).open("rb") as content:
                    self._storage.write(output, content, kind)
            self._end(job, lambda found: rules.finish(found, outputs, self._clock.now()))
        except (StorageRefused, ModuleError) as error:
            self._fail(job, _refusal("Web Service Output", error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._forget(job)

    def _exports(self) -> Exports:
        from amlemulator.engine.exports import Exports

        return Exports(self._storage)

    def _export(self, job: Job, sinks: Sequence[Sink]) -> None:
        if not sinks:
            return
        exports = self._exports()
        if not job.exporting:  # else a crash cut it short, and what is there is its own
            exports.check(sinks)
            with self._store.transaction() as transaction:
                found = transaction.get(Job, job.id)
                if found is not None and self._admitted.get(job.id) is job:
                    transaction.put(rules.export(found))
        exports.store(sinks)

    def _forget(self, job: Job) -> None:
        with self._lock:
            if self._admitted.get(job.id, job) is job:
                self._admitted.pop(job.id, None)
                self._handles.pop(job.id, None)
                self._progress.pop(job.id, None)
                self._pacing.ended(job.id)

    def _fail(self, job: Job, error: dict[str, Any]) -> None:
        from amlemulator.experiments.errors import details_line

        now = self._clock.now()
        line = details_line(
            error,
            job_id=self._identity.new_id("snr-job", job.id),
            task_id=self._identity.new_guid("snr-task", job.id),
            request_id=self._identity.new_guid("request", job.id),
            time=now,
        )
        self._end(job, lambda found: rules.fail(found, line, now))

    def _end(self, job: Job, rule: Callable[[Job], Job]) -> None:
        """End a job by the rule, unless it is cancelled or another's by now, and give its place to the next."""
        ended = None
        with self._store.transaction() as transaction:
            found = transaction.get(Job, job.id)
            if found is not None and self._admitted.get(job.id) is job:
                ended = rule(found) if found.state is JobState.RUNNING else found
                transaction.put(ended)
            admitted = self._fill_places(transaction, job.endpoint_id)
        for following in admitted:
            self._begin(following)
        if ended is not None and ended.state is not JobState.CANCELLED:
            self._tell_ended(ended)
        self._forget(job)

    def close(self) -> None:
        """Take no more work. What runs is left Running in the store: the next start on it queues it again."""
        with self._lock:
            self._closed = True
            threads = self._threads
        self._pacing.release_all()
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)


def _module_failure(module: str, code: str, message: str) -> dict[str, Any]:
    failed = ModuleError(code, message)
    failed.module = module
    return failed.to_dict()


def _made_failure(reason: str) -> dict[str, Any]:
    """Return the failure that somebody wants a job to end with.

    ``Module: Train Model; Error 0001: ...`` names module and error; any other text is an Error 1000 of the emulator.
    """
    found = REASON.fullmatch(reason)
    if found is None or found["code"] not in load("module_errors"):
        return _module_failure("Emulator", "1000", reason)
    return _module_failure(found["module"] or "Emulator", found["code"], found["message"])


def _refusal(module: str, error: StorageRefused | ModuleError) -> dict[str, Any]:
    """Return what the storage, or a module that was looked at before it ran, refuses; the one at ``module`` else."""
    if isinstance(error, ModuleError):
        error.module = error.module or module
        return error.to_dict()
    return _module_failure(module, "0065", f"The Azure storage blob is incorrect. {error}")


def _extension(name: str) -> str:
    # ".nh.csv" is a CSV without header row (documents.md section 6).
    lower = name.lower()
    return next((one for one in (".nh.csv", ".nh.tsv") if lower.endswith(one)), Path(lower).suffix)


def _staged_file(folder: Path, stem: str, name: str) -> dict[str, str]:
    extension = _extension(name) or ".csv"
    return {"path": str(folder / f"{stem}{extension}"), "format": extension.lstrip(".")}
