"""Predictive experiments that are being set up: one at a time for each training experiment, stopped with the rest."""

from dataclasses import dataclass

import pytest

from amlemulator.core.errors import failure
from amlemulator.engine.studio_setups import SetUps


@dataclass(frozen=True)
class Named:
    """As much of an experiment as counts here."""

    id: str = "one"
    name: str = "Training"


def at_once(work, *arguments):
    work(*arguments)


def raising(error):
    def work(*_):
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "said"),
    [(failure("studio/Conflict", "It runs."), "It runs."), (RuntimeError("odd"), "RuntimeError: odd")],
)
def test_what_goes_wrong_is_kept_for_the_page(caplog, error, said):
    """A refusal in its own words; a fault of the emulator's with its kind, and in the log."""
    setups = SetUps(raising(error), at_once)
    begun = setups.begin(None, Named())
    assert ("Failed", said, begun) == (begun.state, begun.error, setups.find(Named()))
    assert isinstance(error, RuntimeError) == ("failed in the emulator itself" in caplog.text)


def test_one_at_a_time_for_each_experiment():
    """Asked again while one is under way, that is it; another experiment has its own; afterwards there is a new one."""
    waiting = []
    setups = SetUps(lambda workspace, training, watch: training, lambda *call: waiting.append(call))
    first, other = setups.begin(None, Named()), setups.begin(None, Named("two"))
    assert (True, False) == (setups.begin(None, Named()) is first, other is first)
    for work, *arguments in waiting:
        work(*arguments)
    assert ("Done", Named()) == (first.state, first.made)
    assert setups.begin(None, Named()) is not first


def test_one_that_has_not_begun_is_stopped_too():
    """Stopped, or closed with the emulator, before a thread was free for it: it never runs."""
    ran, waiting = [], []
    setups = SetUps(lambda *call: ran.append(call), lambda *call: waiting.append(call))
    begun = [setups.begin(None, Named(name)) for name in ("one", "two")]
    setups.stop(Named("one"))
    setups.stop(Named("nobody"))
    setups.close()
    for work, *arguments in waiting:
        work(*arguments)
    assert (["Stopped", "Stopped"], []) == ([one.state for one in begun], ran)
