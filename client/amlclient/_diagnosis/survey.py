"""What the service tells of a retraining, asked for once and only when a check wants it. Only GET and RRS are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from amlclient._addresses import ServiceAddress
from amlclient._auth import Bearer
from amlclient._client import ServiceClient, json_call, json_of
from amlclient._exceptions import (
    AmlError,
    NotFound,
    ServiceError,
    TransportError,
    Unauthorized,
    UnexpectedAnswer,
    WrongCall,
)
from amlclient._help import HelpReader
from amlclient._management import ManagementClient
from amlclient._models import BlobLocation, Endpoint, JobStatus, ScoreResult, WebService
from amlclient._scoring import ScoringClient
from amlcontracts import load

from .probe import Probe, varied
from .setup import RetrainingSetup
from .sightings import Seen, seen

T = TypeVar("T")
Answer = tuple[T | None, AmlError | None]


def attempt(ask: Callable[[], T]) -> Answer[T]:
    """Return what was answered, or the refusal. A service that cannot be reached at all is for the caller."""
    try:
        return ask(), None
    except (ServiceError, UnexpectedAnswer) as error:
        return None, error


def attempt_elsewhere(ask: Callable[[], Answer[T]]) -> Answer[T]:
    """Return what came of asking an address that nobody gave: it need not be there, nor be one that can be called."""
    try:
        return ask()
    except (TransportError, WrongCall) as error:
        return None, error


def _is_of_another_region(error: AmlError | None) -> bool:
    return isinstance(error, ServiceError) and error.code == "GetWorkspaceFailed"  # errors.md section 4 (O4)


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint and the web service that it is of."""

    service: WebService
    endpoint: Endpoint

    @property
    def guid(self) -> str:
        """The endpoint's GUID, from its ApiLocation."""
        address = ServiceAddress.parse(self.endpoint.api_location or "")
        return address.endpoint if address is not None else ""

    @property
    def is_default(self) -> bool:
        """Whether it is the endpoint that publishing made."""
        return self.endpoint.name == self.service.default_endpoint_name

    @property
    def named(self) -> Seen:
        """What it is called in a sentence."""
        return seen("place", name=self.endpoint.name, service=self.service.name)


