"""Every cause that can be told from outside, and how a healthy retraining is broken by it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from amlclient import BlobLocation
from amlemulator.core.batch import Submission
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.endpoints import Settings
from amlemulator.core.records import BlobReference, WebService
from amlemulator.core.sas import make_service_sas
from amlemulator.failures.material import constants, experiment
from amlemulator.failures.material import content as contents
from support.retraining import EVALUATION, REGIONS, STORAGE, Retraining, retrained

NEVER = ("endpoint-never-patched", "refresh-discards-model")
ALIKE = ("not-propagated", "same-model")
OTHER_COLUMNS = ("csv-without-header", "columns-mismatch-bes")
MISMATCH = ("sas-cut", "sas-of-another-blob", "storage-key-changed")


@dataclass(frozen=True)
class Cause:
    """A cause: the check that finds it, the part of the retraining that it breaks, and how it is broken.

    ``alike`` is as what it is named where others look the same. ``mend`` does what the person would do about it, where
    giving the values back is not enough.
    """

    id: str
    check: str
    slot: str
    inject: Callable[[Retraining], None]
    alike: tuple[str, ...] = ()
    mend: Callable[[Retraining], None] = lambda retraining: None

    @property
    def named(self) -> tuple[tuple[str, ...], ...]:
        """What the finding may say."""
        return ((self.id,), self.alike) if self.alike else ((self.id,),)


CAUSES: dict[str, Cause] = {}  # by id, with what tells apart two ways to the same cause


def cause(
    name: str, check: str, slot: str, alike: tuple[str, ...] = (), mend: Callable[[Retraining], None] | None = None
) -> Callable[[Callable[[Retraining], None]], None]:
    """Enter a way of breaking a retraining; what keeps the PATCH from working undoes the update, too."""

    def enter(inject: Callable[[Retraining], None]) -> None:
        made = Cause(name.partition(" ")[0], check, slot, inject, alike)
        CAUSES[name] = made if mend is None else replace(made, mend=mend)

    return enter


def elsewhere(retraining: Retraining, url: str, role: str) -> str:
    """Return the same address on another region's host."""
    from amlcontracts import load

    region = retraining.chance.choice([one for one in REGIONS if one != retraining.workspace.region])
    labels = load("regions")
    return url.replace(f"/{labels[retraining.workspace.region][role]}/", f"/{labels[region][role]}/")


# --- what a person does about it, where giving the right values back is not enough ------------------------------------


def _adds_it(r: Retraining) -> None:
    place = r.add(r.name)
    r.later()
    r.use(scoring_url=r.emulator.addresses.api_location(r.workspace, place), scoring_key=place.primary_key)


def _takes_the_new_key(r: Retraining) -> None:
    r.use(scoring_key=r.endpoint(r.scoring, r.name).primary_key)


def _waits(r: Retraining) -> None:
    place = r.endpoint(r.scoring, r.name)
    r.later()
    r.use(scoring_url=r.emulator.addresses.api_location(r.workspace, place), scoring_key=place.primary_key)


def _calls_less(r: Retraining) -> None:
    r.held.close()
    r.emulator.faults.clear(r.workspace.id)


def _trains_again(r: Retraining) -> None:
    r.model = r.train()["output1"]
    r.use(model=r.model, job_id=r.job_id)


# --- where the PATCH goes ---------------------------------------------------------------------------------------------


@cause("guid-for-endpoint-name", "patch-url", "patch")
def _(r: Retraining) -> None:
    place = r.endpoint(r.scoring, r.name)
    r.unpatched()
    url = r.setup.patch_url.rpartition("/")[0] + f"/{place.id}"
    r.use(patch_url=r.chance.choice([url, r.setup.scoring_url]))


@cause("endpoint-never-added", "patch-url", "patch", mend=_adds_it)
def _(r: Retraining) -> None:
    r.emulator.administration.delete_endpoint(r.endpoint(r.scoring, r.name))
    r.use(scoring_url=None, scoring_key=None)


@cause("predictive-not-deployed", "patch-url", "patch")
def _(r: Retraining) -> None:
    for service in r.emulator.directory.services(r.workspace.id):
        if service.resources:
            r.emulator.administration.delete_service(service.id)
    training = r.emulator.addresses.patch_url(r.workspace, r.training, r.endpoint(r.training, "default"))
    r.use(patch_url=r.chance.choice([None, training]), scoring_url=None, scoring_key=None)


