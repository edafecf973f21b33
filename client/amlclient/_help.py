"""The help pages, read as a person reads them: HelpLocation, its Update Resource link, the PATCH address and the names.

The documented way to find out what to PATCH is to look at these pages (documents.md 10.2, RC17), so the client can do
that too. Only structure that a reader sees is relied on: links by their text, table rows, the address itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from ._client import ServiceClient
from ._exceptions import UnexpectedAnswer
from ._transport import Call

__all__ = ["HelpReader", "UpdateResourcePage"]

NO_RESOURCES = "This Web Service has no updatable resources."  # verbatim, errors.md section 9
_PATCH_ADDRESS = re.compile(
    r"https?://[^\s\"'<>]+/workspaces/[^\s\"'<>/]+/webservices/[^\s\"'<>/]+/endpoints/[^\s\"'<>/?#]+"
)


@dataclass(frozen=True, slots=True)
class UpdateResourcePage:
    """What stands on an endpoint's Update Resource page. ``resource_names`` is empty on a training service."""

    url: str
    patch_url: str | None
    resource_names: tuple[str, ...]


class HelpReader(ServiceClient):
    """Reads help pages, which need no key (clients.md section 5). Arguments are those of :class:`ServiceClient`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)

    def update_resource(self, help_location: str, *, timeout: float | None = None) -> UpdateResourcePage:
        """Open ``help_location``, follow its Update Resource link and read that page.

        Raises UnexpectedAnswer for pages without what is looked for, ServiceError, TransportError.
        """
        deadline = self._deadline(timeout)
        page = self._page(help_location, deadline.left)
        link = next((href for text, href in page.links if text.casefold() == "update resource"), None)
        if link is None:
            raise UnexpectedAnswer("the page has no Update Resource link", method="GET", url=help_location)
        address = urljoin(help_location, link)
        if urlsplit(address).netloc != urlsplit(help_location).netloc:
            raise UnexpectedAnswer("the Update Resource link leads to another host", method="GET", url=help_location)
        return _read_update_page(address, self._page(address, deadline.left))

    def _page(self, url: str, timeout: float | None) -> _Page:
        call = Call("GET", url, headers={"Accept": "text/html"}, repeatable=True)
        page = _Page()
        page.feed(self.call(call, timeout=timeout).content.decode("utf-8", "replace"))
        page.close()
        return page


def _read_update_page(url: str, page: _Page) -> UpdateResourcePage:
    if NO_RESOURCES in page.text:
        return UpdateResourcePage(url, None, ())
    found = _PATCH_ADDRESS.search(_patch_row(page) or page.text)
    names = tuple(dict.fromkeys(_resource_names(page)))
    if found is None or not names:
        reason = "the Update Resource page shows no PATCH address or no resource name"
        raise UnexpectedAnswer(reason, method="GET", url=url)
    return UpdateResourcePage(url, found.group(0), names)


def _patch_row(page: _Page) -> str | None:
    """Return the row of the request table (Method, Request URI, HTTP Version) whose method is PATCH."""
    rows = (row for table in page.tables for row in table)
    return next((" ".join(row[1:]) for row in rows if row and row[0] == "PATCH"), None)


def _resource_names(page: _Page) -> list[str]:
    """Return the column under the heading Resource Name, of whichever table has it."""
    names = []
    for table in page.tables:
        heading = [cell.casefold() for cell in table[0]] if table else []
        if "resource name" in heading:
            place = heading.index("resource name")
            names += [row[place] for row in table[1:] if len(row) > place and row[place]]
    return names


class _Page(HTMLParser):
    """Collects a page's links, tables and text; white space is folded as a browser folds it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self._said: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._cell: list[str] | None = None
        self._unseen = False

    @property
    def text(self) -> str:
        """All visible text."""
        return _folded(" ".join(self._said))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a link, a table, a row or a cell."""
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self._link = (href, [])
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._end_cell()
            self._cell = []
        elif tag in ("script", "style"):
            self._unseen = True

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if tag == "a" and self._link is not None:
            self.links.append((_folded("".join(self._link[1])), self._link[0]))
            self._link = None
        elif tag in ("td", "th", "tr", "table"):
            self._end_cell()
        elif tag in ("script", "style"):
            self._unseen = False

    def handle_data(self, data: str) -> None:
        """Keep text for whatever is open."""
        if self._unseen:
            return
        self._said.append(data)
        if self._link is not None:
            self._link[1].append(data)
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self.tables and self.tables[-1]:
            self.tables[-1][-1].append(_folded("".join(self._cell)))
        self._cell = None


def _folded(text: str) -> str:
    return " ".join(text.split())
