"""How many calls an endpoint answers at a time, where that limit is switched on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from amlemulator.core.errors import failure
from amlemulator.core.records import Endpoint


class Throttle:
    """Counts calls in progress per endpoint. Off by default: real throttling depended on load nobody recorded."""

    def __init__(self, *, enforced: bool, server_calls: int) -> None:
        self._enforced = enforced
        self._server_calls = server_calls
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    def place(self, endpoint: Endpoint) -> AbstractContextManager[None]:
        """Take one of the endpoint's places for the length of a with block.

        Raises 503 ServiceUnavailable/RequestThrottled when none is free (documents.md 4.4), TooManyConcurrentRequests
        when the server itself has none; without Retry-After, for none was ever seen.
        """
        return self._taken(endpoint) if self._enforced else nullcontext()

    @contextmanager
    def _taken(self, endpoint: Endpoint) -> Iterator[None]:
        with self._lock:
            if self._calls.total() >= self._server_calls:
                raise failure("ServiceUnavailable/TooManyConcurrentRequests")
            if self._calls[endpoint.id] >= endpoint.max_concurrent_calls:
                raise failure("ServiceUnavailable/RequestThrottled", endpoint.name, str(endpoint.max_concurrent_calls))
            self._calls[endpoint.id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls[endpoint.id] -= 1
