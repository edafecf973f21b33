"""What a submission shows to be wrong is refused at once; nothing is queued for it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged

UNKNOWN_JOB = "f" * 32
ACCOUNT = "DefaultEndpointsProtocol=https;AccountName=somebody;AccountKey=a2V5"


def _at(relative: str | None, **members: Any) -> dict[str, Any]:
    return {"ConnectionString": ACCOUNT, "RelativeLocation": relative, **members}


@check("bes.inputs", "bes.inputs")
def inputs(ground: Ground) -> None:
    """Input and Inputs are one or the other; missing and unknown inputs are refused and listed."""
    endpoint, port, good = ground.scoring.default, ground.port[0], _at("cont/rows.csv")
    given: dict[str, Any]
    for given in ({}, {"Inputs": {}}, {"Inputs": {port: None}}, {"Input": None}):
        answer = expect(endpoint.jobs("POST", "", given), 400, "BadArgument", "BatchJobInputsNotSpecified")
        hold(port in answer.text, f"{answer.line}: the message does not list {port}")
    both = {"Input": good, "Inputs": {port: good}}
    expect(endpoint.jobs("POST", "", both), 400, "BadArgument", "DuplicateInputInBatchCall")
    for name in ("nobody", port.upper()):
        answer = endpoint.jobs("POST", "", {"Inputs": {port: good, name: good}})
        expect(answer, 400, "BadArgument", "InvalidInputNames")
        hold(name in answer.text, f"{answer.line}: the message does not list {name}")


@check("bes.outputs", "bes.outputs", "bes.extension")
def outputs(ground: Ground) -> None:
    """An override of an unknown output, an empty one and one of another extension are refused."""
    endpoint, port = ground.scoring.default, ground.port[0]
    name = ground.interface(ground.scoring).batch_outputs[0]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"nobody": _at("cont/out.csv")}, "InvalidOutputOverrideName"),
        ({name.upper(): _at("cont/out.csv")}, "InvalidOutputOverrideName"),
        ({name: None}, "MissingOutputOverrideSpecification"),
        ({name: {}}, "MissingOutputOverrideSpecification"),
        ({name: _at("cont/out.ilearner")}, "InvalidBlobExtension"),
        ({name: _at("cont/out")}, "InvalidBlobExtension"),
    ]
    for given, code in wrong:
        body = {"Inputs": {port: _at("cont/rows.csv")}, "Outputs": given}
        expect(endpoint.jobs("POST", "", body), 400, "BadArgument", code)


REFERENCES: list[tuple[dict[str, Any], str]] = [
    ({}, "MissingInputBlobInformation"),
    ({"RelativeLocation": "cont/rows.csv"}, "MissingInputBlobInformation"),
    (_at(None), "InputBlobRelativeLocationInvalid"),
    (_at("cont"), "InputBlobRelativeLocationInvalid"),
    (_at("cont/"), "InputBlobRelativeLocationInvalid"),
    (_at("//rows.csv"), "ContainerIsEmpty"),
    (_at("No_Container/rows.csv"), "ContainerSegmentInvalid"),
    (_at("cont/rows.csv", ConnectionString="nonsense"), "InvalidBlobConnectionString"),
    ({"BaseLocation": "nonsense", "RelativeLocation": "cont/rows.csv"}, "InvalidBlob"),
]


@check("bes.references", "bes.references")
def references(ground: Ground) -> None:
    """What a reference itself shows to be wrong is refused with its own code, and without the key in it."""
    endpoint, port = ground.scoring.default, ground.port[0]
    for reference, code in REFERENCES:
        answer = endpoint.jobs("POST", "", {"Inputs": {port: reference}})
        expect(answer, 400, "BadArgument", code)
        hold("a2V5" not in answer.text, f"{answer.line}: the answer repeats the account key")


@check("bes.extensions", "bes.extension")
def extensions(ground: Ground) -> None:
    """An input's name without .csv, .tsv or .arff is refused in the observed words."""
    endpoint, port = ground.scoring.default, ground.port[0]

    @ground.law(
        stem=st.text("abc/-", min_size=1, max_size=8), end=st.sampled_from(["", ".txt", ".csv.gz", ".ilearner"])
    )
    def _(stem: str, end: str) -> None:
        name = f"input/{stem.strip('/') or 'x'}{end}"
        answer = endpoint.jobs("POST", "", {"Inputs": {port: _at(f"/{name}")}})
        expect(answer, 400, "BadArgument", "InvalidBlobExtension")
        want = f"The blob reference: {name} has an invalid or missing file extension."
        want += ' Supported file extensions for this output type are: ".csv, .tsv, .arff".'
        same(want, answer.json["error"]["details"][0]["message"], "message of InvalidBlobExtension")


@check("bes.parameters", "rrs.parameters-missing")
def parameters(ground: Ground) -> None:
    """A required web service parameter that is missing, null or misspelt by case is named in target."""
    service = ground.with_parameters()
    face = ground.interface(service)
    name = face.required[0]
    for given in (None, {}, {name: None}):
        answer = service.default.jobs("POST", "", {"GlobalParameters": given})
        expect(answer, 400, "BadArgument", "MissingRequiredGlobalParameters")
        same(name, answer.target, "target of MissingRequiredGlobalParameters")
    for other in (name.swapcase(), f"{name} ", "nobody"):
        answer = service.default.jobs("POST", "", {"GlobalParameters": {name: "x", other: "x"}})
        expect(answer, 400, "BadArgument", "UnexpectedParameter")
        same(other, answer.target, "target of UnexpectedParameter")


@check("bes.body", "rrs.body", "bes.addresses")
def body(ground: Ground) -> None:
    """A body that is none is RequestBodyInvalid, null is RequestIsEmpty, another version BadVersionCall."""
    endpoint = ground.scoring.default
    for raw in (b"", b"{", b"[]", b"7", b'{"Inputs": []}', b'{"Inputs": {"' + ground.port[0].encode() + b'": 7}}'):
        expect(endpoint.jobs("POST", raw=raw), 400, "BadArgument", "RequestBodyInvalid")
    expect(endpoint.jobs("POST", raw=b"null"), 400, "BadArgument", "RequestIsEmpty")
    for version in ("3.0", "2", "x"):
        expect(endpoint.jobs("POST", "", {}, version=version), 400, "BadArgument", "BadVersionCall")


@check("bes.unknown-job", "bes.unknown-job", "bes.missing-job-id")
def unknown_job(ground: Ground) -> None:
    """A job that is not there is 404 for every call; a call that names none is MissingJobId."""
    endpoint = ground.scoring.default
    for job in (UNKNOWN_JOB, "nonsense"):
        for method, path in (("GET", ""), ("POST", "/start"), ("DELETE", "")):
            expect(endpoint.jobs(method, f"/{job}{path}"), 404, "NotFound")
    for method, path in (("GET", ""), ("GET", "/"), ("DELETE", ""), ("POST", "/start")):
        expect(endpoint.jobs(method, path), 400, "BadArgument", "MissingJobId")


@check("bes.refused-quietly", "http.catalogue")
def refused_quietly(ground: Ground) -> None:
    """A submission that is refused leaves no trace, and a submission that is not started runs nothing."""
    port = ground.port[0]
    with ground.scoring.endpoint() as endpoint:
        body = ground.scoring_body(ground.probes[:1])
        job = endpoint.submit(body)
        with unchanged(ground, (endpoint, job)):
            for reference, _ in REFERENCES:
                same(400, endpoint.jobs("POST", "", {"Inputs": {port: reference}}).status, "a refused submission")
        same("NotStarted", endpoint.status(job)["StatusCode"], "a job that nobody started")
