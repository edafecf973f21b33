"""Where data come from: request data, saved data sets, typed-in text, imported files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Mapping
from typing import Any, cast

from amlemulator.core.textdata import Columns, Format, RowLengthError, TextDataError, read_columns, write
from amlemulator.experiments.errors import ModuleError, module_error, ragged_rows
from amlemulator.experiments.exchange import FORMAT, load_table
from amlemulator.experiments.execute import File, NodeCall
from amlemulator.experiments.frame import Frame, frame_of_columns, frame_of_table, table_of_frame
from amlemulator.experiments.svmlight import read_svmlight


def read_frame(file: File) -> Frame:
    """Read a data set from a file; a name that ends in ``.gz`` is unpacked.

    Raises ModuleError: 1000 for rows of different lengths, 0049 for what cannot be parsed, 0048 for a missing file.
    """
    if file.format == FORMAT:
        return frame_of_table(load_table(file.path))
    opened = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opened(file.path, "rt", encoding="utf-8", newline="") as text:
            return frame_of_columns(_read(text, file.format))
    except (TextDataError, UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise _unreadable(error) from error
    except OSError as error:
        raise module_error("0048", error.strerror) from error


def _read(lines: Iterable[str], form: str) -> Columns:
    return read_svmlight(lines) if form == "svmlight" else read_columns(lines, cast("Format", form))


def _unreadable(error: Exception) -> ModuleError:
    return ragged_rows(str(error)) if isinstance(error, RowLengthError) else module_error("0049", error)


def web_service_input(call: NodeCall) -> tuple[Frame]:
    """Give the data of the request."""
    frame = call.environment.inputs.get(call.parameters["Name"])
    if frame is None:
        raise module_error("0003", call.parameters["Name"])
    return (frame,)


def dataset(call: NodeCall) -> tuple[Frame]:
    """Give a saved data set."""
    return (read_frame(call.environment.datasets(call.parameters["Dataset"])),)


def enter_data(call: NodeCall) -> tuple[Frame]:
    """Give the data typed into the module; of several empty last rows only one is trimmed (modules.md 2.1)."""
    kind = call.parameters["DataFormat"].lower()
    form = kind if kind in _WITHOUT_HEADER or call.parameters["HasHeader"] else f"nh.{kind}"
    try:
        text = io.StringIO(call.parameters["Data"], newline="")
        return (frame_of_columns(_read(text, form)),)
    except TextDataError as error:
        raise _unreadable(error) from error


def import_data(call: NodeCall) -> tuple[Frame]:
    """Give what the address of the module held; the emulator has fetched it (see ``transfers.staged_sources``)."""
    values = call.parameters
    file = call.environment.sources.get(call.node.id)
    if file is None:
        raise module_error("0029")
    return (read_frame(File(file.path, _import_format(values))),)


def export_data(call: NodeCall) -> tuple[()]:
    """Write a data set to the file that the emulator then stores at the module's address.

    Without a header row unless it is asked for, unlike a Web Service Output (modules.md section 9). Raises ModuleError
    0065 without an address.
    """
    file = call.environment.sinks.get(call.node.id)
    if file is None:
        raise module_error("0065")
    with file.path.open("w", encoding="utf-8", newline="") as text:
        text.writelines(write(table_of_frame(call.inputs["Dataset"]), cast("Format", export_format(call.parameters))))
    return ()


def export_format(values: Mapping[str, Any]) -> str:
    """Return the format in which Export Data writes."""
    by_sas = values["Please specify authentication type"] == "SAS"
    kind = str(values["File format for SAS file" if by_sas else "File format for blob file"]).lower()
    header = values["Write SAS header row" if by_sas else "Write blob header row"]
    return kind if kind == "arff" or header else f"nh.{kind}"


_WITHOUT_HEADER = ("arff", "svmlight")  # formats that have no header row to speak of
# By source: the parameter with the format, the one that says whether there is a header row.
_FORMATS: dict[str, tuple[str, str]] = {
    "Web URL via HTTP": ("Data format", "CSV or TSV has header row"),
    "Azure Blob Storage": ("File format", "URI has header row"),
}
_BY_ACCOUNT = ("Blob file format", "File has header row")


def _import_format(values: Any) -> str:
    names = _FORMATS[values["Data source"]]
    if values["Data source"] == "Azure Blob Storage" and values["Authentication type"] == "Account":
        names = _BY_ACCOUNT
    kind = str(values[names[0]]).lower()
    return kind if kind in _WITHOUT_HEADER or values[names[1]] else f"nh.{kind}"
