"""Writing workspace folders: what ``reading`` reads back the same, laid out for people and for git."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.workspaces.description import (
    BlobPlace,
    Content,
    EndpointDescription,
    ServiceDescription,
    WorkspaceDescription,
)
from amlemulator.workspaces.members import FILE, VERSION

Entry = dict[str, Any]
_NO_FILE = re.compile(r'[%/\\:*?"<>|\x00-\x1f\x7f]')  # what a file's name cannot hold on every system


class _Dumper(yaml.SafeDumper):
    """Writes long texts (scripts, queries) as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_workspaces(folder: Path, workspaces: Sequence[WorkspaceDescription]) -> None:
    """Write a workspace into a folder, or several into sub-folders of it: whole, or not at all.

    The folder must not be there, or be empty. Raises FileExistsError when it is not, OSError when it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty. Name another folder, or empty this one first.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        names = _Names()
        for workspace in workspaces:
            place = draft if len(workspaces) == 1 else draft / names.of(workspace.name, workspace, "")
            _Writer(place, workspace).write()
        draft.chmod(0o755)  # mkdtemp's own is for its owner alone
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


class _Names:
    """File names made of names that people gave; no two things have the same."""

    def __init__(self) -> None:
        self._taken: dict[str, object] = {}

    def of(self, name: str, thing: object, suffix: str) -> str:
        stem = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "unnamed"
        number = 1
        while True:
            found = f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
            if self._taken.setdefault(found, thing) == thing:
                return found
            number += 1


class _Writer:
    def __init__(self, folder: Path, workspace: WorkspaceDescription) -> None:
        self._folder = folder
        self._workspace = workspace
        self._datasets = workspace.datasets
        self._experiments, self._models = _Names(), _Names()

    def write(self) -> None:
        workspace, storage = self._workspace, self._workspace.storage
        self._folder.mkdir(parents=True, exist_ok=True)
        document: Entry = {
            "version": int(VERSION),
            "name": workspace.name,
            "region": workspace.region,
            "id": workspace.id,
            "token": workspace.token,
            "secondary_token": workspace.secondary_token,
            "tier": workspace.tier if workspace.tier != "standard" else None,
            "storage": _kept({"account": storage.account, "key": storage.key}) if storage else None,
            "services": [self._service(service) for service in workspace.services],
            "blobs": "blobs" if workspace.blobs or workspace.containers else None,
        }
        for name, content in workspace.datasets.items():
            self._put(name, content)
        for account, container in workspace.containers:
            self._put(f"blobs/{_quoted(account)}/{_quoted(container)}/.gitkeep", b"")
        for name, content in _blob_files(workspace.blobs).items():
            self._put(name, content)
        self._yaml(FILE, _kept(document))

    def _service(self, service: ServiceDescription) -> Entry:
        return _kept(
            {
                "name": service.name,
                "id": service.id,
                "description": service.description,
                "experiment": self._experiment(service.experiment, service.name),
                "models": self._files(service.models),
                "endpoints": [self._endpoint(service, endpoint) for endpoint in service.endpoints],
            }
        )

    def _endpoint(self, service: ServiceDescription, endpoint: EndpointDescription) -> Entry:
        own = endpoint.experiment
        name = f"{service.name} {endpoint.name}"
        return _kept(
            {
                "name": endpoint.name,
                "id": endpoint.id,
                "primary_key": endpoint.primary_key,
                "secondary_key": endpoint.secondary_key,
                "description": endpoint.description,
                "throttle_level": endpoint.throttle_level,
                "max_concurrent_calls": endpoint.max_concurrent_calls,
                "prevent_update": endpoint.prevent_update,
                "diagnostics_trace_level": endpoint.diagnostics_trace_level,
                "sample_data_enabled": endpoint.sample_data_enabled,
                "models": self._files(endpoint.models, endpoint.name),
                "experiment": self._experiment(own, name) if own is not None else None,
            }
        )

    def _files(self, models: Mapping[str, Content], of: str = "") -> dict[str, str]:
        files = {}
        for resource, content in models.items():
            stem = resource.removesuffix(" [trained model]")
            files[resource] = f"models/{self._models.of(f'{stem} {of}', content, '.ilearner')}"
            self._put(files[resource], content)
        return files

    def _experiment(self, document: Mapping[str, Any], name: str) -> str:
        changed = deepcopy(dict(document))
        for node in changed["nodes"]:
            if node["module"] == DATASET and node["parameters"]["Dataset"] in self._datasets:
                node["parameters"]["Dataset"] = f"../{node['parameters']['Dataset']}"
        path = f"experiments/{self._experiments.of(name, changed, '.yaml')}"
        self._yaml(path, changed)
        return path

    def _yaml(self, name: str, document: Mapping[str, Any]) -> None:
        text = yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
        self._put(name, text.encode())

    def _put(self, name: str, content: Content) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            shutil.copyfile(content, path)


def _kept(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value not in (None, [], {})}


def _blob_files(blobs: Mapping[BlobPlace, Content]) -> dict[str, Content]:
    """Return the path of the file for each blob.

    Where that cannot be a path (a blob's name is another's folder, two slashes follow each other), slashes are quoted.
    """
    found: dict[str, Content] = {}
    for (account, container, name), content in blobs.items():
        parts = name.split("/")
        inside = any((account, container, "/".join(parts[:end])) in blobs for end in range(1, len(parts)))
        path = _quoted(name) if inside or "" in parts else "/".join(map(_quoted, parts))
        found[f"blobs/{_quoted(account)}/{_quoted(container)}/{path}"] = content
    return found


def _quoted(part: str) -> str:
    """Return a name as a file's: what no file can be called by, and a full stop at its head, as % and two digits."""
    text = _NO_FILE.sub(lambda found: f"%{ord(found[0]):02X}", part)
    return f"%2E{text[1:]}" if text.startswith(".") else text


def dataset_paths(names: Iterable[str]) -> dict[str, str]:
    """Return for each data set's name the path at which a description holds it: ``data/...``."""
    taken, paths = _Names(), {}
    for name in names:
        path = PurePosixPath(name)
        suffix = "".join(path.suffixes[-2:]) if path.suffixes[-2:-1] == [".nh"] else path.suffix
        paths[name] = f"data/{taken.of(name.removesuffix(suffix), name, suffix)}"
    return paths
