"""RRS and BES of one endpoint (clients.md sections 3 and 4, documents.md sections 4 to 6)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from amlcontracts import load

from ._auth import Bearer
from ._client import ServiceClient, json_call, json_of
from ._clock import Deadline
from ._exceptions import (
    AmlError,
    JobCancelled,
    JobFailed,
    JobTimeout,
    ServiceUnavailable,
    TransportError,
    UnexpectedAnswer,
    WrongCall,
)
from ._models import BlobLocation, Cell, JobState, JobStatus, ScoreResult, Table

__all__ = ["ScoringClient"]

Rows = Table | Sequence[Mapping[str, Cell]]
_VERSION = {"api-version": "2.0"}
_JOB_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


class ScoringClient(ServiceClient):
    """One endpoint of a web service: score rows (RRS), run batch jobs (BES), read its swagger document.

    ``api_location`` is the endpoint's ApiLocation (``.../workspaces/{ws}/services/{endpoint guid}``), ``key`` one of
    its keys. Further arguments are those of :class:`ServiceClient`.
    """

    def __init__(self, api_location: str, key: str, **options: Any) -> None:
        super().__init__(Bearer(key), **options)
        self._base = api_location.rstrip("/")

    @property
    def api_location(self) -> str:
        """The address that this client calls."""
        return self._base

    def score(
        self,
        rows: Rows | None = None,
        *,
        inputs: Mapping[str, Rows] | None = None,
        parameters: Mapping[str, Cell] | None = None,
        swagger: bool = False,
        details: bool = True,
        timeout: float | None = None,
    ) -> ScoreResult:
        """Score ``rows`` (of ``input1``) or several named ``inputs`` through RRS.

        ``swagger`` chooses the list-of-objects form; ``details`` asks for names and types of the columns. Scoring
        changes nothing, so a lost answer is asked for again. Raises WrongCall, ServiceError, TransportError,
        UnexpectedAnswer.
        """
        named = dict(inputs or {})
        if rows is not None:
            named["input1"] = rows
        wire = {name: _wire(table, swagger) for name, table in named.items()}
        body = {"Inputs": wire, "GlobalParameters": dict(parameters or {})}
        params = dict(_VERSION)
        if details:
            params["details"] = "true"
        if swagger:
            params["format"] = "swagger"
        call = json_call("POST", f"{self._base}/execute", body, params=params, repeatable=True)
        _check_size(len(call.content or b""))
        return ScoreResult.from_json(json_of(self.call(call, timeout=timeout)))

    def score_in_batches(self, rows: Rows, *, most_rows: int = 2000, **options: Any) -> Iterator[Table]:
        """Score many rows of ``input1``, yielding one table per call; no call exceeds the service's 4 MB.

        Further arguments are those of :meth:`score`, for each call; a ``timeout`` too.
        """
        table = rows if isinstance(rows, Table) else Table.from_records(rows)
        repeated = sum(len(name) + 4 for name in table.column_names or ()) if options.get("swagger") else 0
        for batch in _batches(table, most_rows, load("limits")["request_body_bytes"] // 2, repeated):
            yield self.score(batch, **options).table

    def swagger(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the endpoint's swagger document."""
        document = json_of(self.call(json_call("GET", f"{self._base}/swagger.json", repeatable=True), timeout=timeout))
        if not isinstance(document, dict):
            raise UnexpectedAnswer("the swagger document is not an object")
        return document

    def submit_job(
        self,
        *,
        inputs: Mapping[str, BlobLocation] | None = None,
        outputs: Mapping[str, BlobLocation] | None = None,
        parameters: Mapping[str, Cell] | None = None,
        timeout: float | None = None,
    ) -> str:
        """Submit a job, without starting it, and return its id: the only way to it, since no operation lists jobs.

        An answer that was lost is asked for again: a job that nobody starts never runs (documents.md 5.3).
        """
        body = {
            "Inputs": {name: location.to_json() for name, location in (inputs or {}).items()},
            "GlobalParameters": {name: _parameter(value) for name, value in (parameters or {}).items()},
            "Outputs": {name: location.to_json() for name, location in (outputs or {}).items()},
        }
        answer = self.call(
            json_call("POST", f"{self._base}/jobs", body, params=_VERSION, repeatable=True), timeout=timeout
        )
        job_id = json_of(answer)
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            raise UnexpectedAnswer("the answer to a submission is not a job id", request_id=answer.request_id)
        return job_id

    def start_job(self, job_id: str, *, timeout: float | None = None) -> None:
        """Start a submitted job. Never repeated when the outcome is unknown: look at its status first."""
        self.call(json_call("POST", f"{self._job(job_id)}/start", params=_VERSION), timeout=timeout)

    def job(self, job_id: str, *, timeout: float | None = None) -> JobStatus:
        """Return the state of a job; of a finished one with fresh SAS tokens."""
        call = json_call("GET", self._job(job_id), params=_VERSION, repeatable=True)
        return JobStatus.from_json(json_of(self.call(call, timeout=timeout)))

    def delete_job(self, job_id: str, *, timeout: float | None = None) -> None:
        """Cancel a job, or forget one that ended. Its outputs stay where they are (clients.md 4.4)."""
        self.call(json_call("DELETE", self._job(job_id), params=_VERSION), timeout=timeout)

    def wait_for_job(
        self,
        job_id: str,
        *,
        timeout: float = 3600.0,
        poll: float = 1.0,
        on_status: Callable[[JobStatus, float], None] | None = None,
        cancel_on_timeout: bool = False,
    ) -> JobStatus:
        """Follow a job until it finished, and return its last status.

        ``on_status`` is told each status and the seconds waited so far. One failed look (a broken connection, a 503
        that outlasted the retries) is no reason to give up. Cancelling, when the time is over, may take a call's time
        more. Raises JobFailed, JobCancelled, JobTimeout.
        """
        deadline = Deadline(self._clock, timeout)
        state = JobState.UNKNOWN
        while deadline.left > 0:
            status = self._look(job_id, deadline)
            if status is not None:
                state = status.state
                if on_status is not None:
                    on_status(status, deadline.elapsed)
                if state.ended:
                    return _judged(job_id, status)
            self._clock.sleep(max(0.0, min(poll, deadline.left)))
        cancelled = cancel_on_timeout and self._cancelled(job_id)
        raise JobTimeout(job_id=job_id, state=state.value, seconds=timeout, cancelled=cancelled)

    def _look(self, job_id: str, deadline: Deadline) -> JobStatus | None:
        try:
            return self.job(job_id, timeout=min(self._timeout, deadline.left))
        except (TransportError, ServiceUnavailable):
            return None

    def _cancelled(self, job_id: str) -> bool:
        try:
            self.delete_job(job_id)
        except AmlError:
            return False
        return True

    def _job(self, job_id: str) -> str:
        if not _JOB_ID.fullmatch(job_id):
            raise WrongCall(f"{job_id!r} is not a job id")
        return f"{self._base}/jobs/{job_id}"


