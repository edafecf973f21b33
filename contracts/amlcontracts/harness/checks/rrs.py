"""Scoring is a function of the model and the row, whatever the form, the order and the company."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.data import Row, cells_of, example_row, objects, plain, rows
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint
from amlcontracts.harness.registry import check
from amlcontracts.harness.wire import Answer

DETAILS = {"api-version": "2.0", "details": "true"}
SWAGGER = {"api-version": "2.0", "format": "swagger"}
NET_TYPES = {"string": {"String", "DateTime", "TimeSpan"}, "integer": {"Int32", "Int64"}, "number": {"Double"}}
NET_TYPES["boolean"] = {"Boolean"}


def _fine(answer: Answer) -> Answer:
    same(200, answer.status, answer.line)
    return answer


def _each_alone(endpoint: Endpoint, port: str, table: list[Row]) -> list[list[str | None]]:
    return [cells_of(_fine(endpoint.score(plain(port, [row]))))[0] for row in table]


@check("rrs.batch", "rrs.many-rows")
def batch(ground: Ground) -> None:
    """A row scores the same alone and in any company, its twin among it."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns), twins=st.booleans())
    def _(table: list[Row], twins: bool) -> None:
        table = [*table, table[0]] if twins else table
        together = cells_of(_fine(endpoint.score(plain(port, table))))
        same(_each_alone(endpoint, port, table), together, "rows scored together beside each alone")


@check("rrs.row-order", "rrs.many-rows")
def row_order(ground: Ground) -> None:
    """The order of rows changes no score, and answers stand in the order of the request."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns), chance=st.randoms(use_true_random=False))
    def _(table: list[Row], chance: Any) -> None:
        places = list(range(len(table)))
        chance.shuffle(places)
        straight = cells_of(_fine(endpoint.score(plain(port, table))))
        shuffled = cells_of(_fine(endpoint.score(plain(port, [table[place] for place in places]))))
        same([straight[place] for place in places], shuffled, f"rows in the order {places}")


@check("rrs.column-order", "rrs.rows", "tables.by-name")
def column_order(ground: Ground) -> None:
    """Columns are matched by name: in any order they score the same."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns), names=st.permutations([one.name for one in columns]))
    def _(table: list[Row], names: list[str]) -> None:
        straight = _fine(endpoint.score(plain(port, table))).json
        same(straight, _fine(endpoint.score(plain(port, table, names))).json, f"columns in the order {names}")


@check("rrs.by-position", "rrs.rows", "tables.by-name")
def by_position(ground: Ground) -> None:
    """Without ColumnNames, or with null for them, cells are matched by position."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns), null=st.booleans())
    def _(table: list[Row], null: bool) -> None:
        named = plain(port, table)
        values: dict[str, Any] = {"Values": named["Inputs"][port]["Values"]}
        if null:
            values["ColumnNames"] = None
        bare = _fine(endpoint.score({"Inputs": {port: values}}))
        same(_fine(endpoint.score(named)).json, bare.json, "rows by position beside rows by name")


@check("rrs.forms", "rrs.swagger-format", "rrs.rows")
def forms(ground: Ground) -> None:
    """Plain and swagger forms, of request and of answer, give the same cells."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns))
    def _(table: list[Row]) -> None:
        want = _fine(endpoint.score(plain(port, table), query=DETAILS)).json["Results"]
        same(want, _fine(endpoint.score(objects(port, table), query=DETAILS)).json["Results"], "a list of objects")
        shown = _fine(endpoint.score(plain(port, table), query=SWAGGER)).json["Results"]
        for name, result in want.items():
            value = result["value"]
            listed = [dict(zip(value["ColumnNames"], row, strict=True)) for row in value["Values"]]
            same(listed, shown[name], f"{name} with format=swagger")


@check("rrs.cell-forms", "rrs.rows", "tables.by-name")
def cell_forms(ground: Ground) -> None:
    """A number may be sent as a JSON number or as a text, and scores the same."""
    port, columns = ground.port
    endpoint = ground.scoring.default
    kinds = {"integer": int, "number": float}

    @ground.law(table=rows(columns))
    def _(table: list[Row]) -> None:
        typed = [{one.name: kinds.get(one.type, str)(row[one.name]) for one in columns} for row in table]
        as_texts = _fine(endpoint.score(plain(port, table))).json
        same(as_texts, _fine(endpoint.score(objects(port, typed))).json, "numbers beside texts")


@check("rrs.details", "rrs.details")
def details(ground: Ground) -> None:
    """Without details an answer has Values alone; with them the columns of the API document, named and typed."""
    for service in ground.all_scoring():
        face = ground.interface(service)
        port, columns = face.input
        row = plain(port, [example_row(columns)])
        bare = _fine(service.default.score(row)).json["Results"]
        full = _fine(service.default.score(row, query=DETAILS)).json["Results"]
        same(list(face.outputs), list(full), "outputs of the answer beside those of the API document")
        for name, outputs in face.outputs.items():
            same({"type": "table", "value": {"Values": full[name]["value"]["Values"]}}, bare[name], "without details")
            same(["ColumnNames", "ColumnTypes", "Values"], list(full[name]["value"]), "members with details")
            same([one.name for one in outputs], full[name]["value"]["ColumnNames"], "ColumnNames")
            for column, kind in zip(outputs, full[name]["value"]["ColumnTypes"], strict=True):
                hold(kind in NET_TYPES[column.type], f"{column.name} is {kind}, and {column.type} in the API document")


