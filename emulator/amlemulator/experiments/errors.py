"""Failures of modules: Studio's numbered errors, and the three shapes in which the service shows them.

A failed batch job shows one line in ``Details`` (errors.md section 3, O20), an RRS call the scoring envelope. Codes,
names and texts stand in ``contracts/module_errors.yaml``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from amlcontracts import load
from amlemulator.core.errors import ServiceError, fill
from amlemulator.core.tables import execution_failure

LIBRARY = "AFx Library"  # the name Studio's own module library gave itself (errors.md O20)


class ModuleError(Exception):
    """A module refused its data or parameters. ``module`` is the module's name, set where the module runs."""

    def __init__(self, code: str, message: str, *, inner: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.error_id: str = load("module_errors")[code]["id"]
        self.message = f"Error {code}: {message}"
        self.inner = dict(inner) if inner else None
        self.module: str | None = None
        super().__init__(self.message)

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as JSON: module, error_id, error_code, exception_type, message, inner."""
        return {
            "module": self.module,
            "error_id": self.error_id,
            "error_code": self.code,
            "exception_type": "ModuleException",
            "message": self.message,
            "inner": self.inner,
        }


def module_error(code: str, *arguments: object) -> ModuleError:
    """Make the error ``code`` (four digits) in the wording that has as many places as there are arguments.

    With more arguments than any wording has places, the fullest wording is taken. KeyError for an unknown code.
    """
    messages: list[str] = load("module_errors")[code]["messages"]
    places = [sum(f"{{{place}}}" in message for place in range(6)) for message in messages]
    fitting = [index for index, count in enumerate(places) if count <= len(arguments)]
    chosen = max(fitting, key=lambda index: places[index])
    return ModuleError(code, fill(messages[chosen], tuple(str(argument) for argument in arguments)))


def library_error(error_id: str, error_code: str, message: str) -> ModuleError:
    """Make an Error 1000: the module library itself failed, and says how inside."""
    inner = {
        "Library": LIBRARY,
        "ErrorId": error_id,
        "ErrorCode": error_code,
        "ExceptionType": "LibraryException",
        "Message": message,
    }
    return ModuleError("1000", f"{LIBRARY} library exception: {message}", inner=inner)


def ragged_rows(message: str) -> ModuleError:
    """Make the observed failure of a text whose rows differ in length (errors.md O20)."""
    return library_error("AllRowsMustHaveSameElements", "16", message)


def _exception(error: Mapping[str, Any]) -> str:
    members: dict[str, Any] = {
        "ErrorId": error["error_id"],
        "ErrorCode": error["error_code"],
        "ExceptionType": error["exception_type"],
        "Message": error["message"],
    }
    if error.get("inner"):
        members["Exception"] = error["inner"]
    return json.dumps({"Exception": members}, ensure_ascii=False, separators=(",", ":"))


def details_line(error: Mapping[str, Any], *, job_id: str, task_id: str, request_id: str, time: float) -> str:
    """Return the ``Details`` of a failed job in the observed grammar (errors.md section 3).

    ``error`` is what :meth:`ModuleError.to_dict` gives; ``job_id`` is 32 hex digits, ``task_id`` and ``request_id`` are
    GUIDs with dashes, ``time`` is in seconds since the epoch. How the real line ends is not known: "Record Ends" is
    inferred.
    """
    document, moment = _exception(error), datetime.fromtimestamp(time, UTC).strftime("%m/%d/%Y %H:%M:%S")
    return (
        f"Module: {error['module']}; SNR Job Id: {job_id}; SNR Task Id: {task_id}; requestId = {request_id} "
        f"errorComponent=Module. taskStatusCode=400. {document}Error: {error['message']} "
        f"Process exited with error code -2 Record Starts at UTC {moment}:  [ModuleOutput] {document} "
        f"Record Ends at UTC {moment}."
    )


def service_error(error: Mapping[str, Any]) -> ServiceError:
    """Return what RRS answers: LibraryExecutionError for a failure inside the library, else ModuleExecutionError.

    The rule fits every observation (errors.md section 8). Code and target of the details are from memory only (O32).
    """
    inner = error.get("inner")
    if inner:
        group, code, message = "LibraryExecutionError", inner["ErrorId"], inner["Message"]
    elif error["error_code"] == "1000":
        group, code, message = "LibraryExecutionError", error["error_id"], error["message"]
    else:
        group, code, message = "ModuleExecutionError", str(int(error["error_code"])), error["message"]
    return execution_failure(group, code, message, target=error["module"], evidence="experiments.rrs-error")
