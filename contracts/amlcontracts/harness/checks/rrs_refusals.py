"""What scoring refuses, and with which error of the catalogue."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.data import example_row, objects, plain
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged

BAD_BODY = (400, "BadArgument", "RequestBodyInvalid")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def _row(ground: Ground) -> tuple[Endpoint, str, dict[str, str]]:
    port, columns = ground.port
    return ground.scoring.default, port, example_row(columns)


@check("rrs.body", "rrs.body")
def body(ground: Ground) -> None:
    """A body that is empty, no JSON or no object is RequestBodyInvalid; null is RequestIsEmpty."""
    endpoint = ground.scoring.default
    for raw in (b"", b"{", b"[1]", b'"text"', b"7", b'{"Inputs": []}', b'{"Inputs": "input1"}', b"\xff\xfe{"):
        expect(endpoint.score(raw=raw), *BAD_BODY)
    expect(endpoint.score(raw=b"null"), 400, "BadArgument", "RequestIsEmpty")


@check("rrs.body-limit", "http.body-limit")
def body_limit(ground: Ground) -> None:
    """A body over 4 MB is refused."""
    expect(ground.scoring.default.score(raw=b" " * (4 * 1024 * 1024 + 1)), *BAD_BODY)


@check("rrs.missing-input", "rrs.missing-input")
def missing_input(ground: Ground) -> None:
    """A request without the service's input, or with null for it, is MissingRequestInput."""
    endpoint, port, _ = _row(ground)
    given: dict[str, Any]
    for given in ({}, {"Inputs": None}, {"Inputs": {}}, {"Inputs": {port: None}}, {"GlobalParameters": {}}):
        expect(endpoint.score(given), 400, "BadArgument", "MissingRequestInput")


@check("rrs.unknown-input", "rrs.unknown-input")
def unknown_input(ground: Ground) -> None:
    """An input that the service does not have is InvalidInputNames, which lists it; names are matched by case."""
    endpoint, port, row = _row(ground)
    for name in ("nobody", port.upper(), f"{port} "):
        answer = endpoint.score({"Inputs": {port: [row], name: [row]}})
        expect(answer, 400, "BadArgument", "InvalidInputNames")
        hold(
            name in answer.json["error"]["details"][0]["message"], f"{answer.line}: the message does not list {name!r}"
        )
        expect(endpoint.score({"Inputs": {name: [row]}}), 400, "BadArgument", "InvalidInputNames")


@check("rrs.column-count", "rrs.columns", "tables.column-count")
def column_count(ground: Ground) -> None:
    """A column too many or too few is LibraryExecutionError with TableSchemaColumnCountMismatch, in every form."""
    endpoint, port, row = _row(ground)

    @ground.law(name=st.sampled_from(sorted(row)), more=st.booleans())
    def _(name: str, more: bool) -> None:
        other = {**row, "another": "1"} if more else {key: value for key, value in row.items() if key != name}
        for given in (plain(port, [other]), objects(port, [other]), {"Inputs": {port: {"Values": [list(other)]}}}):
            expect(endpoint.score(given), 400, "LibraryExecutionError", "TableSchemaColumnCountMismatch")


@check("rrs.column-name", "rrs.columns", "tables.missing-name")
def column_name(ground: Ground) -> None:
    """A column of another name is InputMismatchError: names are matched by case and blanks."""
    endpoint, port, row = _row(ground)

    @ground.law(name=st.sampled_from(sorted(row)), other=st.sampled_from(["x", "{}X", " {}", "{} "]))
    def _(name: str, other: str) -> None:
        renamed = {other.format(key) if key == name else key: value for key, value in row.items()}
        for given in (plain(port, [renamed]), objects(port, [renamed])):
            expect(endpoint.score(given), 400, "BadUserArgument", "InputMismatchError")


@check("rrs.unreadable-cell", "rrs.columns", "tables.unreadable-cell")
def unreadable_cell(ground: Ground) -> None:
    """A text in a column of numbers, and a row of another length than its names, are InputParseError."""
    endpoint, port, row = _row(ground)
    numbers = [one.name for one in ground.port[1] if one.numeric]

    @ground.law(name=st.sampled_from(numbers), cell=st.sampled_from(["abc", "1,5", "1 2", [], {}]))
    def _(name: str, cell: Any) -> None:
        expect(endpoint.score(objects(port, [{**row, name: cell}])), 400, "BadUserArgument", "InputParseError")
        good, bad = list(row.values()), [*row.values(), "1"]
        ragged = {"Inputs": {port: {"ColumnNames": list(row), "Values": [good, bad]}}}
        expect(endpoint.score(ragged), 400, "BadUserArgument", "InputParseError")


