"""Batch jobs: submitting, states, the queue."""

from __future__ import annotations

from dataclasses import replace

from amlemulator.core import batch as rules
from amlemulator.core import bodies, references
from amlemulator.core.errors import failure
from amlemulator.core.records import Job, JobState
from amlemulator.engine.batch import Batch
from amlemulator.faces import bes
from mutants.patching import Patch, mutant


@mutant("starts-by-itself", "bes.life")
def _(patch: Patch) -> None:
    """A submitted job starts by itself."""
    patch.wrap(
        Batch,
        "submit",
        lambda original: (
            lambda self, endpoint, submission, *, legacy: original(self, endpoint, submission, legacy=True)
        ),
    )


@mutant("readable-too-early", "bes.life")
def _(patch: Patch) -> None:
    """Results stand in the status of a job as soon as it runs."""

    def make(original):
        def render_status(job, results, **named):
            shown = original(job, results, **named)
            if job.state is JobState.RUNNING and "Results" in shown:
                shown["Results"] = {}
            return shown

        return render_status

    patch.wrap(bes, "render_status", make)


@mutant("finished-too-early", "bes.life")
def _(patch: Patch) -> None:
    """A job that runs is called Finished, its results still missing."""

    def make(original):
        def render_status(job, results, **named):
            shown = original(job, results, **named)
            return {**shown, "StatusCode": "Finished"} if job.state is JobState.RUNNING else shown

        return render_status

    patch.wrap(bes, "render_status", make)


@mutant("back-to-not-started", "bes.life")
def _(patch: Patch) -> None:
    """A job that runs now and then looks as if it had not started."""
    turns = iter(range(10**9))

    def make(original):
        def render_status(job, results, **named):
            shown = original(job, results, **named)
            waits = job.state is JobState.RUNNING and next(turns) % 2
            return {**shown, "StatusCode": "NotStarted"} if waits else shown

        return render_status

    patch.wrap(bes, "render_status", make)


@mutant("queued-state", "bes.life")
def _(patch: Patch) -> None:
    """A started job is called Queued before it ends."""

    def make(original):
        def render_status(job, results, **named):
            shown = original(job, results, **named)
            return {**shown, "StatusCode": "Queued"} if job.state is JobState.RUNNING else shown

        return render_status

    patch.wrap(bes, "render_status", make)


@mutant("no-details-member", "bes.life")
def _(patch: Patch) -> None:
    """A status has no Details unless the job failed."""

    def make(original):
        def render_status(job, results, **named):
            return {
                name: value for name, value in original(job, results, **named).items() if name != "Details" or value
            }

        return render_status

    patch.wrap(bes, "render_status", make)


@mutant("starts-again", "bes.start-twice")
def _(patch: Patch) -> None:
    """A job that has ended can be started again."""

    def make(original):
        def start(job, place):
            return original(replace(job, state=JobState.NOT_STARTED, queued=False) if job.state.ended else job, place)

        return start

    patch.wrap(rules, "start", make)


@mutant("second-start-ignored", "bes.start-twice")
def _(patch: Patch) -> None:
    """A second start is answered well and does nothing."""
    patch.wrap(rules, "start", lambda original: lambda job, place: job if job.queued else original(job, place))


@mutant("start-race", "bes.one-start")
def _(patch: Patch) -> None:
    """Of many starts at the same time several are taken."""
    import time

    def make(original):
        def start(self, job):
            if job.queued or job.state is not JobState.NOT_STARTED:
                return original(self, job)
            time.sleep(0.01)
            try:
                return original(self, job)
            except Exception:
                return None

        return start

    patch.wrap(Batch, "start", make)


@mutant("start-conflict-409", "bes.start-twice")
def _(patch: Patch) -> None:
    """A second start is 409."""

    def make(original):
        def start(job, place):
            if job.queued or job.state is not JobState.NOT_STARTED:
                raise failure("Conflict")
            return original(job, place)

        return start

    patch.wrap(rules, "start", make)


@mutant("state-in-lower-case", "bes.start-twice")
def _(patch: Patch) -> None:
    """CannotStartJob always says that the job is Running."""

    def make(original):
        def start(job, place):
            if job.queued or job.state is not JobState.NOT_STARTED:
                raise failure("InvalidOperation/CannotStartJob", "Running")
            return original(job, place)

        return start

    patch.wrap(rules, "start", make)


