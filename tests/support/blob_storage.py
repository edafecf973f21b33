"""What the tests of blob storage share: a clock that stands still, and a caller of the WSGI application."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes
from xml.etree import ElementTree

from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.sas import sign
from amlemulator.core.shared_key import Signed, strings_to_sign
from amlemulator.faces.blob import BlobApplication

NOW = 1_594_296_000.25  # Thu, 09 Jul 2020 12:00:00 GMT, and a quarter
ACCOUNT, KEY = DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
VERSION = "2021-12-02"


class StillClock:
    """A clock that shows what it is told to."""

    def __init__(self, time=NOW):
        self.time = time

    def now(self):
        """Return the time that was set."""
        return self.time


@dataclass
class Reply:
    """An answer: status, reason phrase, headers by lower-case name, body."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    listed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def code(self):
        """The service's error code; None when there is no error."""
        return self.headers.get("x-ms-error-code")

    @property
    def verdict(self):
        """Status and error code."""
        return self.status, self.code

    @property
    def xml(self):
        """The body as XML."""
        return ElementTree.fromstring(self.body)

    def text(self, path):
        """Return the text of an element of the body."""
        return self.xml.findtext(path)


@dataclass
class Storage:
    """Blob storage behind its WSGI application, called as a client with the account's key would."""

    application: BlobApplication
    blobs: FilesBlobs
    clock: StillClock
    version: str = VERSION

    def call(self, method, path, query="", body=b"", headers=None, *, signed=True, environ=None):
        """Send a request; ``path`` is below the account and undecoded. Headers with None are left out."""
        target = f"/{ACCOUNT}{path}"
        given = {"x-ms-version": self.version, "x-ms-date": "Thu, 09 Jul 2020 12:00:00 GMT", **(headers or {})}
        if body or method == "PUT":
            given.setdefault("content-length", str(len(body)))
        given = {name: value for name, value in given.items() if value is not None}
        if signed:
            given["authorization"] = authorization(method, target, query, given)
        built = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(target).decode("latin-1"),
            "REQUEST_URI": target + ("?" + query if query else ""),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "10000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:10000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **wsgi_headers(given),
            **(environ or {}),
        }
        return run(self.application, built)

    def put(self, path, body=b"content", headers=None, query="", **options):
        """Put Blob."""
        return self.call("PUT", path, query, body, {"x-ms-blob-type": "BlockBlob", **(headers or {})}, **options)

    def get(self, path, query="", headers=None, **options):
        """Send a GET."""
        return self.call("GET", path, query, headers=headers, **options)

    def make(self, container="cont", headers=None):
        """Create Container."""
        return self.call("PUT", f"/{container}", "restype=container", headers=headers)


def authorization(method, path, query, headers, key=KEY):
    """Return the Authorization header of a request, as its client would sign it."""
    plain = {name.lower(): value for name, value in headers.items()}
    signed = Signed(ACCOUNT, method, plain, [path], query, plain.get("x-ms-version", ""))
    return f"SharedKey {ACCOUNT}:{sign(key, next(strings_to_sign('sharedkey', signed)))}"


def wsgi_headers(headers):
    """Return headers as a WSGI environment has them."""
    found = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.encode().decode("latin-1")
    return found


def run(application, environ):
    """Run one request, and return the whole answer."""
    caught = []

    def start_response(status, headers, exc_info=None):
        caught.append((status, headers))

    result = application(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    [(status, headers)] = caught
    number, _, reason = status.partition(" ")
    return Reply(int(number), reason, {name.lower(): value for name, value in headers}, body, headers)


@contextmanager
def open_storage(folder, **options):
    """Open storage in a folder, for the development account."""
    clock = StillClock()
    with closing(FilesBlobs(folder, {ACCOUNT: KEY}, clock, **options)) as blobs:
        yield Storage(BlobApplication(blobs, clock), blobs, clock)


def escaped(name):
    """Return a name as it stands in a path."""
    return quote(name, safe="")


def metadata(reply):
    """Return the metadata in an answer's headers."""
    return {name[10:]: value for name, value in reply.headers.items() if name.startswith("x-ms-meta-")}


@contextmanager
def serving(application, spool=None, **members):
    """Serve an application with waitress on a free loopback port, as the emulator does; yield its base URL."""
    import threading

    from waitress.server import create_server

    from amlemulator.faces.blob_channel import adapt
    from amlemulator.faces.prompt_channel import PromptChannel, Threads

    listeners = {}
    options = {"host": "127.0.0.1", "port": 0, "recv_bytes": 65536, "asyncore_use_poll": True}
    server = create_server(application, map=listeners, _dispatcher=Threads(), **options)
    adapt(listeners, spool, PromptChannel, **members)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # In the server's own thread, so that nothing is closed under its hands; with nothing left it returns.
        server.trigger.pull_trigger(lambda: [item.close() for item in list(listeners.values())])
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()
