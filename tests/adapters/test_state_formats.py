"""State files of other programs: brought up to date, refused, and never damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from amlemulator import Emulator
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.adapters.state_formats import FORMAT, STEPS, StateFileError, bring_up
from support.wire import BASE, BLOB

OLD = sorted(Path(__file__).parent.glob("state-format-*.sql"))


@pytest.fixture
def path(tmp_path):
    """Make a state file of the first format."""
    made = tmp_path / "state.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.executescript(OLD[0].read_text("utf-8"))
    return made


def dumped(path):
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump(), connection.execute("pragma user_version").fetchone()]


def bring(path, steps, to):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        bring_up(connection, path, steps, to)


def rename(connection):
    connection.execute("update records set body = replace(body, 'Kept', 'Renamed')")


def add_table(connection):
    connection.execute("create table more(a)")


def fail(connection):
    connection.execute("delete from records")
    raise ValueError("a row that nobody expected")


@pytest.mark.parametrize("file", OLD, ids=[file.stem for file in OLD])
def test_every_format_there_ever_was_is_served(tmp_path, file):
    """What a program of then has written is there, with its keys, its graph and its job."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(file.read_text("utf-8"))
    emulator = Emulator(state=str(path), public_url=BASE, public_blob_url=BLOB, workers=1)
    [workspace] = emulator.directory.workspaces()
    [service] = emulator.directory.services(workspace.id)
    found = [(one.name, one.description) for one in emulator.directory.endpoints(service.id)]
    assert ("Kept", "ce1416501f46bbe354cf531091d9da27") == (workspace.name, workspace.id)
    assert [("default", None), ("second", "of format 1")] == found
    assert ["9bfee12fa544996c449f988c4308c016"] == [job.id for job in emulator.jobs.list()]
    assert emulator.directory.graph(service.experiment)["experiment"] == service.name
    emulator.close()


def test_there_is_a_file_of_every_format():
    """Whoever raises the format adds the step to it, and keeps a file of the one before."""
    assert list(range(1, FORMAT + 1)) == [int(file.stem.rpartition("-")[2]) for file in OLD]
    assert list(range(1, FORMAT)) == sorted(STEPS)


def test_an_older_file_is_brought_up(path):
    """Each step is taken in order, the format is the new one, and the file as it was lies beside it."""
    before = dumped(path)
    bring(path, {1: rename, 2: add_table}, 3)
    after = dumped(path)
    assert ((3,), True, True) == (after[-1], any("Renamed" in str(row) for row in after), "more" in str(after))
    assert before == dumped(path.with_name("state.db.format-1"))
    assert ["state.db", "state.db.format-1"] == sorted(one.name for one in path.parent.iterdir())


def test_a_step_that_fails_leaves_the_file_as_it_was(path):
    """All or nothing: what earlier steps did is taken back, and the reason is told."""
    before = dumped(path)
    with pytest.raises(
        StateFileError, match=r"from format 1 to 3 \(a row that nobody expected\)\. It was left as it is"
    ):
        bring(path, {1: rename, 2: fail}, 3)
    assert before == dumped(path)
    assert [path] == list(path.parent.iterdir())


def test_one_that_is_interrupted_leaves_the_file_as_it_was(path):
    """A Ctrl-C in the middle takes everything back, too."""

    def interrupt(connection):
        rename(connection)
        raise KeyboardInterrupt

    before = dumped(path)
    with pytest.raises(KeyboardInterrupt):
        bring(path, {1: interrupt}, 2)
    assert before == dumped(path)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (99, f"by a newer amlclassic (format 99; this one knows {FORMAT})"),
        (0, "is no amlclassic state file"),
        (-1, f"too old (format -1; this one knows {FORMAT})"),
    ],
)
def test_one_that_cannot_be_brought_up(path, version, said):
    """A newer one, one that is too old and another program's are refused by name, and not touched."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"pragma user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(StateFileError) as caught:
        SqliteStore(path)
    assert said in str(caught.value)
    assert "--state" in str(caught.value)
    assert before == path.read_bytes()
