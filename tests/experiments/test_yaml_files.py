"""Experiment files: everything that is wrong is told at once, each with its line and how to mend it."""

import json

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from amlemulator import samples
from amlemulator.experiments.document_schema import experiment_schema
from amlemulator.experiments.graph import GraphError
from amlemulator.experiments.palette import registry
from amlemulator.experiments.yaml_files import check_file, load_experiment_file
from support import source

SAMPLES = sorted((samples.FOLDER / "experiments").glob("*.yaml"))

WRONG = """\
experiment: Wrong
nodes:
  - id: data
    module: Dataset
    parameters: {Dataset: census-train}
  - id: learner
    module: Two-Class Boosted Decision Trea
  - id: select
    module: Select Columns in Dataset
    parameters:
      Select colums: [age]
    inputs: {Dataset: nowhere}
  - id: train
    module: Train Model
    parameters: {Label column: income}
    imputs: {Dataset: data}
web service parameters:
  - {name: seed, sets: [learner.Sead]}
"""


def written(folder, text):
    path = folder / "wrong.yaml"
    path.write_text(text, "utf-8")
    return path


def told(path):
    return [(one.line, one.finding.message) for one in check_file(path)]


def test_everything_is_told_at_once_with_its_line(tmp_path):
    """Unknown modules, parameters, members and wires stand with the line that they are on, in the order of the file."""
    assert [
        (7, "There is no module 'Two-Class Boosted Decision Trea' here."),
        (10, "The parameter 'Select columns' of 'Select Columns in Dataset' has no value."),
        (11, "'Select Columns in Dataset' has no parameter 'Select colums'."),
        (12, "The wire 'nowhere' comes from no node."),
        (13, "The port 'Untrained model' of 'Train Model' is not connected."),
        (13, "The port 'Dataset' of 'Train Model' is not connected."),
        (16, "There is no member 'imputs' here."),
        (18, "The web service parameter sets 'learner.Sead', which is no parameter of a node."),
        (18, "A web service parameter needs a name and what it sets."),
    ] == [one for one in told(written(tmp_path, WRONG)) if "'Dataset' of 'Select" not in one[1]]


def test_each_finding_says_how_to_mend_it(tmp_path):
    """A misspelt name comes with the nearest ones."""
    found = {one.line: one.finding.mend for one in check_file(written(tmp_path, WRONG))}
    assert "Two-Class Boosted Decision Tree" in found[7]
    assert "Select columns" in found[11]
    assert "inputs" in found[16]


def test_columns_that_cannot_be_there(tmp_path):
    """A column that a saved data set has not is found before anything runs, also after other modules."""
    text = (samples.FOLDER / "experiments" / "census-model.yaml").read_text("utf-8")
    path = written(tmp_path, text.replace("Label column: [income]", "Label column: [incoem]"))
    ((line, message),) = told(path)
    assert "Label column: [incoem]" in path.read_text("utf-8").splitlines()[line - 1]
    assert "incoem" in message


def test_columns_of_a_data_file_beside_the_experiment(tmp_path):
    """A data set may be a file beside the experiment; its columns are known too."""
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n", "utf-8")
    text = (
        "experiment: Mine\nnodes:\n- {id: d, module: Dataset, parameters: {Dataset: mine.csv}}\n"
        "- {id: s, module: Select Columns in Dataset, parameters: {Select columns: [%s]}, inputs: {Dataset: d}}\n"
    )
    assert [] == told(written(tmp_path, text % "a"))
    ((line, message),) = told(written(tmp_path, text % "c"))
    assert 4 == line
    assert "c" in message


FILES = [
    ("a,b\n1,2\n3\n", "Line 3 of the data file mine.csv has more or fewer cells than the first."),
    ('a,b\n"x\ny",2\n3,4,5\n', "Line 4 of the data file mine.csv has more or fewer cells than the first."),
    ("a,b\n", "The data file mine.csv has no rows."),
    ("", "The data file mine.csv has no rows."),
]


@pytest.mark.parametrize(("content", "said"), FILES)
def test_a_data_file_that_cannot_be_used_is_told_with_its_line(tmp_path, content, said):
    """Rows of other lengths and a file without any are found before anything is sent."""
    (tmp_path / "mine.csv").write_text(content, "utf-8")
    text = "experiment: Mine\nnodes:\n- {id: d, module: Dataset, parameters: {Dataset: mine.csv}}\n"
    assert [(3, said)] == told(written(tmp_path, text))


