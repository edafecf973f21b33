"""Update Resource: whose model changes, and how."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.checks.bes import fetched
from amlcontracts.harness.data import from_csv
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.registry import check


def _patched(endpoint: Any, body: dict[str, Any], **options: Any) -> None:
    answer = endpoint.patch(body, **options)
    same(200, answer.status, answer.line)


@check("patch.effect", "endpoints.patch", "endpoints.copy")
def effect(ground: Ground) -> None:
    """The patched endpoint answers with the new model; the default one and every other keep theirs."""
    usual, first, second = ground.faces
    with ground.scoring.endpoint() as endpoint, ground.scoring.endpoint() as other:
        for model, want in zip((*ground.models, ground.models[0]), (first, second, first), strict=True):
            _patched(endpoint, ground.update(model))
            ground.answers(endpoint, want, f"scores after a PATCH with {model}")
            ground.answers(other, usual, "scores of another endpoint after it")
            ground.answers(ground.scoring.default, usual, "scores of the default endpoint after it")
        with ground.scoring.endpoint() as newer:
            ground.answers(newer, usual, "an endpoint that is added then copies the default one")


@check("patch.keys", "access.endpoint-key")
def keys(ground: Ground) -> None:
    """A PATCH may come with either key of the endpoint or with the workspace's token."""
    with ground.scoring.endpoint() as endpoint:
        for number, key in enumerate((endpoint.key, endpoint.secondary, ground.home.token)):
            _patched(endpoint, ground.update(ground.models[number % 2]), key=key)
            ground.answers(endpoint, ground.faces[1 + number % 2], "scores after it")


@check("patch.forms", "patch.join", "endpoints.patch")
def forms(ground: Ground) -> None:
    """Base and relative location are joined by one slash, however many are written; a question mark may be missing."""
    model = ground.models[0]
    shared = ground.storage.shared(model)
    base, relative, token = (str(shared[name]) for name in ("BaseLocation", "RelativeLocation", "SasBlobToken"))
    with ground.scoring.endpoint() as endpoint:

        @ground.law(
            share=0.5, before=st.integers(0, 1), after=st.integers(0, 1), mark=st.booleans(), null=st.booleans()
        )
        def _(before: int, after: int, mark: bool, null: bool) -> None:
            location: dict[str, Any] = {
                "BaseLocation": base.rstrip("/") + "/" * before,
                "RelativeLocation": "/" * after + relative,
                "SasBlobToken": token if mark else token.lstrip("?"),
            }
            if null:
                location["ConnectionString"] = None
            _patched(endpoint, ground.update(ground.models[1]))
            _patched(endpoint, ground.update(model, **location))
            ground.answers(endpoint, ground.faces[1], f"scores with {before} and {after} slashes")


@check("patch.settings", "patch.settings", "patch.atomic")
def settings(ground: Ground) -> None:
    """Settings and resources of one PATCH change together, and a PATCH of settings leaves the model alone."""
    with ground.scoring.endpoint() as endpoint:
        _patched(endpoint, {**ground.update(ground.models[0]), "Description": "with a model"})
        same("with a model", endpoint.shown()["Description"], "Description")
        ground.answers(endpoint, ground.faces[1], "scores after both changed")
        _patched(endpoint, {"Description": "alone"})
        _patched(endpoint, {"Resources": [], "Description": "still alone"})
        ground.answers(endpoint, ground.faces[1], "scores after the settings changed")
        same(200, endpoint.manage("PUT", "", {"Description": "by PUT"}).status, "PUT")
        ground.answers(endpoint, ground.faces[1], "scores after a PUT of settings")


@check("patch.shown", "endpoints.get", "http.no-secrets")
def shown(ground: Ground) -> None:
    """An endpoint shows where its model came from, without the signature; the default one shows its own."""
    with ground.patched(ground.models[0]) as endpoint:
        (resource,) = [one for one in endpoint.shown()["Resources"] if one["Name"] == ground.resource]
        location = resource["Location"]
        same(ground.storage.place(ground.models[0]), location["RelativeLocation"].lstrip("/"), "RelativeLocation")
        same(None, location["SasBlobToken"], "SasBlobToken of a resource as it is shown")
        (default,) = [one for one in ground.scoring.default.shown()["Resources"] if one["Name"] == ground.resource]
        hold(default["Location"] != location, "the default endpoint shows the model of the patched one")


@check("patch.copied", "patch.copied")
def copied(ground: Ground) -> None:
    """The model is copied: neither another content of its blob nor its end changes what the endpoint answers."""
    first, second = ground.trained.models
    ground.storage.upload("moving.ilearner", first)
    with ground.scoring.endpoint() as endpoint:
        _patched(endpoint, ground.update("moving.ilearner"))
        ground.answers(endpoint, ground.faces[1], "scores after the PATCH")
        ground.storage.upload("moving.ilearner", second)
        ground.answers(endpoint, ground.faces[1], "scores after the blob was written anew")
        _patched(endpoint, ground.update("moving.ilearner"))
        ground.answers(endpoint, ground.faces[2], "scores after a PATCH from the same place")
        ground.storage.delete("moving.ilearner")
        ground.answers(endpoint, ground.faces[2], "scores after the blob was deleted")


@check("patch.refresh", "endpoints.refresh", kind="state machine")
def refresh(ground: Ground) -> None:
    """A refresh keeps a patched model unless it is told to overwrite resources; then the default one's comes back."""
    with ground.patched(ground.models[0]) as endpoint:
        for body in (None, {}, {"OverwriteResources": False}):
            same(304, endpoint.manage("POST", "/refresh", body).status, f"a refresh with {body}")
            ground.answers(endpoint, ground.faces[1], f"scores after a refresh with {body}")
        answer = endpoint.manage("POST", "/refresh", {"OverwriteResources": True})
        same((200, b""), (answer.status, answer.body), answer.line)
        ground.answers(endpoint, ground.faces[0], "scores after the refresh")
        same(304, endpoint.manage("POST", "/refresh", {"OverwriteResources": True}).status, "another refresh")


@check("patch.jobs", "bes.queue-rules", "endpoints.patch")
def jobs(ground: Ground) -> None:
    """A batch job on a patched endpoint scores with the patched model."""
    name = ground.interface(ground.scoring).batch_outputs[0]
    with ground.patched(ground.models[1]) as endpoint:
        override = {name: ground.storage.output(".csv")}
        result = endpoint.run(ground.scoring_body(ground.probes, override))[name]
        same(ground.faces[2], from_csv(fetched(endpoint, result))[1:], "batch scores of a patched endpoint")


@check("patch.row-function", "rrs.many-rows", "endpoints.patch")
def row_function(ground: Ground) -> None:
    """Scoring is a function of model and row: the same model on another endpoint, or again, gives the same scores."""
    with ground.patched(ground.models[0]) as one, ground.patched(ground.models[1]) as other:
        _patched(other, ground.update(ground.models[0]))
        for endpoint in (one, other, one):
            ground.answers(endpoint, ground.faces[1], "scores with the first model")
