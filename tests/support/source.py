"""What the emulator's own source says of itself: the rules, operations and errors that it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from amlcontracts import load

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "emulator" / "amlemulator"


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Return every call in the package as (where, call)."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        where = path.relative_to(ROOT).as_posix()
        found += [(f"{where}:{node.lineno}", node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return tuple(found)


def _texts(node: ast.AST | None) -> Iterator[str]:
    """Yield the text constants of an expression: of both branches where it chooses, of an f-string none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _argument(call: ast.Call, place: int, keyword: str) -> ast.AST | None:
    if len(call.args) > place:
        return call.args[place]
    return next((one.value for one in call.keywords if one.arg == keyword), None)


def rules() -> dict[str, str]:
    """Return each evidence id that the source names, with one place that does."""
    return {
        text: where
        for where, call in calls()
        for keyword in call.keywords
        if keyword.arg == "evidence"
        for text in _texts(keyword.value)
    }


def operations() -> dict[str, str]:
    """Return each operation that a face declares, with one place that does."""
    places = {"route": (2, "name"), "operation": (0, "name")}
    return {
        text: where
        for where, call in calls()
        if _name(call) in places
        for text in _texts(_argument(call, *places[_name(call)]))
    }


def pages() -> set[str]:
    """Return the operations that are pages for people."""
    routes = (call for _, call in calls() if _name(call) == "route")
    return {
        name
        for call in routes
        if set(_texts(_argument(call, 3, "access"))) & {"page", "visitor"}
        for name in _texts(_argument(call, 2, "name"))
    }


def errors() -> dict[str, str]:
    """Return each entry of the catalogue that the source raises by name, with one place that does.

    A job's refusals stand in its table.
    """
    table = {edge["error"]: "the job's table" for edge in load("state_machines")["job"]["edges"] if "error" in edge}
    return table | {
        text: where
        for where, call in calls()
        if _name(call) == "failure"
        for text in _texts(_argument(call, 0, "name"))
    }


def defined(node: str) -> bool:
    """Tell whether a pytest node (``tests/a/test_b.py::test_c`` or ``...::TestD::test_c``) is defined in its file."""
    file, *names = node.split("::")
    path = ROOT / file
    if not path.is_file() or not names:
        return False
    body: list[ast.stmt] = ast.parse(path.read_text("utf-8")).body
    for name in names:
        found = next((one for one in body if _defines(one, name)), None)
        if found is None:
            return False
        body = getattr(found, "body", [])
    return True


def _defines(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, ast.Assign):  # TestQueue = Queue.TestCase
        return any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
    return getattr(statement, "name", None) == name
