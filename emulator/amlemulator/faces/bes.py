"""The Batch Execution Service: submit, start, follow and delete jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.batch import read_submission, render_status
from amlemulator.core.errors import failure
from amlemulator.core.records import Job
from amlemulator.core.request_response import check_version
from amlemulator.faces.calls import answer, current, json_body, nothing, operation

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/workspaces/<workspace_id>/services/<endpoint_id>/jobs"


def _version() -> str | None:
    """Return the api-version: 2.0, 1.0 or None. Without one, submit and status are version 1 (errors.md U11)."""
    version = request.args.get("api-version")
    check_version(version, ("2.0", "1.0"))
    return version.strip() if version else None


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of BES."""
    routes = Blueprint("bes", __name__)

    def job_of(job_id: str) -> Job:
        job = emulator.batch.find(current().here[2], job_id)
        if job is None:
            raise failure("NotFound", evidence="bes.unknown-job")
        return job

    @routes.post(ROOT)
    @operation("bes.submit", "scoring")
    def submit(workspace_id: str, endpoint_id: str) -> Response:
        legacy = _version() != "2.0"
        endpoint = current().here[2]
        submission = read_submission(json_body(), emulator.directory.interface(endpoint))
        return answer(emulator.batch.submit(endpoint, submission, legacy=legacy).id)

    @routes.post(f"{ROOT}/<job_id>/start")
    @operation("bes.start", "scoring")
    def start(workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        _version()
        emulator.batch.start(job_of(job_id))
        return nothing()

    @routes.post(f"{ROOT}/start")
    @operation("bes.start-without-id", "scoring")
    def start_without_id(workspace_id: str, endpoint_id: str) -> Response:
        raise failure("BadArgument/MissingJobId")

    @routes.get(f"{ROOT}/<job_id>")
    @operation("bes.status", "scoring")
    def status(workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        version, job = _version(), job_of(job_id)
        # A job of version 1 may be polled with 2.0 (the SSIS task does), and then answers in 2.0's form.
        legacy = version == "1.0" or version is None
        return answer(render_status(job, emulator.batch.results(job, current().addresses), legacy=legacy))

    @routes.delete(f"{ROOT}/<job_id>")
    @operation("bes.delete", "scoring")
    def delete(workspace_id: str, endpoint_id: str, job_id: str) -> Response:
        _version()  # the Java sample sends none here (clients.md section 16 no. 4)
        emulator.batch.delete(job_of(job_id))
        return nothing()

    @routes.route(ROOT, methods=["GET", "DELETE"])
    @operation("bes.without-id", "scoring")
    def without_id(workspace_id: str, endpoint_id: str) -> Response:
        raise failure("BadArgument/MissingJobId")

    return routes