@mutant("cancel-not-final", "bes.cancel-is-final")
def _(patch: Patch) -> None:
    """A job that was cancelled while it ran finishes all the same."""

    def delete(self, job):
        with self._store.transaction() as transaction:
            found = transaction.get(Job, job.id)
            if found.state.ended:
                transaction.delete(Job, job.id)
            elif found.state is JobState.RUNNING:
                return
            else:
                transaction.put(rules.delete(found, self._clock.now()))

    patch.set(Batch, "delete", delete)


@mutant("cancelled-job-writes", "bes.cancel-is-final")
def _(patch: Patch) -> None:
    """A cancelled job shows Cancelled, and its worker goes on and writes its outputs."""

    def delete(self, job):
        with self._store.transaction() as transaction:
            found = transaction.get(Job, job.id)
            if found.state.ended:
                transaction.delete(Job, job.id)
            else:
                transaction.put(rules.delete(found, self._clock.now()))

    patch.set(Batch, "delete", delete)
    patch.set(Batch, "_still_running", lambda self, job: True)


@mutant("cancelled-job-gone", "bes.cancel-unstarted")
def _(patch: Patch) -> None:
    """A job that is cancelled is forgotten at once."""

    def make(original):
        def delete(self, job):
            original(self, job)
            with self._store.transaction() as transaction:
                if transaction.get(Job, job.id) is not None:
                    transaction.delete(Job, job.id)

        return delete

    patch.wrap(Batch, "delete", make)


@mutant("cancelled-job-starts", "bes.cancel-unstarted")
def _(patch: Patch) -> None:
    """A job that was cancelled before its start can be started."""

    def make(original):
        def start(job, place):
            return original(replace(job, state=JobState.NOT_STARTED) if job.state is JobState.CANCELLED else job, place)

        return start

    patch.wrap(rules, "start", make)


@mutant("finished-job-stays", "bes.delete-ended")
def _(patch: Patch) -> None:
    """A finished job that is deleted can still be read."""

    def make(original):
        return lambda self, job: None if job.state.ended else original(self, job)

    patch.wrap(Batch, "delete", make)


@mutant("outputs-go-with-job", "bes.delete-ended")
def _(patch: Patch) -> None:
    """The outputs of a job go when it is deleted."""

    def make(original):
        def delete(self, job):
            original(self, job)
            for output in job.results.values():
                self._storage._blobs.delete(output.account, output.container, output.name)

        return delete

    patch.wrap(Batch, "delete", make)


@mutant("job-of-any-endpoint", "bes.own-endpoint")
def _(patch: Patch) -> None:
    """A job can be read, started and deleted at any endpoint."""

    def find(self, endpoint, job_id):
        with self._store.transaction() as transaction:
            return transaction.get(Job, job_id)

    patch.set(Batch, "find", find)


@mutant("unknown-job-400", "bes.unknown-job")
def _(patch: Patch) -> None:
    """An unknown job is 400."""

    def make(original):
        def job(self, job_id, *, polled=False):
            try:
                return original(self, job_id, polled=polled)
            except Exception as error:
                raise failure("BadArgument/MissingJobId") from error

        return job

    patch.wrap(bes.BatchExecution, "_job", make)


@mutant("no-limit", "bes.queue")
def _(patch: Patch) -> None:
    """All jobs of an endpoint run at once."""
    patch.set(rules, "places_left", lambda running, limit=0: 10_000)


@mutant("last-in-first-out", "bes.queue")
def _(patch: Patch) -> None:
    """Jobs run in the order of their submission, not of their starts."""

    def make(original):
        return lambda job, place: original(job, job.ordinal)

    patch.wrap(rules, "start", make)


@mutant("input-and-inputs", "bes.inputs")
def _(patch: Patch) -> None:
    """Where Input and Inputs both come, Input counts."""

    def make(original):
        def given_inputs(request, expected):
            return original({**request, "Inputs": None} if request.get("Input") else request, expected)

        return given_inputs

    patch.wrap(rules, "_given_inputs", make)


