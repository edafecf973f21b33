"""``amlclassic demo --many N``: a small one played for real, and what it is made of."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amlclient import WrongCall
from amlemulator import samples
from amlemulator.commands._chart import LINE, Series, _apart, _ticks, page
from amlemulator.commands._many import MOST, Place, plan

COMMAND = [sys.executable, "-m", "amlemulator.cli", "demo"]


def start(words, folder):
    (folder / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(folder / "temporary")}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *words], stdout=pipe, stderr=pipe, text=True, env=environment, cwd=folder)


def test_a_model_for_each_of_three_locations(tmp_path):
    """Each location's endpoint answers with a model of its own, the default one with its own still; a plot is drawn."""
    process = start(["--many", "3", "--plot", "plot.html", "--json"], tmp_path)
    out, err = process.communicate(timeout=100)
    assert 0 == process.returncode, err
    told = json.loads(out)
    assert (True, 3, 3, [8, 13, 17]) == tuple(told[name] for name in ("ok", "locations", "different", "hours"))
    assert ["upload", "add", "train", "patch", "score"] == list(told["seconds"])
    assert told["default"] not in told["scores"]
    # A location that has seen January alone expects fewer riders than one that has seen the summer.
    assert told["scores"][0][2] < told["scores"][1][2]
    drawn = (tmp_path / "plot.html").read_text("utf-8")
    assert (9, str(tmp_path / "plot.html")) == (drawn.count("<circle"), told["plot"])
    assert ["plot.html", "temporary"] == sorted(path.name for path in tmp_path.iterdir())
    assert [] == list((tmp_path / "temporary").iterdir())


def test_many_that_are_stopped_leave_nothing(tmp_path):
    """Ctrl-C while the jobs run ends it with 130, without a traceback, a plot or a temporary file."""
    process = start(["--many", "50"], tmp_path)
    while "training" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (130, False) == (process.returncode, "Traceback" in err), err
    assert "nothing is left behind" in err
    assert ["temporary"] == [path.name for path in tmp_path.iterdir()]
    assert [] == list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--many", "0"], "--many takes a number of locations from 1 to 9,999, not 0"),
        (["--many", "10000"], "not 10,000"),
        (["--many", "few"], "invalid int value"),
        (["--plot", "x.html"], "--plot goes with --many N"),
        (["--many", "2", "--plot", "missing/x.html"], "the plot cannot be written to missing/x.html"),
    ],
)
def test_wrong_calls_are_one_sentence(tmp_path, words, said):
    """What cannot be done is told before anything is, with status 2."""
    process = start(words, tmp_path)
    out, err = process.communicate(timeout=60)
    assert (2, "", 1, True) == (process.returncode, out, err.count("\n"), said in err), err


def test_the_plot_goes_where_it_can_be_written(tmp_path, monkeypatch):
    """Without --plot it is many.html here; a folder is no file."""
    monkeypatch.chdir(tmp_path)
    assert (7, Path("many.html")) == plan(7, None)
    with pytest.raises(WrongCall):
        plan(7, str(tmp_path))


@pytest.mark.parametrize("number", [0, 9, 98, 999, MOST - 1])
def test_every_location_has_a_name_that_an_endpoint_may_have(number):
    """As the article numbers them, from 001; past 999 they grow longer."""
    assert re.fullmatch(r"rentalloc[0-9]{3,4}", Place(number).name)


@given(st.integers(1, MOST), st.data())
def test_a_location_is_a_window_of_the_year(count, data):
    """Each has the header and 720 rows in a row; the first begins the year, the last ends it, in order."""
    rows = samples.dataset_content("bikeshare").splitlines(keepends=True)
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, count - 1)] * 2)))
    starts = []
    for number in (first, second):
        header, *window = samples.location(number, count).splitlines(keepends=True)
        place = rows.index(window[0])
        assert (rows[0], rows[place : place + samples.WINDOW]) == (header, window)
        starts.append(place)
    assert starts == sorted(starts)
    assert samples.location(0, count).splitlines()[1] + b"\n" == rows[1]
    if count > 1:
        assert samples.location(count - 1, count).endswith(rows[-1])


def test_the_scored_rows_tell_nothing_of_the_riders():
    """One day's hours, in the order asked for, with the columns that the scoring service takes."""
    names, *rows = samples.scored_rows((17, 8))
    assert ["17", "8"] == [row[names.index("hr")] for row in rows]
    assert {"casual", "registered", "bikers"}.isdisjoint(names)
    whole = list(csv.reader(samples.dataset_content("bikeshare").decode().splitlines()))
    assert [row[: len(names)] for row in whole if row[2] == samples.SCORED_DAY and row[3] == "17"] == [rows[0]]


VALUES = st.floats(-1e6, 1e6)


@given(
    st.lists(
        st.builds(Series, st.text("a<&", max_size=3), st.lists(VALUES, min_size=2, max_size=2), VALUES),
        min_size=1,
        max_size=4,
    )
)
def test_a_drawing_is_sound_and_holds_every_value(series):
    """Whatever the values, the drawing is well-formed, has a dot for each, and every dot lies on it."""
    drawn = page(series, "train 1 s")
    drawing = ElementTree.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in drawing.iter("circle")]
    assert 2 * len(series) == len(dots)
    assert all(0 <= across <= 960 and 0 <= up <= 480 for across, up in dots)
    assert "http" not in drawn


@given(VALUES, st.floats(1e-3, 1e6))
@example(-5e-324, 1.0)
def test_ticks_are_few_and_evenly_apart(low, width):
    """They reach over all that is drawn, and there are neither too few nor too many to read."""
    ticks = _ticks(low, low + width)
    assert ticks[0] <= low
    assert ticks[-1] >= low + width
    assert 4 <= len(ticks) <= 12


@given(st.lists(st.floats(0, 480), max_size=4))
def test_labels_do_not_cover_each_other(places):
    """They keep their order, and stand at least a line apart."""
    found = _apart(places)
    assert all(after >= before for before, after in zip(places, found, strict=True))
    assert all(high - low >= LINE - 1e-9 for low, high in pairwise(sorted(found)))
