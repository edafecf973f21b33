"""Reading workspace folders: one description for each, or everything that is wrong with them, by file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from amlemulator.experiments.graph import Finding
from amlemulator.experiments.yaml_lines import Place, Placed, YamlFile, read_yaml
from amlemulator.settings import SettingsError
from amlemulator.workspaces.contents import Contents
from amlemulator.workspaces.description import (
    Content,
    EndpointDescription,
    ServiceDescription,
    StorageDescription,
    WorkspaceDescription,
)
from amlemulator.workspaces.members import FILE, Fault, check_members
from amlemulator.workspaces.rules import check_rules, check_together

_ENDPOINT_TEXTS = ("id", "primary_key", "secondary_key", "description", "throttle_level", "diagnostics_trace_level")


def read_workspaces(folder: Path) -> list[WorkspaceDescription]:
    """Read the workspace in a folder, or those in its sub-folders, in order of their names.

    Raises SettingsError with everything that is wrong, each with file, line and mend.
    """
    files = [folder / FILE] if (folder / FILE).is_file() else sorted(folder.glob(f"*/{FILE}"))
    if not files:
        state = "has no" if folder.is_dir() else "is no folder with a"
        raise SettingsError(
            f"{folder} {state} {FILE}, nor has a folder in it. See docs/workspaces.md for what it holds."
        )
    readers = [_Reader(path) for path in files]
    wrong = [placed for reader in readers for placed in reader.wrong]
    wrong += check_together([(reader.file, reader.description) for reader in readers])
    if wrong:
        raise SettingsError("\n".join(str(one) for one in dict.fromkeys(wrong)))
    return [reader.description for reader in readers]


class _Reader:
    """Reads one workspace, collecting what is wrong instead of stopping at the first."""

    def __init__(self, path: Path) -> None:
        self.file = _opened(path)
        self.wrong = [Placed(path, self.file.line((finding.node,)), finding) for finding in self.file.findings]
        document = self.file.document
        shape = list(check_members(document)) if document else []
        self._note(shape)
        self._contents = Contents(path.parent)
        self.description = WorkspaceDescription(name="", region="")
        if not self.wrong:
            self.description = self._workspace(document)
            self._note(self._contents.faults)
            self._note(check_rules(self.description))
            self.wrong += self._contents.findings

    def _note(self, faults: Iterator[Fault] | Sequence[Fault]) -> None:
        for fault in faults:
            finding = Finding(_label(self.file.document, fault.place), fault.message, fault.mend)
            self.wrong.append(Placed(self.file.path, self.file.line(fault.place), finding))

    def _workspace(self, document: Mapping[str, Any]) -> WorkspaceDescription:
        storage = document.get("storage") or None
        services = tuple(
            self._service(entry, ("services", number)) for number, entry in enumerate(document.get("services") or ())
        )
        containers, blobs = self._contents.blobs(document.get("blobs") or "", ("blobs",))
        return WorkspaceDescription(
            name=document["name"],
            region=document["region"],
            services=services,
            id=document.get("id") or None,
            token=document.get("token") or None,
            secondary_token=document.get("secondary_token") or None,
            tier=document.get("tier") or "standard",
            storage=StorageDescription(storage["account"], storage.get("key") or None) if storage else None,
            datasets=self._contents.datasets,
            containers=containers,
            blobs=blobs,
        )

    def _service(self, entry: Mapping[str, Any], place: Place) -> ServiceDescription:
        experiment = self._contents.experiment(entry["experiment"], (*place, "experiment"))
        models = self._contents.models(entry.get("models") or {}, (*place, "models"))
        self._contents.check_resources(experiment, models, place)
        endpoints = tuple(
            self._endpoint(one, models, (*place, "endpoints", number))
            for number, one in enumerate(entry.get("endpoints") or ())
        )
        return ServiceDescription(
            name=entry["name"],
            experiment=experiment,
            models=models,
            id=entry.get("id") or None,
            description=entry.get("description") or None,
            endpoints=endpoints,
        )

    def _endpoint(self, entry: Mapping[str, Any], of: Mapping[str, Content], place: Place) -> EndpointDescription:
        calls, own = entry.get("max_concurrent_calls"), entry.get("experiment")
        models = self._contents.models(entry.get("models") or {}, (*place, "models"))
        experiment = self._contents.experiment(own, (*place, "experiment")) if own else None
        self._contents.check_resources(experiment or {}, {**of, **models}, place)
        return EndpointDescription(
            name=entry["name"],
            max_concurrent_calls=int(calls) if calls else None,
            prevent_update=_truth(entry.get("prevent_update")),
            sample_data_enabled=_truth(entry.get("sample_data_enabled")),
            models=models,
            experiment=experiment,
            **{name: entry.get(name) or None for name in _ENDPOINT_TEXTS},
        )


def _opened(path: Path) -> YamlFile:
    try:
        return read_yaml(path, "A workspace", "version: 1", plain=True)
    except OSError as error:
        broken = Finding("file", f"It cannot be read: {error.strerror}.", "Let this user read it.")
        return YamlFile(path, {}, {}, [broken])


def _truth(text: str | None) -> bool | None:
    return text.lower() == "true" if text else None


def _label(document: Mapping[str, Any], place: Place) -> str:
    """Name the part of the file that is meant: by the names that its author gave."""
    here: Any = document
    words = []
    for step in place:
        here = _below(here, step)
        if isinstance(here, dict) and isinstance(step, int):
            words.append(str(here.get("name") or f"entry {step + 1}"))
    return ", ".join(words) or "workspace"


def _below(here: Any, step: str | int) -> Any:
    if isinstance(here, list):
        return here[step] if isinstance(step, int) and step < len(here) else None
    return here.get(step) if isinstance(here, dict) else None
