"""Web services and their endpoints, on the management host (clients.md sections 6 and 7)."""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import quote

from amlcontracts import load

from ._auth import Bearer
from ._client import ServiceClient, json_call, json_of
from ._exceptions import RefusedLocally, UnexpectedAnswer, WrongCall
from ._models import BlobLocation, Endpoint, EndpointSettings, WebService

__all__ = ["ManagementClient"]

_NEAR = 0.85  # "Census Model [Trained Modle]" is 0.96 of the name it means, "Census Model [Predictive Exp.]" 0.66


class ManagementClient(ServiceClient):
    """The services and endpoints of one workspace.

    ``management_url`` is that of the workspace's own region (``https://management.azureml.net``,
    ``https://europewest.management.azureml.net``); on another region's host every call fails (errors.md section 4).
    ``token`` is the workspace's, or an endpoint's key for the calls on that endpoint.
    Further arguments are those of :class:`ServiceClient`.
    """

    def __init__(self, management_url: str, token: str, workspace_id: str, **options: Any) -> None:
        super().__init__(Bearer(token), **options)
        self._base = f"{management_url.rstrip('/')}/workspaces/{_segment(workspace_id, 'a workspace')}/webservices"

    def services(self, *, timeout: float | None = None) -> list[WebService]:
        """List the web services of the workspace."""
        return [WebService.from_json(member) for member in self._list(self._base, timeout)]

    def service(self, service_id: str, *, timeout: float | None = None) -> WebService:
        """Return one web service."""
        return WebService.from_json(self._get(self._service(service_id), timeout))

    def endpoints(self, service_id: str, *, timeout: float | None = None) -> list[Endpoint]:
        """List the endpoints of a service. Lists may leave out ``resources``; :meth:`endpoint` has them."""
        return [Endpoint.from_json(m) for m in self._list(f"{self._service(service_id)}/endpoints", timeout)]

    def endpoint(self, service_id: str, name: str, *, timeout: float | None = None) -> Endpoint:
        """Return one endpoint by its name (never its GUID: that is for scoring addresses, clients.md section 1)."""
        return Endpoint.from_json(self._get(self.endpoint_url(service_id, name), timeout))

    def add_endpoint(
        self,
        service_id: str,
        name: str,
        settings: EndpointSettings | None = None,
        *,
        preflight: bool = True,
        timeout: float | None = None,
    ) -> Endpoint:
        """Add an endpoint: a copy of the default one with keys of its own. On a name that exists it is an update.

        Raises RefusedLocally for a name that breaks the rule (24 lower-case letters and digits at most).
        """
        if preflight:
            check_endpoint_name(name)
        deadline = self._deadline(timeout)
        body = (settings or EndpointSettings()).to_json()
        url = self.endpoint_url(service_id, name)
        answer = self.call(json_call("PUT", url, body, repeatable=True), timeout=deadline.left)
        with suppress(UnexpectedAnswer):
            return Endpoint.from_json(json_of(answer))
        return self.endpoint(service_id, name, timeout=deadline.left)  # the body is not promised (clients.md 6.2)

    def update_endpoint(
        self, service_id: str, name: str, settings: EndpointSettings, *, timeout: float | None = None
    ) -> Endpoint:
        """Change the settings of an endpoint. Raises NotFound when there is none, where a PUT would add it."""
        deadline = self._deadline(timeout)
        self.endpoint(service_id, name, timeout=deadline.left)
        return self.add_endpoint(service_id, name, settings, preflight=False, timeout=deadline.left)

    def delete_endpoint(self, service_id: str, name: str, *, timeout: float | None = None) -> None:
        """Delete an endpoint. The default one stays while there are others (documents.md section 9)."""
        self.call(json_call("DELETE", self.endpoint_url(service_id, name)), timeout=timeout)

    def refresh_endpoint(
        self, service_id: str, name: str, *, overwrite_resources: bool = False, timeout: float | None = None
    ) -> bool:
        """Copy the default endpoint's graph to this one; its models too, with ``overwrite_resources``.

        Return False when there was nothing to change (the service answers 304).
        """
        url = f"{self.endpoint_url(service_id, name)}/refresh"
        body = {"OverwriteResources": str(overwrite_resources)}  # "True", a string, as azuremlps sends it
        return self.call(json_call("POST", url, body), timeout=timeout, also=(304,)).status != 304

    def patch_resource(
        self,
        service_id: str,
        endpoint_name: str,
        resource_name: str,
        location: BlobLocation,
        *,
        preflight: bool = True,
        timeout: float | None = None,
    ) -> None:
        """Give an endpoint the model at ``location`` under its resource's name: the update that retraining ends in.

        Effective within 15 to 30 s (documents.md 10.1). Never repeated when the outcome is unknown: read the endpoint's
        resources to see. Raises RefusedLocally for the default endpoint, an empty resource name and what is no model;
        and, after a look at the endpoint, for one of a training service and for a name that it does not have.
        """
        deadline = self._deadline(timeout)
        if preflight:
            check_patch(endpoint_name, resource_name, location)
            resources = self.endpoint(service_id, endpoint_name, timeout=deadline.left).resources
            if resources is not None:
                check_resource(tuple(resource.name for resource in resources), resource_name)
        body = {"Resources": [{"Name": resource_name, "Location": location.to_json()}]}
        self.call(json_call("PATCH", self.endpoint_url(service_id, endpoint_name), body), timeout=deadline.left)

    def endpoint_url(self, service_id: str, name: str) -> str:
        """Return the management address of an endpoint: also the address to PATCH."""
        return f"{self._service(service_id)}/endpoints/{_segment(name, 'an endpoint')}"

    def _service(self, service_id: str) -> str:
        return f"{self._base}/{_segment(service_id, 'a web service')}"

    def _get(self, url: str, timeout: float | None) -> Any:
        return json_of(self.call(json_call("GET", url, repeatable=True), timeout=timeout))

    def _list(self, url: str, timeout: float | None) -> list[Any]:
        data = self._get(url, timeout)
        if not isinstance(data, list):
            raise UnexpectedAnswer("the answer is not a list", method="GET", url=url)
        return data


