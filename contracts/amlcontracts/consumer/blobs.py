"""The blobs that calls name: those that are read have to be there before, and the containers of all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from amlcontracts.consumer.places import leaves

# An address in the workspace's own account, as the program wrote it into a parameter.
ADDRESS = re.compile(r"{blob}/{account}/([^?\s\"']+)")
OWN = re.compile(r"{(?:open|(?:hex|guid)(?: \d+)?)}")
OUTPUTS = ("Outputs", "Output")


def references(bodies: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Return the blobs that request bodies read, as container/name, and the containers that they name, in order.

    A name with a place in it came from an answer, and so did the blob; but for an id that the program made itself.
    """
    read: dict[str, None] = {}
    containers: dict[str, None] = {}
    for body in bodies:
        for name, written in _named(body):
            container, slash, _ = name.partition("/")
            if slash and container and "{" not in OWN.sub("", name):
                containers[container] = None
                if not written:
                    read[name] = None
    return list(read), list(containers)


def _named(body: Any) -> Iterator[tuple[str, bool]]:
    """Yield each blob that a body names, and whether it is to be written."""
    for pointer, text in leaves(body):
        if pointer and pointer[-1] == "RelativeLocation":
            yield text.lstrip("/"), pointer[0] in OUTPUTS
        for address in ADDRESS.findall(text):
            yield unquote(address), False
