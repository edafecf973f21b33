"""Exchanges of made-up programs, and what a team may state of an answer: material for tests of consumer contracts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


def _texts(size: int) -> st.SearchStrategy[str]:
    """Return texts without a secret: what is written in the place of one does not give it back."""
    return st.text(max_size=size).filter(lambda text: "sig=" not in text and "AccountKey=" not in text)


NAMES = _texts(8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts(12)
)
# JSON as services answer with it, awkward names and texts included.
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
TYPES = {str: str, bool: bool, int: int, float: float, list: list, dict: dict, type(None): type(None) | int}


@dataclass(frozen=True)
class Ids:
    """What differs from run to run."""

    base: str = "http://127.0.0.1:41000"
    workspace: str = "a" * 32
    endpoint: str = "e" * 32
    key: str = "K" * 86 + "=="

    @property
    def known(self) -> dict[str, str]:
        """The texts with their places."""
        return {self.base: "base", self.workspace: "workspace", self.endpoint: "endpoint:S/default", self.key: "key:S"}


OTHER = Ids("http://localhost:9", "b" * 32, "c" * 32, "Q" * 86 + "==")


def exchange(
    operation: str = "rrs.execute",
    answer: Any = None,
    *,
    ids: Ids | None = None,
    status: int = 200,
    body: Any = None,
    job: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return an exchange as the emulator tells it."""
    ids = ids or Ids()
    method, path = {
        "rrs.execute": ("POST", "/execute"),
        "bes.submit": ("POST", "/jobs"),
        "bes.start": ("POST", f"/jobs/{job}/start"),
        "bes.status": ("GET", f"/jobs/{job}"),
        "bes.delete": ("DELETE", f"/jobs/{job}"),
    }[operation]
    arguments = {"workspace_id": ids.workspace, "endpoint_id": ids.endpoint} | ({"job_id": job} if job else {})
    return {
        "operation": operation,
        "method": method,
        "url": f"/workspaces/{ids.workspace}/services/{ids.endpoint}{path}?api-version=2.0",
        "arguments": arguments,
        "service": "S",
        "endpoint": "default",
        "caller": "key",
        "headers": {"content-type": "application/json", "accept": "*/*"},
        "body": "" if body is None else json.dumps(body),
        "status": status,
        "answer_headers": {"content-type": "application/json; charset=utf-8", "x-ms-request-id": "1"},
        "answer": "" if answer is None else json.dumps(answer),
        **changes,
    }


@st.composite
def statements_about(draw: st.DrawFn, value: Any) -> Any:
    """Draw what somebody may truly state of a value: all of it, some of it, or something looser."""
    how = draw(st.sampled_from(("value", "type", "anything", "part")))
    if how == "anything":
        return ...
    if how == "type":
        return TYPES[type(value)]
    if how == "part" and isinstance(value, dict):
        names = [name for name in value if draw(st.booleans())]
        return {name: draw(statements_about(value[name])) for name in names}
    if how == "part" and isinstance(value, list):
        stated = [draw(statements_about(one)) for one in value]
        return value if stated[1:] == [...] else stated  # two, the second anything, is how a list of any length is said
    return value
