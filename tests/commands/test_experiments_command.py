"""``amlclassic experiments``."""

import json

from amlemulator import samples
from amlemulator.cli import main

CENSUS = str(samples.FOLDER / "experiments" / "census-model.yaml")
BROKEN = "experiment: A\nnodes:\n  - id: a\n    module: Datasett\n"


def test_check_tells_and_ends_with_1(tmp_path, capsys):
    """A finding stands on one line with file, line, what and mend; a sound file adds nothing."""
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, "utf-8")
    assert 1 == main(["experiments", "check", CENSUS, str(path)])
    shown = capsys.readouterr()
    assert f"{path}:4: a: There is no module 'Datasett' here. Nearest: Dataset" in shown.out
    assert 1 == len(shown.out.splitlines())
    assert "1 finding in 2 files." in shown.err


def test_check_ends_with_0_when_all_is_well(capsys):
    """Nothing on standard output then."""
    assert 0 == main(["experiments", "check", CENSUS])
    assert "" == capsys.readouterr().out


def test_check_as_json(tmp_path, capsys):
    """The findings as data."""
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, "utf-8")
    assert 1 == main(["experiments", "check", "--json", str(path)])
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert {"file": str(path), "line": 4, "node": "a"} == {name: found[name] for name in ("file", "line", "node")}


def test_a_file_that_is_not_there(tmp_path, capsys):
    """Status 2 and one sentence."""
    for action in ("check", "show"):
        assert 2 == main(["experiments", action, str(tmp_path / "none.yaml")])
        assert "none.yaml: No such file or directory. Look at how it is spelt" in capsys.readouterr().err


def test_show_draws(tmp_path, capsys):
    """The drawing is on standard output, the SVG in the file."""
    target = tmp_path / "census.svg"
    assert 0 == main(["experiments", "show", CENSUS, "--svg", str(target)])
    assert "[Train Model]  train" in capsys.readouterr().out
    assert target.read_text("utf-8").startswith("<svg ")


def test_show_of_a_broken_file(tmp_path, capsys):
    """Its findings, and status 1."""
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, "utf-8")
    assert 1 == main(["experiments", "show", str(path)])
    assert "Datasett" in capsys.readouterr().err


def test_the_schema_is_printed(capsys):
    """For editors, where only the package is installed."""
    assert 0 == main(["experiments", "schema"])
    assert "experiment.schema.json" == json.loads(capsys.readouterr().out)["$id"]
