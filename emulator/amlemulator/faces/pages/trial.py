"""Calls of the API on a visitor's behalf: through the whole pipeline, as a program's, so that what is seen is real."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from amlemulator.core.addresses import Addresses

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

PLAIN = Addresses("", "")  # addresses as the WSGI application sees them, whatever stands in front of it
SHOWN_KEY = "$API_KEY"


@dataclass(frozen=True, slots=True)
class Plan:
    """A call before it is made. ``url`` is what a program would use, ``path`` what our application is called with."""

    method: str
    url: str
    path: str
    body: Any = None

    @property
    def text(self) -> str:
        """The body as it is shown and sent."""
        return "" if self.body is None else json.dumps(self.body, indent=2, ensure_ascii=False)

    @property
    def curl(self) -> str:
        """A line for the shell that makes the same call; the key comes from the variable API_KEY."""
        words = ["curl", "-X", self.method, shlex.quote(self.url), "-H", f'"Authorization: Bearer {SHOWN_KEY}"']
        if self.body is not None:
            compact = json.dumps(self.body, ensure_ascii=False)
            words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(compact)]
        elif self.method == "POST":
            words += ["-d", "''"]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that was made, and its answer."""

    plan: Plan
    status: int
    text: str

    @property
    def json(self) -> Any:
        """The answer's JSON, None when it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def shown(self) -> str:
        """The answer laid out for reading."""
        value = self.json
        return self.text if value is None else json.dumps(value, indent=2, ensure_ascii=False)

    @property
    def ok(self) -> bool:
        """Whether the service did what was asked."""
        return 200 <= self.status < 300


def plan(method: str, real: str, plain: str, query: str = "", body: Any = None) -> Plan:
    """Make a plan of the same address in both forms: as answers have it (``real``), and without a base (``plain``)."""
    mark = f"?{query}" if query else ""
    return Plan(method, real + mark, urlsplit(plain).path + mark, body)


def make(emulator: Emulator, planned: Plan, key: str) -> Exchange:
    """Make a planned call with a key."""
    from werkzeug.test import Client  # only a visitor who tries something needs it

    headers = {"Authorization": f"Bearer {key}"}
    content = None if planned.body is None else json.dumps(planned.body, ensure_ascii=False).encode()
    if content is not None:
        headers["Content-Type"] = "application/json"
    client = Client(emulator.wsgi_app)
    answer = client.open(planned.path, method=planned.method, headers=headers, data=content)
    return Exchange(planned, answer.status_code, answer.get_data(as_text=True))
