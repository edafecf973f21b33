"""What a mutant is, how it is put into the code, and the registers of all there are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

SetAttribute = Callable[[Any, str, Any], None]


class Patch:
    """Replaces parts of the code; ``set_attribute`` is setattr, or what takes it back afterwards."""

    def __init__(self, set_attribute: SetAttribute = setattr) -> None:
        self._set = set_attribute
        self.count = 0

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute that is there."""
        assert hasattr(owner, name), (owner, name)
        self._set(owner, name, value)
        self.count += 1

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
        """Replace a function by what ``make`` makes of it; it keeps its name and its declarations."""
        original = getattr(owner, name)
        self.set(owner, name, functools.wraps(original)(make(original)))

    def stages(self, **replacements: Callable[..., None]) -> None:
        """Replace stages of the pipeline by name."""
        from amlemulator import pipeline

        self.set(pipeline, "STAGES", tuple(replacements.get(one.__name__, one) for one in pipeline.STAGES))

    def authenticator(self, access: str, check: Callable[..., None]) -> None:
        """Replace who checks the key for one kind of access."""
        from amlemulator import pipeline

        self.set(pipeline, "AUTHENTICATORS", {**pipeline.AUTHENTICATORS, access: check})


@dataclass(frozen=True)
class Mutant:
    """One wrong behaviour. ``found_by`` is the check that is made first, because it should find it."""

    name: str
    sentence: str
    found_by: str
    apply: Callable[[Patch], None]


class Register:
    """The mutants of one program, by their names, as the modules that hold them register them."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._mutants: dict[str, Mutant] = {}

    def mutant(self, name: str, found_by: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
        """Register a patch as the mutant ``name``; its docstring says what is wrong then."""

        def register(apply: Callable[[Patch], None]) -> Callable[[Patch], None]:
            assert name not in self._mutants, name
            assert apply.__doc__, name
            self._mutants[name] = Mutant(name, apply.__doc__.strip(), found_by, apply)
            return apply

        return register

    def every(self) -> list[Mutant]:
        """Return every mutant."""
        for module in self._modules:
            import_module(module)
        return list(self._mutants.values())


OF_EMULATOR = Register(
    "mutants.of_access",
    "mutants.of_addresses",
    "mutants.of_answers",
    "mutants.of_batch",
    "mutants.of_endpoints",
    "mutants.of_patching",
    "mutants.of_results",
    "mutants.of_scoring",
)
mutant, mutants = OF_EMULATOR.mutant, OF_EMULATOR.every
