"""Studio's modules as data: ports, parameters with their defaults, and where each is carried out.

Names are those that Studio showed (modules.md sections 2 to 11). What a module is costs nothing to know; its
implementation is imported when it first runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from math import isfinite
from typing import Any, Literal, Protocol

from amlemulator.core.interface import ColumnType
from amlemulator.experiments.columns import fault
from amlemulator.experiments.errors import module_error

PortKind = Literal["dataset", "untrained", "model", "untrained clusters", "clusters", "transform", "bundle", "device"]
ParameterKind = Literal["text", "integer", "real", "boolean", "choice", "columns", "data"]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a module, under the name that Studio's tooltip showed."""

    name: str
    kind: PortKind = "dataset"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a module. ``default`` None: nothing is preset; ``wire`` is its name in Studio's own graphs.

    ``absent`` are choices that Studio had and that are not emulated: understood, and refused by their name.
    ``spellings`` are other spellings of choices, as Studio's own graphs have them: from spelling to choice.
    """

    name: str
    kind: ParameterKind = "text"
    default: Any = None
    choices: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    wire: str | None = None

    @property
    def column_type(self) -> ColumnType:
        """The type of a web service parameter that drives this one."""
        types: dict[ParameterKind, ColumnType] = {"integer": "Int32", "real": "Double", "boolean": "Boolean"}
        return types.get(self.kind, "String")

    def value(self, given: Any) -> Any:
        """Return the value as the module uses it.

        Raises ModuleError 0002 (not convertible), 0008 (out of range) or 0039 (a choice that is not emulated).
        """
        if given is None or (given == "" and self.kind != "text"):
            return self.default
        if self.kind in ("integer", "real"):
            return self._number(given)
        if self.kind == "boolean":
            return self._boolean(given)
        if self.kind == "choice":
            return self._choice(given)
        if self.kind == "columns" and fault(given):
            raise module_error("0002", self.name, "ColumnSelection")
        return given if self.kind in ("columns", "data") else str(given)

    def _number(self, given: Any) -> float | int:
        wanted = "Integer" if self.kind == "integer" else "Float"
        try:
            number = float(given)
            if not isfinite(number) or isinstance(given, bool) or (self.kind == "integer" and number != int(number)):
                raise ValueError(given)
        except (TypeError, ValueError, OverflowError) as error:
            raise module_error("0002", self.name, wanted) from error
        low, high = self.minimum, self.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            shown = [f"{bound:g}" if bound is not None else "∞" for bound in (low, high)]
            raise module_error("0008", self.name, *shown)
        return int(number) if self.kind == "integer" else number

    def _boolean(self, given: Any) -> bool:
        word = str(given).strip().lower()
        if word not in ("true", "false"):
            raise module_error("0002", self.name, "Boolean")
        return word == "true"

    def _choice(self, given: Any) -> str:
        wanted = str(given).strip().lower()
        for spelling, choice in (*zip(self.choices, self.choices, strict=True), *self.spellings):
            if spelling.lower() == wanted:
                return choice
        for choice in self.absent:
            if choice.lower() == wanted:
                there = " or ".join(nearest(choice, self.choices) or self.choices)
                raise module_error("0039", f"'{choice}' as {self.name} is not emulated; use {there}")
        raise module_error("0002", self.name, " | ".join(self.choices))


class Call(Protocol):
    """What a module's implementation is given: see :class:`amlemulator.experiments.execute.NodeCall`."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What stands on the input ports, by port name; unconnected optional ports are absent."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Every parameter of the module, converted, defaults filled in."""
        ...


class Implementation(Protocol):
    """Carries a module out; returns what stands on its output ports, in their order. Raises ModuleError."""

    def __call__(self, call: Any) -> Sequence[Any]:
        """Run the module once."""
        ...


@dataclass(frozen=True, slots=True)
class Module:
    """A module of Studio's palette.

    ``run`` names its implementation, ``file:function`` in this package. ``in_server`` says that the server may run it:
    the output for a row depends on that row alone, and it needs neither pandas nor scikit-learn nor a user's code.
    ``learner`` names the kind of task of an initialise-model module.
    """

    name: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    run: str = ""
    in_server: bool = False
    trains: bool = False
    older_names: tuple[str, ...] = field(default=())

    def input(self, name: str) -> Port | None:
        """Return the input port of that name, or None."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        """Return the output port of that name, or None."""
        return next((port for port in self.outputs if port.name == name), None)

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of that name, as shown or as on the wire, or None."""
        return next((spec for spec in self.parameters if name in (spec.name, spec.wire)), None)


@cache
def implementation(run: str) -> Implementation:
    """Import and return the function that ``run`` (``file:function``) names."""
    place, _, name = run.partition(":")
    found: Implementation = getattr(import_module(f"amlemulator.experiments.{place}"), name)
    return found


def nearest(name: str, names: Sequence[str]) -> list[str]:
    """Return up to three names that come near, for a message that helps."""
    lowered = {candidate.lower(): candidate for candidate in names}
    return [lowered[found] for found in get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.4)]
