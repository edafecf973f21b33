"""How an answer is read."""

from __future__ import annotations

from dataclasses import replace

from amlclient import JobState, JobStatus, NotFound, ServiceClient, UnexpectedAnswer, WebService, _client, _management
from amlclient import _models as models
from amlclient import _scoring as scoring
from mutants.client import mutant
from mutants.patching import Patch

CUT = "laws/test_unexpected_answers.py::test_json_that_is_cut_is_never_read_as_an_answer"
STATUSES = "laws/test_unexpected_answers.py::test_no_status_but_2xx_is_success"
TOLD = "laws/test_refusals.py::test_every_error_is_told_as_it_is"
STATES = "laws/test_job_states.py::test_each_state_of_the_contracts_is_told_as_what_it_is"
STRANGE = "laws/test_job_states.py::test_a_state_that_nobody_knows_is_no_end"


def _yes_to(patch: Patch, statuses: range) -> None:
    """Take answers of these statuses for success."""
    call = ServiceClient.call

    def lenient(self, one, *, timeout=None, also=()):
        return call(self, one, timeout=timeout, also=(*also, *statuses))

    patch.set(ServiceClient, "call", lenient)


@mutant("not-modified-is-done", f"{STATUSES}[ManagementClient.patch_resource]")
def _(patch: Patch) -> None:
    """304 is success for every call, not for a refresh alone."""
    _yes_to(patch, range(304, 305))


@mutant("redirect-is-done", f"{STATUSES}[ScoringClient.start_job]")
def _(patch: Patch) -> None:
    """A redirect is taken for success."""
    _yes_to(patch, range(300, 400))


@mutant("processing-is-done", f"{STATUSES}[ManagementClient.delete_endpoint]")
def _(patch: Patch) -> None:
    """What is below 200 is taken for success."""
    _yes_to(patch, range(100, 200))


@mutant("not-found-is-deleted", f"{STATUSES}[ManagementClient.delete_endpoint]")
def _(patch: Patch) -> None:
    """Deleting what is not there is told as done, also when the address is wrong."""

    def make(original):
        def delete_endpoint(self, *words, **facts):
            try:
                original(self, *words, **facts)
            except NotFound:
                return

        return delete_endpoint

    patch.wrap(_management.ManagementClient, "delete_endpoint", make)


def _json_or(patch: Patch, otherwise) -> None:
    """Read what is no JSON as something else."""

    def make(original):
        def json_of(answer):
            try:
                return original(answer)
            except UnexpectedAnswer:
                return otherwise(answer)

        return json_of

    for module in (_client, _management, scoring):
        patch.wrap(module, "json_of", make)


@mutant("cut-list-is-empty", f"{CUT}[ManagementClient.services]")
def _(patch: Patch) -> None:
    """A list that was cut is told as an empty one."""
    _json_or(patch, lambda answer: [])


@mutant("job-id-is-any-text", f"{CUT}[ScoringClient.submit_job]")
def _(patch: Patch) -> None:
    """A job's id that was cut is taken as it is."""
    _json_or(patch, lambda answer: answer.content.decode("utf-8", "replace").strip('"'))


@mutant("cancelled-is-success", f"{STATES}[Cancelled]")
def _(patch: Patch) -> None:
    """A job that was cancelled is told as finished."""
    _judged_as_success(patch, JobState.CANCELLED)


@mutant("failed-is-success", f"{STATES}[Failed]")
def _(patch: Patch) -> None:
    """A job that failed is told as finished."""
    _judged_as_success(patch, JobState.FAILED)


def _judged_as_success(patch: Patch, state: JobState) -> None:
    def make(original):
        return lambda job_id, status: status if status.state is state else original(job_id, status)

    patch.wrap(scoring, "_judged", make)


@mutant("unknown-state-ends", STRANGE)
def _(patch: Patch) -> None:
    """A state that nobody knows ends the wait, as success."""
    patch.set(JobState, "ended", property(lambda self: self not in (JobState.NOT_STARTED, JobState.RUNNING)))


@mutant("states-in-any-case", STRANGE)
def _(patch: Patch) -> None:
    """States are read whatever their case, with blanks around them."""

    def make(original):
        return lambda code: original(code.strip().capitalize() if isinstance(code, str) else code)

    read = JobState.read
    patch.set(JobState, "read", staticmethod(make(read)))


@mutant("states-counted-from-one", "laws/test_job_states.py::test_the_numbers_of_the_first_version_mean_the_same")
def _(patch: Patch) -> None:
    """The numbers of API version 1 are counted from one."""
    read = JobState.read
    patch.set(JobState, "read", staticmethod(lambda code: read(code - 1 if isinstance(code, int) else code)))


@mutant("queued-is-running", f"{STATES}[NotStarted]")
def _(patch: Patch) -> None:
    """A job that has not been started is waited for as if it had ended."""
    patch.set(JobState, "ended", property(lambda self: self is not JobState.RUNNING))


@mutant("details-dropped", "laws/test_job_states.py::test_every_module_error_is_told_and_no_secret_of_it")
def _(patch: Patch) -> None:
    """Why a job failed is not told."""
    read = JobStatus.from_json.__func__
    patch.set(JobStatus, "from_json", classmethod(lambda kind, data: replace(read(kind, data), details=None)))


@mutant("error-details-dropped", f"{TOLD}[ScoringClient.score]")
def _(patch: Patch) -> None:
    """The codes inside an error's details are not read."""
    patch.wrap(_client, "_read_refusal", lambda original: lambda answer: (*original(answer)[:2], ()))


@mutant("studio-errors-unread", f"{TOLD}[ScoringClient.job]")
def _(patch: Patch) -> None:
    """Errors in capital letters, as Studio spells them, are not read."""
    patch.set(_client, "_member", lambda members, name: members.get(name))


@mutant("storage-errors-unread", f"{TOLD}[BlobReader.read]")
def _(patch: Patch) -> None:
    """The storage's XML errors are not read."""
    patch.set(_client, "_read_xml", lambda answer: ("", "refused", ()))


@mutant("kinds-not-told", f"{TOLD}[ManagementClient.endpoint]")
def _(patch: Patch) -> None:
    """401, 404 and 503 are not told from other refusals."""
    patch.set(_client, "_KINDS", {})


@mutant("request-id-lost", f"{TOLD}[ManagementClient.services]")
def _(patch: Patch) -> None:
    """The request id that support asks for is not told."""
    patch.set(_client.Answer, "request_id", property(lambda self: None))


@mutant("new-members-refused", "laws/test_unexpected_answers.py::test_members_that_nobody_knows_change_nothing")
def _(patch: Patch) -> None:
    """An answer with a member that is not known is refused."""
    known = {"Id", "Name", "DefaultEndpointName", "More"}
    read = WebService.from_json.__func__

    def strict(kind, data):
        if set(data) - known:
            raise UnexpectedAnswer("unknown members")
        return read(kind, data)

    patch.set(WebService, "from_json", classmethod(strict))


@mutant("ragged-rows-taken", "test_client_models.py")
def _(patch: Patch) -> None:
    """Rows that do not fit the column names are taken for an answer."""

    def make(original):
        def read(kind, data):
            try:
                return original(kind, data)
            except UnexpectedAnswer:
                return kind((), ())

        return read

    patch.set(models.Table, "from_json", classmethod(make(models.Table.from_json.__func__)))
