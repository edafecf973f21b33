"""Looking at blobs and asking for scores, without knowing anything of either beforehand."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from amlclient._client import ServiceClient
from amlclient._exceptions import ServiceError, TransportError, UnexpectedAnswer, WrongCall
from amlclient._models import BlobLocation
from amlclient._transport import Call

from .sightings import NoSample, Seen, seen

_BEGINNING = 1024  # bytes of a blob that are read
_SHARES = (1, 0, 2, 0.5, 10, 3, 0.1, 5)  # of the sample's numbers, so that two models have a chance to differ
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?")
_JOINED = re.compile(r"\.[A-Za-z]+(sv|sr|sig|st|se|sp|ss|srt|si)=[^/]*&")  # a blob's name and a token, no "?" between


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of fetching the beginning of a blob: its first bytes, or why not."""

    content: bytes | None = None
    error: ServiceError | None = None
    unreachable: str = ""

    @classmethod
    def of(cls, location: BlobLocation, client: ServiceClient) -> Probe:
        """Fetch the beginning of a blob by its address and SAS."""
        try:
            headers = {"Range": f"bytes=0-{_BEGINNING - 1}"}
            return cls(client.call(Call("GET", location.url, headers=headers, repeatable=True)).content[:_BEGINNING])
        except ServiceError as error:
            return cls(error=error)
        except (TransportError, UnexpectedAnswer, WrongCall) as error:
            return cls(unreachable=str(error))

    @property
    def is_text(self) -> bool:
        """Whether what was fetched is text: a trained model is not (every .ilearner is binary)."""
        content = self.content
        if not content:
            return content is not None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if error.start < len(content) - 3:  # not merely a character cut by the range
                return False
            text = content[: error.start].decode("utf-8-sig")
        return all(character >= " " or character in "\t\r\n" for character in text)


def joined_without_mark(location: BlobLocation) -> bool:
    """Whether the path holds the token, with no question mark between."""
    return _JOINED.search(location.relative_location or "") is not None


def flaw_of_token(token: str) -> Seen | None:
    """Say what a SAS token lacks; None for one that is whole. Whether its signature fits, only storage knows."""
    fields = dict(parse_qsl(token.lstrip("?&"), keep_blank_values=True))
    if not token.strip("?& "):
        return seen("no-sas")
    needed = ["sv", "ss", "srt", "se", "sp", "sig"] if "ss" in fields else ["sv", "sr", "sig"]
    if not {"si", "ss"} & set(fields):  # what a stored access policy would hold
        needed += ["se", "sp"]
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        return seen("sas-lacks", names=missing)
    try:
        whole = len(base64.b64decode(fields["sig"].replace(" ", "+"), validate=True)) == 32  # HMAC-SHA256
    except (binascii.Error, ValueError):
        whole = False
    if not whole:
        return seen("signature-not-whole")
    if "se" in fields and not _MOMENT.fullmatch(fields["se"]):
        return seen("expiry-is-no-time", given=fields["se"])
    return None


def varied(document: Mapping[str, Any], rows: int = len(_SHARES)) -> dict[str, Any]:
    """Make an RRS body of the sample in a swagger document: its row, then the same with other numbers and categories.

    Raises NoSample when the document has none.
    """
    definitions = document.get("definitions") or {}
    example = (definitions.get("ExecutionRequest") or {}).get("example")
    if not isinstance(example, Mapping):
        raise NoSample("the swagger document has no sample request")
    inputs = {
        port: [_row(sample[0], _enums(definitions, port), number) for number in range(rows)]
        for port, sample in (example.get("Inputs") or {}).items()
        if isinstance(sample, list) and sample
    }
    tables = {
        port: {"ColumnNames": list(made[0]), "Values": [list(row.values()) for row in made]}
        for port, made in inputs.items()
    }
    return {"Inputs": tables, "GlobalParameters": example.get("GlobalParameters") or {}}


def _enums(definitions: Mapping[str, Any], port: str) -> dict[str, list[Any]]:
    columns = (definitions.get(f"{port}Item") or {}).get("properties") or {}
    return {name: column["enum"] for name, column in columns.items() if column.get("enum")}


def _row(sample: Mapping[str, Any], enums: Mapping[str, list[Any]], number: int) -> dict[str, Any]:
    return {name: _cell(value, enums.get(name), number, place) for place, (name, value) in enumerate(sample.items())}


def _cell(value: Any, choices: list[Any] | None, number: int, place: int) -> Any:
    if number == 0:
        return value
    if choices:
        return choices[(number + place) % len(choices)]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    share = _SHARES[(number + place) % len(_SHARES)]
    return round(value * share) if isinstance(value, int) else value * share
