"""Rows of the census samples."""

from __future__ import annotations

from typing import Any

NAMES = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]
CLERK = ["39", "State-gov", "77516", "Bachelors", "13", "Never-married", "Adm-clerical", "Not-in-family", "White"]
CLERK += ["Male", "2174", "0", "40", "United-States", "<=50K"]
MANAGER = ["52", "Self-emp-inc", "287927", "HS-grad", "9", "Married-civ-spouse", "Exec-managerial", "Wife", "White"]
MANAGER += ["Female", "15024", "0", "40", "United-States", ">50K"]


def plain(*rows: list[Any]) -> dict[str, Any]:
    """Return an RRS body with rows by column name."""
    return {"Inputs": {"input1": {"ColumnNames": NAMES, "Values": list(rows or [CLERK])}}, "GlobalParameters": {}}


def training_rows(count: int) -> str:
    """Return a CSV to train with: the two above in turns, of any age."""
    lines = [NAMES, *([str(20 + number % 50), *(MANAGER, CLERK)[number % 2][1:]] for number in range(count))]
    return "".join(",".join(line) + "\n" for line in lines)


def probabilities(answer: Any) -> list[str]:
    """Return the last column of an answer in the plain form."""
    return [row[-1] for row in answer.json["Results"]["output1"]["value"]["Values"]]
