"""The lowest rung: one call goes out, one whole answer comes back, or a TransportError says how far it got.

Built on a pooled ``requests`` session. Nothing is retried, nothing is followed and nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import requests
import urllib3

from ._clock import Deadline
from ._exceptions import AnswerLost, AnswerTimeout, NotSent, OutcomeUnknown, TransportError, UnexpectedAnswer, WrongCall
from ._redaction import quieten_logs, redact
from ._wire import Bound, bounded, pooled

__all__ = ["Answer", "Call", "Transport"]

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the operation means it. ``repeatable`` says that doing it twice does no harm."""

    method: str
    url: str = field(repr=False)  # may carry a SAS
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. Header names are lower case."""

    call: Call
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The service's name for this call, which its support asked for."""
        return self.headers.get("x-ms-request-id")


class Transport:
    """Sends calls over a pooled session.

    ``connect_timeout`` bounds the time to get a connection and ``read_timeout`` the silence between two packets; both
    are cut to what is left of the operation's deadline, before every packet. ``most_bytes`` bounds an answer that is
    kept in memory. A ``session`` that is given stays open at the end, and its connections are its own: where it opens
    sockets, only the silence between two packets is bounded.
    """

    def __init__(
        self,
        session: requests.Session | None = None,
        *,
        connect_timeout: float = 10.0,
        read_timeout: float = 100.0,
        most_bytes: int = 64 * 1024 * 1024,
        pool_size: int = 16,
    ) -> None:
        quieten_logs()
        self._owned = session is None
        self._session = session if session is not None else pooled(pool_size)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._most_bytes = most_bytes

    def send(self, call: Call, deadline: Deadline) -> Answer:
        """Send ``call`` and return the whole answer. Raises TransportError, UnexpectedAnswer, WrongCall."""
        with self._open(call, deadline) as response:
            content = bytearray()
            for chunk in self._chunks(response, call, deadline):
                content += chunk
                if len(content) > self._most_bytes:
                    reason = f"the answer is larger than {self._most_bytes} bytes"
                    raise UnexpectedAnswer(reason, method=call.method, url=call.url)
            return _answer(call, response, bytes(content))

    def stream(self, call: Call, deadline: Deadline) -> Iterator[Answer | bytes]:
        """Yield the answer's head (without content when it is a success), then its content piece by piece."""
        with self._open(call, deadline) as response:
            if not 200 <= response.status_code < 300:
                yield _answer(call, response, b"".join(self._chunks(response, call, deadline)))
                return
            yield _answer(call, response, b"")
            yield from self._chunks(response, call, deadline)

    def close(self) -> None:
        """Close the pooled connections, unless the session was given from outside."""
        if self._owned:
            self._session.close()

    def _open(self, call: Call, deadline: Deadline) -> requests.Response:
        if deadline.left <= 0:
            raise NotSent("no time was left to send it", method=call.method, url=call.url)
        try:
            response = self._request(call, deadline)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            trouble = translate(error, call)
        else:
            if not _is_cut(response, call):
                return response
            response.close()
            trouble = AnswerLost("the answer's head is not whole", method=call.method, url=call.url)
        # Raised out here, so that nothing hangs on it: requests' texts quote the whole address, signature included.
        raise trouble

    def _request(self, call: Call, deadline: Deadline) -> requests.Response:
        left = deadline.left
        with bounded(Bound(self._read_timeout, deadline)):
            return self._session.request(
                call.method,
                call.url,
                params=dict(call.params) or None,
                headers=dict(call.headers),
                data=call.content,
                timeout=(min(self._connect_timeout, left), min(self._read_timeout, left)),
                allow_redirects=False,  # the service never redirects, and a key must not travel to another host
                auth=_leave_alone,
                stream=True,
            )

    def _chunks(self, response: requests.Response, call: Call, deadline: Deadline) -> Iterator[bytes]:
        """Read with the deadline in sight: a peer that sends one byte a second never runs into a read time-out."""
        while deadline.left > 0:
            try:
                chunk = response.raw.read1(_CHUNK, decode_content=True)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                trouble = translate(error, call)
                break
            if not chunk:
                return
            yield chunk
        else:
            trouble = AnswerTimeout("the answer was not whole in time", method=call.method, url=call.url)
        raise trouble


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from replacing our Authorization header by what ~/.netrc says, as it does without ``auth``."""
    return request


def _is_cut(response: requests.Response, call: Call) -> bool:
    """Whether the connection may have ended inside the head, which http.client takes for its end.

    Every HTTP/1.1 answer of the service says how long it is. One that does not, or whose length is itself cut, can be
    cut anywhere unseen: an evaluation of 0.93 would read 0.9. HTTP/1.0 answers, which end with the connection, are
    taken as they are.
    """
    parsed = getattr(getattr(response.raw, "_original_response", None), "msg", None)
    if getattr(parsed, "defects", None):
        return True
    bodiless = call.method == "HEAD" or response.status_code in (204, 304)
    told = response.headers
    framed = told.get("Content-Length", "").isdecimal() or told.get("Transfer-Encoding", "").lower() == "chunked"
    return bool(response.raw.version == 11 and not bodiless and not framed)


def _answer(call: Call, response: requests.Response, content: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(call=call, status=response.status_code, headers=MappingProxyType(headers), content=content)


_known = requests.exceptions
_lower = urllib3.exceptions
_NEVER_CONNECTED = (
    _known.ConnectTimeout,
    _known.ProxyError,
    _lower.NewConnectionError,
    _lower.ConnectTimeoutError,
    _lower.NameResolutionError,
    _lower.ProxyError,
    _lower.EmptyPoolError,
    _lower.LocationValueError,
)
_SILENCE = (_known.ReadTimeout, _lower.ReadTimeoutError, TimeoutError)
_UNREADABLE = (_known.ContentDecodingError, _lower.DecodeError)
_TLS = (_known.SSLError, _lower.SSLError)


def translate(error: Exception, call: Call) -> TransportError | UnexpectedAnswer | WrongCall:
    """Say in our own terms what became of ``call``; the question is always whether anything was sent."""
    if _is_bad_address(error):
        return WrongCall(f"not an address that can be called: {redact(call.url)}")
    cause = _innermost(error)
    both = (error, cause)
    if any(isinstance(one, _UNREADABLE) for one in both):
        return UnexpectedAnswer("the answer's compression is broken", method=call.method, url=call.url)
    kind: type[TransportError] = AnswerLost
    if any(isinstance(one, _NEVER_CONNECTED) for one in both):
        kind = NotSent
    elif any(isinstance(one, _SILENCE) for one in both):
        kind = AnswerTimeout
    elif any(isinstance(one, _TLS) for one in both):
        kind = OutcomeUnknown  # a certificate refused, or a broken session: not told apart
    return kind(_reason(cause), method=call.method, url=call.url)


def _is_bad_address(error: Exception) -> bool:
    kinds = (_known.MissingSchema, _known.InvalidSchema, _known.InvalidURL, _known.InvalidHeader)
    return isinstance(error, kinds) or (
        isinstance(error, ValueError) and not isinstance(error, _known.RequestException)
    )


def _innermost(error: Exception) -> Any:
    """Unwrap requests' ConnectionError(MaxRetryError(reason=...)) to what really happened."""
    seen: Any = error
    for _ in range(4):
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in getattr(seen, "args", ()) if isinstance(part, BaseException)), None)
        if inner is None:
            break
        if isinstance(seen, _NEVER_CONNECTED):
            break
        seen = inner
    return seen


_REASONS: tuple[tuple[Any, str], ...] = (
    (_lower.NameResolutionError, "the host name is not known"),
    ((_lower.ConnectTimeoutError, _known.ConnectTimeout), "no connection in the time allowed"),
    (_lower.NewConnectionError, "the connection was refused or the host cannot be reached"),
    (_SILENCE, "no answer in the time allowed"),
)


def _reason(cause: Any) -> str:
    """Describe the cause without requests' habit of quoting addresses; an OSError's own words are harmless."""
    for kinds, words in _REASONS:
        if isinstance(cause, kinds):
            return words
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return f"the connection broke ({type(cause).__name__})"
