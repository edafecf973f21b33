"""What Update Resource refuses; nothing of it changes anything."""

from __future__ import annotations

from typing import Any

from amlcontracts.harness.breach import hold
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged


def _body(ground: Ground, **location: Any) -> dict[str, Any]:
    return {"Resources": [{"Name": ground.resource, "Location": location}]}


@check("patch.default-endpoint", "patch.default-endpoint", "patch.no-resources")
def default_endpoint(ground: Ground) -> None:
    """The resources of a default endpoint and of a training service are never replaced, whoever asks."""
    where = {"BaseLocation": ground.storage.base, "RelativeLocation": "any/model.ilearner", "SasBlobToken": "?sig=x"}
    body = _body(ground, **where)
    with ground.training.endpoint() as trainer, ground.scoring.endpoint(), unchanged(ground):
        for endpoint in (ground.scoring.default, ground.training.default, trainer):
            for key in (endpoint.key, ground.home.token):
                expect(endpoint.patch(body, key=key), 400, "InvalidOperation")


@check("patch.names", "patch.unknown-resource", "patch.empty-name")
def names(ground: Ground) -> None:
    """A resource name that is empty, unknown, or misspelt by case or blanks is refused."""
    name = ground.resource
    location = {"BaseLocation": ground.storage.base, "RelativeLocation": "any/model.ilearner"}
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for other in (name.upper(), f"{name} ", name[:-1], "nobody"):
            expect(endpoint.patch({"Resources": [{"Name": other, "Location": location}]}), 400, "BadArgument")
        for item in ({"Name": "", "Location": location}, {"Name": None}, {"Location": location}):
            answer = expect(endpoint.patch({"Resources": [item]}), 400, "BadArgument")
            hold("Resource name is empty string" in answer.text, f"{answer.line}: not the observed sentence")


@check("patch.locations", "patch.invalid-blob", "patch.extension")
def locations(ground: Ground) -> None:
    """A location that is missing, in part or whole, is InvalidBlob; a name without .ilearner InvalidBlobExtension."""
    base = ground.storage.base
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for location in (
            {},
            {"BaseLocation": base},
            {"RelativeLocation": "any/model.ilearner"},
            {"BaseLocation": base, "RelativeLocation": ""},
            {"BaseLocation": "nonsense", "RelativeLocation": "any/model.ilearner"},
            {"BaseLocation": base, "RelativeLocation": "nobody/nothing.ilearner", "SasBlobToken": "?sig=x"},
        ):
            expect(endpoint.patch(_body(ground, **location)), 400, "InvalidBlob")
        expect(endpoint.patch({"Resources": [{"Name": ground.resource}]}), 400, "InvalidBlob")
        for name in ("any/model.csv", "any/model", "any/ilearner"):
            expect(endpoint.patch(_body(ground, BaseLocation=base, RelativeLocation=name)), 400, "InvalidBlobExtension")


@check("patch.shapes", "http.catalogue")
def shapes(ground: Ground) -> None:
    """Resources that are no list of objects are a flat 400."""
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        given: Any
        for given in (
            {},
            "x",
            7,
            ["x"],
            [None],
            [[]],
            [{"Name": ground.resource, "Location": "x"}],
            {"Name": ground.resource},
        ):
            expect(endpoint.patch({"Resources": given}), 400, "BadArgument")


@check("patch.tokens", "patch.invalid-blob", "blob.sas.signature")
def tokens(ground: Ground) -> None:
    """A token that has run out, was cut, is another blob's, may not read, or is missing, brings no model."""
    model, other = ground.models
    good = str(ground.storage.shared(model)["SasBlobToken"])
    tokens = {
        "run out": ground.storage.shared(model, minutes=-5)["SasBlobToken"],
        "of another blob": ground.storage.shared(other)["SasBlobToken"],
        "not for reading": ground.storage.shared(model, signed="w")["SasBlobToken"],
        "cut": good[:-10],
        "without its signature": good.partition("&sig=")[0],
        "missing": None,
        "empty": "",
    }
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for what, token in tokens.items():
            answer = endpoint.patch(ground.update(model, SasBlobToken=token))
            came = answer.refusal[:2]
            hold(came == (400, "InvalidBlob"), f"a token that is {what}: expected 400 InvalidBlob, got {came}")
            hold("sig=" not in answer.text, f"{answer.line}: the answer repeats the token")


@check("patch.no-model", "patch.not-a-model")
def no_model(ground: Ground) -> None:
    """A file that is no model, cut short, or another file renamed, is refused, and the old model goes on answering."""
    content = ground.trained.models[0]
    files = {"text.ilearner": b"x,y\n1,2\n", "empty.ilearner": b"", "cut.ilearner": content[: len(content) // 2]}
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for name, content_of_it in files.items():
            ground.storage.upload(name, content_of_it)
            expect(endpoint.patch(ground.update(name)), 400, "BadArgument")


@check("patch.whole", "patch.atomic")
def whole(ground: Ground) -> None:
    """A PATCH does all of what it says or nothing: one bad resource or setting keeps the good ones from changing."""
    good = ground.update(ground.models[0])
    bad = [ground.update(ground.models[0], "nobody"), ground.update("nothing.ilearner"), _body(ground)]
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for other in bad:
            for both in ([*good["Resources"], *other["Resources"]], [*other["Resources"], *good["Resources"]]):
                answer = endpoint.patch({"Resources": both, "Description": "changed"})
                hold(answer.status == 400, f"{answer.line}: a PATCH with one bad resource")
        for setting in ({"ThrottleLevel": "Medium"}, {"PreventUpdate": "maybe"}, {"MaxConcurrentCalls": "many"}):
            answer = endpoint.patch({**good, "Description": "changed", **setting})
            hold(answer.status == 400, f"{answer.line}: a PATCH with a bad setting")
