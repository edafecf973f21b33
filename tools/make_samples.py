"""Make the sample graphs and the models they start with: ``python tools/make_samples.py [--check]``.

The graphs are written as YAML; the package carries them as JSON with the schemas of their inputs and outputs filled in.
The census model is trained on the first 2,000 rows only, so that retraining shows; the bike model on location 0. Run
twice, it makes the same files; ``--check`` only says which ones would differ.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import yaml

from amlemulator import samples
from amlemulator.experiments.execute import Environment, File, run_graph
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.graph import load_graph
from amlemulator.experiments.schema import fill_schemas
from amlemulator.experiments.sources import read_frame
from amlemulator.experiments.tasks import Datasets

FOLDER = samples.FOLDER
FIRST_ROWS = 2000


def frame(name: str) -> Frame:
    """Read a sample data set."""
    return read_frame(File(samples.dataset(name), "csv"))


def documents() -> dict[str, dict[str, Any]]:
    """Read the graphs as people wrote them."""
    return {
        path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((FOLDER / "experiments").glob("*.yaml"))
    }


def census_model(document: dict[str, Any]) -> bytes:
    """Train the census model on the first rows."""
    rows = frame("census-train").take(range(FIRST_ROWS))
    return trained(document, Environment({"input1": rows}, datasets=Datasets({})))


def bike_model(document: dict[str, Any], folder: Path) -> bytes:
    """Train the bike model on location 0."""
    import gzip

    with gzip.open(samples.dataset("bikeshare"), "rt", encoding="utf-8") as text:
        header, *rows = text.read().splitlines(keepends=True)
    place = folder / "location.csv"
    place.write_text("".join([header, *rows[:: samples.LOCATIONS]]), "utf-8")
    source = File(place, "csv")
    return trained(document, Environment(sources={"import": source}, parameters={"URI": place.as_uri()}))


def trained(document: dict[str, Any], environment: Environment) -> bytes:
    """Run a training experiment; return what stands on output1."""
    content: bytes = run_graph(load_graph(document), environment)["output1"].file.pack()
    return content


def made(folder: Path) -> dict[Path, bytes]:
    """Return every file with its content."""
    graphs = documents()
    models = {
        "census-model": census_model(graphs["census-model"]),
        "bike-rental": bike_model(graphs["bike-rental-training"], folder),
    }
    files = {FOLDER / "models" / f"{name}.ilearner": content for name, content in models.items()}
    resources = {"Census Model [trained model]": "census-model", "Bike Rental [trained model]": "bike-rental"}
    by_resource = {name: models[file] for name, file in resources.items()}
    for name, document in graphs.items():
        filled = fill_schemas(document, by_resource, Datasets({}))
        text = json.dumps(filled, ensure_ascii=False, indent=1) + "\n"
        files[FOLDER / "experiments" / f"{name}.json"] = text.encode()
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or say which are stale."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        files = made(Path(folder))
    stale = [path for path, content in files.items() if not path.exists() or path.read_bytes() != content]
    for path in stale:
        print(f"{path.name} {'is stale' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_bytes(files[path])
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
