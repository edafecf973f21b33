"""Fixtures of the whole suite: one emulator for those that ask, a fresh workspace per test."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from amlemulator import Emulator
from amlemulator.adapters.process_runner import THREADS
from support.runner import StagedEmulator
from support.wire import COMMON, Place, Wire

# As in the workers, before anything imports scikit-learn: with a busy neighbour its own threads make a fit a hundred
# times slower.
os.environ.update(THREADS)

# A shell starts what runs in its background with SIGINT ignored, and children inherit that: no Ctrl-C would be seen.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is about time: on a busy machine any example may take long.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Share one emulator, without listeners and samples: tests keep to their own workspace."""
    made = Emulator(**COMMON)
    yield made
    made.close()


@pytest.fixture
def wire(emulator: Emulator) -> Iterator[Wire]:
    """Call the shared emulator; a fault of the emulator's own fails the test that caused it."""
    emulator.faults_of_ours.clear()
    yield Wire(emulator)
    assert [] == emulator.faults_of_ours


@pytest.fixture
def place(wire: Wire) -> Place:
    """Make a fresh workspace in South Central US."""
    return Place(wire, wire.emulator.add_workspace("Test"))


@pytest.fixture
def place_with(request: pytest.FixtureRequest) -> Callable[..., Place]:
    """Make an emulator of one's own with other settings; returns a workspace of it."""

    def make(region: str = "South Central US", tier: str = "standard", **changes: Any) -> Place:
        made = Emulator(**{**COMMON, **changes})
        request.addfinalizer(made.close)
        return Place(Wire(made), made.add_workspace("Test", region, tier=tier))

    return make


@pytest.fixture
def staged_with(request: pytest.FixtureRequest) -> Callable[..., Place]:
    """Make an emulator whose jobs end when the test says so; returns a workspace of it."""

    def make(**changes: Any) -> Place:
        made = StagedEmulator(**{**COMMON, **changes})
        request.addfinalizer(made.close)
        return Place(Wire(made), made.add_workspace("Test"))

    return make


@pytest.fixture
def staged(staged_with: Callable[..., Place]) -> Place:
    """Make a workspace in an emulator whose jobs end when the test says so, with the default settings."""
    return staged_with()
