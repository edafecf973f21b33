"""SharedKey and SharedKeyLite: what a client signs of a request with its account key, and whether it did.

Clients do not quite agree on the text: on how a path below an emulator's address stands in it, and on how header names
sort. Each known reading is tried; every one of them covers the whole request, so none opens anything that another keeps
shut.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from amlemulator.core.sas import sign

__all__ = ["Signed", "authorization", "strings_to_sign", "verify_shared_key"]

STANDARD_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
EMPTY_LENGTH_SINCE = "2015-02-21"  # from then on a length of zero is signed as nothing, before as "0"
EMPTY_HEADERS_SINCE = "2016-05-31"  # from then on x-ms- headers without value are signed, too
WORD_ORDER = "!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz"
TIES = {"'": 1, "-": 2}  # what has no place in that order; where names are equal but for it, a letter is 0
SECRET = re.compile(r"(?i)(\bsig(?:=|:|%3d))[^&\s]+")


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as its signer saw it.

    ``headers`` have lower-case names; ``paths`` are the undecoded paths that the client may have signed, most likely
    first; ``query`` is undecoded and has no question mark.
    """

    account: str
    method: str
    headers: Mapping[str, str]
    paths: Sequence[str]
    query: str
    version: str


def authorization(header: str) -> tuple[str, str, str] | None:
    """Return scheme ("sharedkey" or "sharedkeylite"), account and signature of an Authorization header, or None."""
    scheme, _, rest = header.strip().partition(" ")
    account, colon, signature = rest.strip().partition(":")
    if scheme.lower() not in ("sharedkey", "sharedkeylite") or not colon:
        return None
    return scheme.lower(), account, signature


def verify_shared_key(scheme: str, signature: str, key: str, signed: Signed) -> str | None:
    """Check a signature in constant time against the account's base64 ``key``.

    Returns None when it is right, else Azure's AuthenticationErrorDetail without any signature in it.
    """
    if not signed.headers.get("x-ms-date") and not signed.headers.get("date"):
        return "Neither the x-ms-date header nor the Date header is present; one of them must be signed."
    given, expected = signature.encode(), ""
    for text in strings_to_sign(scheme, signed):
        if hmac.compare_digest(sign(key, text).encode(), given):
            return None
        expected = expected or text
    return (
        "The MAC signature found in the HTTP request is not the same as any computed signature. "
        f"Server used following string to sign: '{SECRET.sub(lambda found: found[1] + '***', expected)}'."
    )


def strings_to_sign(scheme: str, signed: Signed) -> Iterator[str]:
    """Yield every text that the request may have been signed as, most likely first, none twice."""
    head = _lite_head(signed) if scheme == "sharedkeylite" else _head(signed)
    seen = set()
    for path in signed.paths:
        for query in _readings(signed.query):
            tail = _lite_query(query) if scheme == "sharedkeylite" else _canonical_query(query)
            for headers in _canonical_headers(signed):
                text = f"{head}{headers}/{signed.account}{path}{tail}"
                if text not in seen:
                    seen.add(text)
                    yield text


def _date(signed: Signed) -> str:
    # x-ms-date stands among the x-ms- headers and takes the place of Date.
    return "" if "x-ms-date" in signed.headers else signed.headers.get("date", "")


def _head(signed: Signed) -> str:
    values = {name: signed.headers.get(name, "") for name in STANDARD_HEADERS}
    values["date"] = _date(signed)
    if values["content-length"] == "0" and signed.version >= EMPTY_LENGTH_SINCE:
        values["content-length"] = ""
    return "\n".join([signed.method, *values.values(), ""])


def _lite_head(signed: Signed) -> str:
    headers = signed.headers
    return "\n".join(
        [signed.method, headers.get("content-md5", ""), headers.get("content-type", ""), _date(signed), ""]
    )


def _canonical_headers(signed: Signed) -> Iterator[str]:
    named = [(name, value.strip()) for name, value in signed.headers.items() if name.startswith("x-ms-")]
    if signed.version < EMPTY_HEADERS_SINCE:
        named = [(name, value) for name, value in named if value]
    yield "".join(f"{name}:{value}\n" for name, value in sorted(named))
    yield "".join(f"{name}:{value}\n" for name, value in sorted(named, key=lambda item: word_order(item[0])))


def word_order(name: str) -> tuple[Sequence[int], Sequence[int]]:
    """Return a key that sorts header names as the service's culture did, and today's SDKs do.

    Hyphens count only between names that are otherwise equal, and an underscore comes before a digit. Of names that
    are otherwise equal, that comes first which ends, or goes on with a letter, where the other one has a hyphen.
    """
    weighed = [WORD_ORDER.find(letter) for letter in name if letter not in TIES]
    return weighed, [TIES.get(letter, 0) for letter in name]


def _readings(query: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the query decoded as most SDKs do, and with pluses read as blanks."""
    parts = [part.partition("=") for part in query.split("&") if part]
    yield [(unquote(name).lower(), unquote(value)) for name, _, value in parts]
    if "+" in query:
        yield [(unquote_plus(name).lower(), unquote_plus(value)) for name, _, value in parts]


def _canonical_query(query: list[tuple[str, str]]) -> str:
    values: dict[str, list[str]] = {}
    for name, value in sorted(query):
        values.setdefault(name, []).append(value)
    return "".join(f"\n{name}:{','.join(several)}" for name, several in values.items())


def _lite_query(query: list[tuple[str, str]]) -> str:
    return next((f"?comp={value}" for name, value in query if name == "comp"), "")
