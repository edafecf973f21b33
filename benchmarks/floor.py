"""The floor: the least a Flask application on waitress can be, with RRS's route and an answer of the same size."""

from __future__ import annotations

import json
import logging
import sys

from flask import Flask, Response, request
from waitress.server import create_server

ANSWER: dict[str, object] = {}
app = Flask(__name__)


@app.post("/workspaces/<workspace>/services/<service>/execute")
def execute(workspace: str, service: str) -> Response:
    """Parse the body and answer with what the emulator answers, made into JSON each time."""
    json.loads(request.get_data(cache=False))
    return Response(json.dumps(ANSWER), content_type="application/json; charset=utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ANSWER.update(json.loads(sys.argv[1]))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(app, host="127.0.0.1", port=0, threads=16)
    print(f"READY http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()
