"""Shared access signatures: making them as the service did, and checking them in every signed version.

A service SAS opens one blob or container, an account SAS a whole account. What is signed depends on the version that
the token names (``sv``); a version newer than the newest known one is signed as that one. The refusals' texts are those
of errors.md section 10; the order of the checks is signature, time, protocol, address, resource, permission.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import quote, unquote

from amlemulator.core.access_policies import AccessPolicy

__all__ = [
    "Asked",
    "Refusal",
    "make_account_sas",
    "make_service_sas",
    "parse_token",
    "permissions_of",
    "sign",
    "string_to_sign",
    "verify",
]

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")  # response headers that the token prescribes
SERVICE_MANDATORY = ("sv", "sr", "sig")
ACCOUNT_MANDATORY = ("sv", "ss", "srt", "se", "sp", "sig")
NOT_WELL_FORMED = "Signature fields not well formed."
NO_POLICY = AccessPolicy("")  # that of a token which names none


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants, as far as a token must allow it.

    ``permissions``: any one of these letters will do; none means that no token can. ``resource`` is the level in the
    letters of ``srt``: "s" service, "c" container, "o" object, or several of which any will do. ``service_token`` tells
    whether a service SAS can open it at all. ``now`` is in seconds since the epoch.
    """

    account: str
    container: str | None
    blob: str | None
    permissions: str
    now: float
    resource: str = "o"
    service_token: bool = True
    protocol: str = "https"
    address: str = ""
    snapshot: str = ""
    policies: Mapping[str, AccessPolicy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a token does not open something: a name in the error catalogue, and Azure's AuthenticationErrorDetail."""

    name: str
    detail: str | None = None
    arguments: tuple[str, ...] = ()


def parse_token(query: str) -> dict[str, str]:
    """Read a token, or any query, with or without its question mark. The first of several values counts.

    A blank in ``sig`` is a plus sign that somebody forgot to escape: base64 knows no blanks.
    """
    fields: dict[str, str] = {}
    for part in query.lstrip("?").split("&"):
        name, _, value = part.partition("=")
        name = unquote(name)
        if name:
            fields.setdefault(name, unquote(value if name == "sig" else value.replace("+", " ")))
    return fields


def sign(key: str, text: str) -> str:
    """Return the HMAC-SHA256 of ``text`` under a base64 ``key``, as base64."""
    return base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), "sha256")).decode()


def string_to_sign(token: Mapping[str, str], asked: Asked) -> str:
    """Return what the token's signature covers, in the layout of the version it names."""
    lines = _account_lines(token, asked) if "ss" in token else _service_lines(token, asked)
    return "\n".join(lines)


def _account_lines(token: Mapping[str, str], asked: Asked) -> Sequence[str]:
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if token["sv"] >= "2020-12-06":
        names.append("ses")
    return [asked.account, *(token.get(name, "") for name in names), ""]


def _service_lines(token: Mapping[str, str], asked: Asked) -> Sequence[str]:
    version = token["sv"]
    lines = [token.get(name, "") for name in ("sp", "st", "se")]
    lines += [_canonical_resource(token, asked), token.get("si", "")]
    if version >= "2015-04-05":
        lines += [token.get("sip", ""), token.get("spr", "")]
    lines.append(version)
    if version >= "2018-11-09":
        lines += [token["sr"], asked.snapshot]
    if version >= "2020-12-06":
        lines.append(token.get("ses", ""))
    if version >= "2013-08-15":
        lines += [token.get(name, "") for name in OVERRIDES]
    return lines


def _canonical_resource(token: Mapping[str, str], asked: Asked) -> str:
    parts = [asked.account, asked.container or ""]
    if token["sr"] != "c" and asked.blob is not None:
        parts.append(asked.blob)
    return ("/blob/" if token["sv"] >= "2015-02-21" else "/") + "/".join(parts)


def verify(token: Mapping[str, str], key: str, asked: Asked) -> Refusal | None:
    """Check a token against the account's base64 ``key``. Returns None when it opens what is asked, else why not.

    The signature is compared in constant time, as text: another spelling of the same bytes is another token.
    """
    fault = _malformed(token, asked)
    if fault is not None:
        return _unauthenticated(fault)
    text = string_to_sign(token, asked)
    if not hmac.compare_digest(sign(key, text).encode(), token["sig"].encode()):
        return _unauthenticated(f"Signature did not match. String to sign used was {text}")
    effective = _with_policy(token, asked)
    for check in (_time_fault, _protocol_fault, _address_fault, _scope_fault):
        refusal = check(effective, asked)
        if refusal is not None:
            return refusal
    if not set(asked.permissions) & set(effective["sp"]):
        return Refusal("blob/AuthorizationPermissionMismatch")
    return None


def permissions_of(token: Mapping[str, str], policies: Mapping[str, AccessPolicy]) -> str:
    """Return the letters that a token grants, by itself or by its stored access policy."""
    return token.get("sp") or _policy_of(token, policies).permissions


def _policy_of(token: Mapping[str, str], policies: Mapping[str, AccessPolicy]) -> AccessPolicy:
    return policies.get(token["si"], NO_POLICY) if "si" in token else NO_POLICY


def _unauthenticated(detail: str) -> Refusal:
    return Refusal("blob/AuthenticationFailed", detail)


def _malformed(token: Mapping[str, str], asked: Asked) -> str | None:
    mandatory = ACCOUNT_MANDATORY if "ss" in token else SERVICE_MANDATORY
    for name in mandatory:
        if not token.get(name):
            return f"{name} is mandatory. Cannot be empty"
    if "skoid" in token:
        return "User delegation SAS is not emulated: there is no directory of users. Use an account key's SAS."
    if not VERSION.match(token["sv"]) or token["sv"] < ("2015-04-05" if "ss" in token else "2012-02-12"):
        return NOT_WELL_FORMED
    return None if "ss" in token else _service_fault(token, asked)


