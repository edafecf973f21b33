"""The portal's pages of batch jobs: all of them, and one as it runs, with its results ready to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Endpoint, Job, WebService
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages.dress import go, missing, mount_pages, page, root
from amlemulator.faces.pages.paging import part_of, part_read, searched

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

JOB = "/portal/jobs/<job_id>"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of jobs. The endpoint goes with its jobs, so it is there."""

    job: Job
    endpoint: Endpoint | None
    service: WebService | None

    @property
    def text(self) -> str:
        """What the search looks through."""
        names = [one.name for one in (self.endpoint, self.service) if one is not None]
        return "\n".join([self.job.id, self.job.endpoint_id, self.job.state.value, *names])


class PortalJobs:
    """The views of jobs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def _row(self, job: Job) -> Row:
        directory = self._emulator.directory
        endpoint = directory.endpoint(job.endpoint_id)
        return Row(job, endpoint, directory.service(endpoint.service_id) if endpoint else None)

    @route("GET", "/portal/jobs", "portal.jobs", "page")
    def jobs(self) -> Response:
        """List the jobs of every endpoint, the newest first."""
        jobs = self._emulator.jobs
        if searched():
            newest = sorted(jobs.list(), key=lambda job: (job.created, job.ordinal), reverse=True)
            found = part_of(newest, lambda job: self._row(job).text)
        else:
            found = part_read(jobs.newest)
        part = found.of([self._row(job) for job in found.items])
        return page(self._emulator, "pages/jobs.html", evidence="portal.jobs", section="jobs", part=part)

    @route("GET", JOB, "portal.job", "page")
    def job(self, job_id: str) -> Response:
        """Show a job: its state, how far it is, where its results lie."""
        return self._job(job_id, None)

    def _job(self, job_id: str, error: ServiceError | None) -> Response:
        job = self._found(job_id)
        return page(
            self._emulator,
            "pages/job.html",
            evidence="portal.job",
            status=error.entry.status if error else 200,
            section="jobs",
            row=self._row(job),
            address=f"{root('portal')}/jobs/{job.id}",
            progress=self._emulator.batch.progress(job.id),
            results=self._emulator.batch.results(job, current().addresses),
            error=error,
        )

    def _found(self, job_id: str) -> Job:
        job = self._emulator.jobs.find(job_id)
        if job is None:
            raise missing("job", job_id)
        return job

    @route("POST", f"{JOB}/cancel", "portal.cancel-job", "page")
    def cancel(self, job_id: str) -> Response:
        """Cancel a job that has not ended; of one that has, say so."""
        self._found(job_id)
        try:
            self._emulator.batch.cancel(job_id)
        except ServiceError as error:
            return self._job(job_id, error)
        return go(f"{root('portal')}/jobs/{job_id}")


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of jobs."""
    return mount_pages("portal-jobs", PortalJobs(emulator), emulator)
