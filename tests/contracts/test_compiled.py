"""The contracts as people write them and as the packages read them."""

import json

import pytest
import yaml

from amlcontracts import compile as compiler
from amlcontracts import load

SOURCES = sorted(path.stem for path in compiler.SOURCE.glob("*.yaml"))


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_packages_read_is_what_people_wrote(name):
    """The compiled JSON of each contract equals its YAML."""
    assert yaml.safe_load((compiler.SOURCE / f"{name}.yaml").read_text("utf-8")) == load(name)


def test_nothing_compiled_is_stale_or_left_over():
    """Compiling anew would change no file, and no file is there without its source."""
    written = {path.name: path.read_text("utf-8") for path in compiler.TARGET.glob("*.json")}
    assert compiler.compiled() == written


def test_compile_tells_what_is_stale(tmp_path, monkeypatch, capsys):
    """With --check the command names the stale files and ends with 1; without, it writes them."""
    source, target = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    (source / "thing.yaml").write_text("a: 1\nb: [ü]\n", "utf-8")
    monkeypatch.setattr(compiler, "SOURCE", source)
    monkeypatch.setattr(compiler, "TARGET", target)
    assert 1 == compiler.main(["--check"])
    assert "thing.json is stale" in capsys.readouterr().out
    assert 0 == compiler.main([])
    assert {"a": 1, "b": ["ü"]} == json.loads((target / "thing.json").read_text("utf-8"))
    assert 0 == compiler.main(["--check"])


def test_an_unknown_contract_is_told():
    """Asking for a contract that is not there raises FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        load("no-such-contract")
