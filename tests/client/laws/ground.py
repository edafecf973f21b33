"""A service that counts what it did, the clients that call it, and what was said of it all."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from amlclient import (
    AmlError,
    BlobLocation,
    BlobReader,
    HelpReader,
    ManagementClient,
    RetryPolicy,
    ScoringClient,
    ServiceClient,
    Transport,
)
from client.fake_service import (
    BASE,
    KEY,
    MANAGEMENT_URL,
    SCORING,
    SECRETS,
    SIGNATURE,
    TOKEN,
    TRAINING_URL,
    WORKSPACE,
    FakeClock,
    FakeService,
    RefusalError,
)
from client.laws.network import Fate, Network, connected

ENDPOINT = "retrained"
SCORING_KEY = "scoring+key" + "S" * 70 + "=="
MODEL = BlobLocation("out/m.ilearner", f"{BASE}/blobs/", f"?sv=2013&sig={SIGNATURE}&sp=r")
SWAGGER = {"swagger": "2.0", "paths": {}}


class CountingService(FakeService):
    """The scripted service with every operation that the client has; ``done`` is what was done, refusals left out."""

    def __init__(self, clock: FakeClock | None = None, **options: Any) -> None:
        super().__init__(clock, **options)
        self.done: list[tuple[str, str]] = []
        self.add(ENDPOINT)
        self.endpoints[ENDPOINT].key = SCORING_KEY

    def add(self, name: str) -> None:
        self.manage("PUT", SCORING, name, "/endpoints/", b"")
        self.endpoints[name].born = -1e9  # known to the front end for long

    def route(self, method: str, path: str, environ: dict[str, Any], content: bytes) -> tuple[int, str, bytes]:
        answer = self._others(method, path) or super().route(method, path, environ, content)
        self.done.append((method, path))
        return answer

    def _others(self, method: str, path: str) -> tuple[int, str, bytes] | None:
        if path.endswith("/swagger.json"):
            return self._json(SWAGGER)
        if path.endswith("/refresh"):
            return self._json(None)
        if method == "DELETE" and "/endpoints/" in path:
            if self.endpoints.pop(path.rpartition("/")[2], None) is None:
                raise RefusalError(404, "NotFound")
            return self._json(None)
        return None


@dataclass
class Ground:
    """One service, one network to it, and clients that share a clock with both."""

    fates: dict[int, Fate] = field(default_factory=dict)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: float = 120.0
    app: Any = None  # what answers instead of the service

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.service = CountingService(self.clock)
        self.network = Network(self.app or self.service, self.clock, self.fates)
        self.job = self.service.batch("POST", None, False, b"{}")
        self.running = self.service.batch("POST", None, False, b"{}")
        self.service.batch("POST", self.running, True, b"")
        self.opened: list[ServiceClient] = []

    def _made(self, client: Any) -> Any:
        self.opened.append(client)
        return client

    @property
    def options(self) -> dict[str, Any]:
        return {"clock": self.clock, "retry": self.retry, "timeout": self.timeout, "transport": Transport()}

    @property
    def training(self) -> ScoringClient:
        return self._made(ScoringClient(TRAINING_URL, KEY, **self.options))

    @property
    def scoring(self) -> ScoringClient:
        endpoint = self.service.endpoints[ENDPOINT]
        place = f"{BASE}/ussouthcentral.services/workspaces/{WORKSPACE}/services/{endpoint.guid}"
        return self._made(ScoringClient(place, endpoint.key, **self.options))

    @property
    def management(self) -> ManagementClient:
        return self._made(ManagementClient(MANAGEMENT_URL, TOKEN, WORKSPACE, **self.options))

    @property
    def pages(self) -> HelpReader:
        return self._made(HelpReader(**self.options))

    @property
    def blobs(self) -> BlobReader:
        return self._made(BlobReader(**self.options))

    def close(self) -> None:
        for client in self.opened:
            client._transport.close()


@contextmanager
def grounded(**facts: Any) -> Iterator[Ground]:
    """Give a ground whose network is the process's."""
    made = Ground(**facts)
    with connected(made.network):
        try:
            yield made
        finally:
            made.close()


@dataclass
class Outcome:
    """What a caller is told: the value or the error, and the seconds it took."""

    value: Any = None
    error: AmlError | None = None
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)  # what was logged

    @property
    def shown(self) -> str:
        """Everything that a person could see of it: texts, representations, tracebacks, causes and contexts, logs."""
        parts = [repr(self.value), *self.said]
        error: BaseException | None = self.error
        if error is not None:
            parts.append("".join(traceback.format_exception(error)))
        for one in chain(error):
            parts += [str(one), repr(one), repr(one.args), json.dumps(vars(one), default=repr)]
        return "\n".join(parts)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that hangs on it, suppressed contexts too: a debugger or a reporter shows those."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]


class _Listener(logging.Handler):
    """Hears every log record, of whatever level."""

    def __init__(self) -> None:
        super().__init__(0)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Give the list of everything that is logged meanwhile; pytest does not hear it too, which would cost more."""
    loggers = [logging.getLogger(name) for name in ("urllib3", "requests", "azure", "amlclient")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    listener = _Listener()
    try:
        for logger in loggers:
            logger.addHandler(listener)
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
        yield listener.said
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)
            logger.propagate = propagate


def secrets_in(outcome: Outcome, *others: str) -> list[str]:
    """Return the secrets that are shown: of the service, and others."""
    shown = outcome.shown
    return [secret for secret in (*SECRETS, SCORING_KEY, *others) if secret in shown]