def _judged(job_id: str, status: JobStatus) -> JobStatus:
    if status.state is JobState.FAILED:
        raise JobFailed(job_id=job_id, details=status.details)
    if status.state is JobState.CANCELLED:
        raise JobCancelled(job_id=job_id)
    return status


def _check_size(size: int) -> None:
    most = load("limits")["request_body_bytes"]
    if size > most:
        raise WrongCall(f"the rows make {size} bytes, a request takes {most}: send fewer at once")


def _wire(rows: Rows, swagger: bool) -> Any:
    table = rows if isinstance(rows, Table) else Table.from_records(rows)
    values = [[_cell(cell) for cell in row] for row in table.rows]
    if swagger:
        return [dict(zip(table.column_names or (), row, strict=True)) for row in values]
    if table.column_names is None:
        return {"Values": values}  # positional rows are accepted (documents.md 4.1)
    return {"ColumnNames": list(table.column_names), "Values": values}


def _cell(value: Any) -> Cell:
    """Return a cell as JSON has it: a missing number is null, an infinite one is refused."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # a numpy scalar, without importing numpy
    if not isinstance(value, float):
        return value  # type: ignore[no-any-return] # json.dumps refuses what is no cell
    if math.isinf(value):
        raise WrongCall("an infinite number cannot be sent")
    return None if math.isnan(value) else value


def _parameter(value: Cell) -> str:
    """Web service parameters travel as strings in every sample (documents.md section 7)."""
    return json.dumps(value) if isinstance(value, bool) else str(value if value is not None else "")


def _batches(table: Table, most_rows: int, most_bytes: int, overhead: int) -> Iterator[Table]:
    """Cut a table where either limit is met; ``overhead`` is what each row costs besides its cells."""
    batch: list[tuple[Cell, ...]] = []
    size = 0
    for row in table.rows:
        weight = len(json.dumps([_cell(cell) for cell in row])) + overhead
        if batch and (len(batch) >= most_rows or size + weight > most_bytes):
            yield Table(table.column_names, tuple(batch))
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield Table(table.column_names, tuple(batch))
