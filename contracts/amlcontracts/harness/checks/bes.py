"""Batch jobs: what they give, and to whom."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.data import Row, cells_of, from_csv, plain, rows, to_csv
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.storage import url_of

DETAILS = {"api-version": "2.0", "details": "true"}
GRAMMAR = re.compile(
    r"Module: .+; SNR Job Id: [0-9a-f]{32}; SNR Task Id: [0-9a-f-]{36}; requestId = [0-9a-f-]{32,36} "
    r'errorComponent=Module\. taskStatusCode=400\. \{"Exception":\{.*\}Error: Error \d{4}: .*',
    re.DOTALL,
)


def fetched(endpoint: Endpoint, result: dict[str, Any]) -> bytes:
    """Return what lies at the address that a result's three parts make. Raises Breach when it cannot be read."""
    answer = endpoint.wire.call("GET", url_of(result))
    same(200, answer.status, answer.line)
    return answer.body


def _output(ground: Ground) -> str:
    return ground.interface(ground.scoring).batch_outputs[0]


@check("bes.same-as-rrs", "tables.csv", "rrs.execute")
def same_as_rrs(ground: Ground) -> None:
    """A batch job gives the scores that RRS gives for the same rows, in the same order, under a header row."""
    port, columns = ground.port
    with ground.scoring.endpoint() as endpoint:

        @ground.law(share=0.4, table=rows(columns, most=20))
        def _(table: list[Row]) -> None:
            want = endpoint.score(plain(port, table), query=DETAILS).json["Results"]
            override = {_output(ground): ground.storage.output(".csv")}
            name, result = next(iter(endpoint.run(ground.scoring_body(table, override)).items()))
            header, *cells = from_csv(fetched(endpoint, result))
            same(want[name]["value"]["ColumnNames"], header, "header row beside the columns of RRS")
            same([["" if c is None else c for c in row] for row in want[name]["value"]["Values"]], cells, "batch, RRS")


@check("bes.input-forms", "bes.inputs", "bes.references")
def input_forms(ground: Ground) -> None:
    """Input, Inputs, a connection string, a token, a leading slash: each form of a reference gives the same result."""
    port = ground.port[0]
    content = to_csv(ground.probes)
    reference = ground.storage.upload("forms.csv", content)
    slashed = {**reference, "RelativeLocation": f"/{reference['RelativeLocation']}", "BaseLocation": None}
    shared = ground.storage.shared("forms.csv")
    bare = {**shared, "SasBlobToken": str(shared["SasBlobToken"]).lstrip("?"), "ConnectionString": None}
    with ground.scoring.endpoint() as endpoint:
        want = cells_of(endpoint.score(plain(port, ground.probes)))
        bodies: list[dict[str, Any]] = [{"Inputs": {port: one}} for one in (reference, slashed, shared, bare)]
        bodies += [{"Input": reference, "Outputs": None, "GlobalParameters": None}]
        jobs = [endpoint.submit(body) for body in bodies]
        for job in jobs:
            endpoint.start(job)
        for job, body in zip(jobs, bodies, strict=True):
            status = endpoint.wait(job)
            same("Finished", status["StatusCode"], f"the job of {list(body)} ({status['Details']})")
            result = next(iter(status["Results"].values()))
            same(want, from_csv(fetched(endpoint, result))[1:], f"result of {list(body)}")
            ground.storage.delete_result(result["RelativeLocation"])


@check("bes.by-name", "tables.by-name")
def by_name(ground: Ground) -> None:
    """Columns of an input file are matched by name, in any order."""
    port, columns = ground.port
    with ground.scoring.endpoint() as endpoint:
        want = cells_of(endpoint.score(plain(port, ground.probes)))

        @ground.law(share=0.2, names=st.permutations([one.name for one in columns]))
        def _(names: list[str]) -> None:
            table = [{name: row[name] for name in names} for row in ground.probes]
            override = {_output(ground): ground.storage.output(".csv")}
            (result,) = endpoint.run(ground.scoring_body(table, override, name="ordered.csv")).values()
            header, *cells = from_csv(fetched(endpoint, result))
            came = [dict(zip(header, row, strict=True))[header[-1]] for row in cells]
            same([row[-1] for row in want], came, f"scores of columns in the order {names}")


