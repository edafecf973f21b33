"""Regions and the hosts that belong to them: a workspace answers only on its own region's hosts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from amlcontracts import load

Role = Literal["services", "management", "studioapi", "studio", "portal", "blob", "control"]

REAL_DOMAIN = ".azureml.net"
BLOB_DOMAIN = ".blob.core.windows.net"
DEFAULT_REGION = "South Central US"  # whose hosts have no prefix
OURS = ("_emulator", "portal")  # labels that only the emulator has: no real host is called so
ACCOUNT = re.compile(r"[a-z0-9]{3,24}\Z")  # a storage account's name, by Azure's own rule


@dataclass(frozen=True, slots=True)
class Host:
    """A logical host: what it is for, and whose region it serves (None: every region's)."""

    role: Role
    region: str | None = None
    account: str | None = None  # of a blob host


def regions() -> tuple[str, ...]:
    """Return the display names of the regions."""
    return tuple(load("regions"))


@cache
def hosts() -> dict[str, Host]:
    """Return every logical host by the first label of its real name: ``management``, ``ussouthcentral.services``..."""
    table: dict[str, Host] = {"studio": Host("studio"), "portal": Host("portal"), "_emulator": Host("control")}
    for region, labels in load("regions").items():
        table[labels["services"]] = Host("services", region)
        table[labels["management"]] = Host("management", region)
        table[labels["studioapi"]] = Host("studioapi", region)
        # The R package's documents name "europewest.studio"; "studio" itself serves every region's help pages.
        table.setdefault(labels["studioapi"].replace("studioapi", "studio"), Host("studio", region))
    return table


def host_of_label(label: str) -> Host | None:
    """Return the host that a first path segment names, or None: ``devstoreaccount1.blob`` is a storage account's."""
    known = hosts().get(label)
    if known is None and label.endswith(".blob") and len(label) > len(".blob"):
        return Host("blob", account=label.removesuffix(".blob"))
    return known


def host_of_name(name: str) -> Host | None:
    """Return the host that a real host name stands for, port or not; None when it is not one of the service's."""
    name = name.partition(":")[0].lower()
    if name.endswith(BLOB_DOMAIN):
        return Host("blob", account=name.removesuffix(BLOB_DOMAIN))
    if name == "services" + REAL_DOMAIN:  # the Web Services portal, unlike {region}.services
        return Host("portal")
    return hosts().get(name.removesuffix(REAL_DOMAIN)) if name.endswith(REAL_DOMAIN) else None


@cache
def real_names() -> tuple[str, ...]:
    """Return the full name of every real host of the service, storage accounts apart."""
    names = [name + REAL_DOMAIN for name in hosts() if name not in OURS]
    return (*names, "services" + REAL_DOMAIN)


def is_real(name: str, knows_account: Callable[[str], bool]) -> bool:
    """Tell whether a host name (no port) is a real one of the service, or of a storage account that is known here."""
    lowered = name.lower()
    account = lowered.removesuffix(BLOB_DOMAIN)
    if account != lowered:
        return ACCOUNT.match(account) is not None and knows_account(account)
    return lowered in real_names()


def label(role: Role, region: str) -> str:
    """Return the first label of the real host name that plays ``role`` in ``region``."""
    return "studio" if role == "studio" else str(load("regions")[region][role])
