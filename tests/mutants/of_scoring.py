"""Scoring: columns, rows, cells and forms."""

from __future__ import annotations

from dataclasses import replace

from amlemulator.core import cells, request_response, tables
from amlemulator.core.cells import CellError
from amlemulator.core.errors import ServiceError
from amlemulator.engine.scoring import Scoring
from amlemulator.faces import rrs_answers
from mutants.patching import Patch, mutant


@mutant("columns-by-position", "rrs.column-order")
def _(patch: Patch) -> None:
    """Columns are matched by position, whatever they are called."""
    patch.wrap(tables, "_order", lambda original: lambda names, columns: original(names, columns) and None)


@mutant("column-names-ignored", "rrs.column-name")
def _(patch: Patch) -> None:
    """A column of another name is taken for the one at its place."""

    def make(original):
        def order(names, columns):
            try:
                return original(names, columns)
            except ServiceError as error:
                if error.code != "InputMismatchError":
                    raise
                return None

        return order

    patch.wrap(tables, "_order", make)


@mutant("column-case-ignored", "rrs.column-name")
def _(patch: Patch) -> None:
    """Column names are matched without regard to case and blanks."""
    from amlemulator.core.interface import Column

    def make(original):
        def order(names, columns):
            lower = tuple(Column(one.name.lower().strip(), one.type) for one in columns)
            return original([name.lower().strip() for name in names], lower)

        return order

    patch.wrap(tables, "_order", make)


@mutant("more-columns-ignored", "rrs.column-count")
def _(patch: Patch) -> None:
    """Columns that the service does not know are left out of account."""

    def make(original):
        def from_swagger(value, columns):
            names = {one.name for one in columns}
            return original(
                [{k: v for k, v in row.items() if k in names} if isinstance(row, dict) else row for row in value],
                columns,
            )

        return from_swagger

    patch.wrap(request_response, "from_swagger", make)


@mutant("missing-column-empty", "rrs.column-count")
def _(patch: Patch) -> None:
    """A column that is missing is a column of missing values."""

    def make(original):
        def from_swagger(value, columns):
            empty = {one.name: None for one in columns}
            return original([empty | row if isinstance(row, dict) else row for row in value], columns)

        return from_swagger

    patch.wrap(request_response, "from_swagger", make)


@mutant("names-demanded", "rrs.by-position")
def _(patch: Patch) -> None:
    """A request without ColumnNames is refused."""
    patch.set(tables, "_is_names", lambda names: isinstance(names, list))


@mutant("unreadable-is-missing", "rrs.unreadable-cell")
def _(patch: Patch) -> None:
    """A cell that cannot be read is a missing value."""

    def lenient(parser):
        def parse(value):
            try:
                return parser(value)
            except CellError:
                return None

        return parse

    for kind, parser in list(cells.PARSERS.items()):
        cells.PARSERS[kind] = lenient(parser)
    patch.count += 1


@mutant("bad-rows-dropped", "rrs.one-bad-row")
def _(patch: Patch) -> None:
    """A row that cannot be read is left out, and the others are scored."""

    def make(original):
        def read(rows, columns, order=None):
            kept = []
            for row in rows:
                try:
                    kept += original([row], columns, order)
                except ServiceError:
                    continue
            return kept

        return read

    patch.wrap(tables, "_read", make)


@mutant("one-row-only", "rrs.batch")
def _(patch: Patch) -> None:
    """Only the first row of a request is scored."""
    _scored(patch, lambda table: replace(table, rows=table.rows[:1]))


@mutant("rows-sorted", "rrs.row-order")
def _(patch: Patch) -> None:
    """The rows of an answer are sorted."""
    _scored(patch, lambda table: replace(table, rows=sorted(table.rows, key=str)))


@mutant("rows-reversed", "rrs.batch")
def _(patch: Patch) -> None:
    """The rows of an answer stand in the opposite order."""
    _scored(patch, lambda table: replace(table, rows=table.rows[::-1]))


@mutant("same-rows-once", "rrs.batch")
def _(patch: Patch) -> None:
    """Rows that are the same are answered once."""
    _scored(patch, lambda table: replace(table, rows=list({str(row): row for row in table.rows}.values())))


