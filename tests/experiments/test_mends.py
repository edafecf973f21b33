"""Every finding says what to do about it: what may stand in a parameter, which columns there are, what can be wired."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column
from amlemulator.experiments.columns import fault, select
from amlemulator.experiments.document_schema import experiment_schema
from amlemulator.experiments.dry_run import check_columns
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.graph import check_graph, load_graph
from amlemulator.experiments.palette import registry
from amlemulator.experiments.transfers import staged_sources
from support.frames import code_of

DATA = {"id": "data", "module": "Dataset", "parameters": {"Dataset": "d"}}
SELECTION = {"$ref": "#/$defs/selection", "$defs": experiment_schema()["$defs"]}


def one(module, **parameters):
    """Return an experiment of a data set and one module behind it."""
    inputs = {port.name: "data" for port in registry()[module].inputs if port.kind == "dataset"}
    node = {"id": "node", "module": module, "parameters": parameters, "inputs": inputs}
    return {"experiment": "One", "nodes": [DATA, node]}


def told(document):
    return [str(finding) for finding in check_graph(document)]


VALUES = [
    ("Split Data", "Random seed", -1, "Write a whole number of at least 0, or leave it out for 0."),
    ("Clean Missing Data", "Minimum missing value ratio", "x", "Write a number from 0 to 1, or leave it out for 0.0."),
    ("Clean Missing Data", "Cleaning mode", "Replace with meen", "Nearest: Replace with mean, Replace with median"),
    ("Clean Missing Data", "Generate missing value indicator column", "maybe", "Write true or false."),
    ("Linear Regression", "Learning rate", -1, "Write a number above 0, or leave it out for 0.1."),
    (
        "Two-Class Boosted Decision Tree",
        "Learning rate",
        2,
        "Write a number above 0, at most 1, or leave it out for 0.2.",
    ),
    ("Import Data", "Data source", "nowhere", "It may be: Web URL via HTTP, Azure Blob Storage."),
    ("Two-Class Logistic Regression", "Random number seed", "x", "Write a whole number."),
]


@pytest.mark.parametrize(("module", "name", "value", "mend"), VALUES)
def test_a_value_that_is_refused_says_what_may_stand_there(module, name, value, mend):
    """Bounds, choices and what leaving it out means are in the mend, behind Studio's own sentence."""
    document = one(module, **{name: value})
    (finding,) = check_graph(document)
    assert finding.message.startswith(("Error 0002", "Error 0008"))
    assert mend in finding.mend
    assert ("parameters", name) == finding.at


ABSENT = [
    (module.name, spec.name, choice)
    for module in registry().values()
    for spec in module.parameters
    for choice in spec.absent
]


@pytest.mark.parametrize(("module", "name", "choice"), sorted(set(ABSENT)))
def test_what_studio_had_and_we_have_not_is_refused_by_its_name(module, name, choice):
    """A source, format or mode that is not emulated is Error 0039 at the check, with what comes nearest."""
    document = one(module, **{name: choice})
    (said,) = [line for line in told(document) if name in line]
    assert f"'{choice}' as {name} is not emulated; use " in said
    assert "0039" == code_of(registry()[module].parameter(name).value, choice.lower())


def test_a_source_that_cannot_be_read_is_never_staged():
    """What is refused at the check is refused where the server would have fetched it, too."""
    with pytest.raises(ValueError, match="'Hive Query' as Data source"):
        staged_sources(one("Import Data", **{"Data source": "Hive Query"}), {})


WRONG_SELECTIONS = {
    "7 selects no columns.": 7,
    "A selection has no 'begin wiht'": {"begin wiht": "all columns"},
    "It begins with all columns or no columns.": {"begin with": "some columns"},
    "Its rules are a list.": {"rules": {"include": {"names": ["a"]}}},
    "is no rule": {"rules": ["a"]},
    "{'exclude': ['a']} is no rule": {"rules": [{"exclude": ["a"]}]},
    "A rule has no 'name'": {"rules": [{"include": {"name": "a"}}]},
    "False is no name of a column: put the name into quotes.": ["a", False],
    "types are: ": {"rules": [{"include": {"types": ["Text"]}}]},
    "all is one of: ": {"rules": [{"include": {"all": "columns"}}]},
    "names is a list.": {"rules": [{"include": {"names": 3}}]},
}


@pytest.mark.parametrize("said", WRONG_SELECTIONS)
def test_a_selection_of_another_form_is_explained(said):
    """What cannot be a selection is Error 0002 before anything runs, with the part that is wrong."""
    (finding,) = check_graph(one("Select Columns in Dataset", **{"Select columns": WRONG_SELECTIONS[said]}))
    assert finding.message.startswith("Error 0002")
    assert said in finding.mend


WORDS = st.sampled_from(
    ["a", "b", "1-2", "Numeric", "all columns", "features", "names", "types", "all", "indices", "include", "rules"]
)
SELECTIONS = st.recursive(
    WORDS | st.integers(0, 3) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["include", "exclude", "names", "types", "all", "indices"]), inner, max_size=2
        )
        | st.fixed_dictionaries({"begin with": inner, "rules": st.lists(inner, max_size=2)})
    ),
    max_leaves=6,
)


