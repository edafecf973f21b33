"""Every failure of the catalogue is met as described, and mended; and the command that plays it."""

import json

import pytest

from amlemulator.cli import main
from amlemulator.failures.catalogue import Failure, failures, find
from amlemulator.failures.player import Player

pytestmark = pytest.mark.timeout(600)  # the first of these tests waits until all failures have been played


@pytest.mark.parametrize("failure", failures(), ids=lambda failure: failure.id)
def test_every_failure_is_met_and_mended(played, failure):
    """The calls are answered as the catalogue says, and after the mend it works."""
    one = played[failure.id]
    faults = [f"{each['request']} -> {each['answer']}: {each['faults']}" for each in one["exchanges"] if each["faults"]]
    assert (True, None, []) == (one["ok"], one["fault"], faults)


def test_run_all_plays_every_failure_in_order(outcome):
    """`failures run --all --json` is one object, status 0, with a line of progress for each failure."""
    ids = [failure.id for failure in failures()]
    assert ids == [one["id"] for one in outcome["failures"]]
    assert (0, True, len(ids), 0) == (outcome["status"], outcome["ok"], outcome["played"], outcome["failed"])
    assert len(ids) == outcome["progress"].count("ok   ")


def test_a_wrong_description_is_found(player):
    """A failure that is not met as described is not ok, and says where."""
    good = find("patch-on-default")
    calls = [{**good.data["calls"][0], "answer": {"status": 200, "json": {"Name": "default"}, "text": ["nowhere"]}}]
    played = player.play(Failure({**good.data, "calls": calls}))
    assert not played.ok
    told = next(one.faults for one in played.exchanges if one.phase == "calls")
    assert ("the status is 400, not 200", "$.Name is missing", "the text 'nowhere' is not found") == told


@pytest.mark.parametrize(
    ("setup", "told"),
    [
        ([{"dance": {}}], "there is no step 'dance'"),
        ([{"deploy": {"service": "none"}}], "there is no experiment 'none'"),
        ([{"deploy": {"shape": "round"}}], "the step 'deploy' is called wrongly"),
        ([{"blob": {"name": "x", "blob": "x", "content": "none"}}], "there is no content 'none'"),
    ],
)
def test_a_faulty_setup_is_told(player, setup, told):
    """A step that cannot be done ends the play with a sentence."""
    played = player.play(Failure({**find("patch-on-default").data, "setup": setup}))
    assert not played.ok
    assert told in played.fault


def test_no_secret_is_shown(player):
    """Keys and signatures do not stand in what is shown."""
    shown = json.dumps(player.play(find("sas-expired")).to_json())
    assert "sig=" in shown
    assert "AccountKey=Eby8" not in shown
    assert all(part.startswith("***") or part.startswith("%2A") for part in shown.split("sig=")[1:])


def test_list_names_every_failure(capsys):
    """`failures list` prints every id under its section, `--json` as data."""
    assert 0 == main(["failures", "list"])
    text = capsys.readouterr().out
    assert [] == [one.id for one in failures() if one.id not in text]
    assert 0 == main(["failures", "list", "--json", "--lang", "ko"])
    listed = json.loads(capsys.readouterr().out)["failures"]
    assert [one.text("title", "ko") for one in failures()] == [one["title"] for one in listed]


def test_show_explains(capsys):
    """`failures show ID` explains one in either language."""
    for language in ("en", "ko"):
        assert 0 == main(["failures", "show", "region-management", "--lang", language])
        assert find("region-management").text("why", language) in capsys.readouterr().out


def test_an_unknown_id_is_a_wrong_call(capsys):
    """An id that is near one there is gets a hint, and exit status 2."""
    assert 2 == main(["failures", "show", "patch-on-defalt"])
    assert "did you mean patch-on-default?" in capsys.readouterr().err
    assert 2 == main(["failures", "run", "zzzz"])
    assert 2 == main(["failures", "run"])


def test_run_shows_request_answer_and_mend(capsys):
    """`failures run ID` shows the calls, the explanation and the mend; `--json` the same as data."""
    assert 0 == main(["failures", "run", "endpoint-name-rule"])
    text = capsys.readouterr().out
    assert "-> 400" in text
    assert "met as described, and mended" in text
    assert 0 == main(["failures", "run", "endpoint-name-rule", "--json"])
    outcome = json.loads(capsys.readouterr().out)
    assert (True, 1, 0) == (outcome["ok"], outcome["played"], outcome["failed"])
    assert ["calls", "mended"] == [one["phase"] for one in outcome["failures"][0]["exchanges"]]


def test_ctrl_c_is_told_in_a_sentence(capsys, monkeypatch):
    """Status 130, the emulators closed, no traceback."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    closed = []
    monkeypatch.setattr(Player, "play", stopped)
    monkeypatch.setattr(Player, "__exit__", lambda *_: closed.append(True))
    assert 130 == main(["failures", "run", "--all"])
    assert "amlclassic failures: stopped; nothing is left behind\n" == capsys.readouterr().err
    assert [True] == closed
