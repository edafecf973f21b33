"""The file of a contract: what is written is read again, the same each time, and what is none is told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlcontracts.consumer import file
from amlcontracts.consumer.file import ContractError, as_text, blob_content, kept_blob, read, write
from amlcontracts.schemas import faults
from support.exchanges import JSON

CALL = {"operation": "rrs.execute", "as": "key", "request": {}, "answer": {"status": 200}}
SCENARIO = {"test": "t.py::test", "region": "West Europe", "calls": [CALL]}


def scenario(name, body):
    return {**SCENARIO, "test": name, "calls": [{**CALL, "request": {"body": body}}]}


@given(st.dictionaries(st.text(min_size=1, max_size=9), JSON, max_size=3))
def test_what_is_written_is_read_again(tmp_path_factory, bodies):
    """Whatever texts there are in it; and writing it again changes no byte."""
    path = tmp_path_factory.mktemp("contract") / "c.yaml"
    scenarios = {name: scenario(name, body) for name, body in bodies.items()}
    write(path, scenarios, {})
    again = read(path)
    assert json.dumps(scenarios, sort_keys=True) == json.dumps(again, sort_keys=True)
    assert as_text(again) == path.read_text("utf-8") == as_text(dict(reversed(scenarios.items())))
    assert not write(path, again, {})


def test_both_validators_take_what_is_written(tmp_path):
    """A file with everything in it is as the published schema has it."""
    body = {"a": {"$type": "string"}, "$$b": [{"$each": {"$matches": "x"}}, {"$present": True}]}
    call = CALL | {"answer": {"status": 200, "body": body, "headers": {"x": 1}}, "keep": {"job": ["a", 0]}}
    given_ = {
        "endpoints": [{"service": "S", "endpoint": "e"}],
        "containers": ["c"],
        "blobs": {"c/a": {"text": "x"}, "c/b": {"base64": "/w=="}, "c/d": {"file": "c.data/1.csv"}},
    }
    whole = {"t": {"test": "t", "region": "R", "given": given_, "calls": [call]}}
    write(tmp_path / "c.yaml", whole, {"c.data/1.csv": b"x"})
    assert whole == read(tmp_path / "c.yaml")
    assert [] == faults("consumer-contract", {"version": 1, "scenarios": list(whole.values())})


def test_there_is_no_file_yet(tmp_path):
    """It has no scenarios."""
    assert {} == read(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line 2: this is no YAML"),
        ("[]", "is no consumer contract: "),
        ("version: 2\nscenarios: []", "has version 2 of the format; this program knows 1"),
        ("version: 1\nscenarios: [{test: t, region: R, calls: [{}]}]", r"scenarios\[0\].calls\[0\]: "),
        (
            "version: 1\nscenarios: [{test: t, region: R, calls: [{operation: o, as: key, request: {}, "
            "answer: {status: 200, body: {$matches: '('}}}]}]",
            "t: o: ",
        ),
        ("version: 1\nscenarios: [{test: t, region: R, given: {blobs: {c/b: {file: ../../x}}}, calls: []}]", "blobs"),
    ],
)
def test_what_is_no_contract_is_told(tmp_path, text, said):
    """With the place in it."""
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ContractError, match=said):
        read(tmp_path / "c.yaml")


def test_what_cannot_be_read_is_told(tmp_path):
    """A folder in its place, and bytes that are no text."""
    (tmp_path / "c.yaml").mkdir()
    (tmp_path / "d.yaml").write_bytes(b"\xff\xfe\xff")
    for name in ("c.yaml", "d.yaml"):
        with pytest.raises(ContractError, match="cannot be read"):
            read(tmp_path / name)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """When writing fails, the one before stays, and nothing is left beside it."""
    path = tmp_path / "c.yaml"
    write(path, {"t": SCENARIO}, {})
    before = path.read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(path, {}, {})
    assert ([path], before) == (list(tmp_path.iterdir()), path.read_bytes())


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_a_blob_is_kept_and_given_back(content):
    """As its text, or as its bytes."""
    kept, beside = kept_blob(Path("c.yaml"), "c/n.csv", content)
    assert ({}, content) == (beside, blob_content(Path("c.yaml"), kept))


def test_a_large_blob_is_a_file_beside_the_contract(tmp_path):
    """Its name follows from its content, so the same content is the same file; it goes when no scenario names it."""
    path, content = tmp_path / "c.yaml", b"x" * (file.INLINE + 1)
    kept, beside = kept_blob(path, "data/train.csv", content)
    assert kept == kept_blob(path, "data/other.csv", content)[0]
    with pytest.raises(ContractError, match="cannot be read"):
        blob_content(path, kept)
    whole = {"t": {**SCENARIO, "given": {"blobs": {"data/train.csv": kept}}}}
    write(path, whole, beside)
    (tmp_path / "c.data" / "README").write_text("somebody's own")
    write(path, whole, {})
    assert content == blob_content(path, kept)
    write(path, {"t": SCENARIO}, {})
    assert ["README"] == [one.name for one in (tmp_path / "c.data").iterdir()]
    (tmp_path / "c.data" / "README").unlink()
    write(path, {"t": SCENARIO}, {})
    assert ["c.yaml"] == [one.name for one in tmp_path.iterdir()]
