"""What is sent, and where to."""

from __future__ import annotations

from urllib.parse import quote

from amlclient import BlobLocation, ManagementClient, ScoringClient, WrongCall, _flow, _management
from amlclient import _scoring as scoring
from mutants.client import mutant
from mutants.patching import Patch

PLACE = "laws/test_right_place.py::test_a_change_arrives_at_what_was_named_or_nowhere"
OPERATIONS = "test_client_operations.py::"


@mutant("another-endpoint-patched", f"{OPERATIONS}test_a_patch_carries_the_three_values")
def _(patch: Patch) -> None:
    """A PATCH goes to the default endpoint, whichever was named."""
    _elsewhere(patch, "PATCH", "default")


@mutant("default-deleted", "laws/test_right_place.py::test_a_change_arrives_at_what_was_named_or_nowhere[delete]")
def _(patch: Patch) -> None:
    """A DELETE goes to the default endpoint, whichever was named."""
    _elsewhere(patch, "DELETE", "default")


def _elsewhere(patch: Patch, method: str, name: str) -> None:
    def make(original):
        def json_call(verb, url, *words, **facts):
            return original(verb, f"{url.rpartition('/')[0]}/{name}" if verb == method else url, *words, **facts)

        return json_call

    patch.wrap(_management, "json_call", make)


@mutant("dots-folded", f"{PLACE}[delete]")
def _(patch: Patch) -> None:
    """The endpoint ``..`` is its web service: deleting it deletes the service."""
    patch.set(_management, "_segment", lambda name, what: quote(name, safe=""))


@mutant("names-as-paths", f"{PLACE}[put]")
def _(patch: Patch) -> None:
    """A name is put into an address as it is, with its slashes and question marks."""

    def segment(name, what):
        if name in ("", ".", ".."):
            raise WrongCall(what)
        return name

    patch.set(_management, "_segment", segment)


@mutant("job-ids-as-paths", "laws/test_right_place.py::test_a_job_is_started_and_deleted_by_its_whole_id")
def _(patch: Patch) -> None:
    """A job's id is put into an address as it is."""
    patch.set(ScoringClient, "_job", lambda self, job_id: f"{self._base}/jobs/{job_id}")


@mutant("cancels-unasked", f"{OPERATIONS}test_a_job_that_takes_too_long")
def _(patch: Patch) -> None:
    """Cancelling a job on time-out is done whether it was asked for or not."""
    wait = ScoringClient.wait_for_job

    def always(self, job, **facts):
        return wait(self, job, **{**facts, "cancel_on_timeout": True})

    patch.set(ScoringClient, "wait_for_job", always)


def _member_left_out(patch: Patch, name: str) -> None:
    to_json = BlobLocation.to_json
    patch.set(BlobLocation, "to_json", lambda self: {k: v for k, v in to_json(self).items() if k != name})


@mutant("sas-left-out", f"{OPERATIONS}test_a_patch_carries_the_three_values")
def _(patch: Patch) -> None:
    """The SAS is left out of a reference that is sent."""
    _member_left_out(patch, "SasBlobToken")


@mutant("base-left-out", f"{OPERATIONS}test_a_patch_carries_the_three_values")
def _(patch: Patch) -> None:
    """The BaseLocation is left out of a reference that is sent."""
    _member_left_out(patch, "BaseLocation")


@mutant("sas-joined-without-mark", f"{OPERATIONS}test_blobs_are_read_and_downloaded_by_their_address")
def _(patch: Patch) -> None:
    """BaseLocation, RelativeLocation and SAS are joined without a question mark."""
    patch.set(BlobLocation, "url", property(lambda self: f"{self.address}{self.sas_blob_token.lstrip('?')}"))


@mutant("two-slashes", "test_client_models.py")
def _(patch: Patch) -> None:
    """BaseLocation and RelativeLocation are joined with a slash too many."""
    joined = property(
        lambda self: f"{self.base_location}/{self.relative_location}?{(self.sas_blob_token or '').lstrip('?')}"
    )
    patch.set(BlobLocation, "url", joined)


@mutant("missing-number-is-zero", f"{OPERATIONS}test_what_goes_over_the_wire_when_scoring")
def _(patch: Patch) -> None:
    """A number that is missing is sent as 0."""
    patch.wrap(scoring, "_cell", lambda original: lambda value: 0.0 if original(value) is None else original(value))


@mutant("columns-sorted", f"{OPERATIONS}test_what_goes_over_the_wire_when_scoring")
def _(patch: Patch) -> None:
    """Column names are sent in another order than their values."""

    def make(original):
        def wire(rows, swagger):
            sent = original(rows, swagger)
            names = sent.get("ColumnNames") if isinstance(sent, dict) else None
            return {**sent, "ColumnNames": sorted(names, reverse=True)} if names else sent

        return wire

    patch.wrap(scoring, "_wire", make)


@mutant("parameters-as-numbers", f"{OPERATIONS}test_a_job_from_submission_to_result")
def _(patch: Patch) -> None:
    """Web service parameters of a job are not sent as texts."""
    patch.set(scoring, "_parameter", lambda value: value)


@mutant("refresh-keeps-resources", f"{OPERATIONS}test_refresh_tells_whether_anything_changed")
def _(patch: Patch) -> None:
    """OverwriteResources is always sent as False."""
    refresh = ManagementClient.refresh_endpoint

    def never(self, service, name, *, overwrite_resources=False, timeout=None):
        return refresh(self, service, name, timeout=timeout)

    patch.set(ManagementClient, "refresh_endpoint", never)


@mutant("default-patch-sent", f"{OPERATIONS}test_a_forbidden_patch_is_refused_before_it_is_sent")
def _(patch: Patch) -> None:
    """What the documents forbid is sent all the same."""
    patch.set(_management, "check_patch", lambda *_: None)


@mutant("evaluation-sent-as-model", "laws/test_right_place.py::test_what_is_no_model_is_never_sent_as_one")
def _(patch: Patch) -> None:
    """A blob that is no trained model is sent as one."""
    patch.set(BlobLocation, "extension", property(lambda self: ".ilearner"))


@mutant(
    "misspelt-resource-sent", "test_client_failures.py::test_what_cannot_be_patched_is_refused_with_its_explanation"
)
def _(patch: Patch) -> None:
    """A resource name that the endpoint does not have is sent."""
    patch.set(_management, "check_resource", lambda *_: None)


@mutant("regions-not-compared", "test_client_failures.py::test_addresses_of_two_regions_are_refused")
def _(patch: Patch) -> None:
    """Addresses of two regions are used together."""
    from amlclient import _addresses

    for module in (_addresses, _flow):
        patch.set(module, "check_region", lambda *_: None)


@mutant("put-instead-of-update", f"{OPERATIONS}test_endpoints_are_listed_added_updated_and_deleted_by_name")
def _(patch: Patch) -> None:
    """Updating an endpoint that is not there adds it."""

    def update(self, service, name, settings, *, timeout=None):
        return self.add_endpoint(service, name, settings, preflight=False, timeout=timeout)

    patch.set(ManagementClient, "update_endpoint", update)