@mutant("scores-by-company", "rrs.batch")
def _(patch: Patch) -> None:
    """Probabilities are scaled by the largest of the request."""

    def scaled(table):
        most = max((row[-1] for row in table.rows), default=1) or 1
        return replace(table, rows=[(*row[:-1], row[-1] / most) for row in table.rows])

    _scored(patch, scaled)


@mutant("labels-swapped", "rrs.labels")
def _(patch: Patch) -> None:
    """Labels are those of the other class."""

    def swapped(table):
        classes = table.columns[-2].categories or ("<=50K", ">50K")
        other = {classes[0]: classes[1], classes[1]: classes[0]}
        return replace(table, rows=[(*row[:-2], other.get(row[-2], row[-2]), row[-1]) for row in table.rows])

    _scored(patch, swapped)


@mutant("percent", "rrs.labels")
def _(patch: Patch) -> None:
    """Probabilities are given in percent."""
    _scored(patch, lambda table: replace(table, rows=[(*row[:-1], row[-1] * 100) for row in table.rows]))


@mutant("inputs-not-passed-through", "rrs.passed-through")
def _(patch: Patch) -> None:
    """Texts come back in upper case."""
    _scored(
        patch,
        lambda table: replace(
            table,
            rows=[tuple(c.upper() if isinstance(c, str) and c[:1].isalpha() else c for c in row) for row in table.rows],
        ),
    )


def _scored(patch: Patch, change) -> None:
    def make(original):
        def score(self, endpoint, given, parameters):
            return {name: change(table) for name, table in original(self, endpoint, given, parameters).items()}

        return score

    patch.wrap(Scoring, "score", make)


@mutant("answers-mixed-up", "rrs.many-callers")
def _(patch: Patch) -> None:
    """Callers at the same time share what they are answered with."""
    import time

    def make(original):
        def score(self, endpoint, given, parameters):
            self.latest = original(self, endpoint, given, parameters)
            time.sleep(0.001)
            return self.latest

        return score

    patch.wrap(Scoring, "score", make)


@mutant("json-numbers", "rrs.cells")
def _(patch: Patch) -> None:
    """Numbers come back as JSON numbers."""
    cells.RENDERERS["Double"] = float
    patch.count += 1


@mutant("seventeen-digits", "rrs.cells")
def _(patch: Patch) -> None:
    """Doubles are written with seventeen digits."""
    cells.RENDERERS["Double"] = lambda value: f"{value:.17g}"
    patch.count += 1


@mutant("missing-as-text", "rrs.missing-cells")
def _(patch: Patch) -> None:
    """Missing values come back as empty texts."""
    patch.wrap(
        tables,
        "rendered",
        lambda original: lambda table: (["" if c is None else c for c in row] for row in original(table)),
    )


@mutant("types-always", "rrs.details")
def _(patch: Patch) -> None:
    """Names and types of columns come whether details are asked for or not."""
    patch.wrap(request_response, "to_plain", lambda original: lambda table, *, details: original(table, details=True))


@mutant("no-types", "rrs.details")
def _(patch: Patch) -> None:
    """details=true adds the names of columns and not their types."""

    def make(original):
        def to_plain(table, *, details):
            shown = original(table, details=details)
            shown.pop("ColumnTypes", None)
            return shown

        return to_plain

    patch.wrap(request_response, "to_plain", make)


@mutant("help-page-types", "rrs.details")
def _(patch: Patch) -> None:
    """Types are called as in the help page's sample: Numeric and Object."""
    names = {"String": "Object", "Int32": "Numeric", "Double": "Numeric"}

    def make(original):
        def to_plain(table, *, details):
            shown = original(table, details=details)
            if details:
                shown["ColumnTypes"] = [names.get(kind, kind) for kind in shown["ColumnTypes"]]
            return shown

        return to_plain

    patch.wrap(request_response, "to_plain", make)


@mutant("data-table", "rrs.details")
def _(patch: Patch) -> None:
    """The type of an output is "DataTable", as in the article's sample."""

    def make(original):
        def render_execution(given, query):
            shown = original(given, query)
            for one in shown["Results"].values():
                if isinstance(one, dict):
                    one["type"] = "DataTable"
            return shown

        return render_execution

    patch.wrap(rrs_answers, "render_execution", make)


@mutant("format-ignored", "rrs.forms")
def _(patch: Patch) -> None:
    """format=swagger is answered in the plain form."""
    patch.wrap(
        rrs_answers,
        "render_execution",
        lambda original: lambda given, query: original(given, replace(query, swagger=False)),
    )


