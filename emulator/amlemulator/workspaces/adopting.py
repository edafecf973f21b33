"""The workspace that a program needs, made of what stands in its text; the sample's graphs stand in for its own."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from amlemulator.core.adoption import Finding, Text
from amlemulator.core.regions import DEFAULT_REGION
from amlemulator.samples import workspaces
from amlemulator.workspaces.description import (
    EndpointDescription,
    ServiceDescription,
    StorageDescription,
    WorkspaceDescription,
)

SAMPLE_RESOURCE = "Census Model [trained model]"
GENERIC = frozenset(
    {
        "api",
        "key",
        "url",
        "uri",
        "id",
        "endpoint",
        "service",
        "web",
        "base",
        "address",
        "primary",
        "const",
        "string",
        "my",
    }
)


@dataclass
class Proposal:
    """What a workspace must have. ``notes`` say what was left open, and how it was closed."""

    workspace_id: str | None = None
    region: str = DEFAULT_REGION
    token: str | None = None
    training_id: str | None = None  # the GUID in /services/{id} of the training service's default endpoint
    training_key: str | None = None
    service_id: str | None = None  # of the scoring web service, as in /webservices/{id}
    scoring_id: str | None = None  # the GUID in /services/{id} of its default endpoint
    key: str | None = None  # of the scoring endpoint
    endpoint: str | None = None  # the added endpoint's name
    account: str | None = None
    account_key: str | None = None
    resource: str = SAMPLE_RESOURCE
    containers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that a workspace could be made of."""
        return not any((self.workspace_id, self.training_id, self.service_id, self.scoring_id, self.account))


def propose(text: Text) -> Proposal:
    """Return the workspace that a program needs, as far as its text tells."""
    made = Proposal(containers=list(text.containers))
    made.workspace_id = _only(made, text.of("workspace"), "workspace ids")
    made.token = _only(made, text.of("token"), "workspace tokens")
    made.service_id = _only(made, text.of("service"), "web service ids")
    made.account = _only(made, text.of("account"), "storage accounts")
    made.account_key = _only(made, text.of("account key"), "account keys")
    names = [one for one in text.of("endpoint name") if one.value != "default"]
    made.endpoint = _only(made, names, "endpoint names")
    if text.regions:
        made.region = text.regions[0]
    if len(text.regions) > 1:
        made.notes.append(f"hosts of several regions are named: {', '.join(text.regions)}; the first is taken")
    if text.resources:
        made.resource = text.resources[0]
    _assign_endpoints(made, text)
    _assign_keys(made, text)
    made.notes += [f"{host} is no host that is emulated" for host in text.foreign]
    return made


def _only(made: Proposal, found: list[Finding], what: str) -> str | None:
    if len(found) > 1:
        lines = ", ".join(str(one.line) for one in found)
        made.notes.append(f"several {what} are named, in lines {lines}; the first is taken")
    return found[0].value if found else None


def _assign_endpoints(made: Proposal, text: Text) -> None:
    """Tell whose endpoint is whose: by name, by address, else the first is the training service's."""
    left = text.of("endpoint")
    for one in [one for one in left if one.role is not None]:
        place = f"{one.role}_id"
        if getattr(made, place) is None:
            setattr(made, place, one.value)
            left.remove(one)
    for one in left:
        place = "training_id" if made.training_id is None else "scoring_id"
        if getattr(made, place) is None:
            setattr(made, place, one.value)
        else:
            made.notes.append(f"the id in line {one.line} is one too many for a training and a scoring service")


def _assign_keys(made: Proposal, text: Text) -> None:
    left = text.of("key")
    anchors = {"training": made.training_id, "scoring": made.scoring_id or made.service_id}
    for role, place in (("training", "training_key"), ("scoring", "key")):
        named = [one for one in left if one.role == role]
        if named:
            setattr(made, place, named[0].value)
            left = [one for one in left if one.value != named[0].value]
    for role, place in (("training", "training_key"), ("scoring", "key")):
        if left and getattr(made, place) is None and anchors[role] is not None:
            chosen = _nearest(left, (one for one in text.findings if one.value == anchors[role]))
            setattr(made, place, chosen.value)
            left.remove(chosen)
    if left:
        lines = ", ".join(str(one.line) for one in left)
        made.notes.append(f"keys in lines {lines} were not needed; say whose they are with --training-key or --key")


def _nearest(keys: list[Finding], anchors: Iterable[Finding]) -> Finding:
    """Return the key that belongs to an id: it shares a word with it, or else is the nearest."""
    places = list(anchors)

    def distance(key: Finding) -> tuple[bool, int]:
        shares = any((key.words & one.words) - GENERIC for one in places)
        return not shares, min((abs(key.line - one.line) for one in places), default=0)

    return min(keys, key=distance)


def describe(proposal: Proposal) -> WorkspaceDescription:
    """Return the workspace: the census sample's two services under the program's own ids, keys and names."""
    training, scoring = (service for service in workspaces()[0].services[:2])
    graph = _renamed(scoring.experiment, proposal.resource)
    default = EndpointDescription(
        "default", id=proposal.scoring_id, primary_key=None if proposal.endpoint else proposal.key
    )
    endpoints = [default]
    if proposal.endpoint:
        endpoints.append(EndpointDescription(proposal.endpoint, primary_key=proposal.key))
    base = proposal.resource.removesuffix(" [trained model]")
    trainer = EndpointDescription("default", id=proposal.training_id, primary_key=proposal.training_key)
    storage = StorageDescription(proposal.account, proposal.account_key) if proposal.account else None
    return WorkspaceDescription(
        name="Adopted",
        region=proposal.region,
        id=proposal.workspace_id,
        token=proposal.token,
        storage=storage,
        services=(
            ServiceDescription(base, training.experiment, endpoints=(trainer,)),
            ServiceDescription(
                f"{base} [Predictive Exp.]",
                graph,
                {proposal.resource: scoring.models[SAMPLE_RESOURCE]},
                id=proposal.service_id,
                endpoints=tuple(endpoints),
            ),
        ),
        containers=tuple((proposal.account, name) for name in proposal.containers) if proposal.account else (),
    )


def _renamed(graph: dict[str, Any], resource: str) -> dict[str, Any]:
    """Return the scoring graph with its saved model under another name."""
    changed = deepcopy(graph)
    for node in changed["nodes"]:
        if node["module"] == "Saved Model":
            node["parameters"]["Name"] = resource
    return changed