@cause("endpoint-on-training-service", "service", "patch")
def _(r: Retraining) -> None:
    place = r.add(r.name, r.training)
    r.unpatched()
    r.use(patch_url=r.emulator.addresses.patch_url(r.workspace, r.training, place))


@cause("patch-on-training-service", "service", "patch")
def _(r: Retraining) -> None:
    r.unpatched()
    r.use(patch_url=r.emulator.addresses.patch_url(r.workspace, r.training, r.endpoint(r.training, "default")))


@cause("patch-on-default", "default", "patch")
def _(r: Retraining) -> None:
    r.unpatched()
    r.use(patch_url=r.emulator.addresses.patch_url(r.workspace, r.scoring, r.endpoint(r.scoring, "default")))


@cause("another-endpoint-patched", "scored", "patch")
def _(r: Retraining) -> None:
    other = r.add("another")
    r.later()
    r.unpatched()
    r.patch("another")
    r.later()
    r.use(patch_url=r.emulator.addresses.patch_url(r.workspace, r.scoring, other))


@cause("another-endpoint-patched by mistake", "serves", "serving")
def _(r: Retraining) -> None:
    r.add("another")
    r.later()
    r.unpatched()
    r.patch("another")
    r.later()


@cause("region-management", "region", "region")
def _(r: Retraining) -> None:
    r.unpatched()
    r.use(patch_url=elsewhere(r, r.setup.patch_url, "management"))


# --- what is scored, and who calls ------------------------------------------------------------------------------------


@cause("another-endpoint-scored", "scored", "scoring")
def _(r: Retraining) -> None:
    place = r.endpoint(r.scoring, "default")
    r.use(scoring_url=r.emulator.addresses.api_location(r.workspace, place), scoring_key=place.primary_key)


@cause("name-for-endpoint-guid", "scored", "scoring")
def _(r: Retraining) -> None:
    r.use(scoring_url=r.setup.scoring_url.rpartition("/")[0] + f"/{r.name}")


@cause("region-scoring", "region", "scoring")
def _(r: Retraining) -> None:
    r.use(scoring_url=elsewhere(r, r.setup.scoring_url, "services"))


@cause("rrs-on-training", "scored", "scoring")
def _(r: Retraining) -> None:
    place = r.endpoint(r.training, "default")
    url = r.emulator.addresses.api_location(r.workspace, place)
    r.use(scoring_url=url, scoring_key=place.primary_key)


@cause("rrs-on-training for a job", "job", "job")
def _(r: Retraining) -> None:
    r.use(training_url=f"{r.setup.training_url}/execute")


@cause("wrong-token", "token", "token")
def _(r: Retraining) -> None:
    keys = [r.endpoint(r.scoring, "default").primary_key, r.endpoint(r.training, "default").primary_key, "nobody's"]
    r.unpatched()
    r.use(token=r.chance.choice(keys))


@cause("token-for-key", "key", "key")
def _(r: Retraining) -> None:
    r.use(scoring_key=r.chance.choice([r.workspace.primary_token, r.workspace.secondary_token]))


@cause("key-of-another-endpoint", "key", "key")
def _(r: Retraining) -> None:
    place = r.endpoint(r.scoring, "default")
    r.use(scoring_key=r.chance.choice([place.primary_key, place.secondary_key]))


@cause("key-regenerated", "key", "key", mend=_takes_the_new_key)
def _(r: Retraining) -> None:
    place = r.endpoint(r.scoring, r.name)
    which = "primary" if r.setup.scoring_key == place.primary_key else "secondary"
    r.emulator.administration.replace_keys(place, which)


@cause("fresh-endpoint", "key", "key", mend=_waits)
def _(r: Retraining) -> None:
    r.emulator.administration.delete_endpoint(r.endpoint(r.scoring, r.name))
    place = r.add(r.name)
    r.patch(r.name)
    r.use(scoring_url=r.emulator.addresses.api_location(r.workspace, place), scoring_key=place.primary_key)