@check("bes.override", "bes.overwrite", "bes.results")
def override(ground: Ground) -> None:
    """An output goes where the override says, over what lies there, and the result names that place."""
    with ground.scoring.endpoint() as endpoint:
        ground.storage.upload("there.csv", b"it was here before")
        target = ground.storage.reference("there.csv")
        results = endpoint.run(ground.scoring_body(ground.probes, {_output(ground): target}))
        result = results[_output(ground)]
        same(target["RelativeLocation"], result["RelativeLocation"], "RelativeLocation")
        same(ground.storage.read("there.csv"), fetched(endpoint, result), "the blob beside what the address gives")
        same(len(ground.probes) + 1, len(from_csv(fetched(endpoint, result))), "lines of the output")


@check("bes.own-endpoint", "bes.unknown-job")
def own_endpoint(ground: Ground) -> None:
    """A job is known at its own endpoint alone."""
    with ground.scoring.endpoint() as endpoint, ground.scoring.endpoint() as other:
        job = endpoint.submit(ground.scoring_body(ground.probes))
        for stranger in (other, ground.scoring.default):
            for method, path in (("GET", ""), ("POST", "/start"), ("DELETE", "")):
                expect(stranger.jobs(method, f"/{job}{path}"), 404, "NotFound")
        same("NotStarted", endpoint.status(job)["StatusCode"], "the job after strangers called it")


@check("bes.failed", "bes.storage", "bes.ragged-rows", "bes.details")
def failed(ground: Ground) -> None:
    """An input that is missing, expired, or ragged fails the job, with one line of Details and no Results."""
    port = ground.port[0]
    good, *lines = to_csv(ground.probes).split(b"\r\n")
    ground.storage.upload("ragged.csv", b"\r\n".join([good, lines[0], lines[1] + b",one,more"]))
    ground.storage.upload("fine.csv", to_csv(ground.probes))
    inputs = {
        "a missing blob": ground.storage.reference("nobody.csv"),
        "a token that has run out": ground.storage.shared("fine.csv", minutes=-5),
        "another blob's token": ground.storage.shared("fine.csv", of="ragged.csv"),
        "ragged rows": ground.storage.reference("ragged.csv"),
    }
    with ground.scoring.endpoint() as endpoint:
        jobs = {what: endpoint.submit({"Inputs": {port: reference}}) for what, reference in inputs.items()}
        for job in jobs.values():
            endpoint.start(job)
        for what, job in jobs.items():
            status = endpoint.wait(job)
            same(("Failed", None), (status["StatusCode"], status["Results"]), f"the job with {what}")
            hold(GRAMMAR.fullmatch(status["Details"]), f"Details of the job with {what}: {status['Details']}")
            hold("sig=" not in status["Details"], f"Details of the job with {what} hold a signature")
            same(("Failed", status["Details"]), _code(endpoint.status(job)), "the same job, looked at again")
    hold("All rows must have same number of elements" in status["Details"], f"ragged rows: {status['Details']}")


def _code(status: dict[str, Any]) -> tuple[str, Any]:
    return status["StatusCode"], status["Details"]


@check("bes.output-refused", "bes.storage")
def output_refused(ground: Ground) -> None:
    """A token that cannot write is no place for an output: the job fails, and nothing is written."""
    ground.storage.upload("readable.csv", b"as it was")
    target = ground.storage.shared("readable.csv", signed="r")
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(ground.probes, {_output(ground): target}))
        endpoint.start(job)
        same("Failed", endpoint.wait(job)["StatusCode"], "a job whose output may only be read")
        same(b"as it was", ground.storage.read("readable.csv"), "the blob after it")


@check("bes.missing-column", "bes.storage")
def missing_column(ground: Ground) -> None:
    """Data without a column that the model needs fail the job."""
    numbers = [one.name for one in ground.port[1] if one.numeric]
    table = [{name: cell for name, cell in row.items() if name != numbers[0]} for row in ground.probes]
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(table, name="short.csv"))
        endpoint.start(job)
        same("Failed", endpoint.wait(job)["StatusCode"], f"a job on data without {numbers[0]}")
