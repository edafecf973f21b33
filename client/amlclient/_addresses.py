"""The service's addresses, taken apart: which host, of which region, which workspace, service and endpoint.

The region stands in the first label of the real host name (``europewest.management.azureml.net``), or, with an
emulator, in the path segment that stands for it. An address without either does not say its region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote, urlsplit

from amlcontracts import load

from ._exceptions import RefusedLocally

__all__ = ["ServiceAddress", "check_region"]

REAL_DOMAIN = ".azureml.net"
_PATH = re.compile(
    r"(?P<root>.*?)/workspaces/(?P<workspace>[^/]+)"
    r"(?:/webservices/(?P<service>[^/]+)(?:/endpoints/(?P<name>[^/]+))?|/services/(?P<guid>[^/]+))?(?P<rest>/.*)?"
)


@cache
def _labels() -> dict[str, tuple[str, str]]:
    """Return role and region of every host, by the first label of its real name."""
    hosts = ((region, role, label) for region, labels in load("regions").items() for role, label in labels.items())
    return {label: (role, region) for region, role, label in hosts if role in ("services", "management")}


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """One address. ``root`` is what stands before ``/workspaces``; what the address does not have is ``""``.

    ``role`` is ``management`` or ``services`` and ``region`` a key of contracts/regions.yaml, where the address tells.
    """

    root: str
    role: str = ""
    region: str = ""
    workspace: str = ""
    service: str = ""  # the web service's id, in management addresses
    endpoint: str = ""  # its name in management addresses, its GUID in scoring addresses
    rest: str = ""

    @classmethod
    def parse(cls, url: str) -> ServiceAddress | None:
        """Take an address apart; None for one that has no ``/workspaces/{id}``."""
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            return None
        found, host = _PATH.fullmatch(parts.path), parts.hostname
        if found is None or not host:
            return None
        label = host.removesuffix(REAL_DOMAIN) if host.endswith(REAL_DOMAIN) else found["root"].rpartition("/")[2]
        role, region = _labels().get(label, ("", ""))
        if not role and (found["service"] or found["guid"]):
            role = "management" if found["service"] else "services"
        return cls(
            root=f"{parts.scheme}://{parts.netloc}{found['root']}",
            role=role,
            region=region,
            workspace=found["workspace"],
            service=found["service"] or "",
            endpoint=unquote(found["name"] or found["guid"] or ""),
            rest=found["rest"] or "",
        )

    def root_in(self, region: str, role: str = "") -> str:
        """Return the root of a region's host of that role, or of this one's; ``""`` where this one tells no region."""
        if not self.region:
            return ""
        old, new = load("regions")[self.region][self.role], load("regions")[region][role or self.role]
        head, _, tail = self.root.rpartition(str(old))
        return f"{head}{new}{tail}"


def check_region(training_url: str, management_url: str) -> None:
    """Raise RefusedLocally when the two addresses are of different regions: a workspace lives in one (errors.md 4)."""
    training = ServiceAddress.parse(training_url)
    management = ServiceAddress.parse(f"{management_url.rstrip('/')}/workspaces/x")
    regions = {one.region for one in (training, management) if one is not None and one.region}
    if training is not None and management is not None and len(regions) > 1:
        what = f"the workspace is called in {training.region}, and {management_url} manages {management.region}"
        raise RefusedLocally.because("region-management", what)
