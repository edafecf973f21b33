"""Ids, keys and hosts in the text of a program or its configuration: what a workspace must have for it to run.

The text may be C#, Python, R, PowerShell, JavaScript, JSON, XML or a shell's; nothing of a language is parsed. A value
is known by what stands before it: an address's path, or the identifier that it is given to; and an identifier by the
address that it is put into (``"/services/" + serviceId``). The shapes are the service's own (clients.md sections 1 and
2): ids are 32 hex digits, keys and tokens 88 characters of base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from amlemulator.core.regions import BLOB_DOMAIN, host_of_name

Kind = Literal["workspace", "service", "endpoint", "endpoint name", "key", "token", "account", "account key"]
KIND_NAMES: tuple[Kind, ...] = (
    *("workspace", "service", "endpoint", "endpoint name"),
    *("key", "token", "account", "account key"),
)

HEX = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{32}(?![0-9A-Za-z])")
KEY = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==")
HOST = re.compile(r"(?i)(?<![\w.-])[a-z0-9.-]+\.azureml\.(?:net|de)(?![\w-])")
BLOB_HOST = re.compile(rf"(?i)(?<![\w.-])([a-z0-9]{{3,24}}){re.escape(BLOB_DOMAIN)}")
ACCOUNT_NAME = re.compile(r"(?i)AccountName=([a-z0-9]{3,24})(?![a-z0-9])")
CONTAINER = re.compile(
    rf"(?i:{re.escape(BLOB_DOMAIN)}/|Relative_?Location\W{{1,12}}/?|Container_?(?:Name)?\W{{1,8}})"
    r"([a-z0-9](?:-?[a-z0-9]){2,62})(?=[/\"'?<])"
)
RESOURCE = re.compile(r"[\w .()-]*\[trained model\]")
ENDPOINT_NAME = re.compile(r"/endpoints/([a-z0-9]{1,24})(?![\w{$-])")
STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")
# The identifier that a value is given to: `name = "`, `"name": "`, `name <- "`, `<name>`; .NET's is `key="" value=""`.
GIVEN_TO = re.compile(r"([A-Za-z_][\w-]*)[\"'\]]?\s*(?:=>|<-|:=|[=:,>])?\s*[(@]*[$a-zA-Z]{0,2}[\"']?$")
NAMED = re.compile(r"(?i)(?:key|name)\s*=\s*[\"']([^\"']+)[\"']\s+value\s*=\s*[\"']?$")
# Where an identifier is put into an address: "/services/" + id, {id}, $id, ${id}, or paste0("/services/", id).
PUT_INTO = re.compile(r"(workspaces|webservices|services|endpoints)/[\"']?\s*(?:[+.,&]\s*|\$?\{\s*|\$)+([A-Za-z_]\w*)")
OF_PATH: dict[str, Kind] = {"workspaces": "workspace", "webservices": "service", "services": "endpoint"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
TRAINING = frozenset({"train", "training", "trainer", "retrain", "retraining", "batch", "bes", "jobs", "job"})
SCORING = frozenset({"score", "scoring", "scored", "predict", "predictive", "prediction", "rrs", "execute"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A value, what it is, the line (from 1) it stands in, and the words of the identifier that it is given to."""

    kind: Kind
    value: str
    line: int
    words: frozenset[str] = frozenset()

    @property
    def role(self) -> Literal["training", "scoring"] | None:
        """For which of the two services it is, as far as its name tells."""
        trains, scores = bool(self.words & TRAINING), bool(self.words & SCORING)
        return None if trains == scores else "training" if trains else "scoring"


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in a text. ``regions`` and ``hosts`` in order; ``foreign`` are hosts that are not emulated."""

    findings: tuple[Finding, ...]
    regions: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def of(self, *kinds: Kind) -> list[Finding]:
        """Return the findings of a kind, each value once."""
        found = {one.value: one for one in reversed(self.findings) if one.kind in kinds}
        return list(reversed(found.values()))


def scan(text: str) -> Text:
    """Return what is found in a text, in its order."""
    findings = sorted({*_ids(text), *_keys(text), *_accounts(text), *_names(text)}, key=lambda one: one.line)
    hosts = list(dict.fromkeys(found[0].lower() for found in HOST.finditer(text)))
    roles = [(host, host_of_name(host)) for host in hosts]
    regions = [role.region for _, role in roles if role is not None and role.region is not None]
    return Text(
        tuple(findings),
        tuple(dict.fromkeys(regions)),
        tuple(host for host, role in roles if role is not None),
        tuple(host for host, role in roles if role is None),
        tuple(dict.fromkeys(found[1] for found in CONTAINER.finditer(text) if not HEX.match(found[1]))),
        tuple(dict.fromkeys(found[0].strip() for found in RESOURCE.finditer(text) if len(found[0].strip()) > 15)),
    )


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _before(text: str, place: int) -> str:
    """Return what stands before a value in its line; in a line that only goes on, what stands in the one before too."""
    rest, _, shown = text[:place].rpartition("\n")
    if re.search(r"[A-Za-z]", shown):
        return shown
    _, _, line = rest.rpartition("\n")
    return f"{line}\n{shown}"


def identifier(before: str) -> str:
    """Return the identifier that a value is given to, "" when what stands before it shows none."""
    found = NAMED.search(before)
    if found is None:
        quote = max(before.rfind('"'), before.rfind("'"))
        opened = before[:quote] if quote >= 0 and len(before) - quote > 1 else before
        found = GIVEN_TO.search(opened) or re.search(r"([A-Za-z_][\w-]*)\s*(?:=|<-|:)[^=]*$", before)
    return found[1] if found else ""


def words_of(name: str) -> frozenset[str]:
    """Return the words of an identifier, in small letters: ``TrainingApiKey`` is training, api, key."""
    return frozenset(word.lower() for word in WORD.findall(name))


def _ids(text: str) -> Iterator[Finding]:
    put = {name: OF_PATH.get(path, "endpoint") for path, name in PUT_INTO.findall(text)}
    for found in HEX.finditer(text):
        before = _before(text, found.start())
        name = identifier(before)
        words = words_of(name)
        path = re.search(r"(workspaces|webservices|services|endpoints)/[\"'\s+.,&]*$", text[: found.start()])
        kind: Kind
        if path is not None:
            kind = OF_PATH.get(path[1], "endpoint")
        elif name in put:
            kind = put[name]
        elif not words & {"workspace", "service", "webservice", "endpoint", "ws"}:
            continue
        else:
            kind = "workspace" if words & {"workspace", "ws"} else "endpoint" if "endpoint" in words else "service"
        after = re.match(r"/?(jobs|execute)", text[found.end() :])
        yield Finding(kind, found[0].lower(), _line(text, found.start()), words | {after[1]} if after else words)


def _keys(text: str) -> Iterator[Finding]:
    for found in KEY.finditer(text):
        words = words_of(identifier(_before(text, found.start())))
        kind: Kind = "key"
        if re.search(r"(?i)AccountKey=[\"'\s+.,&$]*$", text[: found.start()]) or words & {"storage", "account", "blob"}:
            kind = "account key"
        elif words & {"token", "workspace", "authorization"}:
            kind = "token"
        yield Finding(kind, found[0], _line(text, found.start()), words)


def _accounts(text: str) -> Iterator[Finding]:
    for pattern in (ACCOUNT_NAME, BLOB_HOST):
        for found in pattern.finditer(text):
            yield Finding("account", found[1].lower(), _line(text, found.start()))
    for found in STRING.finditer(text):
        value = found[1] or found[2] or ""
        words = words_of(identifier(text[text.rfind("\n", 0, found.start()) + 1 : found.start()]))
        if {"account", "name"} <= words and re.fullmatch("[a-z0-9]{3,24}", value):
            yield Finding("account", value, _line(text, found.start()), words)


def _names(text: str) -> Iterator[Finding]:
    for found in ENDPOINT_NAME.finditer(text):
        yield Finding("endpoint name", found[1], _line(text, found.start()))
