"""What the service promises, as data, and the harness that checks it.

People write the facts as YAML in ``contracts/``; this package carries them compiled to JSON, because parsing YAML at
start would cost the emulator a quarter of its start-up. ``python -m amlcontracts.compile`` makes one from the other.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["load"]

DATA = Path(__file__).with_name("data")  # not importlib.resources: it costs each start some milliseconds


@cache
def load(name: str) -> Any:
    """Return the compiled contract ``name`` (``"errors"``, ``"limits"``, ``"regions"``, ...), read once per process.

    Raises FileNotFoundError when there is no such contract.
    """
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))
