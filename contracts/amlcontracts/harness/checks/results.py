"""Where results lie, and who may read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from amlcontracts import load
from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.checks.bes import fetched
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.registry import check
from amlcontracts.harness.storage import url_of

LIMITS = load("limits")
GUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DEFAULT_PLACE = re.compile(rf"experimentoutput/(?P<one>{GUID})/(?P=one)\.(csv|ilearner)")
SLACK = timedelta(minutes=5)  # two machines' clocks


def _default_results(ground: Ground, endpoint: Any) -> dict[str, Any]:
    found: dict[str, Any] = endpoint.run(ground.scoring_body(ground.probes))
    return found


@check("results.default-place", "bes.default-outputs", "bes.results")
def default_place(ground: Ground) -> None:
    """Outputs without override lie at experimentoutput/{guid}/{guid}, another for each job."""
    with ground.scoring.endpoint() as endpoint:
        one, other = (_default_results(ground, endpoint) for _ in range(2))
        same(list(ground.interface(ground.scoring).batch_outputs), list(one), "names of the results")
        for name, result in one.items():
            same(["ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"], list(result), "members")
            same(None, result["ConnectionString"], "ConnectionString")
            hold(
                DEFAULT_PLACE.fullmatch(result["RelativeLocation"]), f"a default output at {result['RelativeLocation']}"
            )
            hold(result["BaseLocation"].endswith("/"), f"BaseLocation {result['BaseLocation']} ends in no slash")
            hold(result["SasBlobToken"].startswith("?"), "SasBlobToken begins with no question mark")
            hold(other[name]["RelativeLocation"] != result["RelativeLocation"], "two jobs wrote to the same blob")
            fetched(endpoint, result)
        for result in (*one.values(), *other.values()):
            ground.storage.delete_result(result["RelativeLocation"])


@check("results.token", "bes.sas", "blob.sas.shape")
def token(ground: Ground) -> None:
    """A result's token is of 2013-08-15, for reading, from five minutes ago to in 24 hours, its members in order."""
    with ground.scoring.endpoint() as endpoint:
        override = {ground.interface(ground.scoring).batch_outputs[0]: ground.storage.output(".csv")}
        (default,) = _default_results(ground, endpoint).values()
        (placed,) = endpoint.run(ground.scoring_body(ground.probes, override)).values()
        ground.storage.delete_result(default["RelativeLocation"])
    for result, scope, letters in ((default, "c", {"rl", "r"}), (placed, "b", {"r"})):
        fields = parse_qs(result["SasBlobToken"].lstrip("?"))
        same(["sv", "sr", "sig", "st", "se", "sp"], list(fields), "members of the token")
        same((LIMITS["sas_version"], scope), (fields["sv"][0], fields["sr"][0]), "version and scope of the token")
        hold(fields["sp"][0] in letters, f"a result's token grants {fields['sp'][0]}")
        start, expiry = (datetime.fromisoformat(fields[name][0]) for name in ("st", "se"))
        now = datetime.now(UTC)
        hold(start <= now < expiry, f"the token is for {start} to {expiry}")
        hold(expiry - now <= timedelta(seconds=LIMITS["sas_valid_seconds"]) + SLACK, f"the token lasts until {expiry}")


@check("results.signed", "bes.sas", "blob.sas.signature", "blob.sas.permissions", "blob.anonymous")
def signed(ground: Ground) -> None:
    """A result is read by its own token only, whole and unchanged, and with it nothing can be written."""
    with ground.scoring.endpoint() as endpoint:
        name = ground.interface(ground.scoring).batch_outputs[0]
        first, second = (
            endpoint.run(ground.scoring_body(ground.probes, {name: ground.storage.output(".csv")}))[name]
            for _ in range(2)
        )
        content, token = fetched(endpoint, first), first["SasBlobToken"]
        later = re.sub("se=[^&]*", "se=2099-01-01T00%3A00%3A00Z", token)
        wider = token.replace("sp=r", "sp=rw")
        for other in (second["SasBlobToken"], token[:-8] + "sp=w", later, wider, _flipped(token)):
            answer = ground.wire.call("GET", url_of({**first, "SasBlobToken": other}))
            same(403, answer.status, f"{answer.line} with a token that was not made for it")
        for other in ("", "?"):
            answer = ground.wire.call("GET", url_of({**first, "SasBlobToken": other}))
            hold(answer.status in (401, 403, 404), f"{answer.line} without a token")
        for method in ("PUT", "DELETE"):
            answer = ground.wire.call(method, url_of(first), raw=b"x", headers={"x-ms-blob-type": "BlockBlob"})
            same(403, answer.status, f"{answer.line} with a token for reading")
        same(content, fetched(endpoint, first), "the result after all that")


def _flipped(token: str) -> str:
    """Return the token with another signature."""
    before, _, rest = token.partition("sig=")
    return f"{before}sig={'B' if rest[0] == 'A' else 'A'}{rest[1:]}"


@check("results.stay", "bes.delete-finished", "patch.copied")
def stay(ground: Ground) -> None:
    """The outputs of a finished job stay as they are, whatever jobs run and whatever is patched afterwards."""
    name = ground.interface(ground.scoring).batch_outputs[0]
    with ground.scoring.endpoint() as endpoint:
        result = endpoint.run(ground.scoring_body(ground.probes, {name: ground.storage.reference("first.csv")}))[name]
        content = fetched(endpoint, result)
        same(200, endpoint.patch(ground.update(ground.models[0])).status, "a PATCH after the job")
        other = endpoint.run(ground.scoring_body(ground.probes, {name: ground.storage.reference("other.csv")}))[name]
        hold(fetched(endpoint, other) != content, "a job after a PATCH gives what one before it gave")
        same(content, fetched(endpoint, result), "the output of the job before")
    same(content, fetched(ground.scoring.default, result), "the output after its endpoint was deleted")


@check("results.training", "bes.results", "bes.extension")
def training(ground: Ground) -> None:
    """A training job gives a model of its data; the name of another kind of output is refused at submit."""
    body = ground.training_body()
    for name, extension in ground.trained.kinds.items():
        wrong = ".csv" if extension == ".ilearner" else ".ilearner"
        answer = ground.workshop.jobs("POST", "", {**body, "Outputs": {name: ground.storage.output(wrong)}})
        same((400, "BadArgument", "InvalidBlobExtension"), answer.refusal, f"{name} to a {wrong}")
    one, other = ground.trained.models
    hold(one and other and one != other, "two trainings on different data give the same model")
    same(
        list(ground.interface(ground.training).batch_outputs), list(ground.trained.kinds), "outputs of the API document"
    )
