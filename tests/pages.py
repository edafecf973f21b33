"""Reading a help page in tests: a small tree of its elements, and the texts that clients take from it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

VOID = {"meta", "br", "hr", "img", "link", "input"}


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)


class Page:
    """A page whose tags are balanced; anything else fails."""

    def __init__(self, html: str) -> None:
        tree = _Tree()
        tree.feed(html)
        tree.close()
        assert tree.open == [], f"left open: {tree.open}"
        self.root = tree.builder.close()

    def by_id(self, name: str) -> Element:
        """Return the one element with that id."""
        found = [element for element in self.root.iter() if element.get("id") == name]
        assert len(found) == 1, f"{len(found)} elements have the id {name}"
        return found[0]

    def text(self, name: str) -> str:
        """Return the text of the element with that id."""
        return text(self.by_id(name))

    def pre(self, name: str) -> str:
        """Return the text of the first pre in the element with that id: ``#name pre``."""
        return text(next(self.by_id(name).iter("pre")))

    def headings(self) -> list[str]:
        """Return the text of h1 and h2, in order."""
        return [text(element) for element in self.root.iter() if element.tag in ("h1", "h2")]

    def links(self) -> dict[str, str]:
        """Return text to address of every link; the last of a text wins."""
        return {text(element): element.get("href", "") for element in self.root.iter("a")}

    def rows(self) -> Iterator[list[str]]:
        """Return every row of every table."""
        for row in self.root.iter("tr"):
            yield [text(cell) for cell in row]

    @property
    def all_text(self) -> str:
        """All text, white space folded."""
        return " ".join("".join(self.root.itertext()).split())


def text(element: Element) -> str:
    """Return the text of an element as it stands in the page."""
    return "".join(element.itertext())
