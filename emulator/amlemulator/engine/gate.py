"""The gate that requests pass, and that closes for as long as the state is replaced.

So a reset is atomic: it begins when no request is inside, and no request sees it half done. Passing costs two changes
of a dictionary and no lock; each is atomic, which makes the order "enter, then look whether it is closed" safe against
"close, then look who is inside".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0  # seconds that closing waits for those inside: all but a PATCH's check of a model are quicker
LOOK_EVERY = 0.0002


class Gate:
    """Who is inside, by a token each."""

    def __init__(self) -> None:
        self._inside: dict[object, int] = {}  # token to the thread it is on
        self._overtaken: dict[object, int] = {}
        self._opened = threading.Event()
        self._closer: int | None = None
        self._one_at_a_time = threading.Lock()

    def enter(self) -> object:
        """Go in, waiting while it is closed; returns the token to leave with."""
        token, me = object(), threading.get_ident()
        self._inside[token] = me
        while self._closer is not None and self._closer != me:
            self._inside.pop(token, None)
            self._opened.wait()
            self._inside[token] = me
        return token

    def leave(self, token: object) -> None:
        """Go out."""
        self._inside.pop(token, None)
        if self._overtaken:
            self._overtaken.pop(token, None)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Hold the block alone: new requests wait, those inside have left before it begins.

        One that takes longer than a second is overtaken: it ends as if it had been before, and what it still writes is
        dropped (``overtaken``).
        """
        me = threading.get_ident()
        for token in [token for token, thread in list(self._inside.items()) if thread == me]:
            self._inside.pop(token, None)  # who asks for this is no longer in its own way
        with self._one_at_a_time:
            self._opened.clear()
            self._closer = me
            try:
                self._wait_until_empty(me)
                self._overtaken.update(self._inside)
                yield
            finally:
                self._closer = None
                self._opened.set()

    def _wait_until_empty(self, me: int) -> None:
        end = time.monotonic() + PATIENCE
        while any(thread != me for thread in list(self._inside.values())) and time.monotonic() < end:
            time.sleep(LOOK_EVERY)

    def overtaken(self) -> bool:
        """Tell whether the request on this thread began before a reset that did not wait for its end."""
        return bool(self._overtaken) and threading.get_ident() in self._overtaken.values()
