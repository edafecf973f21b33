"""Let schemathesis fuzz a strict emulator against contracts/openapi: ``tools/fuzz_openapi.py [--seed N] [API ...]``.

One run per API, each on an emulator of its own, over HTTP, with a bound on its time. The paths' parameters are given
what is there, for a fuzzer that never meets an endpoint meets nothing but 401. Exit status 0: nothing was found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from amlcontracts.operations import APIS, whole_document
from amlemulator import Emulator
from amlemulator.faces.catalogue import PREFIXES

COLUMNS = [{"name": "x", "type": "Double"}]
REQUEST = {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}, "columns": COLUMNS}
RESULT = {"id": "result", "module": "Web Service Output", "parameters": {"Name": "output1"}, "columns": COLUMNS}
ECHO = {"experiment": "Echo", "nodes": [REQUEST, {**RESULT, "inputs": {"Data": "request"}}]}
# What a service takes depends on its experiment, which no description of all services can say: most requests that the
# schemas allow are refused, with a documented 400. What is never there for them to use is not looked for either.
NOT_CHECKED = ["positive_data_acceptance", "use_after_free", "ensure_resource_availability"]
# A job may be called "start", so that address allows what a job does; the forms of help pages are not the API's.
NOT_CHECKED_OF = {"rrs-bes": ["allow_header_conformance"], "help": ["allow_header_conformance", "unsupported_method"]}

# 501 is how the emulator says that an operation is known and not emulated.
CONFIGURATION = """
hooks = "hooks"

[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""

# A list in the place of a text is written into the path as it is: a question mark in it ends the path, and what is
# called is another address than the one that the answer is held against.
HOOKS = """
import schemathesis


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    values = (path_parameters or {}).values()
    return not any(isinstance(value, (list, dict)) and ("?" in str(value) or "#" in str(value)) for value in values)
"""

OPTIONS = ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--warnings", "off", "--no-color"]
OPTIONS += ["--continue-on-failure", "--generation-database", "none"]


def main(arguments: list[str]) -> int:
    """Fuzz the named APIs, or all. Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("apis", nargs="*", metavar="API", help=f"of {', '.join(APIS)}")
    parser.add_argument("--examples", type=int, default=12, metavar="N", help="for each operation (default 12)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of what is tried (default 1)")
    given = parser.parse_args(arguments)
    if not set(given.apis) <= set(APIS):
        parser.error(f"there are the APIs {', '.join(APIS)}")
    return max([fuzz(api, given.examples, given.seed) for api in given.apis or APIS])


def fuzz(api: str, examples: int, seed: int) -> int:
    """Serve an emulator, and let schemathesis call everything that one document describes. Returns its exit status."""
    with Emulator(strict=True, samples=False, workers=1) as emulator, tempfile.TemporaryDirectory() as folder:
        emulator.jobs.policy("manual")  # a job that runs would be told of the fuzzer's nonsense, and nothing else
        document, header = prepared(emulator, api)
        file = Path(folder) / f"{api}.json"
        file.write_text(json.dumps(document), "utf-8")
        file.with_name("schemathesis.toml").write_text(CONFIGURATION, "utf-8")
        file.with_name("hooks.py").write_text(HOOKS, "utf-8")
        words = ["--url", f"{emulator.base_url}{PREFIXES[api]}", "--max-examples", str(examples), "--seed", str(seed)]
        words += ["--exclude-checks", ",".join(NOT_CHECKED + NOT_CHECKED_OF.get(api, []))]
        words += ["-H", header] if header else []
        status = run([str(file), *OPTIONS, *words], file.parent, seconds=20 * examples)
        for fault in emulator.faults_of_ours:
            print(f"the emulator failed: {fault!r}", file=sys.stderr)
        return max(status, 1 if emulator.faults_of_ours else 0)


def run(words: list[str], folder: Path, seconds: float) -> int:
    """Run schemathesis and return its exit status; 1 when it is not done in time."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", *words]
    try:
        return subprocess.run(command, check=False, cwd=folder, timeout=seconds).returncode  # noqa: S603 # our own words
    except subprocess.TimeoutExpired:
        print(f"schemathesis was not done in {seconds:g} seconds: give fewer --examples", file=sys.stderr)
        return 1


def prepared(emulator: Emulator, api: str) -> tuple[dict[str, Any], str | None]:
    """Return the document with what is there put into its paths, and the header that opens it."""
    workspace = emulator.add_workspace("Fuzz")
    service = emulator.add_service(workspace, "Echo", ECHO)
    spare = emulator.add_service(workspace, "Spare", ECHO)
    endpoint = emulator.directory.endpoints(service.id)[0]
    there = {"workspace_id": workspace.id, "service_id": service.id, "endpoint_id": endpoint.id}
    document = whole_document(emulator.base_url, {api: ""})
    for facts in document["components"].get("parameters", {}).values():
        if facts["name"] in there:
            facts["schema"] = {"enum": [there[facts["name"]]]}
    if api == "management":  # once it is gone, everything else would be 404
        item = document["paths"]["/workspaces/{workspace_id}/webservices/{service_id}"]
        gone = {"name": "service_id", "in": "path", "required": True, "schema": {"enum": [spare.id]}}
        item["delete"]["parameters"] = [gone]
    headers = {
        "rrs-bes": f"Authorization: Bearer {endpoint.primary_key}",
        "management": f"Authorization: Bearer {workspace.primary_token}",
        "studio": f"x-ms-metaanalytics-authorizationtoken: {workspace.primary_token}",
    }
    return document, headers.get(api)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
