"""Batch jobs: what a submission must hold, and the states a job may go through.

The state machine is the table in ``contracts/state_machines.yaml``: what a call or an event does in a state is read
there, and so is every refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from amlcontracts import load
from amlemulator.core.bodies import object_member, parameters, require_object
from amlemulator.core.errors import failure
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import BlobReference, Endpoint, Job, JobState, StoredOutput
from amlemulator.core.references import check_reference, is_empty, read_reference

RUNNING_PER_ENDPOINT: int = load("limits")["batch_jobs_running_per_endpoint"]
MACHINE: dict[str, Any] = load("state_machines")["job"]
EDGES: dict[tuple[str, str], dict[str, Any]] = {(edge["from"], edge["by"]): edge for edge in MACHINE["edges"]}
DEFAULT_CONTAINER = "experimentoutput"  # where outputs without override go (documents.md section 6)


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch request that passed every check the request itself allows."""

    inputs: dict[str, BlobReference] = field(default_factory=dict)
    outputs: dict[str, BlobReference] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def read_submission(body: Any, interface: ServiceInterface) -> Submission:
    """Check a batch request against the service. Raises the 400s of errors.md section 2."""
    request = require_object(body)
    return Submission(
        inputs=_read_inputs(request, interface),
        outputs=_read_outputs(request, interface),
        parameters=parameters(interface.parameters, object_member(request, "GlobalParameters")),
    )


def _read_inputs(request: Mapping[str, Any], interface: ServiceInterface) -> dict[str, BlobReference]:
    expected = [port.name for port in interface.inputs]
    given = _given_inputs(request, expected)
    unknown = [name for name in given if name not in expected]
    if unknown:
        raise failure("BadArgument/InvalidInputNames", ", ".join(unknown))
    references = {name: read_reference(value) for name, value in given.items() if value is not None}
    missing = [name for name in expected if name not in references]
    if missing:
        raise failure("BadArgument/BatchJobInputsNotSpecified", ", ".join(missing))
    for name, reference in references.items():
        check_reference(name, reference, "dataset")
    return references


def _given_inputs(request: Mapping[str, Any], expected: Sequence[str]) -> dict[str, Any]:
    single, several = request.get("Input"), object_member(request, "Inputs")
    if single is None:
        return several
    if several:
        raise failure("BadArgument/DuplicateInputInBatchCall")
    if not expected:
        raise failure("BadArgument/BatchJobInputsTooManySpecified", "")
    if len(expected) > 1:  # a single Input cannot say which one it is
        raise failure("BadArgument/BatchJobInputsNotSpecified", ", ".join(expected))
    return {expected[0]: single}


def _read_outputs(request: Mapping[str, Any], interface: ServiceInterface) -> dict[str, BlobReference]:
    # "Output" is the v1 spelling, for a service with one output (documents.md 5.7).
    given = object_member(request, "Outputs")
    if not given and isinstance(request.get("Output"), dict) and interface.outputs:
        given = {interface.outputs[0].name: request["Output"]}
    kinds = {port.name: port.kind for port in interface.outputs}
    overrides: dict[str, BlobReference] = {}
    for name, value in given.items():
        if name not in kinds:
            raise failure("BadArgument/InvalidOutputOverrideName", name)
        if value is None or is_empty(read_reference(value)):
            raise failure("BadArgument/MissingOutputOverrideSpecification", name)
        overrides[name] = read_reference(value)
        check_reference(name, overrides[name], kinds[name])
    return overrides


def new_job(job_id: str, ordinal: int, endpoint: Endpoint, submission: Submission, now: float, *, legacy: bool) -> Job:
    """Make the job a submission asks for. It keeps the endpoint's graph and models as they are at this moment."""
    return Job(
        id=job_id,
        ordinal=ordinal,
        workspace_id=endpoint.workspace_id,
        endpoint_id=endpoint.id,
        created=now,
        legacy=legacy,
        inputs=submission.inputs,
        outputs=submission.outputs,
        parameters=submission.parameters,
        experiment=endpoint.experiment,
        models={resource.name: resource.model for resource in endpoint.resources},
    )


def situation(job: Job) -> str:
    """Return the job's state in the table, which tells one in the queue from one that nobody has started."""
    return "Queued" if job.queued and job.state is JobState.NOT_STARTED else job.state.value


def after(job: Job, by: str) -> str:
    """Return the state in the table to which ``by``, an operation or an event, leads.

    Raises the table's refusal as ServiceError, and KeyError for what cannot happen in the job's state.
    """
    edge = EDGES[situation(job), by]
    if "error" in edge:
        raise failure(edge["error"], *edge["arguments"])
    return str(edge["to"])


def moved(job: Job, by: str) -> Job:
    """Return the job with the state that it then shows. Raises as ``after`` does."""
    return replace(job, state=JobState(MACHINE["states"][after(job, by)]["shows"]))


def start(job: Job, place: int) -> Job:
    """Put a submitted job into the queue, at ``place``. Raises CannotStartJob when it was started before."""
    return replace(moved(job, "bes.start"), queued=True, place=place)


def places_left(running: int, limit: int = RUNNING_PER_ENDPOINT) -> int:
    """Return how many jobs of an endpoint may be admitted now, beside those that run (FAQ17). The queue is in order."""
    return max(0, limit - running)


def admit(job: Job, now: float) -> Job:
    """Let a queued job run."""
    return replace(moved(job, "admitted"), started=now)


def export(job: Job) -> Job:
    """Note that a running job writes its exports now: run again after a crash, it may write over them."""
    return replace(job, exporting=True)


def finish(job: Job, results: Mapping[str, StoredOutput], now: float) -> Job:
    """End a running job well."""
    return replace(moved(job, "finished"), results=dict(results), ended=now)


def fail(job: Job, details: str, now: float) -> Job:
    """End a job with the reason that its Details show."""
    return replace(moved(job, "failed"), details=details, ended=now)


def delete(job: Job, now: float) -> Job | None:
    """Cancel a job that has not ended, which is final; None when it has, and is to be forgotten."""
    if after(job, "bes.delete") == "gone":
        return None
    return replace(moved(job, "bes.delete"), queued=False, ended=now)


def requeue(job: Job) -> Job:
    """Put a job that a crash of the emulator interrupted back at its place, to be run again from its start."""
    return replace(moved(job, "interrupted"), queued=True, started=None)


LEGACY_CODES = {state: number for number, state in enumerate(JobState)}


def render_status(
    job: Job, results: Mapping[str, Mapping[str, str | None]], *, legacy: bool, cancelled: str = "Cancelled"
) -> dict[str, Any]:
    """Return the status answer. Results is null until the job has finished; {} for a service without outputs.

    Version 1 has integer codes and one ``Result`` (documents.md 5.7). ``cancelled`` spells that state: one client
    waits for "Canceled" (documents.md section 20 no. 27).
    """
    finished = job.state is JobState.FINISHED
    if legacy:
        first = next(iter(results.values()), None) if finished else None
        return {"StatusCode": LEGACY_CODES[job.state], "Result": first, "Details": job.details}
    shown = {name: dict(reference) for name, reference in results.items()} if finished else None
    code = cancelled if job.state is JobState.CANCELLED else job.state.value
    return {"StatusCode": code, "Results": shown, "Details": job.details}
