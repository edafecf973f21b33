"""Batch jobs as a test handles them: when they run, how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amlemulator.core.records import Job
from amlemulator.engine.batch import Batch
from amlemulator.engine.pacing import Pacing, read_policy
from amlemulator.ports.store import Store


class Jobs:
    """The jobs of every workspace, and the policies by which they run (engine/pacing.py)."""

    def __init__(self, store: Store, batch: Batch, pacing: Pacing) -> None:
        self._store = store
        self._batch = batch
        self._pacing = pacing

    def policy(self, policy: Any, workspace_id: str | None = None) -> None:
        """Set when jobs run, in one workspace or in all that have no policy of their own; those held keep theirs.

        ``policy`` is "run", "immediate", "manual", "fail", {"polls": n}, {"after": seconds} or {"fail": reason}. Raises
        ServiceError for others.
        """
        self._pacing.set(workspace_id, read_policy(policy))

    def policy_of(self, workspace_id: str | None = None) -> Any:
        """Return the policy of a workspace, or of those without one of their own."""
        return self._pacing.get(workspace_id).shown()

    def finish(self, job_id: str, outputs: Mapping[str, bytes | str] | None = None) -> Job:
        """End a held job well, and return it as it is then.

        Without ``outputs`` it really runs, and this waits for it (a job can fail); with them, by output's name, nothing
        runs and they are stored as they are. Raises ServiceError when it is not held or the names are others.
        """
        if outputs is None:
            return self._batch.finish(job_id)
        given = {name: value.encode() if isinstance(value, str) else value for name, value in outputs.items()}
        return self._batch.finish(job_id, given)

    def fail(self, job_id: str, reason: str = "The job was made to fail.") -> Job:
        """End a held or running job as Failed; ``reason`` stands in its Details. Raises ServiceError for others.

        One that reads ``Module: Train Model; Error 0001: ...`` has that module and error.
        """
        return self._batch.fail(job_id, reason)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that has not ended. Raises ServiceError for others."""
        return self._batch.cancel(job_id)

    def find(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        with self._store.transaction() as transaction:
            return transaction.get(Job, job_id)

    def newest(self, skip: int, most: int) -> tuple[Sequence[Job], int]:
        """Return ``most`` jobs, the newest first, after ``skip`` newer ones; and how many there are."""
        with self._store.transaction() as transaction:
            return transaction.newest_jobs(skip, most)

    def list(self, workspace_id: str | None = None) -> list[Job]:
        """Return the jobs of one workspace, or all, in order of creation."""
        with self._store.transaction() as transaction:
            jobs = transaction.list(Job)
        return [job for job in jobs if workspace_id in (None, job.workspace_id)]
