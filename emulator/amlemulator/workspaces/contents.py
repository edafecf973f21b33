"""The files that ``workspace.yaml`` names: experiments, models, data, blobs. Nothing outside the folder is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from amlemulator import samples
from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.function_graphs import with_scripts
from amlemulator.experiments.graph import Finding, GraphError
from amlemulator.experiments.model_file import ModelFileError, read_model_file
from amlemulator.experiments.yaml_files import ExperimentFile, Placed, check_file, read_experiment_file
from amlemulator.experiments.yaml_lines import Place
from amlemulator.workspaces.description import BlobPlace, Content
from amlemulator.workspaces.members import Fault


class Contents:
    """The contents of one workspace folder. What is wrong is collected in ``faults`` and ``findings``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder.resolve()
        self.faults: list[Fault] = []
        self.findings: list[Placed] = []  # in experiment files
        self.datasets: dict[str, Content] = {}
        self._experiments: dict[Path, dict[str, Any]] = {}
        self._models: dict[Path, Path] = {}

    def _fault(self, place: Place, message: str, mend: str) -> None:
        self.faults.append(Fault(place, message, mend))

    def _inside(self, name: str, place: Place) -> Path | None:
        """Return the path that a name means; None, with a fault noted, for one outside the folder."""
        path = self._folder / name
        if path.resolve().is_relative_to(self._root):
            return path
        self._fault(place, f"'{name}' is outside the workspace's folder.", f"Put it below {self._folder}.")
        return None

    def _file(self, name: str, place: Place) -> Path | None:
        path = self._inside(name, place)
        if path is not None and not path.is_file():
            self._fault(place, f"There is no file '{name}'.", f"It is looked for in {self._folder}.")
            return None
        return path

    def experiment(self, name: str, place: Place) -> Mapping[str, Any]:
        """Return the graph in an experiment file, its data files named relative to the workspace's folder."""
        path = self._file(name, place)
        if path is None:
            return {}
        if path not in self._experiments:
            self._experiments[path] = self._read(path, place)
        return self._experiments[path]

    def _read(self, path: Path, place: Place) -> dict[str, Any]:
        try:
            file = read_experiment_file(path)
            document = deepcopy(file.document)
            wrong = self._name_datasets(path, file, document) or check_file(path)
            document = document if wrong else with_scripts(document, path.parent)
        except GraphError as error:
            places = {str(node["id"]): number for number, node in enumerate(file.document["nodes"])}
            self.findings += [
                Placed(path, file.line(("nodes", places[one.node], *one.at)), one) for one in error.findings
            ]
            return {}
        except OSError as error:
            self._fault(place, f"'{path.name}' cannot be read: {error.strerror}.", "Let this user read it.")
            return {}
        self.findings += wrong
        return {} if wrong else document

    def _name_datasets(self, path: Path, file: ExperimentFile, document: dict[str, Any]) -> list[Placed]:
        """Name data files relative to the folder; return those that cannot be, before anything looks into them."""
        wrong = []
        nodes = document.get("nodes")
        for number, node in enumerate(nodes if isinstance(nodes, list) else ()):
            parameters = node.get("parameters") if isinstance(node, dict) and node.get("module") == DATASET else None
            if not isinstance(parameters, dict) or "Dataset" not in parameters:
                continue
            found = self._dataset(path, str(parameters["Dataset"]))
            if isinstance(found, str):
                parameters["Dataset"] = found
            else:
                line = file.line(("nodes", number, "parameters", "Dataset"))
                wrong.append(Placed(path, line, Finding(str(node.get("id")), *found)))
        return wrong

    def _dataset(self, experiment: Path, name: str) -> str | tuple[str, str]:
        """Return a data set's name relative to the folder, or what is wrong with it and its mend."""
        path = (experiment.parent / name).resolve()
        if path.is_file() and not path.is_relative_to(self._root):
            return f"The data file '{name}' is outside the workspace's folder.", f"Put it below {self._folder}."
        if path.is_file():
            relative = path.relative_to(self._root).as_posix()
            self.datasets[relative] = path
            return relative
        if name in samples.datasets():
            return name
        known = ", ".join(samples.datasets())
        return (
            f"There is no data set '{name}'.",
            f"Name a CSV, TSV or ARFF file relative to {experiment.name}, or a sample: {known}.",
        )

    def models(self, files: Mapping[str, str], place: Place) -> dict[str, Content]:
        """Return the model files by resource."""
        found: dict[str, Content] = {}
        for resource, name in files.items():
            path = self._file(name, (*place, resource))
            if path is not None and self._is_model(path, name, (*place, resource)):
                found[resource] = path
        return found

    def _is_model(self, path: Path, name: str, place: Place) -> bool:
        if path not in self._models:
            try:
                read_model_file(path.read_bytes())
            except (ModelFileError, OSError) as error:
                mend = "Take one that a training service of amlclassic wrote."
                self._fault(place, f"'{name}' is no model file: {error}.", mend)
                return False
            self._models[path] = path
        return True

    def check_resources(self, experiment: Mapping[str, Any], models: Mapping[str, Content], place: Place) -> None:
        """Note the Saved Models that have no file, and the files that no Saved Model takes."""
        if not experiment:
            return  # what is wrong with it has been noted
        nodes = [node for node in experiment["nodes"] if node["module"] == SAVED_MODEL]
        named = {str((node.get("parameters") or {}).get("Name")) for node in nodes}
        for resource in sorted(named - set(models)):
            self._fault(
                (*place, "models"),
                f"The Saved Model '{resource}' has no file.",
                f"Add 'models: {{\"{resource}\": FILE}}'.",
            )
        for resource in sorted(set(models) - named) if "endpoints" not in place else ():
            known = ", ".join(sorted(named)) or "none"
            self._fault(
                (*place, "models", resource),
                f"No Saved Model of the experiment is called '{resource}'.",
                f"There is: {known}.",
            )

    def blobs(self, name: str, place: Place) -> tuple[tuple[tuple[str, str], ...], dict[BlobPlace, Content]]:
        """Return the empty containers and the blobs of a folder, in order of their names."""
        root = self._inside(name, place) if name else None
        if root is None:
            return (), {}
        if not root.is_dir():
            self._fault(place, f"There is no folder '{name}'.", f"It is looked for in {self._folder}.")
            return (), {}
        found: dict[BlobPlace, Content] = {}
        containers: set[tuple[str, str]] = set()
        for parts, path in self._walk(root, name, place):
            account, container, *rest = map(unquote, parts)
            if path.is_dir():
                containers.add((account, container))
            else:
                found[account, container, "/".join(rest)] = path
        filled = {(account, container) for account, container, _ in found}
        return tuple(sorted(containers - filled)), found

    def _walk(self, root: Path, name: str, place: Place) -> Iterator[tuple[Sequence[str], Path]]:
        """Yield the containers and the files below them; what begins with a full stop is none."""
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            if any(part.startswith(".") for part in parts):
                continue
            if path.is_dir():
                if len(parts) == 2:
                    yield parts, path
            elif len(parts) < 3:
                shown = PurePosixPath(name, *parts)
                self._fault(place, f"'{shown}' lies in no container.", f"Move it to {name}/ACCOUNT/CONTAINER/.")
            elif self._inside(str(path.relative_to(self._folder)), place):
                yield parts, path
