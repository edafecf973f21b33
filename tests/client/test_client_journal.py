"""The journal of a retraining."""

import json
import os
import stat
import threading

import pytest

from amlclient import Journal, JournalError


def test_what_was_recorded_is_there_again(tmp_path) -> None:
    """Members add up over processes; the file is readable by its owner alone and leaves nothing beside."""
    path = tmp_path / "j.json"
    with Journal(path) as journal:
        journal.record(a=1)
        journal.record(b=None)
    with Journal(path) as journal:
        journal.record(c=2)
        assert (1, None, 2) == (journal.get("a"), journal.get("b"), journal.get("c"))
    assert {"version": 1, "a": 1, "b": None, "c": 2} == json.loads(path.read_text())
    assert (0o600, ["j.json"]) == (stat.S_IMODE(path.stat().st_mode), sorted(p.name for p in tmp_path.iterdir()))


def test_a_second_process_is_kept_out(tmp_path) -> None:
    """One journal, one process; when that is gone, the next may."""
    path = tmp_path / "j.json"
    with Journal(path), pytest.raises(JournalError, match="another process"), Journal(path):
        pass
    with Journal(path):
        pass


def test_a_lock_file_that_was_left_behind_is_no_hindrance(tmp_path) -> None:
    """SIGKILL leaves the file; the lock itself went with the process."""
    (tmp_path / "j.json.lock").touch()
    with Journal(tmp_path / "j.json") as journal:
        journal.record(a=1)


def test_many_at_once_take_turns_or_are_refused(tmp_path) -> None:
    """However threads race for the lock, never two hold it."""
    inside, worst = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, worst
        for _ in range(20):
            try:
                with Journal(tmp_path / "j.json"):
                    with guard:
                        inside += 1
                        worst = max(worst, inside)
                    with guard:
                        inside -= 1
            except JournalError:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst <= 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', "{}"])
def test_what_is_no_journal_is_refused(tmp_path, content: str) -> None:
    """Nothing is overwritten that this program did not write."""
    path = tmp_path / "j.json"
    path.write_text(content)
    with pytest.raises(JournalError), Journal(path):
        pass
    assert content == path.read_text()
    assert not (tmp_path / "j.json.lock").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path) -> None:
    """The refusal names the journal."""
    with pytest.raises(JournalError, match="missing"), Journal(tmp_path / "missing" / "j.json"):
        pass


def test_set_aside_keeps_what_there_was(tmp_path) -> None:
    """Begun anew, the old journal stands beside under a number."""
    with Journal(tmp_path / "j.json") as journal:
        assert journal.set_aside() is None
        for number in (1, 2):
            journal.record(a=number)
            assert f"j.{number}.json" == os.path.basename(str(journal.set_aside()))
            assert journal.get("a") is None
