"""Drives azmlclient 2.6.0 against a served emulator: ``azmlclient_drive.py SERVED RESULT``.

SERVED is the endpoints file of ``amlclassic serve``. Nothing of the client is changed but for the two shims below: one
module that does not run on Python 3.11, and the address of Azure's blob storage (clients.md section 14.2).
"""

import json
import sys
import types
import uuid
from pathlib import Path
from urllib.parse import urlsplit

# Shim: autoclass, of which the client uses one decorator, cannot be imported on Python 3.11.
autoclass = types.ModuleType("autoclass")
autoclass.autodict = lambda kind: kind
sys.modules["autoclass"] = autoclass

import azmlclient
import pandas as pd
import requests
from azmlclient import (
    base,
    base_databinding,
    base_databinding_blobs,
    clients,
    clients_callmodes,
    clients_config,
    requests_utils,
    utils_requests,
)
from azure.storage.blob import BlockBlobService
from drives import drive, expect, main
from requests.adapters import HTTPAdapter

SERVED = json.loads(Path(sys.argv[1]).read_text("utf-8"))
SERVICES = {service["name"]: service["endpoints"][0] for service in SERVED["workspaces"][0]["services"]}
CENSUS, TRAINING = SERVICES["Census Model [Predictive Exp.]"], SERVICES["Census Model"]
URL, KEY = CENSUS["api_location"], CENSUS["primary_key"]
ACCOUNT, ACCOUNT_KEY, CONTAINER = SERVED["storage"]["account"], SERVED["storage"]["key"], "azmlclient"
HOUR = {
    **{"season": 1, "mnth": "Jan", "day": 1, "hr": 17, "holiday": 0, "weekday": 6, "workingday": 0},
    **{"weathersit": "clear", "temp": 0.44, "atemp": 0.43, "hum": 0.5, "windspeed": 0.2},
}
SCORES = ["Scored Labels", "Scored Probabilities"]
PEOPLE = pd.DataFrame(
    {
        "age": [39, 52, 28],
        "workclass": ["State-gov", "Self-emp-inc", "Private"],
        "fnlwgt": [77516, 287927, 338409],
        "education": ["Bachelors", "HS-grad", "Bachelors"],
        "education-num": [13, 9, 13],
        "marital-status": ["Never-married", "Married-civ-spouse", "Married-civ-spouse"],
        "occupation": ["Adm-clerical", "Exec-managerial", "Prof-specialty"],
        "relationship": ["Not-in-family", "Wife", "Wife"],
        "race": ["White", "White", "Black"],
        "sex": ["Male", "Female", "Female"],
        "capital-gain": [2174, 15024, 0],
        "capital-loss": [0, 0, 0],
        "hours-per-week": [40, 40, 40],
        "native-country": ["United-States", "United-States", "Cuba"],
        "income": ["<=50K", ">50K", "<=50K"],
    }
)


class Rewrite(HTTPAdapter):
    """Shim: what goes to Azure's blob storage goes to the emulator, which answers to that host name."""

    def send(self, request, **options):
        parts = urlsplit(request.url)
        if parts.hostname.endswith(".blob.core.windows.net"):
            request.headers["Host"] = parts.hostname
            request.url = SERVED["base_url"] + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, **options)


def session():
    made = requests.Session()
    made.trust_env = False
    for prefix in ("https://", "http://"):
        made.mount(prefix, Rewrite())
    return made


def storage():
    service = BlockBlobService(ACCOUNT, ACCOUNT_KEY, request_session=session())
    service.create_container(CONTAINER)
    return service


def batch(**changes):
    options = {
        "inputs": {"input1": PEOPLE},
        "output_names": ["output1"],
        "nb_seconds_between_status_queries": 0.1,
        "requests_session": session(),
        **changes,
    }
    storage()
    return azmlclient.execute_bes(KEY, URL, ACCOUNT, ACCOUNT_KEY, CONTAINER, **options)


def check(frame):
    assert list(frame.columns) == [*PEOPLE.columns, *SCORES]
    assert list(frame["Scored Labels"]) == ["<=50K", ">50K", "<=50K"]
    assert frame["Scored Probabilities"].astype(float).between(0, 1).all()


# --- Request-Response ------------------------------------------------------------------------------------------------


