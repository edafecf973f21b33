"""Hosts that a user named, and addresses that nobody is let through to.

What a request names is contacted only where the user's configuration says so; and never, whatever that says, where
machines in a cloud ask who they are: who answers there hands out the machine's own rights.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

WEB_PORTS = {"http": 80, "https": 443}
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\]"
RULE = re.compile(rf"((?:\*\.)?(?:{NAME}))(?::([0-9]{{1,5}}))?\Z")
# Not link-local, and the same to those who ask: Azure's own agent, Alibaba's, Amazon's by IPv6.
METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")))


class AllowedHosts:
    """``HOST`` and ``*.DOMAIN``, for ports 80 and 443, or ``HOST:PORT`` for that port alone."""

    def __init__(self, rules: Iterable[str] = ()) -> None:
        """Raise ValueError, naming the rule, for one that is none."""
        self._allowed: set[tuple[str, int]] = set()
        for rule in rules:
            found = RULE.match(rule)
            if found is None or int(found[2] or 1) not in range(1, 65536):
                raise ValueError(rule)
            ports = [int(found[2])] if found[2] else WEB_PORTS.values()
            self._allowed.update((found[1].lower().rstrip("."), port) for port in ports)

    @classmethod
    def read(cls, text: str | None) -> AllowedHosts:
        """Read a list with commas or blanks. Raises ValueError, naming the part that is no rule."""
        return cls(rules_of(text))

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def allows(self, url: str) -> bool:
        """Tell whether the host and port of an http or https URL are allowed; False for what is no such URL."""
        try:
            parts = urlsplit(url)
            port = parts.port or WEB_PORTS[parts.scheme]
        except (ValueError, KeyError):
            return False
        host = (parts.hostname or "").rstrip(".")
        if ":" in host:
            host = f"[{host}]"
        labels = host.split(".")
        parents = (".".join(["*", *labels[place:]]) for place in range(1, len(labels)))
        return any((name, port) in self._allowed for name in (host, *parents))


def rules_of(text: str | None) -> list[str]:
    """Return the rules of a list with commas or blanks, unchecked."""
    return [part for part in re.split(r"[,\s]+", text or "") if part]


def never_contacted(address: str) -> bool:
    """Tell whether no request may lead to an IP address: link-local, of a metadata service, or of nobody."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return found.is_link_local or found.is_multicast or found.is_unspecified or found in METADATA
