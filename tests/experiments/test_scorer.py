"""Scoring in the server: the samples, what needs a worker, refusals, and what must not be imported."""

import copy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator import samples
from amlemulator.adapters.process_runner import ProcessRunner
from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import Column
from amlemulator.core.tables import Table, from_plain, to_plain
from amlemulator.experiments.exchange import load_table, save_table
from amlemulator.experiments.frame import table_of_frame
from amlemulator.experiments.graph import interface_of, load_graph
from amlemulator.experiments.scorer import build_scorer, needs_worker
from amlemulator.experiments.worker_scorer import Workers, WorkerScorer
from amlemulator.ports.runner import Task
from support.frames import sample

SERVICES = {service.name: service for service in samples.workspaces()[0].services}
CENSUS = SERVICES["Census Model [Predictive Exp.]"]
BIKES = SERVICES["Bike Rental Scoring"]
TRAINING = SERVICES["Census Model"]


def rows(count):
    return table_of_frame(sample("census-test").take(range(count)))


def test_the_census_sample_scores():
    """A row of strings, as clients send them, comes back with its two score columns."""
    columns = interface_of(CENSUS.experiment).inputs[0].columns
    values = to_plain(rows(3), details=False)["Values"]
    table = from_plain({"ColumnNames": [column.name for column in columns], "Values": values}, columns)
    scored = build_scorer(CENSUS.experiment, CENSUS.models).score({"input1": table}, {})["output1"]
    answer = to_plain(scored, details=True)
    assert ["Scored Labels", "Scored Probabilities"] == answer["ColumnNames"][-2:]
    assert ["String", "Double"] == answer["ColumnTypes"][-2:]
    assert values == [row[:-2] for row in answer["Values"]]
    assert all(0 < float(row[-1]) < 1 for row in answer["Values"])


@pytest.mark.parametrize("service", [CENSUS, BIKES], ids=lambda service: service.name)
def test_what_comes_out_has_the_declared_schema(service):
    """The columns of an answer are those that the interface declares."""
    interface = interface_of(service.experiment)
    columns = interface.inputs[0].columns
    table = from_plain({"Values": [[column.sample for column in columns]]}, columns)
    scored = build_scorer(service.experiment, service.models).score({"input1": table}, {})["output1"]
    assert [(c.name, c.type) for c in interface.outputs[0].columns] == [(c.name, c.type) for c in scored.columns]


def test_which_graphs_need_a_worker():
    """A scoring graph of row-wise modules is scored in the server; one that trains is not."""
    assert [False, False, True] == [needs_worker(each.experiment) for each in (CENSUS, BIKES, TRAINING)]


def test_a_modules_refusal_is_a_service_error():
    """A feature that is not there answers ModuleExecutionError with the module's own sentence."""
    scorer = build_scorer(CENSUS.experiment, CENSUS.models)
    table = table_of_frame(sample("bikeshare").take([0]))
    with pytest.raises(ServiceError) as caught:
        scorer.score({"input1": table}, {})
    error = caught.value
    assert ("ModuleExecutionError", "1", "Score Model") == (error.entry.group, error.entry.code, error.target)
    assert error.message.startswith('Error 0001: Column with name or index "')


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89ILR\r\n\x1a\n" + b"\0" * 80])
def test_a_model_that_is_none_is_a_package_error(content):
    """Loading something that is no model answers ModelPackageFormatError."""
    with pytest.raises(ServiceError) as caught:
        build_scorer(CENSUS.experiment, {"Census Model [trained model]": content})
    assert 500 == caught.value.entry.status
    assert "ModelPackageFormatError" == caught.value.entry.group


def test_a_web_service_parameter_reaches_a_scoring_module():
    """A driven parameter is read for each call; without a value its default counts."""
    document = copy.deepcopy(CENSUS.experiment)
    document["web service parameters"] = [
        {"name": "Append", "default": "true", "sets": ["score.Append score columns to output"]}
    ]
    scorer = build_scorer(document, CENSUS.models)
    whole, alone = (scorer.score({"input1": rows(1)}, given)["output1"].names for given in ({}, {"Append": "False"}))
    assert (17, ["income", "Scored Labels", "Scored Probabilities"]) == (len(whole), alone)


