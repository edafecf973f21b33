"""The URLs that stand in answers, built from one configured public base, or from real names for who used real names."""

from __future__ import annotations

from dataclasses import dataclass

from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.regions import BLOB_DOMAIN, REAL_DOMAIN, Role, label


@dataclass(frozen=True, slots=True)
class Addresses:
    """Makes addresses. ``base`` and ``blob`` have no trailing slash; with ``real`` both are ignored."""

    base: str = "http://127.0.0.1:8350"
    blob: str = "http://127.0.0.1:10000"
    real: bool = False

    def host(self, role: Role, region: str) -> str:
        """Return the root of a logical host, without trailing slash."""
        first = label(role, region)
        return f"https://{first}{REAL_DOMAIN}" if self.real else f"{self.base}/{first}"

    def api_location(self, workspace: Workspace, endpoint: Endpoint) -> str:
        """Return ApiLocation: no trailing slash, no query (clients.md section 1)."""
        return f"{self.host('services', workspace.region)}/workspaces/{workspace.id}/services/{endpoint.id}"

    def help_location(self, workspace: Workspace, service: WebService, endpoint: Endpoint) -> str:
        """Return HelpLocation, by the endpoint's GUID."""
        path = f"/apihelp/workspaces/{workspace.id}/webservices/{service.id}/endpoints/{endpoint.id}"
        return self.host("studio", workspace.region) + path

    def management_url(self, workspace: Workspace) -> str:
        """Return the root of the workspace's management host."""
        return self.host("management", workspace.region)

    def studio_url(self, workspace: Workspace) -> str:
        """Return the root of the workspace's Studio API."""
        return self.host("studioapi", workspace.region) + "/api"

    def patch_url(self, workspace: Workspace, service: WebService, endpoint: Endpoint) -> str:
        """Return the PATCH URL, by the endpoint's name."""
        path = f"/workspaces/{workspace.id}/webservices/{service.id}/endpoints/{endpoint.name}"
        return self.management_url(workspace) + path

    def blob_account(self, account: str) -> str:
        """Return BaseLocation of a storage account, with its trailing slash (clients.md 4.3)."""
        return f"https://{account}{BLOB_DOMAIN}/" if self.real else f"{self.blob}/{account}/"

    def swagger_host(self, workspace: Workspace) -> tuple[str, str, str]:
        """Return scheme, host with port, and path prefix of the scoring host, as swagger splits them."""
        scheme, _, rest = self.host("services", workspace.region).partition("://")
        host, slash, prefix = rest.partition("/")
        return scheme, host + (":443" if self.real else ""), slash + prefix
