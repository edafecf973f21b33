"""Writing diagnostics logs into the workspace's storage, where an endpoint's DiagnosticsTraceLevel asks for them."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from amlemulator.core import diagnostics as rules
from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Endpoint, Job
from amlemulator.engine.directory import Directory
from amlemulator.ports.blobs import BlobMissing, Blobs
from amlemulator.ports.clock import Clock

LOG = logging.getLogger(__name__)


class Diagnostics:
    """The logs of RRS and BES. With ``create`` the container is made when it is missing; without, logs are dropped."""

    def __init__(self, blobs: Blobs, directory: Directory, clock: Clock, *, create: bool) -> None:
        self._blobs = blobs
        self._directory = directory
        self._clock = clock
        self._create = create
        self._started: set[tuple[object, ...]] = set()

    def forget(self) -> None:
        """Log each endpoint's start again."""
        self._started.clear()

    @contextmanager
    def request(self, endpoint: Endpoint, request_id: str) -> Iterator[None]:
        """Log the RRS call inside the block, refused or not."""
        self._start(endpoint)
        started, error = self._clock.now(), None
        try:
            yield
        except ServiceError as refusal:
            error = refusal
            raise
        finally:
            now = self._clock.now()
            if rules.wanted(endpoint, failed=error is not None):
                facts = rules.request_facts(request_id, started, now, error)
                self._write(endpoint, "score/requests", now, request_id, facts)

    def _start(self, endpoint: Endpoint) -> None:
        """Log the first call of an endpoint with this graph and these models: its container starts with it."""
        state = (endpoint.id, endpoint.experiment, endpoint.resources)
        if state not in self._started and rules.wanted(endpoint, failed=False):
            self._started.add(state)
            now, which = self._clock.now(), f"{len(self._started):06d}"
            self._write(endpoint, "score/init", now, which, rules.start_facts(endpoint, now))

    def ended(self, job: Job) -> None:
        """Log a batch job that has come to its end."""
        endpoint = self._directory.endpoint(job.endpoint_id)
        if endpoint is not None and rules.wanted(endpoint, failed=rules.has_failed(job)):
            self._write(endpoint, "batch", self._clock.now(), job.id, rules.job_facts(job))

    def _write(
        self,
        endpoint: Endpoint,
        log_type: rules.LogType,
        moment: float,
        which: str,
        facts: Mapping[str, object],
    ) -> None:
        workspace = self._directory.workspace(endpoint.workspace_id)
        if workspace is None:
            return
        account, name = workspace.storage_account, rules.blob_name(endpoint, log_type, moment, which)
        content = io.BytesIO(rules.log(endpoint, log_type, facts))
        try:
            if self._create:
                self._blobs.create_container(account, rules.CONTAINER)
            self._blobs.put(account, rules.CONTAINER, name, content, content_type="application/json")
        except BlobMissing:
            LOG.warning("no container %s in %s: the diagnostics log %s is dropped", rules.CONTAINER, account, name)
