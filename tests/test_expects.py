"""The fixture ``expects``, in test runs of its own: recorded, held against the file, and told where a run departs."""

import pytest

# A run inside of this one unloads what it has loaded; these would not stand being loaded twice.
from amlcontracts.consumer.file import read
from amlemulator import pytest_contracts
from amlemulator.emulator import Emulator  # noqa: F401
from amlemulator.expecting import Expects  # noqa: F401
from amlemulator.transports import for_requests  # noqa: F401

pytest_plugins = ["pytester"]

PROGRAM = """
import re
import pytest
import requests

ROW = ["39", "State-gov", "77516", "Bachelors", "13", "Never-married", "Adm-clerical", "Not-in-family", "White", "Male"]
ROW += ["2174", "0", "40", "United-States", "<=50K"]

def score(aml, age="39", key=None):
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    body = {"Inputs": {"input1": {"Values": [[age, *ROW[1:]]]}}, "GlobalParameters": {}}
    headers = {"Authorization": f"Bearer {key or endpoint.key}"}
    with aml.session() as session:
        return session.post(endpoint.api_location + "/execute?api-version=2.0", json=body, headers=headers).json()

STATED = {"Results": {"output1": {"type": "table", "value": {"Values": [[str | None, ...], ...]}}}}
"""
SCORES = """
def test_scores(aml, expects):
    score(aml)
    expects("rrs.execute", answer=STATED)
"""
JOB = """
@pytest.mark.aml(policy={"polls": 3})
def test_job(aml, expects):
    endpoint = aml.endpoint("Bike Rental Training")
    headers = {"Authorization": f"Bearer {endpoint.key}"}
    body = {"GlobalParameters": {"URI": "http://nobody.asks/for-it.csv"}}
    with aml.session() as session:
        session.headers.update(headers)
        job = session.post(f"{endpoint.api_location}/jobs?api-version=2.0", json=body).json()
        session.post(f"{endpoint.api_location}/jobs/{job}/start?api-version=2.0")
        for _ in range(2):
            session.get(f"{endpoint.api_location}/jobs/{job}?api-version=2.0")
        session.delete(f"{endpoint.api_location}/jobs/{job}?api-version=2.0")
    expects("bes.status", answer={"StatusCode": re.compile("^(Running|Cancelled)$")})
"""
INPUT = """
@pytest.mark.aml(policy="manual")
def test_input(aml, expects):
    import uuid
    from azure.storage.blob import BlobServiceClient

    name = f"{uuid.uuid4()}.csv"
    with BlobServiceClient.from_connection_string(aml.connection_string) as account:
        account.create_container("data").upload_blob(name, "a,b\\n1,2\\n")
    endpoint = aml.endpoint("Census Model")
    inputs = {"input1": {"ConnectionString": aml.connection_string, "RelativeLocation": f"data/{name}"}}
    with aml.session() as session:
        headers = {"Authorization": f"Bearer {endpoint.key}"}
        session.post(f"{endpoint.api_location}/jobs?api-version=2.0", json={"Inputs": inputs}, headers=headers)
"""
CONTRACT = "aml-contract.yaml"


@pytest.fixture
def run(pytester):
    """Run tests of a program with the plugin; returns pytest's result."""

    def run(tests, *arguments, apart=False):
        pytester.makepyfile(test_program=PROGRAM + tests)
        without = [f"-pno:{name}" for name in ("randomly", "cacheprovider", "schemathesis")]
        runner = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return runner(*without, "--strict-markers", *arguments)

    return run


@pytest.fixture
def contract(pytester):
    """Return what is in the contract."""
    return lambda: (pytester.path / CONTRACT).read_text("utf-8")


def test_what_is_recorded_holds(run, contract):
    """Recorded twice it is the same, to the byte; checked it passes, wherever the emulator runs."""
    result = run(SCORES + JOB, "--aml-record")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"{CONTRACT}: 2 scenarios recorded, written"])
    first = contract()
    result = run(SCORES + JOB, "--aml-record", "--aml", "wsgi")
    result.stdout.fnmatch_lines([f"{CONTRACT}: 2 scenarios recorded, no change"])
    assert first == contract()
    run(SCORES + JOB, "--aml", "subprocess").assert_outcomes(passed=2)
    assert first == contract()


def test_nothing_that_differs_from_run_to_run_is_in_the_file(run, contract, pytester):
    """No address, no id, no key, no token."""
    secrets = """
    with open("secrets.txt", "a") as file:
        endpoint = aml.endpoint("Bike Rental Training")
        words = [aml.base_url, aml.workspace.id, aml.token, endpoint.key, endpoint.id, endpoint.service.id, job]
        print(*words, file=file)
"""
    run(JOB + secrets, "--aml-record").assert_outcomes(passed=1)
    words = (pytester.path / "secrets.txt").read_text().split()
    assert (7, []) == (len(words), [word for word in words if word in contract()])


def test_what_a_job_reads_is_recorded_with_it(run, pytester):
    """By a name that is another in each run, where the program makes it up."""
    run(INPUT, "--aml-record").assert_outcomes(passed=1)
    [scenario] = read(pytester.path / CONTRACT).values()
    expected = {"containers": ["data"], "blobs": {"data/{guid}.csv": {"text": "a,b\n1,2\n"}}}
    assert expected == scenario["given"]
    run(INPUT).assert_outcomes(passed=1)


def test_nothing_is_recorded_yet(run, pytester):
    """The test fails and says how; no file is made."""
    result = run(SCORES)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{CONTRACT} has nothing of this test yet.", "*pytest --aml-record*"])
    assert not (pytester.path / CONTRACT).exists()


