"""How long a PATCH takes until scores show it."""

from amlemulator.engine.propagation import Propagation
from support.records import make_endpoint

SLOW, OTHER = make_endpoint("slow"), make_endpoint("other", id="9" * 32, workspace_id="8" * 32)


def test_a_patch_takes_what_every_patch_takes():
    """Until one was made slow."""
    assert 5.0 == Propagation(5.0).of(SLOW.id)


def test_only_the_last_patch_counts():
    """A slow one is slow for its endpoint alone, and the next one is as quick as ever."""
    delays = Propagation(5.0)
    delays.note(SLOW, 30.0)
    assert (30.0, 5.0) == (delays.of(SLOW.id), delays.of(OTHER.id))
    delays.note(SLOW, None)
    assert 5.0 == delays.of(SLOW.id)


def test_a_reset_forgets():
    """Those of one workspace, or all."""
    delays = Propagation(0.0)
    delays.note(SLOW, 30.0)
    delays.note(OTHER, 30.0)
    delays.forget(SLOW.workspace_id)
    assert (0.0, 30.0) == (delays.of(SLOW.id), delays.of(OTHER.id))
    delays.forget()
    assert 0.0 == delays.of(OTHER.id)
