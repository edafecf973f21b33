"""The Batch Execution Service: submit, start, follow and delete jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.batch import read_submission, render_status
from amlemulator.core.errors import failure
from amlemulator.core.records import Job
from amlemulator.core.request_response import check_version
from amlemulator.faces.calls import answer, current, json_body, mount, nothing, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/workspaces/<workspace_id>/services/<endpoint_id>/jobs"


def _version() -> str | None:
    """Return the api-version: 2.0, 1.0 or None. Without one, submit and status are version 1 (errors.md U11)."""
    version = request.args.get("api-version")
    check_version(version, ("2.0", "1.0"))
    return version.strip() if version else None


class BatchExecution:
    """The views of BES."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def _job(self, job_id: str, *, polled: bool = False) -> Job:
        batch, endpoint = self._emulator.batch, current().here[2]
        job = batch.poll(endpoint, job_id) if polled else batch.find(endpoint, job_id)
        if job is None:
            raise failure("NotFound", evidence="bes.unknown-job")
        return job

    @route("POST", ROOT, "bes.submit", "scoring")
    def submit(self, workspace_id: str, endpoint_id: str) -> Response:
        """Register a job; it does not run before it is started."""
        legacy = _version() != "2.0"
        _, service, endpoint = current().here
        self._emulator.code_services.refuse_jobs(service)
        submission = read_submission(json_body(), self._emulator.directory.interface(endpoint))
        if self._emulator.settings.blob_check == "submit":
            self._emulator.storage.require_readable(submission.inputs.values())
        return answer(self._emulator.batch.submit(endpoint, submission, legacy=legacy).id)

    @route("POST", f"{ROOT}/<job_id>/start", "bes.start", "scoring")
    def start(self, workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        """Queue a submitted job."""
        _version()
        self._emulator.batch.start(self._job(job_id))
        return nothing()

    @route("POST", f"{ROOT}/start", "bes.start-without-id", "scoring")
    def start_without_id(self, workspace_id: str, endpoint_id: str) -> Response:
        """Refuse a start that names no job."""
        raise failure("BadArgument/MissingJobId")

    @route("GET", f"{ROOT}/<job_id>", "bes.status", "scoring")
    def status(self, workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        """Tell how far a job is and, once it has finished, where its outputs lie."""
        version, job = _version(), self._job(job_id, polled=True)
        # A job of version 1 may be polled with 2.0 (the SSIS task does), and then answers in 2.0's form.
        legacy = version == "1.0" or version is None
        results = self._emulator.batch.results(job, current().addresses)
        if results:
            results = self._emulator.interference.handed_out(job, results)
        return answer(render_status(job, results, legacy=legacy, cancelled=self._emulator.settings.cancelled))

    @route("DELETE", f"{ROOT}/<job_id>", "bes.delete", "scoring")
    def delete(self, workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        """Cancel a job, or forget one that has ended; its outputs stay."""
        _version()  # the Java sample sends none here (clients.md section 16 no. 4)
        self._emulator.batch.delete(self._job(job_id))
        return nothing()

    @route("GET", ROOT, "bes.without-id", "scoring")
    @route("DELETE", ROOT, "bes.without-id", "scoring")
    def without_id(self, workspace_id: str, endpoint_id: str) -> Response:
        """Refuse a call that names no job."""
        raise failure("BadArgument/MissingJobId")


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of BES."""
    return mount("bes", BatchExecution(emulator))