def test_a_data_file_that_is_not_there_is_told(tmp_path):
    """A path is a file's, a bare name may be a data set of the workspace; bytes that are no text are told, too."""
    text = "experiment: Mine\nnodes:\n- {id: d, module: Dataset, parameters: {Dataset: %s}}\n"
    assert [] == told(written(tmp_path, text % "elsewhere.csv"))
    ((line, message),) = told(written(tmp_path, text % "../data/nothing.csv"))
    assert (3, True) == (line, message.startswith("There is no data file "))
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    ((_, message),) = told(written(tmp_path, text % "odd.csv"))
    assert message.startswith("The data file odd.csv cannot be read: ")


def test_only_the_first_rows_of_a_long_file_count(tmp_path):
    """A cell that goes on behind them is no fault: what comes later is found when the experiment runs."""
    (tmp_path / "mine.csv").write_text("a,b\n" + "1,2\n" * 999 + '3,"x\ny"\n' + "4,5\n" * 10, "utf-8")
    text = "experiment: Mine\nnodes:\n- {id: d, module: Dataset, parameters: {Dataset: mine.csv}}\n"
    assert [] == told(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("experiment: A\nnodes: [\n", 3, "This is not YAML"),
        ("- a\n- b\n", 1, "An experiment is a mapping."),
        ("", 1, "An experiment is a mapping."),
        ("experiment: A\nnodes: {}\n", 2, "'nodes' must be a list."),
        ("experiment: A\nnodes:\n  - 7\n", 2, "Entry 1 is no mapping."),
        ("experiment: A\nexperiment: B\nnodes: []\n", 2, "'experiment' stands twice here: lines 1 and 2."),
        ("nodes: []\n", 1, "The experiment has no name."),
        (
            "experiment: A\nnodes:\n- {id: a, module: Dataset, parameters: [Dataset]}\n",
            3,
            "'parameters' must be a mapping.",
        ),
        (
            "experiment: A\nnodes:\n- {id: a, module: Dataset, parameters: {Dataset: x}}\n"
            "- {id: a, module: Dataset, parameters: {Dataset: y}}\n",
            4,
            "Two nodes have this id.",
        ),
    ],
)
def test_what_is_no_experiment(tmp_path, text, line, said):
    """Broken YAML, other shapes, keys and ids that stand twice are told in a sentence with their line."""
    assert (line, True) in [(one, message.startswith(said)) for one, message in told(written(tmp_path, text))]


@given(
    st.text(max_size=60)
    | st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "experiment",
                        "nodes",
                        "id",
                        "module",
                        "inputs",
                        "parameters",
                        "Data",
                        "columns",
                        "sets",
                        "web service parameters",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(yaml.safe_dump)
)
def test_no_file_is_too_strange(tmp_path_factory, text):
    """Whatever stands in a file, the check ends with findings, each on a line of the file."""
    path = tmp_path_factory.mktemp("strange") / "strange.yaml"
    path.write_text(text, "utf-8")
    found = check_file(path)
    assert found
    assert [] == [one for one in found if not 1 <= one.line <= len(text.splitlines()) + 1]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_are_sound(path):
    """The shipped experiments have no findings and fit the published schema."""
    assert [] == check_file(path)
    jsonschema.validate(load_experiment_file(path), experiment_schema())


def test_a_wrong_file_cannot_be_loaded(tmp_path):
    """Loading raises all findings, each with file and line."""
    with pytest.raises(GraphError) as raised:
        load_experiment_file(written(tmp_path, WRONG))
    assert "wrong.yaml:7: learner" in str(raised.value)
    assert len(check_file(tmp_path / "wrong.yaml")) == len(raised.value.findings)


def test_the_published_schema_is_fresh():
    """What editors read is what the modules are: `amlclassic experiments schema` wrote it."""
    published = json.loads((source.ROOT / "contracts" / "schemas" / "experiment.schema.json").read_text("utf-8"))
    assert experiment_schema() == published
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize(
    "node",
    [
        {"id": "a", "module": "Frobnicate"},
        {"id": "a", "module": "Train Model", "inputs": {"Model": "b"}},
        {"id": "a", "module": "Dataset", "parameters": {"Data set": "x"}},
        {"id": "a.b", "module": "Dataset"},
        {"module": "Dataset"},
    ],
)
def test_the_schema_refuses_what_the_check_refuses(node):
    """Unknown modules, ports, parameters and members are marked in the editor."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"experiment": "A", "nodes": [node]}, experiment_schema())


def test_the_schema_knows_every_default():
    """Each preset of a module passes its own parameter's schema."""
    schema = jsonschema.Draft202012Validator(experiment_schema())
    for name, module in registry().items():
        given_values = {spec.name: spec.default for spec in module.parameters if spec.default is not None}
        ports = {port.name: "x" for port in module.inputs if not port.optional}
        node = {"id": "a", "module": name, "parameters": given_values, "inputs": ports}
        schema.validate({"experiment": "A", "nodes": [node]})
