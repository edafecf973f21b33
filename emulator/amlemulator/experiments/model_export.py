"""A trained model taken home: the program that scores with its plain ONNX, for a machine without amlclassic.

Of the model's file only literals stand in the program, each through ``repr``: what a stranger wrote stays a string.
"""

from __future__ import annotations

from collections.abc import Sequence

from amlemulator.experiments.model_file import Header

_HEAD = '''\
"""Scores the rows of a CSV file whose first line names the columns: python PROGRAM < rows.csv > scores.csv

The model lies beside this program, with its name and ".onnx". It needs: pip install numpy onnxruntime
"""

import csv
import sys
'''
_IMPORTS = """\
from pathlib import Path

import numpy as np
import onnxruntime

"""
_READERS = {
    "Boolean": """

def boolean(cell):
    return {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0, "nan": float("nan")}[cell.lower()]

""",
    "DateTime": """

def ticks(cell):  # of a date like 2017-05-30T18:07:00: the model counts 100 ns since the year 1
    since = datetime.fromisoformat(cell) - datetime(1, 1, 1) if cell != "nan" else None
    return float("nan") if since is None else since // timedelta(microseconds=1) * 10.0

""",
}
_READER_NAMES = {"Boolean": "boolean", "DateTime": "ticks"}
_LOOP = """\
session = onnxruntime.InferenceSession(str(Path(__file__).with_suffix(".onnx")))
write = csv.writer(sys.stdout, lineterminator="\\n").writerow
write(COLUMNS)
for row in csv.DictReader(sys.stdin):
"""
_NUMBERS = """\
    numbers = np.array([[float(row[name] or "nan") for name in NUMBERS]])
    if np.isnan(numbers).any():  # as the service: no score without every number
        write([""] * len(COLUMNS))
        continue
"""
_TEXTS = "    texts = np.array([[row[name] for name in TEXTS]], dtype=object)\n"
_RESULTS = {  # by task: names for what the outputs say of the one row, and what is written of them
    "binary": ("[[[p]]]", "[CLASSES[int(p > 0.5)], p]"),
    "multiclass": ("[[p]]", "[*p, CLASSES[p.argmax()]]"),
    "regression": ("[[value]]", "value"),
    "gaussian": ("[[[mean]], [[deviation]]]", "[mean, deviation]"),
    "clusters": ("[[distances]]", "[distances.argmin(), *distances]"),
}


def scoring_program(header: Header, columns: Sequence[str]) -> str:
    """Return a Python program that scores CSV rows with the model's ONNX, as Score Model does.

    ``columns`` names what it writes: the columns that scoring adds. A row that misses a number has empty scores, as in
    the service. Dates are read in ISO 8601, time spans in ticks of 100 ns.
    """
    odd = {each.name: _READER_NAMES[each.type] for each in header.numbers if each.type in _READER_NAMES}
    parts = [_HEAD, "from datetime import datetime, timedelta\n" if "ticks" in odd.values() else "", _IMPORTS]
    parts += [f"NUMBERS = {[each.name for each in header.numbers]!r}\n" if header.numbers else ""]
    parts += [f"TEXTS = {[each.name for each in header.texts]!r}\n" if header.texts else ""]
    parts += [f"CLASSES = {list(header.classes)!r}\n" if header.classes else "", f"COLUMNS = {list(columns)!r}\n"]
    parts += [text for kind, text in _READERS.items() if _READER_NAMES[kind] in odd.values()]
    if odd:
        parts += ["READERS = {" + ", ".join(f"{name!r}: {reader}" for name, reader in odd.items()) + "}\n"]
    return "".join([*parts, "\n", _LOOP, *_row(header, read="READERS.get(name, float)" if odd else "float")])


def _row(header: Header, read: str) -> list[str]:
    """Return what is done with each row."""
    from amlemulator.experiments.trained import OUTPUTS  # brings numpy

    fed = {"numbers": header.numbers, "texts": header.texts}
    feed = "{" + ", ".join(f'"{name}": {name}' for name, features in fed.items() if features) + "}"
    names, written = _RESULTS[header.task]
    outputs = ", ".join(f'"{name}"' for name in OUTPUTS[header.task])
    return [
        _NUMBERS.replace("float(row", f"{read}(row") if header.numbers else "",
        _TEXTS if header.texts else "",
        f"    {names} = session.run([{outputs}], {feed})\n",
        f"    write({written})\n",
    ]
