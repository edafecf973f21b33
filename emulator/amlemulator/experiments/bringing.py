"""An experiment file with the data files that it names: what a deployment takes along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.function_graphs import with_scripts
from amlemulator.experiments.yaml_files import load_experiment_file, local_dataset


@dataclass(frozen=True, slots=True)
class Brought:
    """A sound experiment, and its data files by the name that its ``Dataset`` nodes use."""

    document: dict[str, Any]
    files: Mapping[str, Path]


def bring(path: Path) -> Brought:
    """Read an experiment file. Raises GraphError with every finding, by file and line, and OSError.

    A data file is named after its file alone: where it lay says nothing in a workspace.
    """
    document = with_scripts(load_experiment_file(path), path.parent)
    files: dict[str, Path] = {}
    for node in document["nodes"]:
        if node["module"] == DATASET:
            found = local_dataset(str(node["parameters"]["Dataset"]), path.parent)
            if found is not None:
                name = found.name if files.get(found.name, found) == found else str(node["parameters"]["Dataset"])
                node["parameters"]["Dataset"] = name
                files[name] = found
    return Brought(document, files)
