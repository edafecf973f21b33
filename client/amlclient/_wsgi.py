"""Talking to a WSGI application in this process, with no socket: ``session.mount(base, WSGIAdapter(app))``."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

__all__ = ["WSGIAdapter", "gathered", "wsgi_call", "wsgi_environ", "wsgi_session"]

IN_MEMORY = 1 << 20  # bytes of a body without a length that are kept in memory
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]


class WSGIAdapter(HTTPAdapter):
    """A requests adapter that calls a WSGI application. What the application raises comes out as it is."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__(max_retries=0)
        self._app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Call the application and return its answer. Time-outs, certificates and proxies mean nothing here."""
        with _content(request) as (content, headers):
            environ = wsgi_environ(request.method or "GET", request.url or "", headers, content)
            status, found, body = wsgi_call(self._app, environ)
        return self.build_response(request, _raw(status, found, body, request.method))


def wsgi_session(app: WSGIApplication) -> requests.Session:
    """Return a session whose every call goes to ``app``."""
    session = requests.Session()
    adapter = WSGIAdapter(app)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False
    return session


def wsgi_call(app: WSGIApplication, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call a WSGI application; returns the status line, the headers and the body."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
        started[:] = [status, headers]
        return lambda data: None

    iterable = app(environ, start_response)
    try:
        body = b"".join(iterable)
    finally:
        getattr(iterable, "close", lambda: None)()
    return started[0], started[1], body


def wsgi_environ(method: str, url: str, headers: Iterable[tuple[str, str]], content: BinaryIO) -> dict[str, Any]:
    """Return what a server makes of a request: the path as it was sent is in RAW_URI, for signatures are made of it."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "RAW_URI": f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": content,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ["amlclient.headers"] = list(headers)  # with the case and the underscores that variables lose
    for name, value in environ["amlclient.headers"]:
        key = name.upper().replace("-", "_")
        variable = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
    environ.setdefault("HTTP_HOST", parts.netloc)
    return environ


@contextmanager
def gathered(pieces: Iterable[bytes]) -> Iterator[tuple[BinaryIO, int]]:
    """Gather a body that comes in pieces, as a server does; gives it as a file, and its length in bytes."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as whole:
        for piece in pieces:
            whole.write(piece)
        size = whole.tell()
        whole.seek(0)
        yield cast(BinaryIO, whole), size


@contextmanager
def _content(request: requests.PreparedRequest) -> Iterator[tuple[BinaryIO, Iterable[tuple[str, str]]]]:
    """Give the body as a file, and the headers with its length."""
    headers = {name: _text(value) for name, value in request.headers.items()}
    content = cast(Any, request.body)
    if content is None or isinstance(content, (str, bytes)):
        yield io.BytesIO(content.encode() if isinstance(content, str) else content or b""), headers.items()
    elif "Content-Length" in headers:
        yield content, headers.items()
    else:
        with gathered(content) as (source, size):
            headers.pop("Transfer-Encoding", None)
            yield source, {**headers, "Content-Length": str(size)}.items()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _raw(status: str, headers: list[tuple[str, str]], body: bytes, method: str | None) -> urllib3.response.HTTPResponse:
    code, _, phrase = status.partition(" ")
    return urllib3.response.HTTPResponse(
        body=io.BytesIO(body),
        headers=urllib3.HTTPHeaderDict(headers),
        status=int(code),
        reason=phrase,
        preload_content=False,
        enforce_content_length=True,  # an application that sends less than it promised is a broken connection
        request_method=method,
    )
