"""The parts of an emulator: what it makes on the disk goes with it, however early it goes."""

import tempfile
from pathlib import Path

import pytest

from amlemulator import Emulator


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Return where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_is_its_owners_alone_and_goes_with_the_emulator(temporary):
    """It is made when it is first asked for, once, and is gone after the close."""
    emulator = Emulator(samples=False)
    assert [] == list(temporary.iterdir())
    folder = emulator.folder()
    assert (folder, 0o700, temporary) == (emulator.folder(), folder.stat().st_mode & 0o777, folder.parent)
    emulator.close()
    assert [] == list(temporary.iterdir())


def test_nobody_makes_a_folder_for_an_emulator_that_has_gone(temporary):
    """A thread that a Ctrl-C overtook is told, and leaves nothing behind."""
    emulator = Emulator(samples=False)
    emulator.close()
    with pytest.raises(RuntimeError, match="has been closed"):
        emulator.folder()
    assert [] == list(temporary.iterdir())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_interrupt_while_the_folder_is_made_leaves_none(temporary, monkeypatch, after):
    """Whether it comes just before the folder is there or just after."""
    make = Path.mkdir

    def interrupted(path, *arguments, **options):
        if after:
            make(path, *arguments, **options)
        raise KeyboardInterrupt

    emulator = Emulator(samples=False)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emulator.folder()
    emulator.close()
    assert [] == list(temporary.iterdir())


def test_a_folder_that_could_not_be_made_is_tried_again(temporary, monkeypatch):
    """What was wrong with the disk may be right the next time."""
    with Emulator(samples=False) as emulator:
        monkeypatch.setattr(tempfile, "tempdir", str(temporary / "full"))
        with pytest.raises(FileNotFoundError):
            emulator.folder()
        (temporary / "full").mkdir()
        assert emulator.folder().is_dir()