@mutant("unknown-inputs-ignored", "bes.inputs")
def _(patch: Patch) -> None:
    """Inputs that the service does not have are left out of account at submit."""

    def make(original):
        def given_inputs(request, expected):
            return {name: one for name, one in original(request, expected).items() if name in expected}

        return given_inputs

    patch.wrap(rules, "_given_inputs", make)


@mutant("extension-at-run", "bes.extensions")
def _(patch: Patch) -> None:
    """The extension of an input is not looked at."""
    patch.set(references, "check_extension", lambda *given, **named: None)


@mutant("extension-lost-folder", "bes.extensions")
def _(patch: Patch) -> None:
    """InvalidBlobExtension names the blob without its container."""

    def make(original):
        return lambda relative, allowed, **named: original(
            relative.lstrip("/").partition("/")[2] or relative, allowed, **named
        )

    patch.wrap(references, "check_extension", make)


@mutant("container-name-unchecked", "bes.references")
def _(patch: Patch) -> None:
    """A container may have any name."""
    import re

    patch.set(references, "CONTAINER", re.compile("."))


@mutant("connection-string-unchecked", "bes.references")
def _(patch: Patch) -> None:
    """A connection string is read when the job runs."""
    patch.set(references, "parse_connection_string", lambda text: None)


@mutant("key-in-error", "bes.references")
def _(patch: Patch) -> None:
    """InvalidBlobConnectionString repeats the connection string."""

    def make(original):
        def check_reference(name, reference, kind):
            try:
                original(name, reference, kind)
            except Exception as error:
                if getattr(error, "code", "") == "InvalidBlobConnectionString":
                    raise failure(
                        "BadArgument/InvalidBlobConnectionString", f"{reference.connection_string} a2V5"
                    ) from error
                raise

        return check_reference

    patch.wrap(rules, "check_reference", make)


@mutant("output-names-ignored", "bes.outputs")
def _(patch: Patch) -> None:
    """An override of an output that the service does not have is left out of account."""

    def make(original):
        def read_outputs(request, interface):
            known = {port.name for port in interface.outputs}
            given = request.get("Outputs") or {}
            return original({**request, "Outputs": {k: v for k, v in given.items() if k in known}}, interface)

        return read_outputs

    patch.wrap(rules, "_read_outputs", make)


@mutant("parameters-optional", "bes.parameters")
def _(patch: Patch) -> None:
    """A required web service parameter may be missing at submit."""

    def make(original):
        return lambda declared, given: original(tuple(replace(one, required=False) for one in declared), given)

    patch.wrap(rules, "parameters", make)


@mutant("parameter-target-missing", "bes.parameters")
def _(patch: Patch) -> None:
    """The error does not name the parameter that is missing."""

    def make(original):
        def make_failure(name, *given, **named):
            return original(name, *given, **{**named, "target": None})

        return make_failure

    patch.wrap(bodies, "failure", make)


@mutant("parameter-case", "bes.parameters")
def _(patch: Patch) -> None:
    """Web service parameters are matched without regard to case."""

    def make(original):
        def parameters(declared, given):
            names = {one.name.lower(): one.name for one in declared}
            return original(declared, {names.get(name.lower(), name): value for name, value in given.items()})

        return parameters

    patch.wrap(rules, "parameters", make)


@mutant("version-1-names-states", "bes.version-1")
def _(patch: Patch) -> None:
    """Version 1 names states as version 2.0 does."""
    patch.set(rules, "LEGACY_CODES", {state: state.value for state in JobState})


@mutant("version-1-waits", "bes.version-1")
def _(patch: Patch) -> None:
    """A job of version 1 waits for a start that does not come."""
    patch.wrap(
        Batch,
        "submit",
        lambda original: (
            lambda self, endpoint, submission, *, legacy: original(self, endpoint, submission, legacy=False)
        ),
    )


@mutant("failed-is-finished", "bes.failed")
def _(patch: Patch) -> None:
    """A job that failed is called Finished, with no results."""

    def make(original):
        return lambda job, details, now: rules.finish(job, {}, now)

    patch.wrap(rules, "fail", make)


@mutant("details-plain", "bes.failed")
def _(patch: Patch) -> None:
    """Details of a failed job is the module's message alone."""
    patch.wrap(
        rules, "fail", lambda original: lambda job, details, now: original(job, details.partition("Error: ")[2], now)
    )
