"""One player for all tests of the failures, and each failure played once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from amlemulator.failures import player as playing
from amlemulator.failures.catalogue import Failure


@pytest.fixture(scope="session")
def player() -> Iterator[playing.Player]:
    """Share one player: its emulator, and the model that it trains once. Answers are kept whole."""
    with pytest.MonkeyPatch.context() as patch, playing.Player(workers=1) as made:
        patch.setattr(playing, "SHOWN", 1_000_000)
        yield made


@pytest.fixture(scope="session")
def played(player: playing.Player) -> Callable[[Failure], playing.Played]:
    """Play a failure, or return what came of it before."""
    kept: dict[str, playing.Played] = {}

    def play(failure: Failure) -> playing.Played:
        if failure.id not in kept:
            kept[failure.id] = player.play(failure)
        return kept[failure.id]

    return play
