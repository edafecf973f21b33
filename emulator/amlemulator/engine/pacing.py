"""When the jobs of a workspace run and end: at once, after so many status calls, after so long, or when a test says so.

A job that is held shows Running and costs nothing: no worker is started before its time has come. Then it really runs,
and the call that brought its time waits for its end; so every result is a real one, and no test waits for a clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from amlemulator.core.errors import failure
from amlemulator.core.records import Job
from amlemulator.ports.clock import Clock

Way = Literal["run", "immediate", "polls", "after", "manual", "fail", "cancelled", "unstarted", "queued"]
PLAIN: tuple[Way, ...] = ("run", "immediate", "manual", "fail", "cancelled", "unstarted")  # which take no number
SECONDS: tuple[Way, ...] = ("after", "queued")
TAKES = (
    'A job policy is "run", "immediate", "manual", "fail", "cancelled", "unstarted", {"polls": number}, '
    '{"after": seconds}, {"queued": seconds} or {"fail": "reason"}.'
)
REASON = "The job was made to fail through the control plane."


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """``run``: as soon as there is a place. ``immediate``: the start call returns when the job has ended.

    ``polls``: at the ``number``-th status call. ``after``: at the first status call ``number`` seconds after its start,
    by the emulator's clock. ``manual``: when finish, fail or cancel is called. ``fail``: at its start, with ``reason``.

    ``queued``: it waits in the queue, as behind forty others, and runs from the first status call on that comes
    ``number`` seconds after its start. ``cancelled``: at its start, as by somebody who deletes it. ``unstarted``: the
    start is answered, but not heard.
    """

    way: Way = "run"
    number: float = 0.0
    reason: str = REASON

    def shown(self) -> Any:
        """Return it as JSON."""
        if self.way in ("polls", *SECONDS):
            return {self.way: self.number}
        return {"fail": self.reason} if self.way == "fail" else self.way


def read_policy(given: Any) -> JobPolicy:
    """Read a policy as JSON has it. Raises 400 of the control plane."""
    if given in PLAIN:
        return JobPolicy(given)
    if isinstance(given, Mapping) and len(given) == 1:
        [(way, value)] = given.items()
        if way == "fail" and isinstance(value, str):
            return JobPolicy("fail", reason=value)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if way == "polls" and whole and value >= 1:
            return JobPolicy("polls", value)
        if way in SECONDS and (whole or isinstance(value, float)) and value >= 0:
            return JobPolicy(way, value)
    raise failure("control/BadRequest", TAKES)


class Pacing:
    """The policies, and the jobs that are held. ``run`` lets one go; ``fail`` ends one as failed.

    ``interfere`` gives what an armed fault has for a job that is started in a workspace, or None.
    """

    def __init__(self, clock: Clock, interfere: Callable[[str], Any] = lambda workspace_id: None) -> None:
        self._clock = clock
        self._interfere = interfere
        self._own: dict[str, JobPolicy] = {}  # of single jobs, by id
        self._queued: dict[str, tuple[Job, float]] = {}  # by job id; the time from which on they may run
        self._lock = threading.Lock()
        self._policies: dict[str | None, JobPolicy] = {}
        self._held: dict[str, tuple[Job, JobPolicy, float]] = {}  # by job id; the time at which it was held
        self._polls: dict[str, int] = {}
        self._ends: dict[str, threading.Event] = {}  # of jobs that somebody waits for

    def set(self, workspace_id: str | None, policy: JobPolicy) -> None:
        """Set the policy of one workspace, or of all that have none of their own. Held jobs keep theirs."""
        with self._lock:
            self._policies[workspace_id] = policy

    def get(self, workspace_id: str | None) -> JobPolicy:
        """Return the policy of a workspace."""
        return self._policies.get(workspace_id) or self._policies.get(None) or JobPolicy()

    def clear(self, workspace_id: str | None = None) -> None:
        """Forget the policy and the held jobs of one workspace, or all of them."""
        with self._lock:
            if workspace_id is None:
                self._policies.clear()
            self._policies.pop(workspace_id, None)
            held = [job for job, _, _ in self._held.values()] + [job for job, _ in self._queued.values()]
            for job in held:
                if workspace_id in (None, job.workspace_id):
                    self._drop(job.id)

    def start(self, job: Job) -> JobPolicy:
        """Say by which policy a job runs that is being started: an armed fault's, or that of its workspace."""
        given = self._interfere(job.workspace_id)
        policy = self.get(job.workspace_id) if given is None else read_policy(given)
        with self._lock:
            if policy.way == "queued":  # and then it runs by its workspace's policy
                self._queued[job.id] = (job, self._clock.now() + policy.number)
            elif given is not None and policy.way != "unstarted":
                self._own[job.id] = policy
        return policy

    def waits(self, job_id: str) -> bool:
        """Whether a job is to stay in the queue although there is a place."""
        return job_id in self._queued

    @property
    def waiting(self) -> int:
        """How many jobs do."""
        return len(self._queued)

    def served(self, job_id: str) -> bool:
        """Tell, at a status call, whether the time of a job in the queue has come with it."""
        with self._lock:
            found = self._queued.get(job_id)
            come = found is not None and self._clock.now() >= found[1]
            if come:
                del self._queued[job_id]
        return come

    def hold(self, job: Job) -> JobPolicy:
        """Hold a job that has just been admitted, unless its policy says otherwise; returns the policy."""
        if not self._policies and not self._own:
            return JobPolicy()
        policy = self._own.pop(job.id, None) or self.get(job.workspace_id)
        if policy.way in ("polls", "after", "manual"):
            with self._lock:
                self._held[job.id] = (job, policy, self._clock.now())
        return policy

    @property
    def active(self) -> bool:
        """Whether any policy has ever been set: without one no job is held."""
        return bool(self._policies or self._held or self._queued)

    def held(self, job_id: str) -> Job | None:
        """Return a job that is held, or None."""
        found = self._held.get(job_id)
        return found[0] if found else None

    def take(self, job_id: str) -> Job | None:
        """Let go of a held job and return it; None when it is not held."""
        with self._lock:
            found = self._held.get(job_id)
            self._drop(job_id)
        return found[0] if found else None

    def _drop(self, job_id: str) -> None:
        self._held.pop(job_id, None)
        self._polls.pop(job_id, None)
        self._queued.pop(job_id, None)
        self._own.pop(job_id, None)

    def due(self, job_id: str) -> bool:
        """Count a status call of a held job; tell whether its time has come with it."""
        with self._lock:
            found = self._held.get(job_id)
            if found is None:
                return False
            _, policy, since = found
            if policy.way == "polls":
                self._polls[job_id] = self._polls.get(job_id, 0) + 1
                return self._polls[job_id] >= policy.number
            return policy.way == "after" and self._clock.now() - since >= policy.number

    def run_to_end(self, job_id: str, begin: Callable[[], None]) -> None:
        """Begin a job and wait until it has ended."""
        with self._lock:
            end = self._ends.setdefault(job_id, threading.Event())
        begin()
        end.wait()

    def wait(self, job_id: str) -> None:
        """Wait for a job that somebody has begun; at once when nobody has."""
        end = self._ends.get(job_id)
        if end is not None:
            end.wait()

    def ended(self, job_id: str) -> None:
        """Tell those who wait that a job has ended, or that nothing more comes of it."""
        self._drop(job_id)
        end = self._ends.pop(job_id, None)
        if end is not None:
            end.set()

    def release_all(self) -> None:
        """Let everybody go who waits: the emulator closes, or has been reset."""
        for job_id in list(self._ends):
            self.ended(job_id)
