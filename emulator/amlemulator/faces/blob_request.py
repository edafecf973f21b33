"""A request to blob storage, read from its WSGI environment once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from amlemulator.core.sas import parse_token
from amlemulator.faces.blob_errors import bad_header, bad_query, refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9])*\Z")
SPECIAL_CONTAINERS = ("$root", "$web", "$logs")
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
OLDEST = "2009-09-19"  # what a request without version gets, as far as anything here depends on it
CLIENT_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,1024}\Z")
NAME_LENGTH = 1024  # of a blob
NAME_SEGMENTS = 254
SAFE_IN_PATHS = "/$!*'(),~;:@&=+-._"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered. A stream is closed by whoever sends it; ``size`` is its length then."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | BinaryIO = b""
    size: int | None = None


class BlobRequest:
    """A request: where it goes, its query, its headers. Raises ServiceError for an address that cannot be."""

    __slots__ = ("account", "blob", "container", "environ", "method", "query", "version")

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.query: Mapping[str, str] = parse_token(environ.get("QUERY_STRING", ""))
        self.version = _version(self.header("x-ms-version") or self.query.get("api-version") or self.query.get("sv"))
        account, container, blob = _split(environ["PATH_INFO"], bool(self.query.get("restype")))
        self.account: str = account
        self.container: str | None = container
        self.blob: str | None = blob

    def header(self, name: str) -> str | None:
        """Return a header's value as text, or None; ``name`` in lower case."""
        value = self.environ.get(environ_key(name))
        return None if value is None else decoded(value)

    def required(self, name: str) -> str:
        """Return a header's value. Raises ServiceError MissingRequiredHeader, naming it."""
        value = self.header(name)
        if not value:
            raise refusal("MissingRequiredHeader", HeaderName=name)
        return value

    def headers(self) -> dict[str, str]:
        """Return all headers by lower-case name, several of one name joined with commas."""
        found: dict[str, str] = {}
        for written, value in self.named_headers():
            name = written.lower()
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

    def named_headers(self) -> Iterable[tuple[str, str]]:
        """Yield the headers with their names as the client wrote them, where the listener kept those.

        A WSGI environment tells neither case nor underscores from hyphens, and metadata names have both.
        """
        raw: Callable[[], Iterable[tuple[str, str]]] | None = self.environ.get("amlemulator.raw_headers")
        if raw is not None:
            yield from ((name, decoded(value)) for name, value in raw())
            return
        for key, value in self.environ.items():
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").lower(), decoded(value)
            elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
                yield key.replace("_", "-").lower(), decoded(value)

    @property
    def length(self) -> int | None:
        """The length of the body in bytes, None when the client did not tell."""
        text = self.environ.get("CONTENT_LENGTH", "")
        return int(text) if text.isdecimal() else None

    @property
    def body(self) -> BinaryIO:
        """The body, as a stream. Not to be read beyond ``length``."""
        stream: BinaryIO = self.environ["wsgi.input"]
        return stream

    def text_body(self, limit: int) -> bytes:
        """Return a small body whole. Raises ServiceError RequestBodyTooLarge past ``limit`` bytes."""
        length = self.length or 0
        if length > limit:
            raise refusal("RequestBodyTooLarge", MaxLimit=str(limit))
        return self.body.read(length)

    @property
    def base_url(self) -> str:
        """The service's address as this client knows it, with a trailing slash; lists name it."""
        signed = self.environ.get("amlemulator.signed_path")
        host = self.environ.get("HTTP_HOST") or f"{self.environ['SERVER_NAME']}:{self.environ['SERVER_PORT']}"
        base = f"{self.environ['wsgi.url_scheme']}://{host}/"
        if signed is None:
            return f"{base}{self.account}/"
        first = signed.lstrip("/").partition("/")[0]
        return f"{base}{first}/" if first.removesuffix(".blob") == self.account else base

    def signed_paths(self) -> list[str]:
        """Return the undecoded paths that the client may have signed, most likely first."""
        uri: str | None = self.environ.get("REQUEST_URI") or self.environ.get("RAW_URI")
        if uri is None:
            raw = quote(self.environ["PATH_INFO"].encode("latin-1"), safe=SAFE_IN_PATHS)
        else:
            raw = uri.partition("?")[0]
            if not raw.startswith("/"):  # the absolute form, as proxies are sent it
                raw = "/" + raw.partition("://")[2].partition("/")[2]
        signed = self.environ.get("amlemulator.signed_path")
        without_account = "/" + raw.lstrip("/").partition("/")[2]
        paths = [] if signed is None else [signed.partition("?")[0]]
        return [*paths, raw, without_account]

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        """Return a number in the query, None when it is not there. Raises ServiceError, naming the parameter."""
        text = self.query.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"[+-]?\d{1,20}", text):
            raise bad_query(name, text)
        number = int(text)
        if number < lowest:
            raise refusal(
                "OutOfRangeQueryParameterValue",
                QueryParameterName=name,
                QueryParameterValue=text,
                MinimumAllowed=str(lowest),
                MaximumAllowed=str(highest),
            )
        return min(number, highest)

    def date(self, name: str) -> float | None:
        """Return a header that holds an HTTP date, in seconds since the epoch. Raises ServiceError when it does not."""
        text = self.header(name)
        if not text:
            return None
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            raise bad_header(name, text) from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@cache
def environ_key(name: str) -> str:
    """Return the name that WSGI gives a header; only for names that stand in the code, of which there are few."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def decoded(value: Any) -> str:
    """Return a header's value as text: WSGI gives its bytes as Latin-1, clients mean UTF-8."""
    text = str(value)
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def encoded(value: str) -> str:
    """Return text as a header's value for WSGI: the Latin-1 reading of its UTF-8 bytes."""
    return value if value.isascii() else value.encode("utf-8").decode("latin-1")


def _version(text: str | None) -> str:
    if not text:
        return OLDEST
    if not VERSION.match(text):
        raise bad_header("x-ms-version", text)
    return text


def _split(path: str, on_container: bool) -> tuple[str, str | None, str | None]:
    """Split ``/account/container/blob``. One name alone is a container with restype, else a blob in $root."""
    try:
        text = path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise refusal("InvalidUri") from None
    account, _, rest = text.removeprefix("/").partition("/")
    container, slash, blob = rest.partition("/")
    if not rest:
        return account, None, None
    if not blob and (on_container or slash):
        return account, checked_container(container), None
    if not slash:
        container, blob = "$root", rest
    return account, checked_container(container), checked_blob(blob)


def checked_container(name: str) -> str:
    """Return a container's name. Raises ServiceError when it cannot be one."""
    if name in SPECIAL_CONTAINERS:
        return name
    if not CONTAINER.match(name):
        raise refusal("InvalidResourceName")
    if not 3 <= len(name) <= 63:
        raise refusal("OutOfRangeInput")
    return name


def checked_blob(name: str) -> str:
    """Return a blob's name. Raises ServiceError when it cannot be one."""
    if len(name) > NAME_LENGTH or name.count("/") >= NAME_SEGMENTS:
        raise refusal("OutOfRangeInput")
    if "\0" in name:
        raise refusal("InvalidUri")
    return name
