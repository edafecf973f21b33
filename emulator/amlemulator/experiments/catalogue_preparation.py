"""More modules that prepare data: metadata, joins, SQL, normalising, indicators, scripts (modules.md 3 and 4)."""

from __future__ import annotations

from amlemulator.experiments.modules import Module, Parameter, Port

EXECUTE_PYTHON = "Execute Python Script"

DATA_TYPES = ("Unchanged", "String", "Integer", "Floating point", "Boolean", "DateTime", "TimeSpan")
FIELDS = (
    "Unchanged",
    "Features",
    "Label",
    "Weight",
    "Clear feature",
    "Clear label",
    "Clear score",
    "Clear weight",
)
PYTHON_VERSIONS = ("Anaconda 2.0/Python 2.7.7", "Anaconda 4.0/Python 2.7.11", "Anaconda 4.0/Python 3.5")

PREPARATION: tuple[Module, ...] = (
    Module(
        "Edit Metadata",
        inputs=(Port("Dataset"),),
        outputs=(Port("Results dataset"),),
        parameters=(
            Parameter("Column", "columns", required=True),
            Parameter(
                "Data type",
                "choice",
                "Unchanged",
                DATA_TYPES,
                spellings=(("Double", "Floating point"),),
                wire="Data Type",
            ),
            Parameter("DateTime Format"),
            Parameter("TimeSpan Format"),
            Parameter("Categorical", "choice", "Unchanged", ("Unchanged", "Make categorical", "Make non-categorical")),
            Parameter(
                "Fields",
                "choice",
                "Unchanged",
                FIELDS,
                spellings=(("Feature", "Features"), ("Feature(s)", "Features")),
            ),
            Parameter("New column names", default="", wire="New Column Name"),
        ),
        run="metadata:edit_metadata",
        in_server=True,
        older_names=("Metadata Editor",),
    ),
    Module(
        "Join Data",
        inputs=(Port("Dataset1"), Port("Dataset2")),
        outputs=(Port("Results dataset"),),
        parameters=(
            Parameter("Join key columns for L", "columns", required=True),
            Parameter("Join key columns for R", "columns", required=True),
            Parameter("Match case", "boolean", True),
            Parameter(
                "Join type",
                "choice",
                "Inner Join",
                ("Inner Join", "Left Outer Join", "Full Outer Join", "Left Semi-Join"),
            ),
            Parameter("Keep right key columns in joined table", "boolean", True),
        ),
        run="combining:join_data",
        in_server=True,
        older_names=("Join",),
    ),
    Module(
        "Add Rows",
        inputs=(Port("Dataset1"), Port("Dataset2")),
        outputs=(Port("Results dataset"),),
        run="combining:add_rows",
        in_server=True,
    ),
    Module(
        "Apply SQL Transformation",
        inputs=(Port("Table1"), Port("Table2", optional=True), Port("Table3", optional=True)),
        outputs=(Port("Results dataset"),),
        parameters=(Parameter("SQL Query Script", required=True),),
        run="sql:apply_sql",
    ),
    Module(
        "Normalize Data",
        inputs=(Port("Dataset"),),
        outputs=(Port("Transformed dataset"), Port("Transformation function", "transform")),
        parameters=(
            Parameter(
                "Transformation method", "choice", "ZScore", ("ZScore", "MinMax", "Logistic", "LogNormal", "TanH")
            ),
            Parameter("Use 0 for constant columns when checked", "boolean", True),
            # All numeric columns by default; a column selector's rule says so.
            Parameter(
                "Columns to transform",
                "columns",
                {"begin with": "no columns", "rules": [{"include": {"types": ["Numeric"]}}]},
            ),
        ),
        run="normalizing:normalize_data",
    ),
    Module(
        "Convert to Indicator Values",
        inputs=(Port("Dataset"),),
        outputs=(Port("Results dataset"),),
        parameters=(
            Parameter("Categorical columns to convert", "columns", required=True),
            Parameter("Overwrite categorical columns", "boolean", False),
        ),
        run="metadata:convert_to_indicator_values",
        in_server=True,
    ),
    Module(
        EXECUTE_PYTHON,
        inputs=(
            Port("Dataset1", optional=True),
            Port("Dataset2", optional=True),
            Port("Script bundle", "bundle", optional=True),
        ),
        outputs=(Port("Results dataset"), Port("Python device", "device")),
        parameters=(
            Parameter("Python script", required=True),
            Parameter("Python Version", "choice", PYTHON_VERSIONS[-1], PYTHON_VERSIONS),
        ),
        run="scripts:execute_python_script",
    ),
)