@drive
def execute_rr():
    """Rows go out as a table and come back scored; the swagger format says the same."""
    plain = azmlclient.execute_rr(KEY, URL, inputs={"input1": PEOPLE}, output_names=["output1"])
    swagger = azmlclient.execute_rr(KEY, URL, inputs={"input1": PEOPLE}, use_swagger_format=True)
    check(plain["output1"])
    assert list(plain["output1"][SCORES[1]].astype(float)) == list(swagger["output1"][SCORES[1]].astype(float))


@drive
def execute_rr_with_parameters():
    """Empty parameters pass as a dictionary and as a data frame; one that is not declared is refused."""
    params = pd.DataFrame({"nonsense": [1]})
    check(azmlclient.execute_rr(KEY, URL, inputs={"input1": PEOPLE}, params={})["output1"])
    error = expect(azmlclient.AzmlException, azmlclient.execute_rr, KEY, URL, {"input1": PEOPLE}, params)
    assert (error.error_code, error.details[0]["code"]) == ("BadArgument", "UnexpectedParameter")
    assert error.details[0]["target"] == "nonsense"


@drive
def execute_rr_with_selected_outputs():
    """Only the wanted outputs are kept; one that is not there is missed."""
    found = azmlclient.execute_rr(
        KEY, URL, {"input1": PEOPLE}, output_names=["output1"], only_keep_selected_output_names=True
    )
    assert list(found) == ["output1"]
    assert "outputs are missing" in str(
        expect(Exception, azmlclient.execute_rr, KEY, URL, {"input1": PEOPLE}, None, ["x"])
    )


@drive
def execute_rr_with_missing_cells():
    """NaN, which the client sends as a bare word that JSON does not have, is answered, and so is what replaces it."""
    bikes = SERVICES["Bike Rental Scoring"]
    hours = pd.DataFrame([HOUR, {**HOUR, "temp": float("nan")}])
    for options in ({}, {"replace_NaN_with": "0.5"}):
        arguments = (bikes["primary_key"], bikes["api_location"], {"input1": hours})
        found = azmlclient.execute_rr(*arguments, **options)["output1"]
        assert found["hr"].astype(int).tolist() == [17, 17]


@drive
def execute_rr_with_a_wrong_key():
    error = expect(azmlclient.AzmlException, azmlclient.execute_rr, "wrong", URL, {"input1": PEOPLE})
    assert (error.error_code, error.details[0]["code"]) == ("Unauthorized", "ScoreRequestUnauthorized")
    assert "Invalid credentials provided." in str(error)


@drive
def execute_rr_with_a_column_too_few():
    people = PEOPLE.drop(columns=["age"])
    error = expect(azmlclient.AzmlException, azmlclient.execute_rr, KEY, URL, {"input1": people})
    assert (error.error_code, error.details[0]["code"]) == ("LibraryExecutionError", "TableSchemaColumnCountMismatch")


@drive
def request_response_client():
    """The steps of a call one by one; a request body can be read back."""
    client = azmlclient.RequestResponseClient(use_swagger_format=False)
    body = client.create_request_body({"input1": PEOPLE}, {})
    frames, parameters = client.decode_request_json_body(body)
    assert (list(frames["input1"].columns), parameters) == (list(PEOPLE.columns), {})
    answer = client.execute_rr(URL, KEY, body)
    frames = client.read_response_json_body(answer, ["output1"])
    check(frames["output1"])
    assert list(client.create_response_body(frames)["Results"]) == ["output1"]


# --- Batch Execution -------------------------------------------------------------------------------------------------


@drive
def execute_bes():
    """Inputs go through blob storage, the job runs and is deleted, outputs come back through blob storage."""
    found = batch(blob_path_prefix="some/folder/")["output1"]
    check(found)
    direct = azmlclient.execute_rr(KEY, URL, inputs={"input1": PEOPLE})["output1"]
    assert list(found[SCORES[1]].round(10)) == list(direct[SCORES[1]].astype(float).round(10))


@drive
def execute_bes_with_a_charset():
    check(batch(blob_charset="utf-8")["output1"])


@drive
def execute_bes_on_a_training_service():
    """The client names every output .csv; a trained model does not take that."""
    names = ["output1", "output2"]
    options = {"inputs": {"input1": PEOPLE}, "output_names": names, "requests_session": session()}
    storage()
    call = azmlclient.execute_bes
    arguments = (TRAINING["primary_key"], TRAINING["api_location"], ACCOUNT, ACCOUNT_KEY, CONTAINER)
    error = expect(azmlclient.AzmlException, call, *arguments, **options)
    assert error.details[0]["code"] == "InvalidBlobExtension"


