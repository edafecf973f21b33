"""``requests`` with no socket."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from amlemulator.transports import Refused, exchange, spooled

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

__all__ = ["RequestsAdapter", "session"]


def session(emulator: Emulator) -> requests.Session:
    """Return a session of ``requests`` whose every request goes to the emulator, with no socket."""
    made = requests.Session()
    made.trust_env = False  # neither a proxy nor a .netrc has a say in what never leaves the process
    for scheme in ("http://", "https://"):
        made.mount(scheme, RequestsAdapter(emulator))
    return made


class RequestsAdapter(BaseAdapter):
    """What a session of ``requests`` mounts in the place of the network."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator
        self._maker = HTTPAdapter()  # makes the answers; it opens nothing

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a prepared request. Raises requests.ConnectionError where the network would."""
        try:
            with _content(request) as (source, headers):
                method, url = request.method or "GET", request.url or ""
                status, found, body = exchange(self._emulator, method, url, headers.items(), source)
        except Refused as error:
            raise requests.ConnectionError(str(error), request=request) from error
        code, _, reason = status.partition(" ")
        answer = HTTPResponse(
            body=io.BufferedReader(body),
            headers=HTTPHeaderDict(found),
            status=int(code),
            reason=reason,
            preload_content=False,
            decode_content=False,
            request_method=method,
        )
        return self._maker.build_response(request, answer)

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def _content(request: requests.PreparedRequest) -> Iterator[tuple[BinaryIO, dict[str, str]]]:
    """Give the body as a file, and the headers with its length."""
    headers, content = dict(request.headers), cast(Any, request.body)
    if content is None or isinstance(content, (str, bytes)):
        yield io.BytesIO(content.encode() if isinstance(content, str) else content or b""), headers
    elif "Content-Length" in headers:
        yield content, headers
    else:
        with spooled(content) as (source, size):
            headers.pop("Transfer-Encoding", None)
            yield source, {**headers, "Content-Length": str(size)}
