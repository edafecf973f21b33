"""What the PATCH brings: the job that made the model, the model, its address and token, the resource's name."""

from __future__ import annotations

from amlclient._exceptions import NotFound, ServiceError, Unauthorized
from amlclient._failures import Sighting, recognise
from amlclient._management import wrong_name
from amlclient._models import BlobLocation, JobState, JobStatus
from amlcontracts import load

from .checks_access import key_of
from .probe import flaw_of_token, joined_without_mark
from .result import CheckResult, ok, unknown, wrong
from .survey import Survey

__all__ = ["job", "model", "resource", "sas"]

MODELS = tuple(load("limits")["model_extensions"])
MISMATCH = ("sas-cut", "sas-of-another-blob", "storage-key-changed")


def job(survey: Survey) -> CheckResult:
    """Check that the training was called through BES, and that the job finished with a model."""
    setup, address = survey.setup, survey.training
    if address is not None and address.rest.rstrip("/ ") in ("/execute", "/score"):
        return wrong("job", "rrs-on-training", f"{setup.training_url} is the address of RRS; a job is sent to /jobs")
    if not setup.job_id or address is None or not setup.training_key:
        return unknown("job", "no job is given (its id, and address and key of the training endpoint)")
    status, error = survey.job
    if isinstance(error, Unauthorized):
        return wrong("job", key_of(survey, survey.place_of(address), setup.training_key), str(error))
    if isinstance(error, NotFound):
        return wrong("job", "job-deleted", str(error))
    return _judged(setup.job_id, status) if status is not None else unknown("job", str(error))


def _judged(job_id: str, status: JobStatus) -> CheckResult:
    seen = f"job {job_id} is {status.state}"
    if status.state is JobState.RUNNING or status.state is JobState.UNKNOWN:
        return unknown("job", f"{seen}: wait until it is Finished")
    if status.state is not JobState.FINISHED:
        looks = recognise(Sighting(state=status.state.value, details=status.details or ""))
        return wrong("job", looks, seen, *((status.details,) if status.details else ()))
    names = [f"{name}: {location.relative_location}" for name, location in status.results.items()]
    if not any(location.extension in MODELS for location in status.results.values()):
        return wrong("job", "output-not-on-train-model", f"{seen}, and none of its results is a model", *names)
    return ok("job", seen, *names)


def model(survey: Survey) -> CheckResult:
    """Check that what the PATCH brings is a trained model."""
    location = survey.model
    if location is None:
        return unknown("model", "no model is given, and no job that made one")
    if joined_without_mark(location):
        return unknown("model", "name and token of the blob are not told apart; that is the next check")
    shown = location.relative_location or "(no RelativeLocation)"
    if location.relative_location and "?" not in shown and location.extension not in MODELS:
        return wrong("model", "evaluation-as-model", f"{shown} does not end in {' or '.join(MODELS)}")
    probe = survey.probe
    if probe is None or probe.content is None:
        return unknown("model", f"{shown} cannot be read; that is the next check")
    if probe.is_text:
        beginning = repr(probe.content[:40].decode("utf-8", "replace"))
        return wrong("model", "renamed-as-model", f"{shown} is text that begins with {beginning}: a model is binary")
    return ok("model", f"{shown} is a binary file")


def sas(survey: Survey) -> CheckResult:
    """Check that BaseLocation, RelativeLocation and SasBlobToken open it."""
    location, probe = survey.model, survey.probe
    if location is None or probe is None:
        return unknown("sas", "no model is given, and no job that made one")
    if joined_without_mark(location):
        return wrong("sas", "sas-without-question-mark", f"name and token are one: {location.address}")
    flaw = flaw_of_joining(location)
    if flaw is not None:
        return wrong("sas", "locations-joined-wrongly", flaw)
    if probe.content is not None:
        return ok("sas", f"GET {location.address} opens with the token")
    if probe.error is None:
        return unknown("sas", f"storage cannot be asked: {probe.unreachable}")
    return _refused(survey, location, probe.error)


def flaw_of_joining(location: BlobLocation) -> str | None:
    """Say what is joined wrongly as far as the values themselves show it; None when they may be right."""
    base, relative = location.base_location or "", (location.relative_location or "").lstrip("/")
    if not base or not relative:
        return f"BaseLocation is {base or 'empty'!r} and RelativeLocation is {relative or 'empty'!r}: both are needed"
    if "://" in relative or "?" in relative:
        return f"RelativeLocation is container and blob alone, not {location.relative_location!r}"
    if "://" not in base or "?" in base:
        return f"BaseLocation is the address of the account, not {location.base_location!r}"
    account = base.rstrip("/").rpartition("/")[2].partition(".")[0]
    if relative.partition("/")[0] == account:
        return f"the account {account!r} stands in BaseLocation and again in RelativeLocation"
    if "/" not in relative and base.rstrip("/").endswith(MODELS):
        return f"BaseLocation holds the whole address: {base}"
    return None


def _refused(survey: Survey, location: BlobLocation, error: ServiceError) -> CheckResult:
    """Say why storage refuses: by its answer, and by the token itself."""
    flaw = flaw_of_token(location.sas_blob_token or "")
    if error.status == 404 and flaw is None:
        return _missing(survey, location, error)
    if flaw is not None:
        return wrong("sas", "sas-cut", flaw, str(error))
    looks = error.failures
    if looks == MISMATCH:
        return _mismatched(survey, location, error)
    return wrong("sas", looks, str(error)) if error.status in (401, 403) else unknown("sas", str(error))


def _missing(survey: Survey, location: BlobLocation, error: ServiceError) -> CheckResult:
    """Say why a blob is not there: it was deleted, unless the job's own model of that name lies elsewhere."""
    for made in survey.results:
        if _is_mislaid(location, made):
            return wrong("sas", "locations-joined-wrongly", f"the job's model is at {made.address}", str(error))
    return wrong("sas", "model-blob-deleted", str(error))


def _is_mislaid(location: BlobLocation, made: BlobLocation) -> bool:
    """Whether a location means a result, by its name, and leads elsewhere."""
    name = (location.relative_location or "").rpartition("/")[2]
    return not made.is_same_blob(location) and (made.relative_location or "").endswith(f"/{name}")


def _mismatched(survey: Survey, location: BlobLocation, error: ServiceError) -> CheckResult:
    """Say what is wrong with a signature that does not fit: what else the token opens tells."""
    for other in survey.results:
        tried = BlobLocation(other.relative_location, other.base_location, location.sas_blob_token)
        if not other.is_same_blob(location) and survey.look(tried).content is not None:
            cause = "locations-joined-wrongly" if _is_mislaid(location, other) else "sas-of-another-blob"
            return wrong("sas", cause, str(error), f"the token opens {other.address}")
    return wrong("sas", MISMATCH, str(error))


def resource(survey: Survey) -> CheckResult:
    """Check that the resource's name is that of the endpoint's trained model."""
    target, name = survey.target, survey.setup.resource_name
    detail = survey.detail(target) if target is not None else None
    names = tuple(one.name for one in detail.resources or ()) if detail is not None else ()
    shown = f"the endpoint has {', '.join(map(repr, names))}" if names else "the endpoint shows no resource"
    if name is None:
        return unknown("resource", f"no name is given; {shown}")
    if not name.strip():
        return wrong("resource", "resource-name-empty", f"the name is empty; {shown}")
    if not names:
        return unknown("resource", shown)
    if name not in names:
        return wrong("resource", wrong_name(names, name), f"there is no resource {name!r}; {shown}")
    return ok("resource", f"{name!r} is there")
