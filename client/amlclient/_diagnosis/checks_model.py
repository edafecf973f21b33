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
from .sightings import Seen, quoted, refused, seen
from .survey import Survey

__all__ = ["job", "model", "resource", "sas"]

MODELS = tuple(load("limits")["model_extensions"])
MISMATCH = ("sas-cut", "sas-of-another-blob", "storage-key-changed")


def job(survey: Survey) -> CheckResult:
    """Check that the training was called through BES, and that the job finished with a model."""
    setup, address = survey.setup, survey.training
    if address is not None and address.rest.rstrip("/ ") in ("/execute", "/score"):
        return wrong("job", "rrs-on-training", seen("address-of-rrs", url=setup.training_url))
    if not setup.job_id or address is None or not setup.training_key:
        return unknown("job", seen("no-job"))
    status, error = survey.job
    if isinstance(error, Unauthorized):
        return wrong("job", key_of(survey, survey.place_of(address), setup.training_key), refused(error))
    if isinstance(error, NotFound):
        return wrong("job", "job-deleted", refused(error))
    return _judged(setup.job_id, status) if status is not None else unknown("job", refused(error))


def _judged(job_id: str, status: JobStatus) -> CheckResult:
    now = {"id": job_id, "state": str(status.state)}
    if status.state is JobState.RUNNING or status.state is JobState.UNKNOWN:
        return unknown("job", seen("job-goes-on", **now))
    if status.state is not JobState.FINISHED:
        looks = recognise(Sighting(state=status.state.value, details=status.details or ""))
        details = (seen("quoted", text=status.details),) if status.details else ()
        return wrong("job", looks, seen("job-state", **now), *details)
    results = [seen("result", name=name, location=one.relative_location) for name, one in status.results.items()]
    if not any(location.extension in MODELS for location in status.results.values()):
        return wrong("job", "output-not-on-train-model", seen("job-without-model", **now), *results)
    return ok("job", seen("job-state", **now), *results)


def model(survey: Survey) -> CheckResult:
    """Check that what the PATCH brings is a trained model."""
    location = survey.model
    if location is None:
        return unknown("model", seen("no-model"))
    if joined_without_mark(location):
        return unknown("model", seen("not-told-apart"))
    relative = location.relative_location
    shown = relative or seen("no-relative-location")
    if relative and "?" not in relative and location.extension not in MODELS:
        return wrong("model", "evaluation-as-model", seen("name-of-no-model", name=shown, extensions=MODELS))
    probe = survey.probe
    if probe is None or probe.content is None:
        return unknown("model", seen("model-not-read", name=shown))
    if probe.is_text:
        beginning = probe.content[:40].decode("utf-8", "replace")
        return wrong("model", "renamed-as-model", seen("model-is-text", name=shown, beginning=beginning))
    return ok("model", seen("model-is-binary", name=shown))


def sas(survey: Survey) -> CheckResult:
    """Check that BaseLocation, RelativeLocation and SasBlobToken open it."""
    location, probe = survey.model, survey.probe
    if location is None or probe is None:
        return unknown("sas", seen("no-model"))
    if joined_without_mark(location):
        return wrong("sas", "sas-without-question-mark", seen("joined", address=location.address))
    flaw = flaw_of_joining(location)
    if flaw is not None:
        return wrong("sas", "locations-joined-wrongly", flaw)
    if probe.content is not None:
        return ok("sas", seen("blob-opens", url=location.address))
    if probe.error is None:
        return unknown("sas", seen("storage-not-asked", reason=probe.unreachable))
    return _refused(survey, location, probe.error)


def flaw_of_joining(location: BlobLocation) -> Seen | None:
    """Say what is joined wrongly as far as the values themselves show it; None when they may be right."""
    base, relative = location.base_location or "", (location.relative_location or "").lstrip("/")
    if not base or not relative:
        return seen("both-needed", base=base, relative=relative)
    if "://" in relative or "?" in relative:
        return seen("relative-holds-more", given=location.relative_location)
    if "://" not in base or "?" in base:
        return seen("base-is-no-account", given=location.base_location)
    account = base.rstrip("/").rpartition("/")[2].partition(".")[0]
    if relative.partition("/")[0] == account:
        return seen("account-twice", account=account)
    if "/" not in relative and base.rstrip("/").endswith(MODELS):
        return seen("base-is-whole", base=base)
    return None


def _refused(survey: Survey, location: BlobLocation, error: ServiceError) -> CheckResult:
    """Say why storage refuses: by its answer, and by the token itself."""
    flaw = flaw_of_token(location.sas_blob_token or "")
    if error.status == 404 and flaw is None:
        return _missing(survey, location, error)
    if flaw is not None:
        return wrong("sas", "sas-cut", flaw, refused(error))
    looks = error.failures
    if looks == MISMATCH:
        return _mismatched(survey, location, error)
    return wrong("sas", looks, refused(error)) if error.status in (401, 403) else unknown("sas", refused(error))


def _missing(survey: Survey, location: BlobLocation, error: ServiceError) -> CheckResult:
    """Say why a blob is not there: it was deleted, unless the job's own model of that name lies elsewhere."""
    for made in survey.results:
        if _is_mislaid(location, made):
            elsewhere = seen("model-elsewhere", address=made.address)
            return wrong("sas", "locations-joined-wrongly", elsewhere, refused(error))
    return wrong("sas", "model-blob-deleted", refused(error))


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
            return wrong("sas", cause, refused(error), seen("token-opens-other", address=other.address))
    return wrong("sas", MISMATCH, refused(error))


def resource(survey: Survey) -> CheckResult:
    """Check that the resource's name is that of the endpoint's trained model."""
    target, name = survey.target, survey.setup.resource_name
    detail = survey.detail(target) if target is not None else None
    names = tuple(one.name for one in detail.resources or ()) if detail is not None else ()
    there = seen("resources-are", names=quoted(names)) if names else seen("no-resources")
    if name is None:
        return unknown("resource", seen("no-resource-name", there=there))
    if not name.strip():
        return wrong("resource", "resource-name-empty", seen("resource-name-empty", there=there))
    if not names:
        return unknown("resource", there)
    if name not in names:
        return wrong("resource", wrong_name(names, name), seen("no-such-resource", name=name, there=there))
    return ok("resource", seen("resource-there", name=name))
