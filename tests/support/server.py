"""``amlclassic serve`` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60


def environment(folder: Path) -> dict[str, str]:
    """Return an environment whose temporary files lie in ``folder``, without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMLCLASSIC_")}
    return {**kept, "TMPDIR": str(folder)}


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    ready: str
    file: Path

    @property
    def endpoints(self) -> Any:
        """The endpoints file."""
        return json.loads(self.file.read_text("utf-8"))

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit status and what was said on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors


def serve(folder: Path, *words: str, **variables: str) -> Served:
    """Start a server on free ports in ``folder`` and wait until it is ready."""
    (folder / "tmp").mkdir(exist_ok=True)
    file = folder / "endpoints.json"
    command = [sys.executable, "-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0"]
    command += ["--endpoints-file", str(file), *words]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**environment(folder / "tmp"), **variables},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("READY "), (line, process.communicate(timeout=SECONDS))
    return Served(process, line, file)


def refused(folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    """Run a server that cannot start; return its status, standard output and standard error."""
    (folder / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "amlemulator.cli", "serve", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment(folder / "tmp"), **variables},
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
