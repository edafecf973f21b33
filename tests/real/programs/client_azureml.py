"""Microsoft's Python client, azureml 0.2.7, as it stands: no address is given to it, its own are the real service's."""

import base64
import inspect
from collections import namedtuple

# Shims for Python 3.11, which the client is too old for; nothing of where it calls is changed.
_getargs = inspect.getargs
inspect.getargs = lambda code: namedtuple("Arguments", "args varargs keywords")(*_getargs(code))
base64.encodestring = lambda data: base64.encodebytes(data).decode("ascii")
base64.decodestring = base64.decodebytes

import azureml
import pandas as pd
from azureml import services

WORKSPACE = "c0ffee00c0ffee00c0ffee00c0ffee01"
TOKEN = "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA=="
URL = (
    f"https://ussouthcentral.services.azureml.net/workspaces/{WORKSPACE}/services/5c025c025c025c025c025c025c025c02"
    "/execute?api-version=2.0&details=true"
)
KEY = "pBVbRfHn+MBad/plSv6B6BMY2gG/cCeJhyvrVpdH5Oz+Vd8+lTbMdDO/M5DO1bugopzSDMcwmMUW9tji1iwruQ=="
NAMES = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours_per_week native_country income"
).split()

workspace = azureml.Workspace(WORKSPACE, TOKEN)
frame = pd.DataFrame({"a": [1, 5], "b": [2.5, 3.5], "c": ["x", "y z"]})
workspace.datasets.add_from_dataframe(frame, azureml.DataTypeIds.GenericCSV, "mine", "made by the client")
assert list(workspace.datasets["mine"].to_dataframe()["c"]) == ["x", "y z"]
assert len(workspace.experiments) >= 0
services_listed = azureml.Workspace(WORKSPACE, TOKEN).management_endpoint
assert services_listed == "https://management.azureml.net"


@services.service(URL, KEY)
@services.dataframe_service(**dict.fromkeys(["age", "fnlwgt"], int))
@services.returns({"Scored Labels": str})
def too_few(age, fnlwgt):
    raise AssertionError("the body never runs")


try:
    too_few(39, 77516)
except (RuntimeError, ValueError) as error:
    print("refused", error)
else:
    raise AssertionError("columns are missing")
