"""The record of what came through a way in."""

from amlemulator.engine import traffic
from amlemulator.engine.traffic import Traffic


def test_troubles_are_counted_and_told_once():
    """The first of a kind is news; the others count."""
    record = Traffic()
    assert [True, False, True] == [
        record.trouble("refused", host, "no host of the service") for host in ("a:443", "a:443", "b:443")
    ]
    assert [("a:443", 2), ("b:443", 1)] == [(one["host"], one["times"]) for one in record.as_json()["troubles"]]


def test_the_record_is_bounded(monkeypatch):
    """However much comes, the newest calls and the first hosts are kept."""
    monkeypatch.setattr(traffic, "KEPT", 2)
    record = Traffic()
    for number in range(4):
        record.note("a", "GET", f"/{number}", 200)
        record.trouble("refused", str(number), "")
    kept = record.as_json()
    assert ["/2", "/3"] == [call["url"] for call in kept["calls"]]
    assert ["0", "1"] == [one["host"] for one in kept["troubles"]]