@check("rrs.one-bad-row", "rrs.columns")
def one_bad_row(ground: Ground) -> None:
    """One unreadable row refuses the whole request: nothing is scored in part."""
    endpoint, port, row = _row(ground)
    number = next(one.name for one in ground.port[1] if one.numeric)

    @ground.law(count=st.integers(1, 6), place=st.integers(0, 5))
    def _(count: int, place: int) -> None:
        table = [row] * count
        table[min(place, count - 1)] = {**row, number: "abc"}
        answer = expect(endpoint.score(plain(port, table)), 400, "BadUserArgument", "InputParseError")
        same(["error"], list(answer.json), "members of a refusal")


@check("rrs.query", "rrs.version", "rrs.query")
def query(ground: Ground) -> None:
    """Another version is BadVersionCall; a value of format or details that is none names the parameter."""
    endpoint, port, row = _row(ground)
    given = plain(port, [row])
    for version in ("1.0", "3.0", "2", "two"):
        expect(endpoint.score(given, query={"api-version": version}), 400, "BadArgument", "BadVersionCall")
    for name in ("format", "details"):
        answer = endpoint.score(given, query={"api-version": "2.0", name: "maybe"})
        expect(answer, 400, "BadArgument", "InvalidQueryParameter")
        hold(name in answer.json["error"]["details"][0]["message"], f"{answer.line}: the message does not name {name}")


@check("rrs.parameters", "rrs.parameters-unknown")
def parameters(ground: Ground) -> None:
    """A web service parameter that the service does not have is UnexpectedParameter, its name in target."""
    endpoint, port, row = _row(ground)

    @ground.law(name=st.text("abcXYZ 12", min_size=1, max_size=12), value=st.text(max_size=5))
    def _(name: str, value: str) -> None:
        answer = endpoint.score({**plain(port, [row]), "GlobalParameters": {name: value}})
        expect(answer, 400, "BadArgument", "UnexpectedParameter")
        same(name, answer.target, "target of UnexpectedParameter")


@check("rrs.training", "rrs.training-service")
def training(ground: Ground) -> None:
    """RRS on a training service gives no model: 400 IncompatibleModel or 500 PortDataTypeNotSupported."""
    port, columns = ground.interface(ground.training).input
    answer = ground.training.default.score(plain(port, [example_row(columns)]))
    came = answer.refusal
    allowed = {(400, "InvalidOperation", "IncompatibleModel"), (500, "InternalError", "PortDataTypeNotSupported")}
    hold(came in allowed, f"{answer.line}: expected one of {sorted(map(str, allowed))}, got {came}")


@check("rrs.any-body", "http.catalogue")
def any_body(ground: Ground) -> None:
    """Whatever JSON comes is answered with an error of the catalogue that is the caller's, and changes nothing."""
    endpoint, port, _ = _row(ground)
    with unchanged(ground):

        @ground.law(given=json_values, deep=st.booleans())
        def _(given: Any, deep: bool) -> None:
            body = {"Inputs": {port: given}, "GlobalParameters": {}} if deep else given
            answer = endpoint.score(raw=b"null") if body is None else endpoint.score(body)
            empty = deep and isinstance(given, (list, dict)) and answer.status == 200  # no rows are no error
            hold(empty or answer.status == 400, f"{answer.line}: {answer.text[:200]}")


@check("rrs.methods", "http.method-not-allowed", "http.unknown-route")
def methods(ground: Ground) -> None:
    """A method that scoring does not have is 405, and an address below an endpoint that is none is 404."""
    endpoint = ground.scoring.default
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        expect(endpoint.wire.call(method, f"{endpoint.api}/execute?api-version=2.0", key=endpoint.key), 405)
    for method in ("PUT", "PATCH"):
        expect(endpoint.jobs(method), 405)
    for method in ("POST", "DELETE"):
        expect(ground.home.call(method), 405)
        expect(ground.wire.call(method, f"{ground.scoring.address}/endpoints", key=ground.home.token), 405)
