"""Exchanges are kept of workspaces that somebody listens to, up to a number."""

from amlemulator.engine.exchanges import KEPT, Exchanges


def test_only_what_is_listened_to_is_kept():
    """Of other workspaces nothing is, and nothing any more once nobody listens."""
    told = []
    exchanges = Exchanges(lambda: told.append(exchanges.listening))
    exchanges.note("a", {"n": 1})
    exchanges.listen("a")
    exchanges.note("a", {"n": 2})
    exchanges.note("b", {"n": 3})
    assert ([{"n": 2}], []) == (exchanges.heard("a"), exchanges.heard("b"))
    assert (True, False, False) == tuple(map(exchanges.listens_to, ("a", "b", None)))
    exchanges.listen("b")
    exchanges.stop("a")
    assert ([], True) == (exchanges.heard("a"), exchanges.listening)
    exchanges.stop()
    assert [True, True, True, False] == told


def test_no_more_are_kept_than_there_is_room_for():
    """A program that never ends does not fill the memory."""
    exchanges = Exchanges()
    exchanges.listen("a")
    for number in range(KEPT + 5):
        exchanges.note("a", {"n": number})
    assert (KEPT, False) == (len(exchanges.heard("a")), exchanges.listens_to("a"))
