"""Long lists, searched and in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request

SIZE = 25
KEPT = ("q", "page", "training", "data", "job", "service", "endpoint")
Item = TypeVar("Item")
Other = TypeVar("Other")


def kept() -> dict[str, str]:
    """Return what links to the same page keep of its query; nothing else, for it could hold somebody's signature."""
    return {name: request.args[name] for name in KEPT if name in request.args}


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """One page of a list: its items, its number from 1, how many pages and items there are, what was searched for."""

    items: Sequence[Item]
    number: int
    pages: int
    total: int
    query: str

    def of(self, items: Sequence[Other]) -> Part[Other]:
        """Return this part with what is shown of its items in their place."""
        return Part(items, self.number, self.pages, self.total, self.query)

    def link(self, number: int) -> dict[str, Any]:
        """Return the parameters of the query that shows another page."""
        return {**kept(), "page": number}


def searched() -> str:
    """Return what the request looks for."""
    return request.args.get("q", "").strip()[:200]


def part_read(read: Callable[[int, int], tuple[Sequence[Item], int]], size: int = SIZE) -> Part[Item]:
    """Return the part that the request asks for of a list that is not searched.

    ``read`` returns, after so many, so many items, and how many there are.
    """
    asked = _asked()
    items, total = read((asked - 1) * size, size)
    pages = max(1, -(-total // size))
    if asked > pages:
        items, total = read((pages - 1) * size, size)
    return Part(items, min(asked, pages), pages, total, "")


def part_of(items: Sequence[Item], text: Callable[[Item], str], size: int = SIZE) -> Part[Item]:
    """Return the part of a list that the request asks for: ``q`` is looked for in each item's text, ``page`` from 1.

    Only what is shown should cost anything, so ``text`` must be cheap. A page beyond the last is the last.
    """
    query = searched()
    found = [item for item in items if query.lower() in text(item).lower()] if query else items
    pages = max(1, -(-len(found) // size))
    number = min(_asked(), pages)
    return Part(found[(number - 1) * size : number * size], number, pages, len(found), query)


def _asked() -> int:
    asked = request.args.get("page", "1")
    return max(int(asked), 1) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 1
