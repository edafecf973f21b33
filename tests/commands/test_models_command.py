"""``amlclassic models``."""

import csv
import gzip
import itertools
import json
import subprocess
import sys

import pytest

from amlemulator import samples
from amlemulator.cli import main
from amlemulator.experiments.model_file import Feature, Header, ModelFile
from support.broken_models import sealed
from support.census import NAMES, plain

CENSUS = samples.FOLDER / "models" / "census-model.ilearner"
ROWS = 200


def test_what_is_exported_scores_as_the_service(place, tmp_path, capsys):
    """The program needs no amlclassic, and says of every row what RRS says of it."""
    assert 0 == main(["models", "export", str(CENSUS), "--out", str(tmp_path / "home")])
    program = tmp_path / "home" / "census-model.py"
    assert f"python {program} < rows.csv" in capsys.readouterr().out
    assert "amlemulator" not in program.read_text("utf-8")
    with gzip.open(samples.datasets()["census-test"], "rt", encoding="utf-8") as text:
        lines = list(itertools.islice(text, ROWS + 1))
    # -I: neither the folder it is started in nor PYTHONPATH helps it.
    command = [sys.executable, "-I", str(program)]
    ran = subprocess.run(command, input="".join(lines), capture_output=True, text=True, check=True)
    found = [[label, f"{float(p):.15G}"] for label, p in list(csv.reader(ran.stdout.splitlines()))[1:]]
    body = plain(*csv.reader(lines[1:]))
    values = place.sample("census-model-predictive").score(body).json["Results"]["output1"]["value"]["Values"]
    assert (ROWS, NAMES) == (len(found), lines[0].strip().split(","))
    assert [row[-2:] for row in values] == found


def test_a_functions_model_is_no_onnx(tmp_path, capsys):
    """It is refused in a sentence that says whose it is, and nothing is written."""
    path = tmp_path / "mine.ilearner"
    header = Header("function", "Python function", (Feature("x", "Double", "number"),))
    path.write_bytes(ModelFile(header, b"anything").pack())
    assert 1 == main(["models", "export", str(path), "--out", str(tmp_path / "home")])
    told = capsys.readouterr()
    assert ("", 1) == (told.out, told.err.count("\n"))
    assert "a function's own bytes, which are no ONNX; its score function reads them" in told.err
    assert ["mine.ilearner"] == [one.name for one in tmp_path.iterdir()]


def test_exported_twice(tmp_path, capsys):
    """The same again is no trouble; other files of those names are not written over unless that is wanted."""
    words = ["models", "export", str(CENSUS), "--out", str(tmp_path)]
    assert [0, 0] == [main(words), main(words)]
    program = tmp_path / "census-model.py"
    mine = program.read_bytes() + b"# mine\n"
    program.write_bytes(mine)
    assert (1, mine) == (main(words), program.read_bytes())
    assert f"{program}: there already; give another --out, or write over files with --force." in capsys.readouterr().err
    assert 0 == main([*words, "--force"])
    assert mine != program.read_bytes()
    assert ["census-model.onnx", "census-model.py"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_folder_is_never_written_over(tmp_path, capsys):
    """Not even with --force; and its neighbour is not written then either."""
    (tmp_path / "census-model.py").mkdir()
    assert 1 == main(["models", "export", str(CENSUS), "--out", str(tmp_path), "--force"])
    assert "census-model.py: there already" in capsys.readouterr().err
    assert ["census-model.py"] == [path.name for path in tmp_path.iterdir()]


def test_show_tells_what_the_container_holds(capsys):
    """Resource, experiment, learner, label, the facts of the training, every feature."""
    assert 0 == main(["models", "show", str(CENSUS)])
    shown = capsys.readouterr().out
    assert "Census Model [trained model]" == shown.splitlines()[0]
    for text in ("Two-Class Boosted Decision Tree (binary)", "income (String)", "rows used: 2000", "14 features:"):
        assert text in shown
    assert "one of 8: ?, Federal-gov, Local-gov, Private, Self-emp-inc, and 3 more" in shown


def test_show_as_json(capsys):
    """Everything, the levels and the hash of the schema too."""
    assert 0 == main(["models", "show", str(CENSUS), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert ("binary", "Census Model", 14) == (told["task"], told["experiment"], len(told["features"]))
    assert 64 == len(told["schema_hash"])


@pytest.mark.parametrize("action", ["show", "export"])
def test_files_that_are_none(action, tmp_path, monkeypatch, capsys):
    """Status 2 for what cannot be read, 1 for what is no model; one sentence, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.ilearner").write_bytes(CENSUS.read_bytes()[:-1])
    assert 2 == main(["models", action, "none.ilearner"])
    mend = "Look at how it is spelt, and at the folder that it is looked for in."
    assert f"amlclassic models: none.ilearner: No such file or directory. {mend}\n" == capsys.readouterr().err
    assert 1 == main(["models", action, "broken.ilearner"])
    told = capsys.readouterr()
    assert ("", 1) == (told.out, len(told.err.splitlines()))
    assert "its length is not what it says" in told.err
    assert ["broken.ilearner"] == [path.name for path in tmp_path.iterdir()]


def test_a_strangers_names_move_no_cursor(tmp_path, capsys):
    """What a terminal would obey is shown as it is written."""
    path = tmp_path / "odd.ilearner"
    path.write_bytes(ModelFile(Header("regression", "L", (), resource="\x1b[2Jgone"), b"").pack())
    assert 0 == main(["models", "show", str(path)])
    assert "\\x1b[2Jgone" == capsys.readouterr().out.splitlines()[0]


def test_facts_that_are_nested_too_deeply(tmp_path, capsys):
    """They are refused, as anything else that no training service writes."""
    shallow = ModelFile(Header("regression", "L", (), facts={"deep": 0}), b"").pack()
    header = shallow[18:-32].replace(b'"deep":0', b'"deep":' + b"[" * 900 + b"]" * 900)
    path = tmp_path / "deep.ilearner"
    path.write_bytes(sealed(header, b""))
    assert 1 == main(["models", "show", str(path), "--json"])
    assert "deep.ilearner is no sound model file" in capsys.readouterr().err
