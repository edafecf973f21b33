"""A project outside the tree: the wheel, installed where nothing of the tree is, a retraining program and its test."""

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support.how_to import blocks
from support.server import environment

ROOT = Path(__file__).parents[1]
SECONDS = 300


def called(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False, **options)
    assert 0 == done.returncode, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Make a folder with an environment that has the wheel, and the libraries it asks for from where they are."""
    folder = tmp_path_factory.mktemp("project")
    words = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(ROOT))
    called(sys.executable, "-m", "pip", *words)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    [wheel] = (folder / "dist").iterdir()
    called(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    )
    [place] = (folder / "venv").glob("lib/*/site-packages")
    # The libraries, but not the tree: what makes that importable is a file of its own, which is read only at home.
    (place / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    (folder / "tmp").mkdir()
    return folder


def inside(project, *words):
    variables = {**environment(project / "tmp"), "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider -p no:xdist"}
    kept = {name: value for name, value in variables.items() if name not in ("PYTHONPATH", "PYTEST_CURRENT_TEST")}
    return called(str(project / "venv" / "bin" / "python"), *words, cwd=project, env=kept)


def test_the_wheel_is_what_is_imported(project):
    """Nothing of the tree is in the way."""
    shown = inside(
        project, "-c", "import amlemulator, amlclient, amlcontracts as c; print(amlemulator.__file__, c.__file__)"
    )
    assert [str(project / "venv")] * 2 == [path[: len(str(project / "venv"))] for path in shown.split()]


def test_a_program_of_ten_lines_and_its_test(project):
    """The program of the tutorial, as it is in the end, retrains; its test passes."""
    files = {}
    for language, text in blocks((ROOT / "docs" / "tutorial.md").read_text("utf-8")):
        if language == "python":
            files[text.split()[1]] = text  # the last version of each
    lines = [line for line in files["retrain.py"].splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 10
    for name, text in files.items():
        (project / name).write_text(text)
    assert "1 passed" in inside(project, "-m", "pytest", "-q")
    assert [] == [name for name in os.listdir(project / "tmp") if name.startswith("amlclassic")]