@given(SELECTIONS)
def test_a_selection_of_the_right_form_selects_or_names_what_is_not_there(selection):
    """Whatever passes the check of its form ends in columns or in Studio's own error; the published schema agrees."""
    frame = Frame((Series("a", "Double", (1.0,)), Series("b", "String", ("x",))), 1)
    sound = jsonschema.Draft202012Validator(SELECTION).is_valid(selection)
    if fault(selection):
        assert not sound
        return
    found: set[str] = set()
    try:
        found = {series.name for series in select(frame, selection)}
    except ModuleError as error:
        found = {error.code}
    assert {"a", "b", "0001", "0059", "0060"} >= found


def test_columns_that_are_there_are_listed_with_the_nearest_first():
    """A misspelt column comes with the nearest, then all of them, at most twenty."""
    columns = tuple(Column(f"column{number}") for number in range(25))
    graph = load_graph(one("Select Columns in Dataset", **{"Select columns": ["colum3"]}))
    (finding,) = check_columns(graph, {"d": columns})
    assert finding.mend.startswith("Nearest: column3")
    assert finding.mend.endswith("column19 and 5 more.")
    assert ("parameters", "Select columns") == finding.at


BEHIND = [
    ("Split Data", {"Fraction of rows in the first output dataset": "lots"}, "Write a share (0.75)"),
    ("Convert to Indicator Values", {"Categorical columns to convert": ["a"]}, "Make categorical"),
    (
        "Join Data",
        {"Join key columns for L": ["a"], "Join key columns for R": {"begin with": "all columns"}},
        "exactly one",
    ),
]


@pytest.mark.parametrize(("module", "parameters", "mend"), BEHIND)
def test_what_a_module_would_refuse_is_found_before_it_runs(module, parameters, mend):
    """Expressions, categories and numbers of columns are tried on data sets without rows."""
    (finding,) = check_columns(load_graph(one(module, **parameters)), {"d": (Column("a"), Column("b", "Double"))})
    assert mend in finding.mend


def test_clusters_want_their_columns_too():
    """The columns that a clustering is trained on are looked for there, and where rows are assigned."""
    document = one("Train Clustering Model", **{"Column Set": ["a"]})
    document["nodes"][1]["inputs"]["Untrained model"] = "learner"
    other = {"id": "other", "module": "Dataset", "parameters": {"Dataset": "e"}}
    assign = {
        "id": "assign",
        "module": "Assign Data to Clusters",
        "inputs": {"Trained model": "node", "Dataset": "other"},
    }
    document["nodes"] += [{"id": "learner", "module": "K-Means Clustering"}, other, assign]
    graph = load_graph(document)
    there, missing = (Column("a", "Double"),), (Column("b", "Double"),)
    assert [] == check_columns(graph, {"d": there, "e": there})
    assert ["assign"] == [finding.node for finding in check_columns(graph, {"d": there, "e": missing})]
    assert ["node"] == [finding.node for finding in check_columns(graph, {"d": missing, "e": there})]


SCHEMAS = [
    ("c", "'c' is no column."),
    ({"nam": "a"}, "is no column."),
    ({"name": "a", "type": "Flot"}, "no type 'Flot'"),
]


@pytest.mark.parametrize(("column", "said"), SCHEMAS)
def test_a_kept_schema_of_another_form_is_explained(column, said):
    """Columns of a Web Service Input that are none are findings, with the types that there are."""
    node = {"id": "r", "module": "Web Service Input", "parameters": {"Name": "input1"}, "columns": [column]}
    (finding,) = check_graph({"experiment": "x", "nodes": [node]})
    assert said in finding.message
    assert "types are: String, Double" in finding.mend


LINKS = [
    ({"name": "P", "sets": ["nod.Random seed"]}, "nearest: node."),
    ({"name": "P", "sets": ["node.Randum seed"]}, "nearest: Random seed"),
    ({"name": "P", "sets": ["node.Random seed"], "default": "x"}, "Write a whole number of at least 0"),
    ({"name": "P", "sets": ["node.Random seed"], "type": "Flot"}, "There is: String, Double"),
]


@pytest.mark.parametrize(("link", "said"), LINKS)
def test_a_web_service_parameter_that_cannot_be_is_explained(link, said):
    """A target that is none comes with the nearest; a default must fit what it drives."""
    assert any(said in line for line in told({**one("Split Data"), "web service parameters": [link]}))


@given(st.recursive(WORDS | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=2), max_leaves=4))
def test_every_finding_has_a_mend(value):
    """Whatever stands anywhere, each finding ends with a sentence that says what to do."""
    nodes = [
        {"id": "a", "module": value, "parameters": {str(value): value}, "inputs": {"Dataset": value}, "columns": value},
        {"id": "b", "module": "Score Model", "parameters": {str(value): value}, "inputs": {"Dataset": value, "x": "a"}},
    ]
    links = [{"name": value, "sets": value, "default": value, "type": value}]
    for finding in check_graph({"experiment": value, "nodes": nodes, "web service parameters": links}):
        assert finding.mend.endswith((".", "'."))
