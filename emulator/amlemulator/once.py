"""Parts of an object that are made when somebody first asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")
MAKING = threading.RLock()  # one for all: a part may need another part, and making one takes milliseconds


class once(Generic[T]):  # noqa: N801 - used as a decorator, as property is
    """A part that is made once, whatever the number of threads that ask: cached_property has no lock since Python 3.12.

    Afterwards it is an attribute like any other; what has been made stands in the object's ``__dict__``.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        with MAKING:
            made = instance.__dict__
            if self._name not in made:
                made[self._name] = self._make(instance)
            part: T = made[self._name]
            return part
