"""One HTTP exchange at a time, every answer looked at, the last ones remembered for the report.

Not the client of this project: that one retries and interprets. Here what goes out is what a check wrote down, and
nothing is followed, retried or unpacked.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import urllib3

from amlcontracts.harness.breach import Breach, show

KEPT = 12  # exchanges of a thread that a report may show
SHOWN = 1500  # characters of a body in a report
PATIENCE = 100.0  # seconds; the service's own limit for an answer
CONNECTIONS = 64
SECRETS = re.compile(
    r'(?i)(bearer\s+)[^\s"]+|(sig=)[^&"\s]+|(accountkey=)[^;"]+|("(?:primary|secondary)key":\s*")[^"]+|("token":\s*")[^"]+'
)


def masked(text: str) -> str:
    """Return the text without keys, tokens and signatures."""
    return SECRETS.sub(lambda match: next(part for part in match.groups() if part) + "***", text)


@dataclass(frozen=True)
class Answer:
    """What came back, and to what."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The JSON body. Raises Breach when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Breach(f"{self.line}: the body is not JSON: {show(self.text)}") from None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def line(self) -> str:
        """Request and status on one line, without secrets."""
        return masked(f"{self.method} {self.url} -> {self.status}")

    @cached_property
    def refusal(self) -> tuple[int, str | None, str | None]:
        """Status, code and the first detail's code; codes are None where there is none."""
        if self.status < 400 or not self.body:
            return self.status, None, None
        error = self.json["error"]
        details = error.get("details") or [{}]
        return self.status, error["code"], details[0].get("code")

    @property
    def target(self) -> str | None:
        """What the first detail of a refusal is about."""
        details = self.json["error"].get("details") or [{}]
        found: str | None = details[0].get("target")
        return found


@dataclass(frozen=True)
class Exchange:
    """A request and its answer as a report shows them: cut, and without secrets."""

    request: str
    answer: str


Look = Callable[[Answer], None]


class Wire:
    """Sends requests. ``look`` is shown every answer and raises Breach at what no answer may be."""

    def __init__(self, look: Look = lambda answer: None) -> None:
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=PATIENCE)
        self.look = look
        self._recent: deque[Exchange] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self.sent = 0

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Send one request; ``body`` goes out as JSON, ``raw`` as it is. Raises Breach when no answer comes."""
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {key}"} if key is not None else {}
        if content is not None:
            given["Content-Type"] = "application/json"
        given |= headers or {}
        try:
            came = self._pool.request(method, url, body=content, headers=given, redirect=False, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            self._note(method, url, given, content, f"no answer: {error}")
            raise Breach(masked(f"{method} {url}: no answer came: {error}")) from error
        answer = Answer(
            method, url, came.status, {name.lower(): text for name, text in came.headers.items()}, came.data
        )
        self._note(method, url, given, content, f"{answer.status}\n{answer.text[:SHOWN]}")
        self.look(answer)
        return answer

    def _note(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, answer: str) -> None:
        lines = [f"{method} {url}", *(f"{name}: {value}" for name, value in headers.items())]
        if content:
            lines += ["", content[:SHOWN].decode("utf-8", "replace")]
        with self._lock:
            self.sent += 1
            self._recent.append(Exchange(masked("\n".join(lines)), masked(answer)))

    def recent(self) -> list[Exchange]:
        """Return the last exchanges, oldest first."""
        with self._lock:
            return list(self._recent)

    def forget(self) -> None:
        """Forget the exchanges of the check before."""
        with self._lock:
            self._recent.clear()

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()
