"""Running the programs of the help pages as printed: only their placeholders are filled in, as a reader would."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.help_documents import SAMPLE_ACCOUNT_KEY, SAMPLE_SAS
from amlemulator.core.records import Endpoint
from pages import Page

if TYPE_CHECKING:
    from amlemulator import Emulator

KEY = "abc123"
COMMANDS = {
    "py": [[sys.executable, "program.py"]],
    "cs": [
        ["mcs", "-r:System.Net.Http", "-r:System.Runtime.Serialization", "program.cs"],
        ["mono", "program.exe"],
    ],
    "r": [["Rscript", "program.r"]],
}


def run_program(extension: str, text: str, folder: Path) -> str:
    """Run a program in ``folder``, after its compiler if it has one; return what it printed."""
    (folder / f"program.{extension}").write_text(text, "utf-8")
    # A plain C locale: what a program sends must not hang on it.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C", "no_proxy": "*"}
    output = ""
    for command in COMMANDS[extension]:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        output = done.stdout
    return output


@dataclass
class Reader:
    """Someone who opens an endpoint's help pages and runs a language's programs from them."""

    emulator: Emulator
    extension: str
    folder: Path

    def endpoint(self, service_name: str, name: str = "default") -> Endpoint:
        """Return an endpoint of a sample service."""
        directory = self.emulator.directory
        services = [one for workspace in directory.workspaces() for one in directory.services(workspace.id)]
        service = next(one for one in services if one.name == service_name)
        return next(one for one in directory.endpoints(service.id) if one.name == name)

    def add_endpoint(self, service_name: str, name: str) -> Endpoint:
        """Add an endpoint over HTTP, as a retraining reader must."""
        default = self.endpoint(service_name)
        workspace = self.emulator.directory.workspace(default.workspace_id)
        service = self.emulator.directory.service(default.service_id)
        assert workspace is not None
        assert service is not None
        url = self.emulator.addresses.patch_url(workspace, service, default).replace("/default", f"/{name}")
        headers = {"Authorization": f"Bearer {workspace.primary_token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, b'{"ThrottleLevel": "Low"}', headers, method="PUT")
        with urllib.request.urlopen(request) as response:
            assert response.status == 200
        return self.endpoint(service_name, name)

    def page(self, endpoint: Endpoint, name: str) -> Page:
        """Open a help page of the endpoint."""
        workspace = self.emulator.directory.workspace(endpoint.workspace_id)
        service = self.emulator.directory.service(endpoint.service_id)
        assert workspace is not None
        assert service is not None
        url = f"{self.emulator.addresses.help_location(workspace, service, endpoint)}/{name}"
        with urllib.request.urlopen(url) as response:
            return Page(response.read().decode("utf-8"))

    def run(self, endpoint: Endpoint, name: str, placeholders: Mapping[str, str] | None = None) -> str:
        """Take the program from the page, fill in key, storage key and ``placeholders``, run it."""
        text = self.page(endpoint, name).text(f"sampleCode-{self.extension}")
        assert KEY in text
        text = text.replace(KEY, endpoint.primary_key).replace(SAMPLE_ACCOUNT_KEY, DEVELOPMENT_KEY)
        for sample, value in (placeholders or {}).items():
            assert sample in text
            text = text.replace(sample, value)
        return run_program(self.extension, text, self.folder)

    def score(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        """Run the scoring program; return the rows of its answer as name to cell."""
        printed = self.run(endpoint, "score").strip().removeprefix("Result: ")
        value = json.loads(printed)["Results"]["output1"]["value"]
        return [dict(zip(value["ColumnNames"], row, strict=True)) for row in value["Values"]]

    def train(self, rows: str) -> str:
        """Run the batch program of the training service on ``rows`` (CSV); return the model's SAS token."""
        (self.folder / "input1data.csv").write_text(rows, "utf-8")
        printed = self.run(self.endpoint("Census Model"), "jobs")
        tokens = dict(re.findall(r"^(output\d)\s*\n(?:.*\n)*?\s+SasBlobToken:\s+(\S+)", printed, re.MULTILINE))
        assert set(tokens) == {"output1", "output2"}
        return tokens["output1"]

    def update(self, endpoint: Endpoint, token: str) -> str:
        """Run the update program with the token of the model that the batch program left where the sample says."""
        return self.run(endpoint, "update", {SAMPLE_SAS: token})


def retrain_and_compare(reader: Reader, rows: str) -> None:
    """Go the whole way by the printed programs alone: score, train, update, score again."""
    scoring = "Census Model [Predictive Exp.]"
    default, added = reader.endpoint(scoring), reader.add_endpoint(scoring, f"sample{reader.extension}")
    before = reader.score(default)
    assert len(before) == 2
    assert before == reader.score(added)
    token = reader.train(rows)
    for file in ("output1results.ilearner", "output2results.csv"):
        assert (reader.folder / file).stat().st_size > 0
    assert "Updated" in reader.update(added, token)
    assert before == reader.score(default)
    assert before != reader.score(added)


class _Recorder(BaseHTTPRequestHandler):
    def _record(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.command, self.path, self.headers["Authorization"], json.loads(body)))  # type: ignore[attr-defined] # ours
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PATCH = _record  # noqa: N815 # the names that the server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def recorded_call(extension: str, text: str, folder: Path, base: str) -> tuple[str, str, str, Any]:
    """Run a printed program against a server that only listens; return method, path, Authorization and JSON it got."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    server.got = []  # type: ignore[attr-defined] # ours
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        run_program(extension, text.replace(base, f"http://127.0.0.1:{server.server_port}"), folder)
        (call,) = server.got  # type: ignore[attr-defined] # ours
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return call


def training_rows(count: int = 400) -> str:
    """Return the head of the census sample as CSV: enough rows to train on, few enough to be quick."""
    from amlemulator.samples import dataset

    with gzip.open(dataset("census-train"), "rt", encoding="utf-8") as lines:
        return "".join(islice(lines, count + 1))
