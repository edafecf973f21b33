"""The journal of requests: a bounded ring, without secrets."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

KEPT = 1000
SECRETS = re.compile(r"(?i)(?:^|[?&])(?:sig|code|key|token)=")
FILTERS = ("operation", "method", "path", "status", "workspace")
Entry = dict[str, Any]


def masked(uri: str) -> str:
    """Return the request target with every signature and key in its query hidden.

    A value that is an address with a signature of its own is hidden whole (Studio's packages are named so).
    """
    path, mark, query = uri.partition("?")
    return path + mark + "&".join(_masked(part) for part in query.split("&"))


def _masked(part: str) -> str:
    text, plain = "", part
    while text != plain:  # as often as it was escaped
        text, plain = plain, unquote(plain)
        if SECRETS.search(plain):
            return part.partition("=")[0] + "=***"
    return part


def differences(entry: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return one line for each filter that an entry does not pass: what was wanted, what it is.

    ``operation``, ``method`` and ``path`` are patterns (``bes.*``); ``path`` is without the query; ``workspace`` is an
    id that stands in the path. Raises TypeError for a filter that there is none of.
    """
    unknown = sorted(set(wanted) - set(FILTERS))
    if unknown:
        raise TypeError(f"requests are found by {', '.join(FILTERS)}; not by {', '.join(unknown)}")
    path = entry["url"].partition("?")[0]
    found = {**entry, "path": path}
    lines = []
    for name, value in wanted.items():
        if name == "workspace":
            # Whoever asks the control plane of a workspace is the test, not what it tests.
            fits, shown = str(value) in path and not path.startswith("/_emulator"), path
        elif name == "status":
            fits, shown = int(value) == entry["status"], entry["status"]
        else:
            shown = found[name]
            fits = fnmatchcase(shown or "", str(value))
        if not fits:
            lines.append(f"{name}: wanted {value}, was {shown}")
    return lines


class Requests:
    """Requests to look through, wherever they are kept."""

    look_every = 0.002  # seconds between looks while it waits

    def entries(self) -> list[Entry]:
        """Return what is kept, oldest first."""
        raise NotImplementedError

    def find(self, **wanted: Any) -> list[Entry]:
        """Return the requests that pass every filter given, oldest first (see ``differences``)."""
        return [entry for entry in self.entries() if not differences(entry, wanted)]

    def count(self, **wanted: Any) -> int:
        """Return how many requests pass every filter given."""
        return len(self.find(**wanted))

    def wait_for(self, times: int = 1, seconds: float = 5.0, **wanted: Any) -> list[Entry]:
        """Wait for that many requests that pass, and return them. Raises AssertionError after ``seconds``."""
        end = time.monotonic() + seconds
        while len(found := self.find(**wanted)) < times:
            if time.monotonic() >= end:
                raise AssertionError(self._explained(wanted, found, times, f"within {seconds:g} seconds"))
            time.sleep(self.look_every)
        return found

    def assert_called(self, times: int | None = None, **wanted: Any) -> list[Entry]:
        """Return the requests that pass. Raises AssertionError, showing the nearest other, when there are none.

        With ``times``, when there are not just as many.
        """
        found = self.find(**wanted)
        if (times is None and not found) or (times is not None and len(found) != times):
            raise AssertionError(self._explained(wanted, found, times, ""))
        return found

    def _explained(self, wanted: Mapping[str, Any], found: list[Entry], times: int | None, when: str) -> str:
        sought = ", ".join(f"{name}={value!r}" for name, value in wanted.items()) or "any request"
        expected = "at least one request" if times is None else f"{times} request{'s'[: times != 1]}"
        lines = [f"expected {expected} with {sought}{' ' * bool(when)}{when}; there were {len(found)}."]
        lines += [f"  it was: {_line(entry)}" for entry in found]
        others = [entry for entry in self.entries() if entry not in found]
        if others and (times is None or len(found) < times):
            nearest = min(reversed(others), key=lambda entry: _distance(entry, wanted))
            lines.append(f"The nearest other one: {_line(nearest)}")
            lines += [f"  {line}" for line in differences(nearest, wanted)]
        elif not others and not found:
            lines.append("No request has come at all.")
        return "\n".join(lines)


class Journal(Requests):
    """The last requests, newest last. Appending to a bounded deque is atomic, so no lock is needed."""

    def __init__(self) -> None:
        self._ring: deque[tuple[str, float, str, str, str | None, int]] = deque(maxlen=KEPT)

    def note(self, request_id: str, arrived: float, method: str, uri: str, operation: str | None, status: int) -> None:
        """Remember one answered request; status 0 means that its connection was cut."""
        self._ring.append((request_id, arrived, method, uri, operation, status))

    def entries(self) -> list[Entry]:
        """Return what is kept, as JSON, with secrets masked."""
        return [
            {
                "id": request_id,
                "time": arrived,
                "method": method,
                "url": masked(uri),
                "operation": name,
                "status": status,
            }
            for request_id, arrived, method, uri, name, status in list(self._ring)
        ]

    def har(self) -> dict[str, Any]:
        """Return what is kept as an HTTP Archive 1.2; bodies, headers and durations are not kept, and so not in it."""
        creator = {"name": "amlclassic", "version": "0.1.0"}
        return {"log": {"version": "1.2", "creator": creator, "entries": [_archived(one) for one in self.entries()]}}

    def clear(self) -> None:
        """Forget everything."""
        self._ring.clear()


def _line(entry: Entry) -> str:
    return f"{entry['method']} {entry['url']} -> {entry['status']} ({entry['operation']})"


def _distance(entry: Entry, wanted: Mapping[str, Any]) -> tuple[bool, int, float]:
    """Tell how far an entry is from what was wanted: by the number of differences, then by how unlike the texts are.

    One of another workspace is farther than all of this one: it is another test's.
    """
    path = entry["url"].partition("?")[0]
    alike = (
        SequenceMatcher(None, str({**entry, "path": path, "workspace": path}[name]), str(value)).ratio()
        for name, value in wanted.items()
    )
    found = differences(entry, wanted)
    return any(line.startswith("workspace:") for line in found), len(found), -sum(alike)


def _archived(entry: Entry) -> dict[str, Any]:
    query = [{"name": name, "value": value} for name, value in parse_qsl(entry["url"].partition("?")[2], True)]
    status = entry["status"]
    text = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    empty = {"cookies": [], "headers": [], "headersSize": -1, "bodySize": -1, "httpVersion": "HTTP/1.1"}
    return {
        "startedDateTime": datetime.fromtimestamp(entry["time"], UTC).isoformat(timespec="milliseconds"),
        "time": 0,
        "request": {"method": entry["method"], "url": entry["url"], "queryString": query, **empty},
        "response": {
            "status": status,
            "statusText": text,
            "content": {"size": -1, "mimeType": ""},
            "redirectURL": "",
            **empty,
        },
        "cache": {},
        "timings": {"send": -1, "wait": -1, "receive": -1},
        "_operation": entry["operation"],
        "_id": entry["id"],
    }