def _service_fault(token: Mapping[str, str], asked: Asked) -> str | None:
    if token["sr"] not in ("b", "c"):
        return NOT_WELL_FORMED
    if token.get("si") and token["si"] not in asked.policies:
        return f"Signed identifier [{token['si']}] is not among the container's stored access policies"
    policy = _policy_of(token, asked.policies)
    for name, stored in (("st", policy.start), ("se", policy.expiry), ("sp", policy.permissions)):
        if stored and token.get(name):
            return NOT_WELL_FORMED  # a field stands in the token or in the policy, never in both
        if name != "st" and not stored and not token.get(name):
            return f"{name} is mandatory. Cannot be empty"
    return None


def _with_policy(token: Mapping[str, str], asked: Asked) -> Mapping[str, str]:
    if "ss" in token:
        return token
    policy = _policy_of(token, asked.policies)
    stored = {"st": policy.start, "se": policy.expiry, "sp": policy.permissions}
    return {**token, **{name: value for name, value in stored.items() if value}}


def _time_fault(token: Mapping[str, str], asked: Asked) -> Refusal | None:
    now = datetime.fromtimestamp(asked.now, UTC)
    start, expiry = _moment(token["st"]) if token.get("st") else None, _moment(token["se"])
    if expiry is None or (token.get("st") and start is None):
        return _unauthenticated(NOT_WELL_FORMED)
    if expiry <= (start or now):
        return _unauthenticated(
            f"Signed expiry time [{_stamp(expiry)}] must be after signed start time [{_stamp(start or now)}]"
        )
    if start is not None and not start <= now < expiry:
        return _unauthenticated(
            "Signature not valid in the specified time frame: "
            f"Start [{_stamp(start)}] - Expiry [{_stamp(expiry)}] - Current [{_stamp(now)}]"
        )
    return None


def _moment(text: str) -> datetime | None:
    """Read a time as tokens write it: a date, minutes, seconds or fractions, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _signed_since_2015(token: Mapping[str, str]) -> bool:
    return token["sv"] >= "2015-04-05"  # before that, sip and spr were neither signed nor known


def _protocol_fault(token: Mapping[str, str], asked: Asked) -> Refusal | None:
    allowed = token.get("spr")
    if allowed and _signed_since_2015(token) and asked.protocol not in allowed.split(","):
        return Refusal("blob/AuthorizationProtocolMismatch")
    return None


def _address_fault(token: Mapping[str, str], asked: Asked) -> Refusal | None:
    allowed = token.get("sip")
    if not allowed or not _signed_since_2015(token):
        return None
    first, _, last = allowed.partition("-")
    try:
        low, high, here = ip_address(first), ip_address(last or first), ip_address(asked.address)
    except ValueError:
        return _unauthenticated(NOT_WELL_FORMED)
    inside = low.version == here.version == high.version and int(low) <= int(here) <= int(high)
    return None if inside else Refusal("blob/AuthorizationSourceIPMismatch", arguments=(asked.address,))


def _scope_fault(token: Mapping[str, str], asked: Asked) -> Refusal | None:
    if not asked.permissions:
        return Refusal("blob/AuthorizationFailure")
    if "ss" in token:
        if "b" not in token["ss"]:
            return Refusal("blob/AuthorizationServiceMismatch")
        return None if set(asked.resource) & set(token["srt"]) else Refusal("blob/AuthorizationResourceTypeMismatch")
    if not asked.service_token:
        return Refusal("blob/AuthorizationFailure")
    if token["sr"] == "b" and asked.blob is None:
        return Refusal("blob/AuthorizationResourceTypeMismatch")
    return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_service_sas(  # noqa: PLR0913, PLR0917 - one argument for each fact that the token signs
    account: str,
    key: str,
    container: str,
    blob: str | None,
    permissions: str,
    start: float,
    expiry: float,
    version: str = "2013-08-15",
) -> str:
    """Make the token of a blob, or of the container when ``blob`` is None, with its leading question mark.

    Times are seconds since the epoch. The parameters stand in the service's own order, sv, sr, sig, st, se, sp, with
    ``%3A`` escapes (documents.md section 6). Raises ValueError when the key is not base64.
    """
    token = {
        "sv": version,
        "sr": "c" if blob is None else "b",
        "st": _iso(start),
        "se": _iso(expiry),
        "sp": permissions,
    }
    return _signed(token, key, Asked(account, container, blob, permissions, start), "sv sr sig st se sp")


def make_account_sas(
    account: str,
    key: str,
    permissions: str,
    start: float,
    expiry: float,
    *,
    resources: str = "sco",
    version: str = "2015-04-05",
) -> str:
    """Make a token for the blob service of a whole account, with its leading question mark.

    ``resources`` are the letters of ``srt``. Times are seconds since the epoch. Raises ValueError as make_service_sas.
    """
    token = {
        "sv": version,
        "ss": "b",
        "srt": resources,
        "st": _iso(start),
        "se": _iso(expiry),
        "sp": permissions,
    }
    return _signed(token, key, Asked(account, None, None, permissions, start), "sv ss srt sig st se sp")


def _signed(token: dict[str, str], key: str, asked: Asked, order: str) -> str:
    try:
        token["sig"] = sign(key, string_to_sign(token, asked))
    except binascii.Error:
        raise ValueError("The account key is not base64.") from None
    return "?" + "&".join(f"{name}={quote(token[name], safe='')}" for name in order.split())