def _segment(name: str, what: str) -> str:
    """Return a name as one segment of an address. Raises WrongCall for what would lead elsewhere.

    HTTP libraries fold ``.`` and ``..``: deleting the endpoint ``..`` would delete the web service.
    """
    if name in ("", ".", "..") or "/" in name:
        raise WrongCall(f"{name!r} cannot be the name or id of {what}")
    return quote(name)


def check_endpoint_name(name: str) -> None:
    """Raise RefusedLocally for a name that an added endpoint cannot have (documents.md section 9)."""
    if not re.fullmatch(load("limits")["endpoint_name_pattern"], name):
        most = load("limits")["endpoint_name_length"]
        what = f"{name!r} cannot be an endpoint's name: {most} lower-case letters and digits at most"
        raise RefusedLocally.because("endpoint-name-rule", what)


def check_patch(endpoint_name: str, resource_name: str, location: BlobLocation) -> None:
    """Raise RefusedLocally for an update that the documents forbid (documents.md 10.2)."""
    if endpoint_name == "default":
        raise default_refused(endpoint_name)
    if not resource_name.strip():
        raise RefusedLocally.because("resource-name-empty", "the resource name is empty")
    extensions = load("limits")["model_extensions"]
    if location.extension not in extensions:
        shown = location.relative_location or "(no RelativeLocation)"
        what = f"{shown} is not a trained model: its name has to end in {' or '.join(extensions)}"
        raise RefusedLocally.because("evaluation-as-model", what)


def default_refused(name: str) -> RefusedLocally:
    """Return the refusal to PATCH a service's default endpoint, whatever that is called."""
    called = "" if name == "default" else f" ({name})"
    return RefusedLocally.because("patch-on-default", f"this would PATCH the default endpoint{called}")


def check_resource(names: tuple[str, ...], wanted: str) -> None:
    """Raise RefusedLocally unless the endpoint has a resource of that name (documents.md 10.2)."""
    if not names:
        what = "This Web Service has no updatable resources: it trains, or its experiment has no trained model"
        raise RefusedLocally.because("patch-on-training-service", what)
    if wanted not in names:
        what = f"there is no resource {wanted!r}; there is: {', '.join(names)}"
        raise RefusedLocally.because(wrong_name(names, wanted), what)


def wrong_name(names: tuple[str, ...], wanted: str) -> str:
    """Return which failure a resource name is that the endpoint does not have: a slip of the pen, or another name."""
    nearness = (SequenceMatcher(None, wanted.casefold(), name.casefold()).ratio() for name in names)
    return "resource-name-misspelt" if max(nearness, default=0.0) >= _NEAR else "resource-name-wrong"
