"""The clock that tests freeze and advance."""

import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from amlemulator.adapters import clock as module
from amlemulator.adapters.clock import SystemClock

SECONDS = st.integers(0, 100_000).map(float)


def test_it_shows_the_machines_time():
    """Left alone, it says what the machine says."""
    before = time.time()
    shown = SystemClock().now()
    assert before <= shown <= time.time()


class Hands(RuleBasedStateMachine):
    """The clock under any order of calls, on a machine whose time we move by hand."""

    @initialize()
    def make(self):
        self.machine = 1_000_000.0
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module.time, "time", lambda: self.machine)
        self.clock = SystemClock()
        self.offset, self.stopped = 0.0, None

    @rule(seconds=SECONDS)
    def machine_goes_on(self, seconds):
        self.machine += seconds

    @rule(at=st.none() | SECONDS)
    def freeze(self, at):
        self.clock.freeze(at)
        if at is not None:
            self.stopped = at
        elif self.stopped is None:
            self.stopped = self.machine + self.offset

    @rule(seconds=SECONDS)
    def advance(self, seconds):
        self.clock.advance(seconds)
        if self.stopped is None:
            self.offset += seconds
        else:
            self.stopped += seconds

    @rule()
    def resume(self):
        self.clock.resume()
        if self.stopped is not None:
            self.offset, self.stopped = self.stopped - self.machine, None

    @rule()
    def reset(self):
        self.clock.reset()
        self.offset, self.stopped = 0.0, None

    @invariant()
    def it_shows_what_the_rules_say(self):
        expected = self.machine + self.offset if self.stopped is None else self.stopped
        assert (expected, self.stopped is not None) == (self.clock.now(), self.clock.frozen)

    def teardown(self):
        if hasattr(self, "patch"):
            self.patch.undo()


TestHands = Hands.TestCase
TestHands.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
