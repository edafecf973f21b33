"""Connection strings and blob addresses, in every form that clients write.

Sources: the samples' AzureBlobDataReference (documents.md section 6), clients.md sections 7 and 10, and the connection
strings of Azure Storage's own clients. Nothing here ever puts a key or a token into an error's text.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

__all__ = [
    "DEVELOPMENT_ACCOUNT",
    "DEVELOPMENT_ENDPOINT",
    "DEVELOPMENT_KEY",
    "ConnectionString",
    "endpoint_of",
    "is_azures_own",
    "join_location",
    "parse_connection_string",
    "split_location",
]

# The storage emulator's well-known account: published by Microsoft, the same everywhere, no secret.
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
DEVELOPMENT_ENDPOINT = f"http://127.0.0.1:10000/{DEVELOPMENT_ACCOUNT}"

HOST_ADDRESS = re.compile(r"(?P<account>[a-z0-9]{3,24}?)(-secondary)?\.blob\.", re.IGNORECASE)
AZURE_DOMAINS = (".core.windows.net", ".core.chinacloudapi.cn", ".core.usgovcloudapi.net", ".core.cloudapi.de")
ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}\Z")


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """What a connection string says of an account. ``blob_endpoint`` has no trailing slash; ``sas`` no leading "?"."""

    account: str
    key: str | None
    blob_endpoint: str
    sas: str | None = None
    development: bool = False

    def __repr__(self) -> str:
        """Show everything but the secrets, so that no log can hold one."""
        secrets = ", ".join(f"{name}=***" for name in ("key", "sas") if getattr(self, name))
        return f"ConnectionString(account={self.account!r}, blob_endpoint={self.blob_endpoint!r}, {secrets or 'open'})"


def parse_connection_string(text: str) -> ConnectionString:
    """Read a connection string: names in any order and case, blanks around them, a trailing semicolon or none.

    Settings that do not concern blobs are ignored. Raises ValueError with a sentence that holds no secret.
    """
    settings = _settings(text)
    development = _is_true(settings.pop("usedevelopmentstorage", ""))
    sas = settings.get("sharedaccesssignature", "").lstrip("?") or None
    key = settings.get("accountkey") or (DEVELOPMENT_KEY if development else None)
    if key is not None:
        _check_key(key)
    endpoint, endpoint_sas = _endpoint(settings, development)
    account = settings.get("accountname") or (DEVELOPMENT_ACCOUNT if development else _account_of(endpoint))
    if not account:
        raise ValueError("The connection string names no account: it has neither AccountName nor BlobEndpoint.")
    if not endpoint:
        protocol = settings.get("defaultendpointsprotocol", "https").lower()
        if protocol not in ("http", "https"):
            raise ValueError("DefaultEndpointsProtocol in the connection string must be http or https.")
        suffix = settings.get("endpointsuffix", "core.windows.net").strip("./")
        endpoint = f"{protocol}://{account}.blob.{suffix}"
    return ConnectionString(account, key, endpoint, sas or endpoint_sas, development)


def _settings(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    for number, part in enumerate(text.split(";"), start=1):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals or not name:
            raise ValueError(f"Part {number} of the connection string is not of the form Name=Value.")
        if settings.setdefault(name, value) != value:
            raise ValueError(f"Part {number} of the connection string repeats a name with another value.")
    if not settings:
        raise ValueError("The connection string is empty.")
    return settings


def _is_true(value: str) -> bool:
    if value.lower() not in ("", "true", "false"):
        raise ValueError("UseDevelopmentStorage in the connection string must be true or false.")
    return value.lower() == "true"


def _check_key(key: str) -> None:
    try:
        base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("AccountKey in the connection string is not base64; was it cut or escaped?") from None


def _endpoint(settings: dict[str, str], development: bool) -> tuple[str, str | None]:
    """Return the blob endpoint, "" when none is named, and the token that some people leave on it."""
    named, _, query = settings.get("blobendpoint", "").partition("?")
    if named:
        if urlsplit(named).scheme not in ("http", "https"):
            raise ValueError("BlobEndpoint in the connection string must be an http or https URL.")
        return named.rstrip("/"), query or None
    proxy = settings.get("developmentstorageproxyuri", "").rstrip("/")
    if development and proxy:
        return f"{proxy}:10000/{DEVELOPMENT_ACCOUNT}", None
    return (DEVELOPMENT_ENDPOINT, None) if development else ("", None)


def _account_of(endpoint: str) -> str:
    if not endpoint:
        return ""
    try:
        return _account_and_path(endpoint)[0]
    except ValueError:
        return ""


def join_location(base: str, relative: str) -> str:
    """Join BaseLocation and RelativeLocation with exactly one slash, however many clients wrote (clients.md 7)."""
    return f"{base.rstrip('/')}/{relative.lstrip('/')}"


def split_location(base: str, relative: str = "") -> tuple[str, str, str]:
    """Return account, container and blob name of an address.

    ``base`` is a whole URL, or the BaseLocation that ``relative`` goes on from. Three forms are known:
    ``https://{account}.blob.core.windows.net/c/b``, ``http://127.0.0.1:10000/{account}/c/b`` and
    ``{base}/{account}.blob/c/b``. Names come back decoded: ``%2F`` is a slash, ``+`` a plus. A query is left out.
    Raises ValueError when no account, container or blob can be found.
    """
    account, path = _account_and_path(join_location(base, relative) if relative else base)
    container, _, blob = path.partition("/")
    if not container or not blob:
        raise ValueError("The address names no container and blob.")
    return account, _decoded(container), _decoded(blob)


def endpoint_of(base: str) -> str:
    """Return the blob endpoint that an address lies below: scheme and host, and the account where it is in the path.

    Raises ValueError as split_location does.
    """
    account, path = _account_and_path(base)
    address = base.strip().partition("?")[0]
    scheme, _, rest = address.partition("://")
    host, _, whole = rest.partition("/")
    first = whole.partition("/")[0]
    below = whole != path and first.removesuffix(".blob") == account
    return f"{scheme.lower()}://{host}/{first}" if below else f"{scheme.lower()}://{host}"


def is_azures_own(endpoint: str) -> bool:
    """Tell whether an endpoint has one of the names of Azure's own storage, in whichever of its clouds."""
    host = endpoint.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    return HOST_ADDRESS.match(host) is not None and host.endswith(AZURE_DOMAINS)


def _account_and_path(url: str) -> tuple[str, str]:
    address = url.strip().partition("?")[0]  # by hand: a name that was not escaped may hold "#"
    scheme, colon, rest = address.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        raise ValueError("The address is not an http or https URL.")
    host, _, path = rest.partition("/")
    found = HOST_ADDRESS.match(host)
    if found:
        return found["account"].lower(), path
    first, _, path = path.partition("/")
    account = first.removesuffix(".blob")
    if not ACCOUNT_NAME.match(account):
        raise ValueError("The address names no storage account.")
    return account, path


def _decoded(name: str) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("The address holds bytes that are not UTF-8.") from None
