"""The same with what Python brings itself, urllib, and with Azure's own library for the blob."""

import json
import sys
import time
from urllib.request import Request, urlopen

from azure.storage.blob import BlobServiceClient

WORKSPACE = "c0ffee00c0ffee00c0ffee00c0ffee01"
TRAINING_URL = (
    f"https://ussouthcentral.services.azureml.net/workspaces/{WORKSPACE}/services/7a117a117a117a117a117a117a117a11"
)
TRAINING_KEY = "GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw=="
ENDPOINTS_URL = (
    f"https://management.azureml.net/workspaces/{WORKSPACE}/webservices/5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e/endpoints"
)
TOKEN = "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA=="
STORE = (
    "DefaultEndpointsProtocol=https;AccountName=retrainstore;AccountKey="
    "da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA=="
    ";EndpointSuffix=core.windows.net"
)
NAME = sys.argv[2]
VALUES = "52,Self-emp-inc,287927,HS-grad,9,Married-civ-spouse,Exec-managerial,Wife,White,Female,15024,0,40,United-States,>50K"


def call(method, url, key, body=None):
    data = None if body is None else json.dumps(body).encode("utf-8")
    headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
    request = Request(url, data, headers)
    request.get_method = lambda: method
    with urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def train(store):
    def place(name):
        return {"ConnectionString": STORE, "RelativeLocation": "retraining/" + name}

    with open(sys.argv[1], "rb") as rows:
        store.upload_blob(NAME + ".csv", rows, overwrite=True)
    request = {"Input": place(NAME + ".csv"), "Outputs": {"output1": place(NAME + ".ilearner")}, "GlobalParameters": {}}
    job = call("POST", TRAINING_URL + "/jobs?api-version=2.0", TRAINING_KEY, request)
    call("POST", f"{TRAINING_URL}/jobs/{job}/start?api-version=2.0", TRAINING_KEY)
    while True:
        status = call("GET", f"{TRAINING_URL}/jobs/{job}?api-version=2.0", TRAINING_KEY)
        if status["StatusCode"] == "Finished":
            return status["Results"]["output1"]
        if status["StatusCode"] in ("Failed", "Cancelled"):
            sys.exit(status["Details"])
        time.sleep(0.2)


def score(endpoint):
    names = (
        "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
        "capital-gain capital-loss hours-per-week native-country income"
    ).split()
    table = {"ColumnNames": names, "Values": [VALUES.split(",")]}
    request = {"Inputs": {"input1": table}, "GlobalParameters": {}}
    answer = call("POST", endpoint["ApiLocation"] + "/execute?api-version=2.0", endpoint["PrimaryKey"], request)
    return answer["Results"]["output1"]["value"]["Values"][0][-1]


store = BlobServiceClient.from_connection_string(STORE).get_container_client("retraining")
model = train(store)
assert len(store.download_blob(NAME + ".ilearner").readall()) > 1000
assert store.url == "https://retrainstore.blob.core.windows.net/retraining"
call("PUT", f"{ENDPOINTS_URL}/{NAME}", TOKEN, {"ThrottleLevel": "Low"})
endpoint = call("GET", f"{ENDPOINTS_URL}/{NAME}", TOKEN)
before = score(endpoint)
location = {name: model[name] for name in ("BaseLocation", "RelativeLocation", "SasBlobToken")}
update = {"Resources": [{"Name": "Census Model [trained model]", "Location": location}]}
call("PATCH", f"{ENDPOINTS_URL}/{NAME}", endpoint["PrimaryKey"], update)
print("before", before)
print("after", score(endpoint))
