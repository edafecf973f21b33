"""A local emulator of the web services of Azure Machine Learning Studio (classic).

``from amlemulator import Emulator`` gives the in-process emulator; nothing is imported before that name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> Any:
    if name == "Emulator":
        from amlemulator.emulator import Emulator

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