@drive
def execute_bes_that_fails():
    """Data without a column that the graph needs fail the job; the client shows its Details and deletes it."""
    bad = PEOPLE.drop(columns=["age", "education"])
    error = expect(azmlclient.JobExecutionException, batch, inputs={"input1": bad})
    assert "Error " in str(error)


@drive
def batch_client_step_by_step():
    """Each call of a job's life on its own; outputs stay when the job is deleted."""
    service, client = storage(), azmlclient.BatchClient(requests_session=session())
    push = client.push_inputs_to_blob__and__create_output_references
    inputs, outputs = push({"input1": PEOPLE}, service, CONTAINER, output_names=["output1"])
    body = client.create_request_body(inputs, {}, outputs)
    job = client.execute_batch_createJob(URL, KEY, body)
    waiting = json.loads(client.execute_batch_getJobStatusOrResult(URL, KEY, job))
    assert waiting == {"StatusCode": "NotStarted", "Results": None, "Details": None}
    client.execute_batch_startJob(URL, KEY, job)
    results = None
    while results is None:
        results = client.read_status_or_result(client.execute_batch_getJobStatusOrResult(URL, KEY, job))
    assert results["output1"]["RelativeLocation"] == outputs["output1"]["RelativeLocation"]
    client.execute_batch_deleteJob(URL, KEY, job)
    gone = expect(azmlclient.AzmlException, client.execute_batch_getJobStatusOrResult, URL, KEY, job)
    assert gone.error_code == "NotFound"
    check(base_databinding_blobs.blob_refs_to_dfs(outputs, requests_session=session())["output1"])


@drive
def batch_job_that_is_cancelled():
    """A job deleted before its end is readable as Cancelled, which the client calls an illegal state."""
    client = azmlclient.BatchClient(requests_session=session())
    push = client.push_inputs_to_blob__and__create_output_references
    inputs, outputs = push({"input1": PEOPLE}, storage(), CONTAINER, output_names=["output1"])
    job = client.execute_batch_createJob(URL, KEY, client.create_request_body(inputs, None, outputs))
    client.execute_batch_deleteJob(URL, KEY, job)
    status = client.execute_batch_getJobStatusOrResult(URL, KEY, job)
    expect(azmlclient.IllegalJobStateException, client.read_status_or_result_static, status)


@drive
def blobs_by_hand():
    """The client's converters write and read blobs through azure-storage 0.33."""
    service, convert = storage(), base_databinding_blobs
    name = f"people-{uuid.uuid4().hex}"
    reference = convert.df_to_blob_ref(PEOPLE, service, CONTAINER, name, blob_path_prefix="hand")
    assert reference["RelativeLocation"] == f"{CONTAINER}/hand/{name}.csv"
    back = convert.blob_ref_to_df(reference, requests_session=session())
    pd.testing.assert_frame_equal(PEOPLE, back)
    both = convert.dfs_to_blob_refs({"one": PEOPLE, "two": PEOPLE[:1]}, service, CONTAINER, blob_name_prefix=name)
    assert [len(frame) for frame in convert.blob_refs_to_dfs(both, requests_session=session()).values()] == [3, 1]
    text = convert.csv_to_blob_ref("a\n1\n", service, CONTAINER, name + "-text")
    assert convert.blob_ref_to_csv(text, requests_session=session()) == "a\n1\n"
    texts = convert.csvs_to_blob_refs({"x": "a\n1\n"}, service, CONTAINER, blob_name_prefix=name)
    assert convert.blob_refs_to_csvs(texts, requests_session=session()) == {"x": "a\n1\n"}


# --- the client of classes -------------------------------------------------------------------------------------------


class Census(azmlclient.AzureMLClient):
    """A client as its users write one: a method per service."""

    def __init_local_impl__(self):
        return Local()

    @azmlclient.azureml_service
    def income(self, people):
        return self.call_azureml(self.income, ws_inputs={"input1": people}, ws_output_names=["output1"])["output1"]

    @azmlclient.azureml_service("other_name")
    def under_another_name(self, people):
        return self.call_azureml("other_name", ws_inputs={"input1": people}, ws_output_names=None)["output1"]

    @azmlclient.azureml_service(remote_only=True)
    def never_here(self, people):
        raise AssertionError("not reached")


class Local:
    def income(self, people):
        return "computed here"


