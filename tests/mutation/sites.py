"""Where mutmut's operators change a module, as small edits of its text.

mutmut writes all mutants of a function into one file, behind a trampoline that tests can see (a module has more names
than it declares) and that decorated functions cannot have. An edit can be put into any function of the running process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

# What cannot survive (`len(None)`), so it would only raise the score: mutmut leaves it out as well.
SURE_TO_FAIL = {"len", "isinstance"}
SIMPLE = cst.Name | cst.BaseNumber | cst.BaseString  # default values that can be evaluated again


@dataclass(frozen=True)
class Mutation:
    """One edit: ``length`` bytes at ``offset`` of the file become ``text``."""

    path: Path
    function: str  # the outermost function around it, by its qualified name
    first_line: int  # of that function, its decorators included
    line: int
    reach: tuple[int, int]  # first and last line of what a test must run to see it
    offset: int
    length: int
    was: str
    text: str
    default: bool  # whether it is in the default value of a parameter

    def apply(self, source: bytes) -> bytes:
        """Return the file with the edit made. Raises AssertionError when it is another file than it was."""
        assert source[self.offset :].startswith(self.was.encode()), f"{self.path} was changed meanwhile"
        return source[: self.offset] + self.text.encode() + source[self.offset + self.length :]

    def change(self) -> str:
        """Return what is changed into what, on one line."""
        return f"{_flat(self.was)} → {_flat(self.text)}"


def _flat(code: str) -> str:
    return " ".join(code.split())


def mutations(path: Path) -> list[Mutation]:
    """Return every mutation of the bodies and default values of a module's functions, in the order of the file."""
    return mutations_of(path, path.read_bytes())


def mutations_of(path: Path, source: bytes) -> list[Mutation]:
    """Return those of a text that stands in ``path``."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Visitor(path, source, wrapper.module)
    wrapper.visit(visitor)
    return sorted(visitor.found, key=lambda one: (one.offset, one.length, one.text))


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self, path: Path, source: bytes, module: cst.Module) -> None:
        super().__init__()
        self.found: list[Mutation] = []
        self._path, self._source, self._module = path, source, module
        self._names: list[str] = []  # of the classes, then of the function, around the node
        self._function: cst.FunctionDef | None = None  # the outermost one
        self._statements: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator) or _sure_to_fail(node):
            return False
        if isinstance(node, cst.Param) and not self._statements and not isinstance(node.default, SIMPLE | None):
            return False
        if isinstance(node, cst.ClassDef) and self._function is None:
            self._names.append(node.name.value)
        if isinstance(node, cst.FunctionDef) and self._function is None:
            self._names.append(node.name.value)
            self._function = node
        elif self._function is not None:
            if isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
                self._statements.append(node)
            self.found.extend(self._mutations(node, self._function))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._statements and self._statements[-1] is original_node:
            self._statements.pop()
        if original_node is self._function:
            self._function = None
            self._names.pop()
        elif isinstance(original_node, cst.ClassDef) and self._function is None:
            self._names.pop()

    def _mutations(self, node: cst.CSTNode, function: cst.FunctionDef) -> Iterator[Mutation]:
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for mutated in operator(node):
                    yield self._mutation(node, mutated, function)

    def _mutation(self, node: cst.CSTNode, mutated: cst.CSTNode, function: cst.FunctionDef) -> Mutation:
        place = self.get_metadata(PositionProvider, node)
        span = self.get_metadata(ByteSpanPositionProvider, node)
        # A default value is seen by whatever runs the function; its own line runs when the module is imported.
        around = self.get_metadata(PositionProvider, function)
        statement = self.get_metadata(PositionProvider, self._statements[-1]) if self._statements else around
        decorated = [self.get_metadata(PositionProvider, one).start.line for one in function.decorators]
        return Mutation(
            path=self._path,
            function=".".join(self._names),
            first_line=min([*decorated, around.start.line]),
            line=place.start.line,
            reach=(statement.start.line, place.end.line if self._statements else around.end.line),
            offset=span.start,
            length=span.length,
            was=self._source[span.start : span.start + span.length].decode(),
            text=self._text(node, mutated),
            default=not self._statements,
        )

    def _text(self, node: cst.CSTNode, mutated: cst.CSTNode) -> str:
        """Return what stands in the place of the node: its parentheses are no part of that place."""
        if getattr(node, "lpar", ()) and getattr(mutated, "lpar", ()):
            mutated = mutated.with_changes(lpar=(), rpar=())
        return self._module.code_for_node(mutated).strip()


def _sure_to_fail(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in SURE_TO_FAIL