def test_threads_share_a_scorer():
    """Eight threads scoring at once get what one gets."""
    scorer = build_scorer(CENSUS.experiment, CENSUS.models)
    expected = scorer.score({"input1": rows(50)}, {})["output1"].rows
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: scorer.score({"input1": rows(50)}, {})["output1"].rows, range(32)))
    assert [expected] * 32 == found


def test_scoring_imports_neither_scikit_learn_nor_pandas():
    """A process that scores has numpy and onnxruntime, and nothing that trains."""
    program = (
        "import sys; from amlemulator import samples\n"
        "from amlemulator.core.tables import from_plain\n"
        "from amlemulator.experiments.graph import interface_of\n"
        "from amlemulator.experiments.scorer import build_scorer\n"
        "service = samples.workspaces()[0].services[1]; columns = interface_of(service.experiment).inputs[0].columns\n"
        "scorer = build_scorer(service.experiment, service.models)\n"
        "table = from_plain({'Values': [[column.sample for column in columns]]}, columns)\n"
        "assert scorer.score({'input1': table}, {})['output1'].rows\n"
        "print([m for m in ('pandas', 'sklearn', 'scipy', 'onnx', 'skl2onnx') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == found.stdout.strip()


SCRIPT = """
def azureml_main(frame, other = None):
    if (frame.age > 90).any():
        raise ValueError('too old')
    frame['twice'] = frame['age'] * 2
    return frame[['age', 'twice']],
"""
RESULT = {"id": "result", "module": "Web Service Output", "parameters": {"Name": "output1"}}
SCRIPTED = {
    "experiment": "Scripted",
    "nodes": [
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}},
        {
            "id": "script",
            "module": "Execute Python Script",
            "parameters": {"Python script": SCRIPT},
            "inputs": {"Dataset1": "request"},
        },
        {**RESULT, "inputs": {"Data": "script"}},
    ],
}


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(1)
    yield made
    made.close()


def test_user_code_is_scored_in_a_worker(runner, tmp_path):
    """A graph with a script runs in another process, types intact, and leaves nothing but the graph behind."""
    scorer = build_scorer(SCRIPTED, {}, Workers(runner, lambda: tmp_path))
    table = from_plain({"ColumnNames": ["age", "name"], "Values": [[30, "x"], [40, "y"]]}, ())
    found = scorer.score({"input1": table}, {})["output1"]
    assert [("age", "Int32"), ("twice", "Int32")] == [(column.name, column.type) for column in found.columns]
    assert [[30, 60], [40, 80]] == [list(row) for row in found.rows]
    assert [".json"] == [path.suffix for path in tmp_path.iterdir()]


def test_what_fails_in_a_worker_is_a_service_error(runner, tmp_path):
    """The script's own exception answers ModuleExecutionError with Error 0085."""
    scorer = build_scorer(SCRIPTED, {}, Workers(runner, lambda: tmp_path))
    with pytest.raises(ServiceError) as caught:
        scorer.score({"input1": from_plain({"ColumnNames": ["age"], "Values": [[99]]}, ())}, {})
    assert ("ModuleExecutionError", "85") == (caught.value.entry.group, caught.value.entry.code)
    assert "ValueError: too old" in caught.value.message


WHERE = """
import os, sys
heavy = "pandas" in sys.modules
def azureml_main(frame):
    import pandas
    return pandas.DataFrame({"pid": [os.getpid()], "heavy": [heavy]})
"""


def test_a_warm_worker_answers_the_first_call(tmp_path):
    """Warmed up, the same worker answers with its libraries at hand, and every call after it, however many are idle."""
    experiment = copy.deepcopy(SCRIPTED)
    experiment["nodes"][1]["parameters"]["Python script"] = WHERE
    runner = ProcessRunner(2)
    runner.run(Task("warm"))
    scorer = build_scorer(experiment, {}, Workers(runner, lambda: tmp_path))
    scorer.warm()
    table = from_plain({"ColumnNames": ["age"], "Values": [[1]]}, ())
    found = [list(scorer.score({"input1": table}, {})["output1"].rows[0]) for _ in range(3)]
    runner.close()
    assert found == [[found[0][0], True]] * 3


