"""Talking to a WSGI application in this process, with no socket: ``session.mount(base, WSGIAdapter(app))``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

__all__ = ["WSGIAdapter", "wsgi_session"]

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
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
            started[:] = [status, headers]
            return lambda data: None

        iterable = self._app(_environ(request), start_response)
        try:
            body = b"".join(iterable)
        finally:
            getattr(iterable, "close", lambda: None)()
        return self.build_response(request, _raw(started[0], started[1], body, request.method))


def wsgi_session(app: WSGIApplication) -> requests.Session:
    """Return a session whose every call goes to ``app``."""
    session = requests.Session()
    adapter = WSGIAdapter(app)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False
    return session


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "RAW_URI": f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(_header_variables(request.headers))
    return environ


def _header_variables(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    variables = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        variables[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return variables


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
