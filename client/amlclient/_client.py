"""The ladder: operation, retry, authentication, transport. Each step does one thing and calls the next.

A client of one API subclasses :class:`ServiceClient` and adds typed operations; nothing else differs between them.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree

from ._auth import Anonymous, Auth
from ._clock import Clock, Deadline, SystemClock
from ._exceptions import (
    ErrorDetail,
    NotFound,
    ServiceError,
    ServiceUnavailable,
    TransportError,
    Unauthorized,
    UnexpectedAnswer,
)
from ._redaction import redact
from ._retry import RetryPolicy
from ._transport import Answer, Call, Transport

__all__ = ["ServiceClient"]

_KINDS: Mapping[int, type[ServiceError]] = {401: Unauthorized, 404: NotFound, 503: ServiceUnavailable}


class ServiceClient:
    """What every client has. ``timeout`` bounds each operation in seconds, its retries included.

    A ``transport`` that is given is shared and stays open; without one the client makes its own and closes it.
    """

    def __init__(
        self,
        auth: Auth | None = None,
        *,
        transport: Transport | None = None,
        retry: RetryPolicy | None = None,
        timeout: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        self._auth = auth if auth is not None else Anonymous()
        self._owned = transport is None
        self._transport = transport if transport is not None else Transport()
        self._retry = retry if retry is not None else RetryPolicy()
        self._timeout = timeout
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._born = self._clock.monotonic()

    def close(self) -> None:
        """Close the connections, unless the transport was given from outside."""
        if self._owned:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, call: Call, *, timeout: float | None = None, also: Container[int] = ()) -> Answer:
        """First step, the operation's: return an answer that says yes: 2xx, or a status that is in ``also``.

        Raises ServiceError for any other: 304 is no yes to a PATCH, and 1xx and 3xx are none to anything.
        """
        answer = self._send_retrying(call, self._deadline(timeout))
        if 200 <= answer.status < 300 or answer.status in also:
            return answer
        raise refusal(answer, self._auth.secrets())

    def _deadline(self, timeout: float | None) -> Deadline:
        """Return the end of an operation that begins now; one that makes several calls gives each what is left."""
        return Deadline(self._clock, self._timeout if timeout is None else timeout)

    def _send_retrying(self, call: Call, deadline: Deadline) -> Answer:
        """Second step: send again where that is safe and time is left."""
        attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(call, deadline)
            age = self._clock.monotonic() - self._born
            pause = self._retry.delay(outcome, attempt=attempt, age=age)
            if not self._retry.wants(call, outcome, attempt=attempt, age=age) or pause >= deadline.left:
                break
            self._clock.sleep(pause)
        if isinstance(outcome, TransportError):
            raise outcome
        return outcome

    def _attempt(self, call: Call, deadline: Deadline) -> Answer | TransportError:
        try:
            return self._send_authenticated(call, deadline)
        except TransportError as error:
            return error

    def _send_authenticated(self, call: Call, deadline: Deadline) -> Answer:
        """Third step: say who is calling."""
        headers = {**call.headers, **self._auth.headers()}
        return self._send_once(replace(call, headers=headers), deadline)

    def _send_once(self, call: Call, deadline: Deadline) -> Answer:
        """Last step: one request, one answer."""
        return self._transport.send(call, deadline)


def json_call(
    method: str, url: str, body: Any = None, *, params: Mapping[str, str] | None = None, repeatable: bool = False
) -> Call:
    """Make a call that takes and gives JSON. A body of None is no body at all."""
    headers = {"Accept": "application/json"}
    content = None
    if body is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    elif method == "POST":
        content = b""  # Content-Length: 0, as every client sends it to start a job (clients.md 4.2)
    return Call(method, url, params=params or {}, headers=headers, content=content, repeatable=repeatable)


def json_of(answer: Answer) -> Any:
    """Read an answer's JSON. Raises UnexpectedAnswer when it is none."""
    call = answer.call
    try:
        return json.loads(answer.content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # Of a success nothing is quoted, and nothing hangs on the error: an endpoint cut short still has its keys.
        reason = f"the answer is not JSON ({len(answer.content)} bytes)"
    raise UnexpectedAnswer(reason, method=call.method, url=call.url, request_id=answer.request_id)


def refusal(answer: Answer, secrets: tuple[str, ...] = ()) -> ServiceError:
    """Turn an answer that says no into its exception, whichever of the service's envelopes it wears (errors.md 0.2)."""
    code, message, details = _read_refusal(answer)
    kind = _KINDS.get(answer.status, ServiceError)
    return kind(
        answer.status,
        code,
        redact(message, secrets),
        details=tuple(ErrorDetail(d.code, redact(d.message, secrets), d.target) for d in details),
        request_id=answer.request_id,
        method=answer.call.method,
        url=answer.call.url,
    )


def _read_refusal(answer: Answer) -> tuple[str, str, tuple[ErrorDetail, ...]]:
    try:
        body = json.loads(answer.content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _read_xml(answer)
    error = _member(body, "error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return "", _beginning(answer.content), ()
    details = _member(error, "details")
    read = tuple(_detail(d) for d in details if isinstance(d, Mapping)) if isinstance(details, list) else ()
    return str(_member(error, "code") or ""), str(_member(error, "message") or ""), read


def _read_xml(answer: Answer) -> tuple[str, str, tuple[ErrorDetail, ...]]:
    """Read Azure Storage's error, or take the text as it is (the Studio API of 2015 answered plain text)."""
    code = answer.headers.get("x-ms-error-code", "")
    if b"<!DOCTYPE" in answer.content[:1024] or b"<!ENTITY" in answer.content:
        return code, _beginning(answer.content), ()
    try:
        root = ElementTree.fromstring(answer.content)  # noqa: S314  # no DTD, so no entities to expand
    except ElementTree.ParseError:
        return code, _beginning(answer.content), ()
    told = [root.findtext("Message") or "", root.findtext("AuthenticationErrorDetail") or ""]
    return root.findtext("Code") or code, " ".join(text.strip() for text in told if text.strip()), ()


def _detail(members: Mapping[str, Any]) -> ErrorDetail:
    target = _member(members, "target")
    code, message = _member(members, "code"), _member(members, "message")
    return ErrorDetail(str(code or ""), str(message or ""), str(target) if target else None)


def _member(members: Mapping[str, Any], name: str) -> Any:
    """Read a member in either of the service's spellings: ``code`` on most hosts, ``Code`` on Studio's."""
    return members.get(name, members.get(name.capitalize()))


def _beginning(content: bytes) -> str:
    text = " ".join(content[:2000].decode("utf-8", "replace").split())
    return text[:200] + ("..." if len(text) > 200 else "") or "(empty)"
