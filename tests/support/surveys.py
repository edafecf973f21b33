"""Surveys of a workspace that say what a case is about and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

from amlclient import Endpoint, WebService
from amlclient._addresses import ServiceAddress
from amlclient._diagnosis.result import CheckResult
from amlclient._diagnosis.survey import Place

G1, G2, G3 = ("1" * 32, "2" * 32, "3" * 32)
HOST = "http://h/management"
SCORED = "http://h/services"
TRAINS, SCORES = WebService("t", "Trainer"), WebService("s", "Scorer")


def place(service: WebService, name: str, guid: str, **members: object) -> Place:
    return Place(
        service, Endpoint(name, f"{SCORED}/workspaces/w/services/{guid}", primary_key=f"key-{name}", **members)
    )


DEFAULT, ADDED, OTHER = place(SCORES, "default", G1), place(SCORES, "ep1", G2), place(SCORES, "ep2", G3)
OF_TRAINER = place(TRAINS, "default", "4" * 32)


def patch_of(service: str = "s", name: str = "ep1", workspace: str = "w") -> str:
    return f"{HOST}/workspaces/{workspace}/webservices/{service}/endpoints/{name}"


def endpoint_url(service: str, name: str) -> str:
    """Return what the management client says of an endpoint of the workspace."""
    return patch_of(service, name)


def survey(**members: object) -> SimpleNamespace:
    """Return a survey of a workspace with a training and a scoring service; ``setup`` members by their names."""
    names = (
        "patch_url",
        "scoring_url",
        "training_url",
        "training_key",
        "job_id",
        "resource_name",
        "endpoint_name",
        "token",
        "scoring_key",
    )
    setup = SimpleNamespace(**{name: members.pop(name, None) for name in names})
    places = {"t": (OF_TRAINER,), "s": (DEFAULT, ADDED)}
    made = {
        "setup": setup,
        "patch": ServiceAddress.parse(setup.patch_url or ""),
        "scoring": ServiceAddress.parse(setup.scoring_url or ""),
        "training": ServiceAddress.parse(setup.training_url or ""),
        "workspace_id": "w",
        "services": (TRAINS, SCORES),
        "listing": ((TRAINS, SCORES), None),
        "kind": lambda service: {"t": "training", "s": "scoring"}.get(service.id, ""),
        "places": lambda service: places.get(service.id, ()),
        "every_place": lambda: [OF_TRAINER, DEFAULT, ADDED],
        "meant_services": lambda: (SCORES,),
        "place_of": lambda address: None,
        "target": None,
        "scored": None,
        "management": SimpleNamespace(endpoint_url=endpoint_url),
        "root": HOST,
        "region": "",
        "job": (None, None),
        "model": None,
        "probe": None,
        "results": (),
        "detail": lambda found: None,
        "is_token": lambda given: False,
    }
    return SimpleNamespace(**{**made, **members})


Told = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def told(result: CheckResult) -> Told:
    """Return check, outcome, failures and the English sentences of a result."""
    return result.check, result.outcome, result.failures, result.evidence


def ok(check: str, *texts: str) -> Told:
    """Return what is told when all is well."""
    return check, "ok", (), texts


def unknown(check: str, *texts: str) -> Told:
    """Return what is told when it could not be found out."""
    return check, "unknown", (), texts


def wrong(check: str, failures: str | tuple[str, ...], *texts: str) -> Told:
    """Return what is told when something is wrong."""
    return check, "wrong", (failures,) if isinstance(failures, str) else failures, texts
