"""Other people's programs: each in an environment of its own, against an emulator served as users serve it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "real"
REQUIREMENTS = ROOT / "tests" / "real" / "requirements"
DRIVERS = ROOT / "tests" / "real" / "drivers"


def interpreter() -> str:
    """Return a Python 3.11: the clients' old libraries have wheels for no newer one."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    assert found, "these clients need Python 3.11 beside the one that runs the tests: put python3.11 into PATH"
    return found


def environment(name: str) -> Path:
    """Return the interpreter of the environment of ``requirements/{name}.txt``, made when it is missing."""
    requirements, folder = REQUIREMENTS / f"{name}.txt", BUILD / name
    python = interpreter()
    wanted = hashlib.sha256(requirements.read_bytes() + python.encode()).hexdigest()
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "stamp"
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([python, "-m", "venv", folder], check=True)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
            subprocess.run([folder / "bin" / "python", *install], check=True)
            stamp.write_text(wanted, "utf-8")
    return folder / "bin" / "python"


def node_packages(name: str, packages: Sequence[str]) -> Path:
    """Return the ``node_modules`` of a folder of Node's packages, installed by npm when they are missing."""
    folder = BUILD / name
    wanted = "\n".join(packages)
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "stamp"
        if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_text("{}", "utf-8")
            install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save", *packages]
            subprocess.run(install, cwd=folder, check=True)
            stamp.write_text(wanted, "utf-8")
    return folder / "node_modules"


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[Path]:
    """Run ``amlclassic serve`` on free ports; give its endpoints file, and stop it as a user would."""
    path = folder / "endpoints.json"
    command = [sys.executable, "-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0", *flags]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen([*command, "--endpoints-file", str(path)], cwd=folder, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not path.is_file():
                assert process.poll() is None, (folder / "serve.log").read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield path
        finally:
            process.terminate()
            status = process.wait(timeout=30)
    assert status == 0, (folder / "serve.log").read_text("utf-8")


def driven(name: str, folder: Path, *arguments: Path) -> dict[str, Any]:
    """Run the driver of a client in its environment; return what it wrote."""
    home, result = folder / "home", folder / "result.json"
    home.mkdir()
    program = [str(environment(name)), str(DRIVERS / f"{name}_drive.py"), *map(str, arguments), str(result)]
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    done = subprocess.run(
        program, cwd=home, env={**kept, "HOME": str(home)}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return found


def drives_of(name: str) -> list[str]:
    """Return the names of a driver's drives, without running it."""
    lines = (DRIVERS / f"{name}_drive.py").read_text("utf-8").splitlines()
    return [lines[place + 1][4:].partition("(")[0] for place, line in enumerate(lines) if line == "@drive"]
