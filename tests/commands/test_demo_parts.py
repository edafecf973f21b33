"""The parts of ``amlclassic demo`` that need no emulator."""

import io
import signal
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.commands._child import ChildEmulator, Interrupted, Signals
from amlemulator.commands._console import Progress, figures, table
from amlemulator.commands._measures import area_under_curve

scored = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), min_size=2, max_size=30)


@given(pairs=scored)
def test_the_area_under_the_curve_is_the_share_of_pairs_in_order(pairs) -> None:
    """By its meaning: of all pairs of a positive and a negative, how many are in order, ties counting half."""
    hits = [score for score, positive in pairs if positive]
    misses = [score for score, positive in pairs if not positive]
    if not hits or not misses:
        with pytest.raises(ValueError, match="positives"):
            area_under_curve([s for s, _ in pairs], [p for _, p in pairs])
        return
    wins = sum(1.0 if hit > miss else 0.5 if hit == miss else 0.0 for hit in hits for miss in misses)
    expected = wins / (len(hits) * len(misses))
    assert expected == pytest.approx(area_under_curve([s for s, _ in pairs], [p for _, p in pairs]), abs=1e-12)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_become_one_exception(number) -> None:
    """Ctrl-C and SIGTERM interrupt alike; the status tells which; the handlers before come back."""
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught, Signals():
        signal.raise_signal(number)
    assert (128 + number, before) == (caught.value.status, signal.getsignal(number))


def test_signals_wait_while_something_is_made() -> None:
    """Held signals are not lost: they come when the block has ended."""
    steps = []

    def make(signals: Signals) -> None:
        with signals.held():
            signal.raise_signal(signal.SIGTERM)
            steps.append("made")

    with Signals() as signals, pytest.raises(Interrupted):
        make(signals)
    assert ["made"] == steps


@pytest.mark.parametrize("opened", [Signals.folder, ChildEmulator])
@pytest.mark.parametrize("when", ["making", "inside"])
def test_no_signal_leaves_a_folder(monkeypatch, tmp_path, opened, when) -> None:
    """Neither one that comes while the folder is made nor one that comes while it is in use."""
    make, made = tempfile.mkdtemp, []

    def interrupted(*words) -> str:
        made.append(make(*words))
        if when == "making":
            signal.raise_signal(signal.SIGTERM)
        return made[0]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", interrupted)
    with Signals() as signals, pytest.raises(Interrupted), opened(signals):
        signal.raise_signal(signal.SIGTERM)
    assert ([], 1) == (list(tmp_path.iterdir()), len(made))


def test_without_a_terminal_progress_is_plain_lines() -> None:
    """A first line, a last line, and none of a terminal's control characters."""
    stream = io.StringIO()
    progress = Progress(stream)
    for done in range(0, 101, 10):
        progress.share("upload", done, 100, " bytes")
    progress.line("done")
    assert "   upload: 0% 0 of 100 bytes\n   upload: 100% 100 of 100 bytes\ndone\n" == stream.getvalue()


def test_on_a_terminal_a_bar_is_drawn_and_taken_away() -> None:
    """One line, redrawn."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = Progress(stream)
    progress.share("upload", 1, 2)
    progress.moving("job", "Running", 1.0)
    progress.clear()
    assert 2 == stream.getvalue().count("\r   ")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_tables_and_figures() -> None:
    """Columns line up; numbers are short."""
    assert "a    bb\nccc   d" == table([["a", "bb"], ["ccc", "d"]])
    assert "AUC 0.9271, Rows 3, Name x" == figures({"AUC": "0.92707", "Rows": "3", "Name": "x"})