HUNGRY = "def azureml_main(frame):\n    return [bytearray(1 << 20) for _ in range(4000)]\n"


def test_a_script_that_takes_too_much_memory_has_its_own_error(tmp_path):
    """Beyond the limit RRS answers MemoryQuotaViolation with the limit in MB, and the next call is answered."""
    experiment = copy.deepcopy(SCRIPTED)
    experiment["nodes"][1]["parameters"]["Python script"] = HUNGRY
    runner = ProcessRunner(1, memory=512 << 20)
    workers = Workers(runner, lambda: tmp_path, memory=512)
    table = from_plain({"ColumnNames": ["age"], "Values": [[1]]}, ())
    with pytest.raises(ServiceError) as caught:
        build_scorer(experiment, {}, workers).score({"input1": table}, {})
    after = build_scorer(SCRIPTED, {}, workers).score({"input1": table}, {})["output1"]
    runner.close()
    assert (413, "MemoryQuotaViolation", 1) == (caught.value.entry.status, caught.value.entry.group, len(after.rows))
    assert "is 512 MB" in caught.value.message


def test_user_code_never_runs_in_the_server():
    """Without workers such a graph is refused, not run."""
    with pytest.raises(ServiceError) as caught:
        build_scorer(SCRIPTED, {})
    assert 501 == caught.value.entry.status


def test_a_worker_scores_as_the_server_does(runner, tmp_path):
    """The same rows score the same in both, to the last bit."""
    scorer = WorkerScorer(
        load_graph(CENSUS.experiment), CENSUS.experiment, CENSUS.models, Workers(runner, lambda: tmp_path)
    )
    here = build_scorer(CENSUS.experiment, CENSUS.models).score({"input1": rows(20)}, {})["output1"]
    there = scorer.score({"input1": rows(20)}, {})["output1"]
    assert (here.columns, list(map(list, here.rows))) == (there.columns, list(map(list, there.rows)))


def test_imported_data_are_staged_for_a_scoring_call(runner, tmp_path):
    """An Import Data in a scoring graph reads what the emulator fetched; without that its address was invalid."""
    nodes = [
        {
            "id": "import",
            "module": "Import Data",
            "parameters": {"Data source": "Web URL via HTTP", "CSV or TSV has header row": True},
        },
        {**RESULT, "inputs": {"Data": "import"}},
    ]
    links = [{"name": "URL", "sets": ["import.URL"]}]
    experiment = {"experiment": "Imported", "nodes": nodes, "web service parameters": links}

    def stage(blobs, folder):
        (folder / "fetched").write_text(f"address\n{blobs['import'].base_location}\n")
        return {"import": {"path": str(folder / "fetched"), "format": "csv"}}

    scorer = build_scorer(experiment, {}, Workers(runner, lambda: tmp_path, stage))
    assert [["https://x/a.csv"]] == [list(row) for row in scorer.score({}, {"URL": "https://x/a.csv"})["output1"].rows]
    with pytest.raises(ServiceError, match="Invalid Uri"):
        build_scorer(experiment, {}, Workers(runner, lambda: tmp_path)).score({}, {"URL": "https://x/a.csv"})


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.text(max_size=3)),
            st.one_of(st.none(), st.datetimes().map(lambda moment: moment.replace(fold=0))),
            st.one_of(st.none(), st.timedeltas()),
            st.one_of(st.none(), st.booleans()),
        ),
        max_size=3,
    )
)
def test_tables_between_server_and_worker_keep_every_bit(tmp_path_factory, rows):
    """Any table survives the exchange exactly, NaN and microseconds included."""
    columns = tuple(map(Column, "abcde", ("Double", "String", "DateTime", "TimeSpan", "Boolean")))
    path = tmp_path_factory.getbasetemp() / "exchange"
    save_table(Table(columns, list(rows)), path)
    back = load_table(path)
    assert columns == back.columns
    assert repr([list(row) for row in rows]) == repr(back.rows)