@check("rrs.cells", "tables.cells", "rrs.numbers")
def cells(ground: Ground) -> None:
    """Every cell of an answer is a text or null, and no number in it has more than 15 significant digits."""
    port, columns = ground.port

    @ground.law(table=rows(columns))
    def _(table: list[Row]) -> None:
        answer = _fine(ground.scoring.default.score(plain(port, table)))
        for row in cells_of(answer):
            for cell in row:
                hold(cell is None or isinstance(cell, str), f"a cell is {cell!r}")
                if cell is not None and cell.replace(".", "", 1).lstrip("-").isdigit():
                    hold(len(cell.replace(".", "").lstrip("-0")) <= 15, f"more than 15 digits: {cell}")


@check("rrs.passed-through", "rrs.execute")
def passed_through(ground: Ground) -> None:
    """The columns of the request come back in the answer as they were sent, with the scores beside them."""
    port, columns = ground.port
    names = [one.name for one in columns]

    @ground.law(table=rows(columns))
    def _(table: list[Row]) -> None:
        value = _fine(ground.scoring.default.score(plain(port, table), query=DETAILS)).json["Results"]
        shown = next(iter(value.values()))["value"]
        same(len(table), len(shown["Values"]), "rows of the answer")
        for sent, row in zip(table, shown["Values"], strict=True):
            came = dict(zip(shown["ColumnNames"], row, strict=True))
            same(
                {name: sent[name] for name in names}, {name: came.get(name) for name in names}, "columns of the request"
            )


@check("rrs.labels", "rrs.execute")
def labels(ground: Ground) -> None:
    """A label is one of the API document's categories, and the likelier one; a probability is between 0 and 1."""
    port, columns = ground.port
    classes = ground.classes()

    @ground.law(table=rows(columns))
    def _(table: list[Row]) -> None:
        for *_rest, label, probability in cells_of(_fine(ground.scoring.default.score(plain(port, table)))):
            hold(label in classes, f"the label {label!r} is none of {classes}")
            hold(0 <= float(probability or "nan") <= 1, f"the probability is {probability}")
            same(classes[float(probability or "nan") >= 0.5], label, f"the label at a probability of {probability}")


@check("rrs.missing-cells", "tables.empty-cell", "rrs.numbers")
def missing_cells(ground: Ground) -> None:
    """A null in a request is a missing value: it comes back as null, and so does an empty text among numbers."""
    port, columns = ground.port
    numbers = [one for one in columns if one.numeric]

    @ground.law(column=st.sampled_from(numbers or list(columns)), empty=st.sampled_from([None, ""]))
    def _(column: Any, empty: str | None) -> None:
        row: dict[str, Any] = {**example_row(columns), column.name: empty}
        value = _fine(ground.scoring.default.score(objects(port, [row]), query=DETAILS)).json["Results"]
        shown = next(iter(value.values()))["value"]
        same(None if numbers else empty, shown["Values"][0][shown["ColumnNames"].index(column.name)], column.name)


@check("rrs.no-rows", "rrs.rows")
def no_rows(ground: Ground) -> None:
    """A request of no rows is answered with no rows."""
    port, columns = ground.port
    body = {"Inputs": {port: {"ColumnNames": [one.name for one in columns], "Values": []}}}
    same([], cells_of(_fine(ground.scoring.default.score(body))), "scores of no rows")


@check("rrs.version-1", "rrs.score-v1")
def version_1(ground: Ground) -> None:
    """API version 1 answers one row with the flat list of the cells that version 2.0 gives."""
    port, columns = ground.port
    endpoint = ground.scoring.default

    @ground.law(table=rows(columns, most=1))
    def _(table: list[Row]) -> None:
        body = {"Id": "score00001", "Instance": {"FeatureVector": table[0], "GlobalParameters": {}}}
        answer = _fine(endpoint.wire.call("POST", f"{endpoint.api}/score", body, key=endpoint.key))
        same(_each_alone(endpoint, port, table)[0], answer.json, "version 1 beside version 2.0")


@check("rrs.habits", "http.any-content-type", "http.no-redirects", "rrs.version")
def habits(ground: Ground) -> None:
    """Any Content-Type, no version, more query, slashes and blanks at the end: all are answered alike."""
    endpoint = ground.scoring.default
    row = plain(ground.port[0], [example_row(ground.port[1])])
    want = _fine(endpoint.score(row)).json
    for kind in ("text/json", "application/json; charset=utf-8", "text/plain"):
        same(want, _fine(endpoint.score(row, headers={"Content-Type": kind})).json, f"with Content-Type {kind}")
    for query in ({}, {"api-version": "2.0", "other": "1"}, {"api-version": "2.0", "details": "false"}):
        same(want, _fine(endpoint.score(row, query=query)).json, f"with the query {query}")
    for end in ("/execute/", "//execute", "/execute%20"):
        answer = endpoint.wire.call("POST", f"{endpoint.api}{end}", row, key=endpoint.key)
        same(want, _fine(answer).json, f"at {end}")


@check("rrs.copies", "endpoints.copy")
def copies(ground: Ground) -> None:
    """An endpoint that was just added scores as the default one does."""
    with ground.scoring.endpoint() as endpoint:
        same(ground.scores(ground.scoring.default), ground.scores(endpoint), "a new endpoint beside the default one")


@check("rrs.many-callers", "rrs.execute", kind="concurrency")
def many_callers(ground: Ground) -> None:
    """Callers at the same time each get the answer to their own rows."""
    port = ground.port[0]
    endpoint = ground.scoring.default
    want = _each_alone(endpoint, port, ground.probes)

    def caller(place: int) -> Any:
        return lambda: [cells_of(_fine(endpoint.score(plain(port, [ground.probes[place]]))))[0] for _ in range(5)]

    count = len(ground.probes)
    came = ground.crowd([caller(number % count) for number in range(ground.effort.crowd * 2)])
    for number, answers in enumerate(came):
        same([want[number % count]] * 5, answers, f"answers to caller {number}")