def _request(r: Retraining, columns: str, row: str) -> None:
    census = constants()["census"]
    r.use(request={"Inputs": {"input1": {"ColumnNames": census[columns], "Values": [census[row]]}}})


@cause("columns-count-rrs", "key", "request")
def _(r: Retraining) -> None:
    _request(r, "short_columns", "short_row")


@cause("columns-names-rrs", "key", "request")
def _(r: Retraining) -> None:
    _request(r, "renamed_columns", "row")


@cause("throttled", "key", "load", mend=_calls_less)
def _(r: Retraining) -> None:
    place = r.endpoint(r.scoring, r.name)
    for _ in range(place.max_concurrent_calls):
        r.held.enter_context(r.emulator.throttle.place(place))


def _failing(r: Retraining, error: str) -> None:
    r.emulator.faults.add(workspace=r.workspace.id, operation="rrs.execute", error=error)


@cause("containers-warming", "key", "load", mend=_calls_less)
def _(r: Retraining) -> None:
    _failing(r, "InitializingContainers")


@cause("gateway-timeout", "key", "load", mend=_calls_less)
def _(r: Retraining) -> None:
    _failing(r, r.chance.choice(["GatewayTimeout/BackendScoreTimeout", "GatewayTimeout/BackendInitializationTimeout"]))


# --- the job ----------------------------------------------------------------------------------------------------------


def _job(r: Retraining, job_id: str) -> None:
    """Have the program still wait for a job: it has no model of it, or one of an earlier job."""
    r.unpatched()
    r.use(job_id=job_id, model=r.chance.choice([None, r.model]))


@cause("job-not-started", "job", "job", ("job-not-started", "job-queued"))
def _(r: Retraining) -> None:
    _job(r, r.submit())


@cause("job-cancelled", "job", "job")
def _(r: Retraining) -> None:
    job_id = r.submit()
    r.start(job_id)
    r.emulator.jobs.cancel(job_id)
    _job(r, job_id)


@cause("job-deleted", "job", "job")
def _(r: Retraining) -> None:
    _job(r, r.chance.choice(["0" * 32, "f" * 32]))


# Jobs that fail are really run, each with what makes it fail.


def _rows(r: Retraining, content: str, label: bytes = b"income") -> BlobReference:
    """Put the first rows of a file into storage for a job to read: what is wrong with it shows in them."""
    first = b"".join(contents(content).splitlines(keepends=True)[:20])
    stored = _stored(r, f"{content}.csv", first.replace(b"income", label, 1))
    return BlobReference(STORAGE, relative_location=stored.relative_location)


def _failed(r: Retraining, rows: BlobReference, **outputs: BlobReference) -> None:
    _job(r, r.run(Submission({"input1": rows}, outputs)))


@contextmanager
def _trained_elsewhere(r: Retraining, name: str) -> Iterator[None]:
    """Have the program train with another experiment, for as long as a job of it takes."""
    connected, r.training = r.training, r.emulator.add_service(r.workspace, *experiment(name))
    r.later()
    yield
    place = r.endpoint(r.training, "default")
    r.use(training_url=r.emulator.addresses.api_location(r.workspace, place), training_key=place.primary_key)
    r.training = connected


@cause("module-fails", "job", "job")
def _(r: Retraining) -> None:
    with _trained_elsewhere(r, "failing_script"):
        _failed(r, _rows(r, "few_rows"))


@cause("ragged-csv", "job", "job")
def _(r: Retraining) -> None:
    _failed(r, _rows(r, "ragged"))


@cause("input-sas-expired", "job", "job")
def _(r: Retraining) -> None:
    stored = _stored(r, "rows.csv", contents("few_rows"))
    token = _signed(r, stored.relative_location.partition("/")[2], -r.chance.choice([1.0, 600.0]))
    _failed(r, BlobReference(None, stored.relative_location, stored.base_location, token))


@cause("input-blob-missing", "job", "job")
def _(r: Retraining) -> None:
    _failed(r, BlobReference(STORAGE, relative_location=r.chance.choice(["nowhere/rows.csv", "models/Rows.csv"])))


@cause("csv-without-header", "job", "job", OTHER_COLUMNS)
def _(r: Retraining) -> None:
    _failed(r, _rows(r, "headless"))


