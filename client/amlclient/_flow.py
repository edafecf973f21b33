"""The retraining flow of the documents (documents.md 10.3), as steps that can be killed anywhere and run again.

What holds, whatever happens in between:

* at most one job is started: its id is on disk before it is started, and a job whose start may have been lost is looked
  at first;
* the endpoint is updated once: an update whose answer was lost is looked for before it is sent again;
* the default endpoint and a training service are never patched;
* when the evaluation does not meet the condition, nothing is added and nothing is patched;
* success is only told of what the service itself shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._acceptance import read_evaluation
from ._addresses import check_region
from ._blobs import BlobReader
from ._exceptions import (
    FlowError,
    JobCancelled,
    JobFailed,
    JournalError,
    NotAccepted,
    NotFound,
    NotVerified,
    OutcomeUnknown,
    RefusedLocally,
    ServiceError,
    UnexpectedAnswer,
)
from ._help import HelpReader, UpdateResourcePage
from ._journal import Journal
from ._management import ManagementClient, check_endpoint_name, check_patch, check_resource, default_refused
from ._models import BlobLocation, Endpoint, EndpointSettings, JobState, JobStatus
from ._plan import FlowOptions, LocalFile, RetrainingPlan, RetrainingResult
from ._scoring import ScoringClient
from ._transport import Transport

__all__ = ["Retraining"]

_AGAIN = "begin anew (amlclassic retrain --again) to train once more"


class Retraining:
    """One retraining. :meth:`run` does all of it; the steps may also be called one by one, in the order of ``STEPS``.

    ``journal`` must be open. Everything raises AmlError only; running it again goes on where it was.
    """

    STEPS = (
        "check",
        "provide_input",
        "submit",
        "start",
        "wait",
        "evaluate",
        "accept",
        "add_endpoint",
        "find_resource",
        "patch",
        "verify",
    )

    def __init__(self, plan: RetrainingPlan, journal: Journal, options: FlowOptions | None = None) -> None:
        self._plan, self._journal = plan, journal
        self._options = options = options if options is not None else FlowOptions()
        self._observer, self._clock = options.observer, options.clock
        self._transport = options.transport if options.transport is not None else Transport()
        common: dict[str, Any] = {"transport": self._transport, "timeout": options.call_timeout}
        common.update(clock=options.clock, retry=options.retry)
        self._training = ScoringClient(plan.training_url, plan.training_key, **common)
        self._management = ManagementClient(plan.management_url, plan.token, plan.workspace, **common)
        self._pages, self._blobs = HelpReader(**common), BlobReader(**common)
        self._input: BlobLocation | None = None
        self._status: JobStatus | None = None
        self._submitted_here = False

    def close(self) -> None:
        """Close the connections, unless the transport was given from outside."""
        if self._options.transport is None:
            self._transport.close()

    @property
    def status(self) -> JobStatus:
        """The job's last status, with its results. Known once :meth:`wait` was called."""
        assert self._status is not None, "wait() comes first"
        return self._status

    def run(self) -> RetrainingResult:
        """Do every step that is not done yet, and return what was done."""
        self.adopt_journal()
        if self._journal.get("done"):
            self.verify()
            return self.result(done_before=True)
        for step in self.STEPS:
            getattr(self, step)()
        return self.result()

    def adopt_journal(self) -> None:
        """Make the journal this retraining's. Raises JournalError when it belongs to another that has not ended."""
        identity = self._plan.identity()
        kept = self._journal.get("plan")
        if kept == identity:
            return
        if kept is not None and self._journal.get("job_id") and not self._has_ended():
            changed = ", ".join(sorted(name for name in identity if kept.get(name) != identity[name]))
            raise JournalError(
                f"{self._journal.path} belongs to an unfinished retraining that differs in: {changed}; "
                "finish that one, name another journal, or begin anew (--again)"
            )
        self._journal.set_aside()
        self._journal.record(plan=identity)

    def _has_ended(self) -> bool:
        """Whether there is nothing to go on with: done, or the job failed, or its model was not accepted."""
        return any(self._journal.get(end) for end in ("done", "failed", "refused"))

    def check(self) -> None:
        """Refuse, before anything is trained, what could not be patched afterwards."""
        plan = self._plan
        if not plan.preflight or self._journal.get("job_id"):
            return
        if plan.endpoint_name == "default":
            raise default_refused(plan.endpoint_name)
        check_endpoint_name(plan.endpoint_name)
        check_region(plan.training_url, plan.management_url)
        service = self._management.service(plan.scoring_service_id)
        if plan.endpoint_name == service.default_endpoint_name:
            raise default_refused(plan.endpoint_name)
        default = self._management.endpoint(service.id, service.default_endpoint_name)
        if default.resources is not None:
            self._choose_resource(tuple(resource.name for resource in default.resources))
        self._tell("check", f"{service.name or service.id} can be updated")

    def provide_input(self) -> None:
        """Upload the training rows, or take the reference that was given."""
        source = self._plan.input
        if not isinstance(source, LocalFile):
            self._input = source
            return
        place = self._journal.get("input")
        if place is None:
            identity = self._journal.get("plan")["input"]
            blob = f"{identity['sha256'][:16]}/{source.path.name}"
            self._options.upload(
                source.path,
                connection_string=source.connection_string,
                container=source.container,
                blob=blob,
                progress=self._observer.uploading,
            )
            place = f"{source.container}/{blob}"
            self._journal.record(input=place)
        self._input = BlobLocation(relative_location=place, connection_string=source.connection_string)
        self._tell("input", f"the training rows are at {place}")

    def submit(self) -> None:
        """Submit the job, and write its id down before anything else happens."""
        job_id = self._journal.get("job_id")
        if job_id is None:
            inputs = {self._plan.input_name: self._input} if self._input is not None else {}
            job_id = self._training.submit_job(inputs=inputs, parameters=self._plan.parameters)
            self._journal.record(job_id=job_id, submitted=self._clock.now())
            self._submitted_here = True
        self._tell("submit", f"job {job_id}")

    def start(self) -> None:
        """Start the job, unless it was started before."""
        if not self._journal.get("started"):
            job_id = self._journal.get("job_id")
            if self._submitted_here or self._state(job_id) is JobState.NOT_STARTED:
                self._start(job_id)
            self._journal.record(started=self._clock.now())
        self._tell("start", "the job is started")

    def _start(self, job_id: str) -> None:
        """Start, and when the answer is lost look whether it arrived. The service itself starts a job only once."""
        lost: OutcomeUnknown | None = None
        for _ in range(3):
            try:
                self._training.start_job(job_id)
                return
            except OutcomeUnknown as error:
                lost = error
            except ServiceError as error:
                if "CannotStartJob" in error.detail_codes:
                    return  # an earlier start arrived after all, though the job may still wait in the queue
                raise
            if self._state(job_id) is not JobState.NOT_STARTED:
                return
        assert lost is not None
        raise lost

    def _state(self, job_id: str) -> JobState:
        try:
            return self._training.job(job_id).state
        except NotFound:
            raise FlowError(f"the service no longer knows job {job_id}; {_AGAIN}", failures=("job-deleted",)) from None

    def wait(self) -> None:
        """Follow the job to its end, and take its results with fresh tokens."""
        job_id = self._journal.get("job_id")
        try:
            self._status = self._training.wait_for_job(
                job_id, timeout=self._options.timeout, poll=self._options.poll, on_status=self._observer.waiting
            )
        except NotFound:
            raise FlowError(f"the service no longer knows job {job_id}; {_AGAIN}", failures=("job-deleted",)) from None
        except (JobFailed, JobCancelled) as error:
            self._journal.record(failed=str(error))
            raise
        if not self._journal.get("finished"):
            places = {name: location.address for name, location in self._status.results.items()}
            self._journal.record(finished=self._clock.now(), results=places)
        self._tell("wait", f"the job finished after {self._seconds():.1f} s")

    def evaluate(self) -> None:
        """Fetch the evaluation, if the job has one, and show it."""
        if self._journal.get("evaluation") is None:
            location = self._output(self._plan.evaluation_output, (".csv", ".tsv", ".arff"))
            rows = read_evaluation(self._blobs.read(location)) if location is not None else []
            self._journal.record(evaluation=rows)
        self._observer.evaluation(self._evaluation())

    def accept(self) -> None:
        """Hold the evaluation against the condition. Raises NotAccepted; the condition of a later run counts anew."""
        condition = self._plan.accept
        if condition is None:
            return
        try:
            condition.check(self._evaluation())
        except NotAccepted as error:
            self._journal.record(refused=str(error))
            raise
        self._journal.record(refused=None)
        self._tell("accept", f"the evaluation meets {condition}")

    def add_endpoint(self) -> None:
        """Take the endpoint that is to be updated; add it when it is not there."""
        plan = self._plan
        self._model()  # without one the service is not changed at all
        try:
            endpoint, verb = self._management.endpoint(plan.scoring_service_id, plan.endpoint_name), "is there"
        except NotFound:
            endpoint, verb = self._add(), "was added"
        self._journal.record(
            endpoint={
                "name": endpoint.name,
                "api_location": endpoint.api_location,
                "help_location": endpoint.help_location,
            }
        )
        self._tell("endpoint", f"{endpoint.name} {verb}: {endpoint.api_location}")

    def _add(self) -> Endpoint:
        plan = self._plan
        text = "Added by amlclassic retrain"
        return self._management.add_endpoint(
            plan.scoring_service_id, plan.endpoint_name, EndpointSettings(text), preflight=plan.preflight
        )

    def find_resource(self) -> None:
        """Find out the PATCH address and the resource's name, from the help page or else from the endpoint."""
        if self._journal.get("patch"):
            return
        plan = self._plan
        url = self._management.endpoint_url(plan.scoring_service_id, plan.endpoint_name)
        page = self._update_page()
        if page is not None:
            names = page.resource_names
            self._check_address(page, url)
        else:
            endpoint = self._management.endpoint(plan.scoring_service_id, plan.endpoint_name)
            names = tuple(resource.name for resource in endpoint.resources or ())
        chosen = self._choose_resource(names) if plan.preflight else plan.resource_name or next(iter(names), "")
        shown = page.patch_url if page is not None and page.patch_url else url
        self._journal.record(patch={"url": shown, "resource": chosen})
        self._tell("resource", f"PATCH {shown} with {chosen!r}")

    def _update_page(self) -> UpdateResourcePage | None:
        help_location = self._journal.get("endpoint")["help_location"]
        if not help_location:
            return None
        try:
            return self._pages.update_resource(help_location)
        except (ServiceError, UnexpectedAnswer):
            return None  # the page is for people; the endpoint itself names its resources too

    def _check_address(self, page: UpdateResourcePage, url: str) -> None:
        """Refuse a page that would have another endpoint patched than the one that is meant."""
        if self._plan.preflight and page.patch_url and _tail(page.patch_url) != _tail(url):
            what = f"the help page says to PATCH {page.patch_url}, which is not {url}"
            raise RefusedLocally.because("another-endpoint-patched", what)

    def _choose_resource(self, names: tuple[str, ...]) -> str:
        wanted = self._plan.resource_name
        if wanted is None and len(names) > 1:
            raise RefusedLocally(f"several resources can be updated, name one: {', '.join(names)}")
        check_resource(names, wanted if wanted is not None else next(iter(names), ""))
        return wanted if wanted is not None else names[0]

    def patch(self) -> None:
        """Give the endpoint the new model, unless it has it already."""
        model = self._model()
        self._journal.record(model=model.address)
        if self._shows(model) is not True:
            self._patch(model)
        self._journal.record(patched=self._clock.now())
        self._tell("patch", f"{self._plan.endpoint_name} was given {model.address}")

    def _model(self) -> BlobLocation:
        """Return the job's trained model. Raises FlowError when it has none."""
        model = self._output(self._plan.model_output, (".ilearner",))
        if model is None:
            raise FlowError(
                "the job has no trained model (.ilearner) among its results: "
                "is the Web Service Output connected to Train Model? Nothing was changed",
                failures=("output-not-on-train-model",),
            )
        return model

    def _patch(self, model: BlobLocation) -> None:
        plan = self._plan
        name = self._journal.get("patch")["resource"]
        if plan.preflight:
            check_patch(plan.endpoint_name, name, model)
        try:  # the endpoint was looked at before: without a second look
            self._management.patch_resource(plan.scoring_service_id, plan.endpoint_name, name, model, preflight=False)
        except OutcomeUnknown:
            if self._shows(model) is not True:
                raise

    def verify(self) -> None:
        """Look until the endpoint shows the new model, then write down that all is done. Raises NotVerified."""
        model = BlobLocation.from_url(self._journal.get("model"))
        ends = self._clock.monotonic() + self._options.settle
        while (shown := self._shows(model)) is False:
            if self._clock.monotonic() >= ends:
                raise NotVerified(
                    f"endpoint {self._plan.endpoint_name} does not show {model.address}: "
                    f"somebody changed it since, or the update was not done; {_AGAIN}",
                    failures=("endpoint-never-patched", "refresh-discards-model"),
                )
            self._clock.sleep(self._options.poll)
        if not self._journal.get("done"):
            self._journal.record(done=self._clock.now(), verified=bool(shown))
        name = self._plan.endpoint_name
        seen = f"{name} has the new model (the service may take 30 s to answer with it)"  # documents.md 10.1
        self._tell("verify", seen if shown else f"the service does not show which model {name} has")

    def _shows(self, model: BlobLocation) -> bool | None:
        """Whether the endpoint's resource comes from ``model``; None when the service does not show that."""
        plan = self._plan
        try:
            endpoint = self._management.endpoint(plan.scoring_service_id, plan.endpoint_name)
        except NotFound:
            what = f"endpoint {plan.endpoint_name} is no longer there; {_AGAIN}"
            raise FlowError(what, failures=("endpoint-never-added",)) from None
        if endpoint.resources is None:
            return None
        resource = endpoint.resource(self._journal.get("patch")["resource"])
        return resource is not None and resource.location.is_same_blob(model)

    def result(self, *, done_before: bool = False) -> RetrainingResult:
        """Return what was done, from the journal."""
        get = self._journal.get
        return RetrainingResult(
            job_id=get("job_id"),
            seconds=self._seconds(),
            evaluation=self._evaluation(),
            model=get("model"),
            endpoint_name=get("endpoint")["name"],
            api_location=get("endpoint")["api_location"],
            help_location=get("endpoint")["help_location"],
            patch_url=get("patch")["url"],
            resource_name=get("patch")["resource"],
            verified=bool(get("verified")),
            done_before=done_before,
        )

    def _output(self, wanted: str | None, extensions: tuple[str, ...]) -> BlobLocation | None:
        """Return the named result, or the only one with one of the extensions, or None."""
        results = self.status.results
        if wanted is not None:
            if wanted not in results:
                raise FlowError(f"the job has no output {wanted!r}; it has: {', '.join(results) or 'none'}")
            return results[wanted]
        fits = [location for location in results.values() if location.extension in extensions]
        if len(fits) > 1:
            raise FlowError(f"several outputs end in {' or '.join(extensions)}: name one of {', '.join(results)}")
        return fits[0] if fits else None

    def _evaluation(self) -> tuple[Mapping[str, str], ...]:
        return tuple(self._journal.get("evaluation") or ())

    def _seconds(self) -> float:
        return float(self._journal.get("finished") - self._journal.get("started"))

    def _tell(self, step: str, text: str) -> None:
        self._observer.step(step, text)


def _tail(url: str) -> str:
    """Return the part of an endpoint's management address that does not depend on the host it was reached by."""
    return url[url.find("/workspaces/") :]