def test_another_call_is_told_with_the_nearest(run):
    """A cell that has changed is named with what the contract has and what came now."""
    run(SCORES, "--aml-record")
    result = run(SCORES.replace("score(aml)", "score(aml, '40')"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"The run departs from {CONTRACT}.",
            "*not as in the contract: rrs.execute at 'Census Model *Predictive Exp.*/default', called with the key",
            '*request.body.Inputs.input1.Values*0*0*: "39" in the contract, "40" now',
            "*pytest --aml-record*",
        ]
    )


def test_a_call_more_and_a_call_less_are_told(run):
    """Each by its operation."""
    silent = SCORES.replace('expects("rrs.execute", answer=STATED)', "")
    run(silent, "--aml-record")
    result = run(silent.replace("score(aml)", "score(aml), score(aml, key='wrong')"))
    result.stdout.fnmatch_lines(["*made, and not in the contract: rrs.execute * called with a key of nobody"])
    result = run(silent.replace("score(aml)", "pass"))
    result.stdout.fnmatch_lines(["*in the contract, and not made: rrs.execute *"])


def test_another_statement_is_a_departure_too(run):
    """What is relied on is part of the contract."""
    run(SCORES, "--aml-record")
    result = run(SCORES.replace("answer=STATED", 'answer={"Results": dict}'))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*answer.body.Results.$type: nothing in the contract, "object" now'])


def test_an_answer_that_is_not_as_stated_fails_and_is_not_recorded(run, pytester):
    """With the place in it."""
    result = run(SCORES.replace("STATED", '{"Results": {"output1": {"type": "list"}}}'), "--aml-record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*answer $.Results.output1.type: "list" was expected, got "table"'])
    assert "test_scores" not in (pytester.path / CONTRACT).read_text()


def test_a_statement_of_nothing_fails(run):
    """Nobody made such a call; the nearest is named."""
    result = run(SCORES.replace('"rrs.execute"', '"endpoints.patch"'), "--aml-record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*'endpoints.patch' is stated, and no such call was made.", "*The nearest: rrs.execute *"]
    )


def test_a_pattern_that_names_an_address_fails(run):
    """It would differ from run to run."""
    tests = SCORES + '    expects("rrs.*", headers={"x": re.compile(f"^{aml.workspace.id}|")})\n'
    run(tests, "--aml-record").stdout.fnmatch_lines(["*A pattern would keep {workspace}, which differs*"])


def test_a_test_that_fails_anyway_records_nothing(run, pytester):
    """Its scenario stays as it was, those of others are recorded."""
    run(SCORES, "--aml-record")
    before = (pytester.path / CONTRACT).read_text()
    run(SCORES.replace("score(aml)", "score(aml, '40'); raise KeyError"), "--aml-record").assert_outcomes(failed=1)
    assert before == (pytester.path / CONTRACT).read_text()


def test_what_a_fault_answers_is_no_promise(run, contract, pytester):
    """It is not in the contract."""
    run(SCORES.replace("score(aml)", "aml.faults.add(status=503, count=1), score(aml), score(aml)"), "--aml-record")
    assert (1, False) == (contract().count("operation:"), "503" in contract())
    assert ["test_program.py::test_scores"] == list(read(pytester.path / CONTRACT))


def test_a_test_that_is_gone_is_told(run, contract):
    """The run fails for its scenario until it is recorded; tests that are not chosen are no such tests."""
    run(SCORES + JOB, "--aml-record")
    result = run(SCORES)
    result.assert_outcomes(passed=1)
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines(
        [f"{CONTRACT}: the test test_program.py::test_job is not there any more; *--aml-record*"]
    )
    assert pytest.ExitCode.OK == run(SCORES + JOB, "-k", "scores").ret
    assert pytest.ExitCode.OK == run(SCORES, "test_program.py::test_scores").ret
    run(SCORES + JOB, "--aml-record", "-k", "scores")
    assert "test_job" in contract()
    run(SCORES, "--aml-record")
    assert "test_job" not in contract()


def test_workers_of_xdist_record_into_one_file(run, contract):
    """The one that hands out the tests writes it, the same to the byte."""
    run(SCORES + JOB, "--aml-record")
    alone = contract()
    result = run(SCORES + JOB, "--aml-record", "-n", "2", apart=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"{CONTRACT}: 2 scenarios recorded, no change"])
    assert alone == contract()


def test_the_file_is_ours_to_name(run, pytester):
    """The setting aml_contract names it, from the root folder; a folder that is missing is made."""
    pytester.makeini("[pytest]\naml_contract = contracts/aml.yaml\n")
    run(SCORES, "--aml-record").stdout.fnmatch_lines(["aml.yaml: 1 scenario recorded, written"])
    assert (pytester.path / "contracts" / "aml.yaml").exists()


@pytest.mark.parametrize("text", ["version: 7\nscenarios: []\n", "a: [", "hello"])
def test_a_file_that_is_no_contract_is_told(run, pytester, text):
    """In one sentence, and it is not touched."""
    (pytester.path / CONTRACT).write_text(text)
    result = run(SCORES, "--aml-record")
    result.assert_outcomes(errors=1)
    assert "Traceback" not in result.stdout.str()
    assert text == (pytester.path / CONTRACT).read_text()


def test_a_file_that_cannot_be_written_is_told(run, monkeypatch):
    """The run fails, and says so."""

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pytest_contracts, "write", full)
    result = run(SCORES, "--aml-record")
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines(["*cannot be written (No space left on device); nothing is recorded."])