@cause("columns-mismatch-bes", "job", "job", OTHER_COLUMNS)
def _(r: Retraining) -> None:
    rows = r.chance.choice([("without_label",), ("few_rows", b"salary"), ("few_rows", b"Income ")])
    _failed(r, _rows(r, *rows))


@cause("output-sas-read-only", "job", "job")
def _(r: Retraining) -> None:
    target = _stored(r, "written.ilearner", b"")  # its token is for reading
    readonly = BlobReference(None, target.relative_location, target.base_location, target.sas_blob_token)
    _failed(r, _rows(r, "few_rows"), output1=readonly)


@cause("parameter-wrong", "job", "job", ("input-blob-missing", "parameter-wrong"))
def _(r: Retraining) -> None:
    with _trained_elsewhere(r, "bike_training"):
        uri = f"{r.emulator.addresses.blob_account(DEVELOPMENT_ACCOUNT)}models/none.csv{_signed(r, 'none.csv')}"
        _job(r, r.run(Submission(parameters={"URI": uri})))


@cause("output-not-on-train-model", "job", "job")
def _(r: Retraining) -> None:
    with _trained_elsewhere(r, "unconnected"):
        job_id = r.submit()
        r.start(job_id)
        r.emulator.jobs.finish(job_id, {"output1": EVALUATION, "output2": EVALUATION})
        r.use(job_id=job_id, model=None)
    r.unpatched()


# --- the model, its address and its token -----------------------------------------------------------------------------


def _changed(location: BlobLocation, **values: str | None) -> BlobLocation:
    wire = {
        "relative_location": location.relative_location,
        "base_location": location.base_location,
        "sas_blob_token": location.sas_blob_token,
    }
    return BlobLocation(**{**wire, **values})


def _model(r: Retraining, location: BlobLocation) -> None:
    r.unpatched()
    r.use(model=location)


def _stored(r: Retraining, name: str, content: bytes, account: str = DEVELOPMENT_ACCOUNT) -> BlobLocation:
    """Put a blob into storage; returns its reference with a SAS for it alone."""
    key = r.emulator.blobs.key(account)
    r.emulator.blobs.create_container(account, "models")
    blob = f"{r.workspace.id}/{name}"
    r.emulator.blobs.put(account, "models", blob, io.BytesIO(content))
    return BlobLocation(
        f"models/{blob}", r.emulator.addresses.blob_account(account), _signed(r, blob, account=account, key=key)
    )


def _signed(
    r: Retraining,
    blob: str,
    expires: float = 3600.0,
    account: str = DEVELOPMENT_ACCOUNT,
    key: str | None = DEVELOPMENT_KEY,
) -> str:
    now = r.emulator.clock.now()
    assert key is not None
    return make_service_sas(account, key, "models", blob, "r", now - 86400.0, now + expires)


@cause("evaluation-as-model", "model", "model")
def _(r: Retraining) -> None:
    found = r.emulator.jobs.find(r.job_id)
    shared = r.emulator.storage.shared(found.results["output2"], r.emulator.addresses)
    _model(r, BlobLocation(shared.relative_location, shared.base_location, shared.sas_blob_token))


@cause("renamed-as-model", "model", "model")
def _(r: Retraining) -> None:
    texts = [EVALUATION, "열,값\r\n1,2\r\n".encode() * 100, b'{"model": 1}', b"<html></html>", b"a,b\n" * 500]
    _model(r, _stored(r, "renamed.ilearner", r.chance.choice(texts)))


@cause("sas-expired", "sas", "model")
def _(r: Retraining) -> None:
    stored = _stored(r, "stale.ilearner", retrained("census"))
    blob = stored.relative_location.partition("/")[2]
    _model(r, _changed(stored, sas_blob_token=_signed(r, blob, -r.chance.choice([1.0, 600.0, 80000.0]))))


@cause("sas-cut", "sas", "model", MISMATCH)
def _(r: Retraining) -> None:
    token = r.model.sas_blob_token
    _model(r, _changed(r.model, sas_blob_token=token[: r.chance.randrange(len(token))]))


@cause("sas-of-another-blob", "sas", "model", MISMATCH)
def _(r: Retraining) -> None:
    stored = _stored(r, "mine.ilearner", retrained("census"))
    _model(r, _changed(stored, sas_blob_token=_stored(r, "another.ilearner", b"x").sas_blob_token))


