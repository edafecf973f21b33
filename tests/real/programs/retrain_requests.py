"""Retrains a census model, as programs of 2016 did with requests. Ids, keys and hosts are the real service's."""

import json
import sys
import time

import requests

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
)
CONTAINER_URL = "https://retrainstore.blob.core.windows.net/retraining"
SAS = (
    "?sv=2013-08-15&sr=c&sig=ak5%2Bv0SZsijOD%2BHfSj9nkF0%2FYFMBC1fvRaPLxSe8lMQ%3D"
    "&st=2015-01-01T00%3A00%3A00Z&se=2100-01-01T00%3A00%3A00Z&sp=rcwdl"
)
NAME = sys.argv[2]
ROW = dict(
    zip(
        "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
        "capital-gain capital-loss hours-per-week native-country income".split(),
        "52,Self-emp-inc,287927,HS-grad,9,Married-civ-spouse,Exec-managerial,Wife,White,Female,"
        "15024,0,40,United-States,>50K".split(","),
        strict=True,
    )
)


def authorized(key):
    return {"Authorization": "Bearer " + key}


def upload(path):
    with open(path, "rb") as rows:
        answer = requests.put(f"{CONTAINER_URL}/{NAME}.csv{SAS}", rows, headers={"x-ms-blob-type": "BlockBlob"})
    answer.raise_for_status()


def train():
    def place(name):
        return {"ConnectionString": STORE, "RelativeLocation": "/retraining/" + name}

    request = {
        "Inputs": {"input1": place(NAME + ".csv")},
        "Outputs": {"output1": place(NAME + ".ilearner"), "output2": place(NAME + "-evaluation.csv")},
        "GlobalParameters": {},
    }
    version = {"api-version": "2.0"}
    headers = authorized(TRAINING_KEY)
    answer = requests.post(TRAINING_URL + "/jobs", json=request, params=version, headers=headers)
    answer.raise_for_status()
    job = TRAINING_URL + "/jobs/" + answer.json()
    requests.post(job + "/start", params=version, headers=headers).raise_for_status()
    while True:
        status = requests.get(job, params=version, headers=headers).json()
        if status["StatusCode"] == "Finished":
            return status["Results"]
        if status["StatusCode"] in ("Failed", "Cancelled"):
            sys.exit(status["Details"])
        time.sleep(0.2)


def score(location, key):
    request = {"Inputs": {"input1": [ROW]}, "GlobalParameters": {}}
    answer = requests.post(
        location + "/execute", json=request, params={"api-version": "2.0", "format": "swagger"}, headers=authorized(key)
    )
    answer.raise_for_status()
    return answer.json()["Results"]["output1"][0]["Scored Probabilities"]


def main():
    upload(sys.argv[1])
    results = train()
    evaluation = results["output2"]
    table = requests.get(evaluation["BaseLocation"] + evaluation["RelativeLocation"] + evaluation["SasBlobToken"])
    table.raise_for_status()
    print(table.text.splitlines()[0])

    settings = {"Description": "retrained", "ThrottleLevel": "Low", "MaxConcurrentCalls": 4}
    requests.put(f"{ENDPOINTS_URL}/{NAME}", json=settings, headers=authorized(TOKEN)).raise_for_status()
    endpoint = requests.get(f"{ENDPOINTS_URL}/{NAME}", headers=authorized(TOKEN)).json()
    before = score(endpoint["ApiLocation"], endpoint["PrimaryKey"])

    model = {name: results["output1"][name] for name in ("BaseLocation", "RelativeLocation", "SasBlobToken")}
    update = {"Resources": [{"Name": "Census Model [trained model]", "Location": model}]}
    headers = {**authorized(endpoint["PrimaryKey"]), "Content-Type": "application/json"}
    requests.patch(f"{ENDPOINTS_URL}/{NAME}", json.dumps(update), headers=headers).raise_for_status()
    print("before", before)
    print("after", score(endpoint["ApiLocation"], endpoint["PrimaryKey"]))


main()