@mutant("objects-refused", "rrs.forms")
def _(patch: Patch) -> None:
    """A list of objects is refused where the query does not say format=swagger."""
    from amlemulator.core.errors import failure

    def from_swagger(value, columns):
        raise failure("BadArgument/RequestBodyInvalid")

    patch.set(request_response, "from_swagger", from_swagger)


@mutant("numbers-refused", "rrs.cell-forms")
def _(patch: Patch) -> None:
    """JSON numbers in a request are cut to whole ones and one more."""

    def make(original):
        return lambda value: original(value + 1 if isinstance(value, int) and not isinstance(value, bool) else value)

    cells.PARSERS["Int32"] = make(cells.PARSERS["Int32"])
    patch.count += 1


@mutant("missing-input-no-rows", "rrs.missing-input")
def _(patch: Patch) -> None:
    """A request without the input is answered with no rows."""

    def make(original):
        def read_execution(body, interface):
            if isinstance(body, dict) and not body.get("Inputs"):
                body = {**body, "Inputs": {port.name: [] for port in interface.inputs}}
            return original(body, interface)

        return read_execution

    patch.wrap(rrs_answers, "read_execution", make)


@mutant("unknown-input-ignored", "rrs.unknown-input")
def _(patch: Patch) -> None:
    """Inputs that the service does not have are left out of account."""

    def make(original):
        def read_execution(body, interface):
            if isinstance(body, dict) and isinstance(body.get("Inputs"), dict):
                known = {port.name for port in interface.inputs}
                body = {**body, "Inputs": {name: one for name, one in body["Inputs"].items() if name in known}}
            return original(body, interface)

        return read_execution

    patch.wrap(rrs_answers, "read_execution", make)


@mutant("unknown-parameter-ignored", "rrs.parameters")
def _(patch: Patch) -> None:
    """Web service parameters that the service does not have are left out of account."""

    def make(original):
        def parameters(declared, given):
            known = {one.name for one in declared}
            return original(declared, {name: value for name, value in given.items() if name in known})

        return parameters

    patch.wrap(request_response, "parameters", make)


@mutant("any-version", "rrs.query")
def _(patch: Patch) -> None:
    """Any api-version is taken for 2.0."""
    patch.set(request_response, "check_version", lambda version, allowed=(): None)


@mutant("null-body-invalid", "rrs.body")
def _(patch: Patch) -> None:
    """A body of null is RequestBodyInvalid."""
    from amlemulator.core.errors import failure

    def make(original):
        def require_object(body):
            if body is None:
                raise failure("BadArgument/RequestBodyInvalid")
            return original(body)

        return require_object

    patch.wrap(request_response, "require_object", make)


@mutant("training-scores", "rrs.training")
def _(patch: Patch) -> None:
    """RRS on a training service answers with no results."""

    def make(original):
        def answer(self, call):
            if self._emulator.directory.interface(call.here[2]).kind == "training":
                return b'{"Results":{}}'
            return original(self, call)

        return answer

    patch.wrap(rrs_answers.RequestResponse, "answer", make)


@mutant("version-1-names", "rrs.version-1")
def _(patch: Patch) -> None:
    """Version 1 answers with names beside the values."""
    patch.set(
        rrs_answers,
        "render_legacy_score",
        lambda given: request_response.to_plain(next(iter(given.values())), details=True),
    )


@mutant("empty-table-refused", "rrs.no-rows")
def _(patch: Patch) -> None:
    """A request of no rows is refused."""
    from amlemulator.core.errors import failure

    def make(original):
        def from_plain(value, columns):
            if not value.get("Values"):
                raise failure("BadArgument/MissingRequestInput")
            return original(value, columns)

        return from_plain

    patch.wrap(request_response, "from_plain", make)


@mutant("content-type-demanded", "rrs.habits")
def _(patch: Patch) -> None:
    """A body that does not say that it is JSON is refused."""
    from amlemulator.core.errors import failure

    def make(original):
        def answer(self, call):
            if call.environ.get("CONTENT_TYPE", "application/json").partition(";")[0] != "application/json":
                raise failure("BadArgument/RequestBodyInvalid")
            return original(self, call)

        return answer

    patch.wrap(rrs_answers.RequestResponse, "answer", make)