INI = """[global]
ssl_verify = True

[income]
base_url = {{ url }}
api_key = {{ key }}
blob_account = {{ account }}
blob_api_key = {{ account_key }}
blob_container = {{ container }}
blob_path_prefix = ini
"""
YAML = """!yamlable/org.pypi.azmlclient.ClientConfig
global:
  ssl_verify: true
services:
  other_name:
    base_url: {{ url }}
    api_key: {{ key }}
"""
VALUES = {"url": URL, "key": KEY, "account": ACCOUNT, "account_key": ACCOUNT_KEY, "container": CONTAINER}


def census(**options):
    path = Path("client.ini")
    path.write_text(INI)
    return Census(azmlclient.ClientConfig.load_config(str(path), **VALUES), requests_session=session(), **options)


@drive
def client_calls_by_rr():
    """The same method in both formats of RRS, from a configuration file in ini form."""
    client = census()
    assert client.services_cfg_dct["income"].base_url == URL
    check(client.income(PEOPLE))
    with client.rr_calls(use_swagger_format=True):
        check(client.income(PEOPLE))
    with client.call_mode(azmlclient.RequestResponse()):
        check(client.income(PEOPLE))


@drive
def client_calls_by_batch():
    """The same method through BES."""
    storage()
    client = census()
    with client.batch_calls(polling_period_seconds=0.1):
        check(client.income(PEOPLE))
    assert not client.is_local_mode()


@drive
def client_calls_locally():
    """In local mode nothing is sent; a service that is remote only says so."""
    client = census()
    with client.local_calls():
        assert client.income(PEOPLE) == "computed here"
        error = expect(azmlclient.LocalCallModeNotAllowed, client.never_here, PEOPLE)
    assert "never_here" in str(error)
    assert "never_here" in repr(error)


@drive
def client_from_yaml():
    """A configuration in YAML, with a service under another name; the client makes its own session."""
    Path("client.yaml").write_text(YAML)
    for config in (
        azmlclient.ClientConfig.load_yaml("client.yaml", **VALUES),
        azmlclient.ClientConfig.loads_yaml(YAML, **VALUES),
    ):
        client = Census(config)
        assert set(client.service_names) == {"income", "other_name", "never_here"}
        check(client.under_another_name(PEOPLE))
    with client.debug_requests():
        check(client.under_another_name(PEOPLE))
    expect(ValueError, client.income, PEOPLE)
    expect(ValueError, Census, azmlclient.ClientConfig(unknown=azmlclient.ServiceConfig(URL, KEY)))


@drive
def configuration_by_hand():
    """What a service's configuration leaves out falls back to what it has."""
    service = azmlclient.ServiceConfig(URL, KEY)
    assert (service.by_ref_base_url, service.by_ref_api_key) == (URL, KEY)
    expect(azmlclient.ConfigTemplateSyntaxError, clients_config.apply_template, "{{ a }}", a="{{")
    check(Census(azmlclient.ClientConfig(income=service)).income(PEOPLE))


@drive
def one_value_of_a_frame():
    """A single score is taken out of its frame."""
    frame = azmlclient.execute_rr(KEY, URL, {"input1": PEOPLE[:1]})["output1"][["Scored Labels"]]
    assert azmlclient.unpack_single_value_from_df("label", frame) == "<=50K"


@drive
def tables_by_hand():
    """The client's converters of tables, CSV and parameters agree with what the service takes."""
    bind = base_databinding
    table = bind.df_to_azmltable(PEOPLE, table_name="people")
    assert bind.azmltable_to_df(table).shape == PEOPLE.shape
    text = bind.azmltable_to_json({"Inputs": {"input1": table}, "GlobalParameters": {}})
    answer = azmlclient.RequestResponseClient().execute_rr(URL, KEY, text)
    assert list(bind.json_to_azmltable(answer)["Results"]) == ["output1"]
    assert bind.params_df_to_params_dict(bind.params_dict_to_params_df({"a": 1})) == {"a": 1}
    assert list(bind.csvs_to_dfs(bind.dfs_to_csvs({"one": PEOPLE}))) == ["one"]


@drive
def session_for_a_proxy():
    """The client sets up a session for a proxy; a call goes there, as its refusal to connect shows."""
    proxies = azmlclient.GlobalConfig(http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    client = Census(azmlclient.ClientConfig(proxies, income=azmlclient.ServiceConfig(URL, KEY)))
    assert client.session.proxies["http"].endswith(":9")
    expect(requests.exceptions.ConnectionError, client.income, PEOPLE)


if __name__ == "__main__":
    modules = (base, base_databinding, base_databinding_blobs, clients, clients_callmodes, clients_config)
    main(azmlclient, (*modules, requests_utils, utils_requests))
