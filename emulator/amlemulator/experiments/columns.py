"""Studio's column selector: which columns of a data set a parameter means (modules.md 1.2).

A selection is written as a list of names (``[age, sex]``), as text (``age,sex``, how a web service parameter carries
it), or as rules::

    begin with: all columns            # or: no columns
    rules:
      - exclude: {names: [casual, registered]}
      - include: {indices: "1-4,6"}    # 1-based
      - include: {types: [Numeric]}    # a column type, Numeric, or Categorical
      - exclude: {all: labels}         # or features
    keep order and duplicates: true    # the order as listed, starting from nothing

Rules add up in order; the result has the data set's order unless the last switch is on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from amlemulator.core.interface import ColumnType
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.frame import Frame, Series

ALL: dict[str, Any] = {"begin with": "all columns"}
_RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


_RULE = ("include", "exclude")
_MEMBERS = ("begin with", "rules", "keep order and duplicates")
BEGINNINGS = ("all columns", "no columns")
ROLES = ("features", "labels", "weights")
TYPES = (*get_args(ColumnType), "Numeric", "Categorical")


def fault(selection: Any) -> str:
    """Return in a sentence what is wrong with the form of a selection; empty when nothing is."""
    if isinstance(selection, str):
        return ""
    if isinstance(selection, (list, tuple)):
        return _fault_of_names(selection)
    return _fault_of_rules(selection) if isinstance(selection, Mapping) else f"{selection!r} selects no columns."


def _fault_of_rules(selection: Mapping[Any, Any]) -> str:
    unknown = [str(name) for name in selection if name not in _MEMBERS]
    if unknown:
        return f"A selection has no '{unknown[0]}'; it has: {', '.join(_MEMBERS)}."
    if selection.get("begin with", BEGINNINGS[1]) not in BEGINNINGS:
        return f"It begins with {' or '.join(BEGINNINGS)}."
    rules = selection.get("rules") or ()
    if not isinstance(rules, (list, tuple)):
        return "Its rules are a list."
    return next(filter(None, map(_fault_of_rule, rules)), "")


def _fault_of_names(names: Sequence[Any]) -> str:
    wrong = [name for name in names if isinstance(name, bool) or not isinstance(name, (str, int, float))]
    # YAML takes an unquoted yes or no for true or false.
    return f"{wrong[0]!r} is no name of a column: put the name into quotes." if wrong else ""


def _fault_of_rule(rule: Any) -> str:
    chosen = next(iter(rule.values())) if isinstance(rule, Mapping) and len(rule) == 1 else None
    if not isinstance(chosen, Mapping) or len(chosen) != 1 or next(iter(rule)) not in _RULE:
        return f"{rule!r} is no rule; one is {{include: {{names: [age]}}}} or {{exclude: ...}}."
    kind, what = next(iter(chosen.items()))
    if kind == "names":
        return _fault_of_names([what] if isinstance(what, str) else what) if _is_listed(what) else "names is a list."
    if kind == "types":
        words = {str(one).lower() for one in ([what] if isinstance(what, str) else what)} if _is_listed(what) else {""}
        return "" if words <= {one.lower() for one in TYPES} else f"types are: {', '.join(TYPES)}."
    if kind == "all":
        return "" if f"{str(what).rstrip('s')}s" in ROLES else f"all is one of: {', '.join(ROLES)}."
    return "" if kind == "indices" else f"A rule has no '{kind}'; it has names, indices, types or all."


def _is_listed(what: Any) -> bool:
    return isinstance(what, (str, list, tuple))


def select(frame: Frame, selection: Any) -> list[Series]:
    """Return the selected columns. Raises ModuleError 0001, 0059 and 0060 for what is not there."""
    if isinstance(selection, str):
        selection = [name.strip() for name in selection.split(",") if name.strip()]
    if isinstance(selection, Sequence):
        selection = {"begin with": "no columns", "rules": [{"include": {"names": list(selection)}}]}
    places: list[int] = list(range(len(frame.series))) if selection.get("begin with") == "all columns" else []
    for rule in selection.get("rules") or ():
        kind, chosen = next(iter(rule.items()))
        found = _matching(frame, chosen)
        places = [p for p in places if p not in found] if kind == "exclude" else places + found
    if not selection.get("keep order and duplicates"):
        places = sorted(set(places))
    return [frame.series[place] for place in places]


def _matching(frame: Frame, chosen: Mapping[str, Any]) -> list[int]:
    kind, what = next(iter(chosen.items()))
    if kind == "names":
        return [_place(frame, str(name)) for name in ([what] if isinstance(what, str) else what)]
    if kind == "indices":
        return _indices(str(what), len(frame.series))
    if kind == "types":
        wanted = {str(name).lower() for name in ([what] if isinstance(what, str) else what)}
        return [place for place, series in enumerate(frame.series) if wanted & _kinds(series)]
    wanted_role = str(what).rstrip("s")
    return [place for place, series in enumerate(frame.series) if series.role == wanted_role]


def _place(frame: Frame, name: str) -> int:
    names = frame.names
    if name not in names:
        raise module_error("0001", name)
    return names.index(name)


def _kinds(series: Series) -> set[str]:
    kinds = {series.type.lower()}
    if series.is_numeric:
        kinds.add("numeric")
    if series.categories is not None:
        kinds.add("categorical")
    return kinds


def _indices(text: str, count: int) -> list[int]:
    places: list[int] = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        if not found:
            raise module_error("0059", part.strip())
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last <= count:
            raise module_error("0060", part.strip())
        places += [place for place in range(first - 1, last) if place not in places]
    return places


def select_one(frame: Frame, selection: Any) -> Series:
    """Return the one selected column. Raises ModuleError 0022 when the selection is not one column."""
    chosen = select(frame, selection)
    if len(chosen) != 1:
        raise module_error("0022", str(selection), 1, len(chosen))
    return chosen[0]
