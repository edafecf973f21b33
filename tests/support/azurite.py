"""Azurite, Microsoft's own storage emulator, as a storage that is somebody else's."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.blob_storage import ACCOUNT
from support.real import node_packages

VERSION = "3.35.0"  # newer ones want Node 22


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Run Azurite on a free port; give its blob endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = node_packages("azurite", [f"azurite@{VERSION}"]) / ".bin" / "azurite-blob"
    command = [program, "--blobPort", str(port), "--location", folder, "--silent", "--disableTelemetry"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            process.terminate()
