"""Broken model files: refused, whatever is broken in them; one that brings a worker down brings down nothing else."""

import pytest

from amlemulator.adapters.process_runner import ProcessRunner
from amlemulator.experiments.model_check import check
from amlemulator.experiments.model_file import ModelFileError
from amlemulator.ports.runner import Task
from support import broken_models

FILES = 600  # ``make fuzz-models`` takes two hundred thousand


@pytest.mark.parametrize("original", range(10))
def test_what_is_broken_was_sound(original):
    """Each file that the broken ones are made from passes the check and scores."""
    assert not broken_models.judge(broken_models.originals()[original])


def test_broken_files_are_refused():
    """Broken anywhere: refused. Broken inside and sealed again: refused, or another sound model. Nothing else."""
    sound, done = [], []
    for number in range(FILES):
        refused, forbidden = broken_models.examine(number)
        done += forbidden
        if not refused:
            sound.append(number)
    assert [] == done
    assert [] == [number for number in sound if number % 2]
    assert len(sound) < FILES / 5


def test_the_watch_sees_what_is_forbidden(tmp_path):
    """An import and an opened file would have been noticed."""
    guard = broken_models.watch()
    guard.seen.clear()
    with guard.on():
        (tmp_path / "opened").write_text("x")
        with pytest.raises(ImportError):
            __import__("a_module_that_is_not_there")
    assert {"open", "import"} <= {each.partition(" ")[0] for each in guard.seen}


# Files that onnxruntime ends its process over, found by the above; the numbers are theirs.
DEADLY = [1034, 1526]
MADE_FOR_ONE_ROW = [638, 13022, 13154, 14272]


@pytest.mark.parametrize("number", DEADLY + MADE_FOR_ONE_ROW)
def test_what_was_found_stays_refused(number):
    """A split into more parts than it has outputs, a model for just one row: refused before onnxruntime is asked."""
    with pytest.raises(ModelFileError):
        check(broken_models.broken(number))


FATAL = """
import os
import amlemulator.experiments.model_check as checks
checks.check = lambda content: os.kill(os.getpid(), 11)
"""


def test_a_file_that_ends_its_worker_is_refused(tmp_path, monkeypatch):
    """Whatever a file does to the process that checks it, the caller is told, and the next file is checked."""
    (tmp_path / "sitecustomize.py").write_text(FATAL)
    sound = tmp_path / "sound.ilearner"
    sound.write_bytes(broken_models.originals()[0])
    task = Task("check_model", {"path": str(sound)})
    runner = ProcessRunner(1)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    fatal = runner.run(task)
    monkeypatch.delenv("PYTHONPATH")
    after = runner.run(task)
    runner.close()
    assert ("crashed", True, "done") == (fatal.status, "SIGSEGV" in fatal.error["message"], after.status)
