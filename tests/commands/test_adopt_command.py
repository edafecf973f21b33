"""``amlclassic adopt``: shown, written, told what is wrong."""

import pytest

from amlemulator.cli import main
from amlemulator.workspaces.reading import read_workspaces

IDS = [letter * 32 for letter in "abcd"]
KEY = f"{'K' * 85}A=="


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "old.py"
    path.write_text(f"url = '.../workspaces/{IDS[0]}/services/{IDS[1]}/jobs'\napi_key = '{KEY}'\n")
    return path


def called(capsys, *words):
    status = main(["adopt", *map(str, words)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_what_is_found_is_shown_with_its_line(source, capsys):
    """Keys are hidden unless asked for, and nothing is written."""
    status, out, errors = called(capsys, source)
    assert (0, "") == (status, errors)
    assert f"  line    1  workspace      {IDS[0]}" in out
    assert "  line    2  key            KKKK***" in out
    assert KEY not in out
    assert "Nothing is written" in out
    assert KEY in called(capsys, source, "--show-keys")[1]
    assert [source] == list(source.parent.iterdir())


def test_a_folder_is_written(source, tmp_path, capsys):
    """With the program's ids and, over them, what the flags say."""
    folder = tmp_path / "adopted"
    flags = (
        "--service-id",
        IDS[2],
        "--region",
        "Japan East",
        "--account",
        "mystore",
        "--resource",
        "X [trained model]",
    )
    status, out, errors = called(capsys, source, "--output", folder, *flags)
    assert (0, "") == (status, errors)
    assert f"amlclassic run --workspace {folder} -- PROGRAM" in out
    (made,) = read_workspaces(folder)
    assert (IDS[0], "Japan East", "mystore") == (made.id, made.region, made.storage.account)
    assert [None, IDS[2]] == [service.id for service in made.services]
    assert (IDS[1], KEY) == (made.services[0].endpoints[0].id, made.services[0].endpoints[0].primary_key)


def test_flags_alone_do(tmp_path, capsys):
    """Without any file."""
    folder = tmp_path / "adopted"
    words = ("--workspace-id", IDS[0].upper(), "--service-id", IDS[1], "--key", KEY, "--output", folder)
    assert 0 == called(capsys, *words)[0]
    (made,) = read_workspaces(folder)
    assert (IDS[0], KEY) == (made.id, made.services[1].endpoints[0].primary_key)


def test_strings_of_a_compiled_program_are_found(tmp_path, capsys):
    """An assembly holds them with two bytes for each letter."""
    path = tmp_path / "Old.exe"
    path.write_bytes(b"MZ\0\1" + f"https://x/workspaces/{IDS[0]}/services/{IDS[1]}".encode("utf-16-le") + b"\0\xff")
    status, out, _ = called(capsys, path)
    assert 0 == status
    assert IDS[0] in out
    assert IDS[1] in out


def test_nothing_found(tmp_path, capsys):
    """Status 1 and a sentence."""
    path = tmp_path / "other.py"
    path.write_text("print('hello')")
    status, out, errors = called(capsys, path)
    assert (1, "", 1) == (status, out, len(errors.splitlines()))
    assert "no id, host or storage account" in errors


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gone.py",), "gone.py cannot be read"),
        (("--workspace-id", "x"), "--workspace-id takes 32 hex digits"),
        (("--workspace-id", IDS[0], "--region", "Mars"), "--region takes one of"),
        (("--account", "Not-One"), "--account takes 3 to 24"),
        (("--workspace-id", IDS[0], "--output", "full"), "not empty"),
        (("--workspace-id", IDS[0], "--output", "full/file/x"), "--output"),
    ],
)
def test_what_is_called_wrongly(tmp_path, monkeypatch, capsys, words, told):
    """One sentence, status 2, nothing written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    status, _, errors = called(capsys, *words)
    assert (2, 1) == (status, len(errors.splitlines()))
    assert told in errors
    assert ["file"] == [path.name for path in (tmp_path / "full").iterdir()]