class Survey:
    """Everything that the checks ask for. ``options`` are those of every client: transport, clock, retry, timeout."""

    def __init__(self, setup: RetrainingSetup, options: Mapping[str, Any]) -> None:
        self.setup = setup
        self._options = options
        self._endpoints: dict[str, tuple[Place, ...]] = {}
        self._kinds: dict[str, str] = {}
        self.patch = ServiceAddress.parse(setup.patch_url or "")
        self.scoring = ServiceAddress.parse(setup.scoring_url or "")
        self.training = ServiceAddress.parse(setup.training_url or "")

    # --- the workspace ------------------------------------------------------------------------------------------------

    @property
    def workspace_id(self) -> str:
        """The workspace that is meant."""
        if self.setup.workspace is not None:
            return self.setup.workspace.id
        found = next((one.workspace for one in (self.patch, self.scoring, self.training) if one is not None), "")
        if not found:
            raise WrongCall("give an endpoints file, or an address with /workspaces/{id}: --patch-url, --scoring-url")
        return found

    @property
    def token(self) -> str | None:
        """What the workspace is read with: the token known to be right, else the program's."""
        return self.setup.workspace.token if self.setup.workspace is not None else self.setup.token

    @cached_property
    def region(self) -> str:
        """The workspace's region: known, or that of the management host that answers for it; ``""`` when unknown."""
        if self.setup.workspace is not None and self.setup.workspace.region:
            return self.setup.workspace.region
        return self._found[1]

    @cached_property
    def root(self) -> str:
        """The management host of the workspace's own region; ``""`` when it cannot be found out."""
        return self.setup.workspace.management_url if self.setup.workspace is not None else self._found[0]

    @cached_property
    def _found(self) -> tuple[str, str]:
        """The management host that answers for the workspace, and its region, tried in turn (errors.md section 4)."""
        for number, (root, region) in enumerate(self._candidates()):
            ask = partial(attempt, self._manager(root).services)
            _, error = ask() if number == 0 else attempt_elsewhere(ask)
            if not (isinstance(error, TransportError) or _is_of_another_region(error)):
                return root, region
        return "", ""

    def _candidates(self) -> Iterator[tuple[str, str]]:
        known = next((one for one in (self.patch, self.scoring, self.training) if one is not None), None)
        if known is None:
            return
        if not known.region:  # an address that serves whatever region the workspace is in
            yield known.root, ""
            return
        for region in sorted(load("regions"), key=lambda one: one != known.region):
            yield known.root_in(region, "management"), region

    @cached_property
    def management(self) -> ManagementClient:
        """The management host of the workspace's own region."""
        return self._manager(self.root)

    def _manager(self, root: str) -> ManagementClient:
        """Return a management host, with the token for reading."""
        return ManagementClient(root, self.token or "none", self.workspace_id, **self._options)

    @cached_property
    def listing(self) -> Answer[tuple[WebService, ...]]:
        """The web services of the workspace; that of the PATCH URL alone where the token is an endpoint's key.

        Neither these nor a refusal without a token to ask with.
        """
        if not self.token:
            return None, None
        if not self.root:
            return None, ServiceError(500, "GetWorkspaceFailed", "no region's management host knows the workspace")
        services, error = attempt(self.management.services)
        if services is None and self.patch is not None and self.patch.service and self.token:
            places, _ = attempt(lambda: self.management.endpoints(self.patch.service))  # type: ignore[union-attr] # seen
            if places is not None:
                return (WebService(self.patch.service, self.patch.service),), None
        return (tuple(services) if services is not None else None), error

    @property
    def services(self) -> tuple[WebService, ...]:
        """The web services; none when they cannot be listed."""
        return self.listing[0] or ()

    def places(self, service: WebService) -> tuple[Place, ...]:
        """Return the endpoints of a service, keys included, resources not."""
        if service.id not in self._endpoints:
            found, _ = attempt(lambda: self.management.endpoints(service.id))
            self._endpoints[service.id] = tuple(Place(service, endpoint) for endpoint in found or ())
        return self._endpoints[service.id]

    def kind(self, service: WebService) -> str:
        """Return ``scoring`` for a service with a model to update, else ``training``; ``""`` when it does not show."""
        if service.id not in self._kinds:
            self._kinds[service.id] = self._listed_kind(service) or self._asked_kind(service)
        return self._kinds[service.id]

    def _listed_kind(self, service: WebService) -> str:
        entries = self.setup.workspace.services if self.setup.workspace is not None else ()
        return next((entry.kind for entry in entries if entry.id == service.id), "")

    def _asked_kind(self, service: WebService) -> str:
        """Ask the endpoint of the PATCH URL, which its own key opens, or else the default one."""
        named = self.patch.endpoint if self.patch is not None else ""
        for place in sorted(self.places(service), key=lambda one: one.endpoint.name != named)[:1]:
            detail = self.detail(place)
            if detail is not None and detail.resources is not None:
                return "scoring" if detail.resources else "training"
            if place.endpoint.help_location:
                return self._kind_of_page(place.endpoint.help_location)
        return ""

    def _kind_of_page(self, help_location: str) -> str:
        reader = HelpReader(**self._options)
        page, _ = attempt_elsewhere(partial(attempt, lambda: reader.update_resource(help_location)))
        return "" if page is None else "scoring" if page.resource_names else "training"

    def detail(self, place: Place) -> Endpoint | None:
        """Return an endpoint with its resources; None when the service refuses."""
        return attempt(lambda: self.management.endpoint(place.service.id, place.endpoint.name))[0]

    def every_place(self) -> Iterator[Place]:
        """Yield every endpoint of the workspace, those of the PATCH URL's service first."""
        first = self.patch.service if self.patch is not None else ""
        for service in sorted(self.services, key=lambda one: one.id != first):
            yield from self.places(service)

    def place_of(self, address: ServiceAddress | None) -> Place | None:
        """Return the endpoint that a scoring address means: by its GUID, or by a name that only one endpoint has."""
        if address is None or not address.endpoint:
            return None
        for place in self.every_place():
            if place.guid == address.endpoint:
                return place
        named = [place for place in self.every_place() if place.endpoint.name == address.endpoint]
        return named[0] if len(named) == 1 else None

    @cached_property
    def target(self) -> Place | None:
        """The endpoint that the PATCH goes to, or is meant to go to where no PATCH URL is given; None: not there."""
        if self.patch is None:
            return self._meant()
        for service in self.services:
            if service.id == self.patch.service:
                return next((one for one in self.places(service) if self._is_named(one)), None)
        return None

    def _is_named(self, place: Place) -> bool:
        assert self.patch is not None
        return self.patch.endpoint in (place.endpoint.name, place.guid)

    def _meant(self) -> Place | None:
        wanted, scored = self.setup.endpoint_name, self.place_of(self.scoring)
        if scored is not None and not scored.is_default and wanted is None:
            return scored
        added = [place for service in self.meant_services() for place in self.places(service) if not place.is_default]
        if wanted is not None:
            added = [place for place in added if place.endpoint.name == wanted]
        return added[0] if len(added) == 1 else None

    def meant_services(self) -> tuple[WebService, ...]:
        """Return the scoring services, or the one that is named. Raises WrongCall for a name that there is not."""
        wanted = self.setup.scoring_service
        named = tuple(one for one in self.services if wanted in (one.id, one.name))
        if wanted is not None and self.services and not named:
            known = ", ".join(repr(service.name) for service in self.services)
            raise WrongCall(f"there is no web service {wanted!r}; there is: {known}")
        return named if wanted is not None else tuple(one for one in self.services if self.kind(one) == "scoring")

    @cached_property
    def scored(self) -> Place | None:
        """The endpoint that the program scores; the one it updates where no scoring address is given."""
        return self.place_of(self.scoring) if self.scoring is not None else self.target

    # --- calls that change nothing ------------------------------------------------------------------------------------

    def client(self, api_location: str, key: str) -> ScoringClient:
        """Return a client of an endpoint."""
        return ScoringClient(api_location, key, **self._options)

    def swagger(self, api_location: str) -> Answer[dict[str, Any]]:
        """Read a swagger document, which needs no key."""
        return attempt(lambda: self.client(api_location, "none").swagger())

    def score(self, api_location: str, key: str) -> Answer[ScoreResult]:
        """Score the program's request, or rows made of the sample; the sample alone where those are refused."""
        if self.setup.request is not None:
            return attempt(lambda: self._send(api_location, key, self.setup.request))
        document, unread = self.swagger(api_location)
        if document is None:  # as that of an endpoint so new that its key is refused, too, whatever is sent
            _, error = attempt(lambda: self._send(api_location, key, {"Inputs": {}}))
            return None, error if isinstance(error, Unauthorized) else unread
        result, error = attempt(lambda: self._send(api_location, key, varied(document)))
        if isinstance(error, ServiceError) and error.status == 400:
            return attempt(lambda: self._send(api_location, key, varied(document, rows=1)))
        return result, error

    def _send(self, api_location: str, key: str, body: Any) -> ScoreResult:
        url = f"{api_location.rstrip('/')}/execute"
        call = json_call("POST", url, body, params={"api-version": "2.0", "details": "true"}, repeatable=True)
        return ScoreResult.from_json(json_of(ServiceClient(Bearer(key), **self._options).call(call)))

    def opens(self, url: str, token: str) -> AmlError | None:
        """Return the refusal of a management address for a token; None when it opens, or is not there."""
        call = json_call("GET", url, repeatable=True)
        _, error = attempt(lambda: ServiceClient(Bearer(token), **self._options).call(call))
        return None if isinstance(error, NotFound) else error

    def is_token(self, given: str) -> bool:
        """Whether a key is really one of the workspace's tokens: these, and no endpoint's key, open its services."""
        if self.setup.workspace is not None and given == self.setup.workspace.token:
            return True
        client = ManagementClient(self.root, given, self.workspace_id, **self._options)
        return bool(self.root) and attempt(client.services)[1] is None

    @cached_property
    def job(self) -> Answer[JobStatus]:
        """The job's status; nothing without address, key and id."""
        setup, address = self.setup, self.training
        if address is None or not setup.training_key or not setup.job_id:
            return None, None
        place = self.place_of(address)
        known = place.endpoint.api_location if place is not None else None
        api_location = known or f"{address.root}/workspaces/{address.workspace}/services/{address.endpoint}"
        key, job_id = setup.training_key, setup.job_id
        return attempt(lambda: self.client(api_location, key).job(job_id))

    @property
    def results(self) -> tuple[BlobLocation, ...]:
        """The results of the job, with fresh tokens."""
        status = self.job[0]
        return tuple(status.results.values()) if status is not None else ()

    @cached_property
    def model(self) -> BlobLocation | None:
        """The model that the program PATCHes with, or that the job made."""
        if self.setup.model is not None:
            return self.setup.model
        return next((one for one in self.results if one.extension in load("limits")["model_extensions"]), None)

    @cached_property
    def probe(self) -> Probe | None:
        """What storage says of that model."""
        return self.look(self.model) if self.model is not None else None

    def look(self, location: BlobLocation) -> Probe:
        """Fetch the beginning of a blob."""
        return Probe.of(location, ServiceClient(**self._options))
