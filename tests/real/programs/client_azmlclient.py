"""azmlclient 2.6.0 with azure-storage 0.33.0, as they stand: scoring, and a batch by way of a storage account."""

import sys
import types

# Shim: autoclass, of which the client uses one decorator, cannot be imported on Python 3.11.
autoclass = types.ModuleType("autoclass")
autoclass.autodict = lambda kind: kind
sys.modules["autoclass"] = autoclass

import azmlclient
import pandas as pd
from azure.storage.blob import BlockBlobService

WORKSPACE = "c0ffee00c0ffee00c0ffee00c0ffee01"
URL = f"https://ussouthcentral.services.azureml.net/workspaces/{WORKSPACE}/services/5c025c025c025c025c025c025c025c02"
KEY = "pBVbRfHn+MBad/plSv6B6BMY2gG/cCeJhyvrVpdH5Oz+Vd8+lTbMdDO/M5DO1bugopzSDMcwmMUW9tji1iwruQ=="
ACCOUNT = "retrainstore"
ACCOUNT_KEY = "da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA=="

people = pd.read_csv(sys.argv[1], nrows=3)
scored = azmlclient.execute_rr(KEY, URL, inputs={"input1": people}, output_names=["output1"])["output1"]
assert len(scored) == 3

BlockBlobService(ACCOUNT, ACCOUNT_KEY).create_container("batches")
options = {"inputs": {"input1": people}, "output_names": ["output1"], "nb_seconds_between_status_queries": 0.2}
batch = azmlclient.execute_bes(KEY, URL, ACCOUNT, ACCOUNT_KEY, "batches", **options)["output1"]
column = "Scored Probabilities"
assert [round(float(one), 9) for one in batch[column]] == [round(float(one), 9) for one in scored[column]]
print("scored", *scored[column])