@cause("storage-key-changed", "sas", "model", MISMATCH)
def _(r: Retraining) -> None:
    account = f"own{r.workspace.id[:12]}"
    r.emulator.blobs.set_key(account, r.emulator.identity.new_key("account", account))
    stored = _stored(r, "before.ilearner", retrained("census"), account)
    r.emulator.blobs.set_key(account, r.emulator.identity.new_key("account-again", account))
    _model(r, stored)


@cause("sas-without-question-mark", "sas", "model")
def _(r: Retraining) -> None:
    model = r.model
    joined = f"{model.relative_location}{model.sas_blob_token.lstrip('?')}"
    _model(r, _changed(model, relative_location=joined, sas_blob_token=None))


@cause("locations-joined-wrongly", "sas", "model")
def _(r: Retraining) -> None:
    model = r.model
    base, relative = model.base_location, model.relative_location
    wrong = [
        {"relative_location": base + relative},
        {"base_location": base + relative, "relative_location": ""},
        {"relative_location": f"{DEVELOPMENT_ACCOUNT}/{relative}"},
        {"relative_location": relative + model.sas_blob_token, "sas_blob_token": None},
        {"relative_location": relative.partition("/")[2]},
        {"base_location": ""},
    ]
    _model(r, _changed(model, **r.chance.choice(wrong)))


@cause("model-blob-deleted", "sas", "model", mend=_trains_again)
def _(r: Retraining) -> None:
    container, _, blob = r.model.relative_location.partition("/")
    r.emulator.blobs.delete(DEVELOPMENT_ACCOUNT, container, blob)
    r.unpatched()


# --- the resource, and what comes of it -------------------------------------------------------------------------------


@cause("resource-name-empty", "resource", "resource")
def _(r: Retraining) -> None:
    r.unpatched()
    r.use(resource_name=r.chance.choice(["", " "]))


@cause("resource-name-wrong", "resource", "resource")
def _(r: Retraining) -> None:
    r.unpatched()
    r.use(resource_name=r.chance.choice(["Census Model [Predictive Exp.]", "Census Model", "trained model", "output1"]))


@cause("resource-name-misspelt", "resource", "resource")
def _(r: Retraining) -> None:
    name = r.setup.resource_name
    at = r.chance.randrange(len(name))
    slips = [name.title(), name + " ", name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:]]
    r.unpatched()
    r.use(resource_name=r.chance.choice([slip for slip in slips if slip != name]))


@cause("endpoint-never-patched", "serves", "serving", NEVER)
def _(r: Retraining) -> None:
    r.unpatched()


@cause("refresh-discards-model", "serves", "serving", NEVER)
def _(r: Retraining) -> None:
    r.emulator.administration.refresh_endpoint(r.endpoint(r.scoring, r.name), overwrite=True)


@cause("not-propagated", "serves", "serving", ALIKE)
def _(r: Retraining) -> None:
    r.unpatched()
    r.patch(r.name)
    r.later(r.chance.choice([0.0, 10.0, 20.0]))  # of thirty: the clock runs on, and a machine may be busy


@cause("same-model", "serves", "serving", ALIKE)
def _(r: Retraining) -> None:
    deployed = next(iter(experiment("scoring")[2].values()))
    r.unpatched()
    model = _stored(r, "same.ilearner", deployed)
    r.use(model=model)
    r.patch(r.name, model)
    r.later()


@cause("prevent-update", "serves", "publishing", mend=lambda r: _prevent(r, prevented=False))
def _(r: Retraining) -> None:
    _prevent(r, prevented=True)
    r.scoring = r.emulator.deployment.redeploy(r.scoring, *experiment("changed_scoring")[1:])


def _prevent(r: Retraining, *, prevented: bool) -> None:
    default = r.endpoint(r.scoring, "default")
    r.emulator.administration.patch_endpoint(default, Settings(prevent_update=prevented), {})


@cause("republished-endpoint-stale", "serves", "serving")
def _(r: Retraining) -> None:
    _, graph, models = experiment("changed_scoring")
    found: WebService = r.scoring
    r.scoring = r.emulator.deployment.redeploy(found, graph, models)
