"""Putting a mutation into the functions of the running process."""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

from mutation.sites import Mutation

CACHED = type(cache(len))


class Place(NamedTuple):
    """Where a function is written; its name alone does not tell a property's getter from its setter."""

    path: str
    name: str
    line: int


class Functions:
    """The functions of some modules as they exist, those below decorators and inner ones that imports have made too."""

    def __init__(self, modules: tuple[Path, ...]) -> None:
        names = {str(one) for one in modules}
        self._sources = {str(one): one.read_bytes() for one in modules}
        self._before = {name: list(_codes(compile(source, name, "exec"))) for name, source in self._sources.items()}
        self._found: dict[Place, list[FunctionType]] = defaultdict(list)
        self._caches = []
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename in names:
                self._found[_place(one.__code__)].append(one)
            elif type(one) is CACHED and _file_of(one.__wrapped__) in names:
                self._caches.append(one)

    def forget(self) -> None:
        """Drop what cached functions remember from imports, so that a test reaches them."""
        for one in self._caches:
            one.cache_clear()

    def put(self, one: Mutation) -> None:
        """Have the functions behave as the mutation says; there is no way back in this process."""
        source = one.apply(self._sources[str(one.path)])
        new = list(_codes(compile(source, str(one.path), "exec")))
        around = next(code for code in new if _place(code) == Place(str(one.path), one.function, one.first_line))
        if one.default:
            self._put_defaults(one, source)
        self.forget()
        changed = set(_codes(around))
        for before, after in zip(self._before[str(one.path)], new, strict=False):
            if after in changed:
                for function in self._found.get(_place(before), ()):
                    _replace(function, after)

    def _put_defaults(self, one: Mutation, source: bytes) -> None:
        (written,) = [
            node.args
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) == one.first_line
        ]
        for function in self._found[Place(str(one.path), one.function, one.first_line)]:
            function.__defaults__ = tuple(_value(node, function) for node in written.defaults)
            keywords = zip(written.kwonlyargs, written.kw_defaults, strict=True)
            function.__kwdefaults__ = {name.arg: _value(node, function) for name, node in keywords if node}


def _file_of(function: object) -> str | None:
    """Return where a function was written; a cache may also be around one that was written in C."""
    code: CodeType | None = getattr(function, "__code__", None)
    return None if code is None else code.co_filename


def _value(node: ast.expr, function: FunctionType) -> object:
    return eval(compile(ast.Expression(node), "<default>", "eval"), function.__globals__)


def _place(code: CodeType) -> Place:
    return Place(code.co_filename, code.co_qualname, code.co_firstlineno)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _replace(function: FunctionType, code: CodeType) -> None:
    names = function.__code__.co_freevars
    # A mutant may not need the cell any more that the function has, as of `super()`.
    function.__code__ = code if code.co_freevars == names else code.replace(co_freevars=names)
