"""``amlclassic ca`` and ``amlclassic hosts``."""

import json

import pytest

from amlemulator.cli import main
from amlemulator.commands._ca import ECOSYSTEMS
from amlemulator.core.regions import host_of_name, real_names

MARK = "-----BEGIN CERTIFICATE-----"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Have an authority's folder of one's own, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMLCLASSIC_CA_FOLDER", raising=False)
    return tmp_path / "ca"


def called(capsys, *words):
    status = main(words)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_ca_tells_every_ecosystem_how_to_trust_and_how_to_stop(folder, capsys):
    """The certificate's file, its name and end, and two lines for each kind of program."""
    status, out, errors = called(capsys, "ca", "--ca-folder", str(folder))
    assert (0, "") == (status, errors)
    lines = out.splitlines()
    assert str(folder / "ca.pem") == lines[0]
    assert len(ECOSYSTEMS) == sum(line.startswith("  trust  ") for line in lines)
    assert len(ECOSYSTEMS) == sum(line.startswith("  stop   ") for line in lines)
    assert [] == [title for title, _, _ in ECOSYSTEMS if title not in lines]
    assert "{" not in out
    assert "*.azureml.net" in out
    assert lines == called(capsys, "ca", "--ca-folder", str(folder))[1].splitlines()


def test_ca_writes_the_certificate(folder, tmp_path, capsys):
    """To a file of one's own, or alone to standard output; never the key."""
    target = tmp_path / "copy.pem"
    assert 0 == called(capsys, "ca", "--ca-folder", str(folder), "--output", str(target))[0]
    assert target.read_text().startswith(MARK)
    assert target.read_text() == called(capsys, "ca", "--ca-folder", str(folder), "--output", "-")[1]
    assert "PRIVATE" not in target.read_text()


def test_ca_is_renewed_and_removed(folder, capsys):
    """A new one is another; what is removed is gone, and was not there the second time."""
    before = called(capsys, "ca", "--ca-folder", str(folder), "--output", "-")[1]
    assert before != called(capsys, "ca", "--ca-folder", str(folder), "--renew", "--output", "-")[1]
    assert "Removed" in called(capsys, "ca", "--ca-folder", str(folder), "--remove")[1]
    assert [] == list(folder.iterdir())
    assert (0, f"There is no authority in {folder}.\n", "") == called(
        capsys, "ca", "--ca-folder", str(folder), "--remove"
    )


def test_ca_that_cannot_be(folder, tmp_path, capsys):
    """A folder that is a file, or a copy that cannot be written: one sentence, status 2."""
    folder.write_text("")
    for words in (
        ("--ca-folder", str(folder)),
        ("--ca-folder", str(tmp_path / "b"), "--output", str(tmp_path / "c/d")),
    ):
        status, out, errors = called(capsys, "ca", *words)
        assert (2, "", 1) == (status, out, len(errors.splitlines()))
        assert errors.startswith("amlclassic ca: ")


def test_hosts_lists_every_real_name(folder, capsys):
    """One line for each, with a mark by which it is found again; each is a name that the emulator answers to."""
    status, out, _ = called(capsys, "hosts", "--account", "myaccount", "--account", "myaccount")
    assert 0 == status
    lines = [line.split(maxsplit=2) for line in out.splitlines()]
    assert {("127.0.0.1", "# amlclassic")} == {(address, mark) for address, _, mark in lines}
    assert [*real_names(), "myaccount.blob.core.windows.net"] == [name for _, name, _ in lines]
    assert [] == [name for _, name, _ in lines if host_of_name(name) is None]


def test_hosts_takes_the_account_of_the_running_emulator(folder, tmp_path, capsys):
    """The endpoints file names it; another address may be wanted."""
    file = tmp_path / "aml.json"
    storage = {"connection_string": "AccountName=acct;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acct;"}
    file.write_text(json.dumps({"version": 1, "workspaces": [], "storage": storage}))
    status, out, _ = called(capsys, "hosts", "--endpoints-file", str(file), "--address", "::1")
    assert (0, "::1 acct.blob.core.windows.net  # amlclassic") == (status, out.splitlines()[-1])


@pytest.mark.parametrize("words", [("--account", "No_Account"), ("--address", "here"), ("--endpoints-file", "gone")])
def test_hosts_called_wrongly(folder, capsys, words):
    """One sentence, status 2, no line that could land in a hosts file."""
    status, out, errors = called(capsys, "hosts", *words)
    assert (2, "", 1) == (status, out, len(errors.splitlines()))
