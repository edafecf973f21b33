"""Who may call what: keys and tokens, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from amlemulator.core.records import Endpoint, Workspace


def bearer(header: str | None) -> str:
    """Return the token of an Authorization header, or "" when there is none.

    The scheme's case and the number of blanks are as clients happen to send them (clients.md section 2).
    """
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def matches(token: str, keys: Iterable[str]) -> bool:
    """Tell whether ``token`` is one of ``keys``; takes as long for a wrong token as for a right one."""
    given = token.encode()
    found = [hmac.compare_digest(given, key.encode()) for key in keys]  # every key, so the time tells nothing
    return any(found) and bool(token)


def opens_endpoint(token: str, endpoint: Endpoint) -> bool:
    """Tell whether ``token`` is the endpoint's primary or secondary key."""
    return matches(token, (endpoint.primary_key, endpoint.secondary_key))


def opens_workspace(token: str, workspace: Workspace) -> bool:
    """Tell whether ``token`` is one of the workspace's authorization tokens."""
    return matches(token, (workspace.primary_token, workspace.secondary_token))
