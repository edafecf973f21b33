"""Drives azureml 0.2.7 against a served emulator: ``azureml_drive.py SERVED MAPPED RESULT``.

SERVED and MAPPED are endpoints files: of ``amlclassic serve``, and of an emulator whose user mapped published functions
to local ones. Nothing of the client is changed but for the shims below, without which it does not run on Python 3.11.
"""

import base64
import inspect
import io
import json
import sys
import uuid
from collections import namedtuple
from pathlib import Path

import azureml
import azureml.errors
import azureml.serialization
import numpy as np
import pandas as pd
from azureml import services
from drives import drive, expect, main

# Shims (clients.md section 14.1).
_getargs = inspect.getargs
inspect.getargs = lambda code: namedtuple("Arguments", "args varargs keywords")(*_getargs(code))
base64.encodestring = lambda data: base64.encodebytes(data).decode("ascii")
base64.decodestring = base64.decodebytes
services._Serializer.find_globals = staticmethod(lambda code: set(code.co_names))

SERVED, MAPPED = (json.loads(Path(path).read_text("utf-8")) for path in sys.argv[1:3])
PLACE = SERVED["workspaces"][0]
BIKES = next(one for one in PLACE["services"] if one["name"] == "Bike Rental Scoring")["endpoints"][0]
FRAME = pd.DataFrame({"a": [1, 5], "b": [2.5, None], "c": ["x", "y z"]})
TYPES = azureml.DataTypeIds
COLUMNS = {
    **dict.fromkeys(("season", "day", "hr", "holiday", "weekday", "workingday"), int),
    **dict.fromkeys(("mnth", "weathersit"), str),
    **dict.fromkeys(("temp", "atemp", "hum", "windspeed"), float),
}
HOUR = {
    **{"season": 1, "mnth": "Jan", "day": 1, "hr": 17, "holiday": 0, "weekday": 6, "workingday": 0},
    **{"weathersit": "clear", "temp": 0.44, "atemp": 0.43, "hum": 0.5, "windspeed": 0.2},
}


def workspace(place=PLACE, token=None):
    return azureml.Workspace(place["id"], token or place["token"], SERVED["base_url"])


def named(kind="data"):
    return f"{kind} {uuid.uuid4().hex}"


# --- workspace -------------------------------------------------------------------------------------------------------


@drive
def workspace_from_a_settings_file():
    """Workspace() reads id, token and addresses from ~/.azureml/settings.json."""
    settings = Path.home() / ".azureml" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    facts = {
        "id": PLACE["id"],
        "authorization_token": PLACE["token"],
        "api_endpoint": SERVED["base_url"],
        "management_endpoint": PLACE["management_url"],
    }
    settings.write_text(json.dumps({"workspace": facts}))
    try:
        found = azureml.Workspace()
    finally:
        settings.unlink()  # or the client would prefer it to what the other drives say
    assert found.management_endpoint == PLACE["management_url"]
    assert len(found.datasets) > 0


@drive
def workspace_below_the_studio_host():
    """The address with the host's label in front serves as well."""
    studio = PLACE["studio_url"].removesuffix("api")
    assert len(azureml.Workspace(PLACE["id"], PLACE["token"], studio).datasets) > 0


@drive
def wrong_token():
    error = expect(azureml.errors.AzureMLUnauthorizedError, len, workspace(token="wrong").datasets)
    assert error.status_code == 401
    assert "is not authorized and has been denied" in str(error)


# --- data sets -------------------------------------------------------------------------------------------------------


@drive
def example_datasets():
    place = workspace()
    names = [dataset.name for dataset in place.example_datasets]
    assert "census-train" in names
    assert all(dataset.is_example for dataset in place.example_datasets)
    assert "census-train" in repr(place.example_datasets)
    train = place.datasets["census-train"].to_dataframe()
    assert list(train.columns[:2]) == ["age", "workclass"]
    assert len(train) > 30_000
    assert not hasattr(place.datasets["census-train"], "update_from_dataframe")


@drive
def add_from_dataframe_in_every_format():
    place = workspace()
    for kind in (TYPES.GenericCSV, TYPES.GenericTSV, TYPES.GenericCSVNoHeader, TYPES.GenericTSVNoHeader):
        name = named(kind)
        added = place.datasets.add_from_dataframe(FRAME, kind, name, "made by a drive")
        assert (added.name, added.data_type_id, added.description) == (name, kind, "made by a drive")
        assert added.owner == "Python SDK"
        back = place.datasets[name].to_dataframe()
        assert back.shape == FRAME.shape
        if "NoHeader" not in kind:
            pd.testing.assert_frame_equal(FRAME, back)


@drive
def add_plain_text_from_dataframe():
    lines = pd.DataFrame({"line": ["one", "two"]})
    added = workspace().datasets.add_from_dataframe(lines, TYPES.PlainText, named(), "text")
    assert added.read_as_text() == "one\ntwo\n"
    assert added.schema_status == "NotSupported"


@drive
def add_from_raw_data():
    text = b"@relation r\n@attribute a numeric\n@data\n1\n"
    added = workspace().datasets.add_from_raw_data(text, TYPES.ARFF, named(), "typed in")
    assert added.read_as_binary() == text
    with added.open() as reader:
        assert reader.read() == text
    assert (added.schema_status, added.size) == ("Complete", len(text))


@drive
def add_from_raw_data_in_blocks():
    """5 MiB go in three blocks and come back the same."""
    content = bytes(range(256)) * 20480
    added = workspace().datasets.add_from_raw_data(content, TYPES.GenericCSV, named(), "large")
    assert added.read_as_binary() == content
    assert added.schema_status == "Failed"


@drive
def metadata_of_a_dataset():
    added = workspace().datasets.add_from_dataframe(FRAME, TYPES.GenericCSV, named(), "metadata")
    kind = type(added)
    properties = [name for name, value in vars(kind).items() if isinstance(value, property)]
    values = {name: getattr(added, name) for name in properties}
    assert values["dataset_id"].startswith(PLACE["id"] + ".")
    assert values["dataset_id"].split(".")[1] == values["family_id"]
    assert values["created_date"].year >= 2024
    assert values["is_latest"] is True
    assert values["source_origin"] == "FromResourceUpload"
    for place in (added.download_location, added.visualize_end_point, added.schema_end_point):
        members = [name for name, value in vars(type(place)).items() if isinstance(value, property)]
        assert {name: getattr(place, name) for name in members}["endpoint_type"] == "AzureBlob"
    assert added.contents_url.startswith(SERVED["blob_url"])
    assert repr(added) == added.name


@drive
def datasets_by_index_and_name():
    place = workspace()
    name = named()
    place.datasets.add_from_dataframe(FRAME, TYPES.GenericCSV, name, "by name")
    assert name in [dataset.name for dataset in place.user_datasets]
    assert place.datasets[0].name == next(iter(place.datasets)).name
    assert len(place.datasets) == len(place.user_datasets) + len(place.example_datasets)
    expect(IndexError, place.datasets.__getitem__, name.upper())
    expect(IndexError, place.datasets.__getitem__, 32700)


@drive
def a_name_that_is_taken():
    datasets, name = workspace().datasets, named()
    datasets.add_from_dataframe(FRAME, TYPES.GenericCSV, name, "first")
    kind = azureml.errors.AzureMLConflictHttpError
    error = expect(kind, datasets.add_from_dataframe, FRAME, TYPES.GenericCSV, name, "second")
    assert error.status_code == 409


@drive
def a_name_that_is_forbidden():
    kind, datasets = azureml.errors.AzureMLHttpError, workspace().datasets
    error = expect(kind, datasets.add_from_dataframe, FRAME, TYPES.GenericCSV, "a:b", "bad name")
    assert error.status_code == 400
    assert "forbidden characters" in str(error)


@drive
def update_a_dataset():
    place, name = workspace(), named()
    dataset = place.datasets.add_from_dataframe(FRAME, TYPES.GenericCSV, name, "old")
    before = dataset.dataset_id
    other = pd.DataFrame({"a": [101], "b": [0.5]})
    dataset.update_from_dataframe(other)
    pd.testing.assert_frame_equal(other, dataset.to_dataframe())
    assert (dataset.name, dataset.description) == (name, "old")
    assert dataset.dataset_id != before
    dataset.update_from_dataframe(other, TYPES.GenericTSV, name + " two", "new")
    assert (dataset.name, dataset.description, dataset.data_type_id) == (name + " two", "new", TYPES.GenericTSV)
    dataset.update_from_raw_data(b"a,b\n7,8\n", TYPES.GenericCSV, name + " three", "raw")
    assert place.datasets[name + " three"].to_dataframe().values.tolist() == [[7, 8]]
    expect(IndexError, place.datasets.__getitem__, name)


@drive
def serialize_by_hand():
    """The client's own readers and writers agree with what comes from the storage."""
    buffer = io.BytesIO()
    azureml.serialization.serialize_dataframe(buffer, TYPES.GenericCSV, FRAME)
    added = workspace().datasets.add_from_raw_data(buffer.getvalue(), TYPES.GenericCSV, named(), "by hand")
    with added.open() as reader:
        back = azureml.serialization.deserialize_dataframe(reader, TYPES.GenericCSV)
    pd.testing.assert_frame_equal(FRAME, back)
    assert azureml.serialization.is_supported(TYPES.GenericCSV)
    assert not azureml.serialization.is_supported(TYPES.ARFF)


# --- experiments -----------------------------------------------------------------------------------------------------


@drive
def experiments():
    place = workspace()
    found = {experiment.description: experiment for experiment in place.experiments}
    one = found["Census Model [Predictive Exp.]"]
    assert place.experiments[one.experiment_id].experiment_id == one.experiment_id
    assert place.experiments[0].experiment_id == next(iter(place.experiments)).experiment_id
    assert len(place.experiments) == len(place.user_experiments) + len(place.example_experiments)
    assert one.description in repr(place.experiments)
    assert one.experiment_id in repr(one)
    properties = [name for name, value in vars(type(one)).items() if isinstance(value, property)]
    values = {name: getattr(one, name) for name in properties}
    assert values["is_archived"] is False
    assert values["is_example"] is False
    assert (values["status"].status_code, values["status"].status_detail) == ("Finished", None)
    assert values["status"].creation_time.year >= 2024
    expect(IndexError, place.experiments.__getitem__, "Does Not Exist")


@drive
def intermediate_dataset():
    place = workspace()
    one = next(every for every in place.experiments if every.description == "Census Model [Predictive Exp.]")
    scored = one.get_intermediate_dataset("score", "Scored dataset", TYPES.GenericCSV)
    frame = scored.to_dataframe()
    assert list(frame.columns[-2:]) == ["Scored Labels", "Scored Probabilities"]
    assert scored.read_as_text().startswith("age,workclass,")
    assert scored.read_as_binary() == scored.open().read()


# --- web services ----------------------------------------------------------------------------------------------------


def bike_function(url):
    @services.service(url, BIKES["primary_key"], BIKES["help_location"])
    @services.dataframe_service(**COLUMNS)
    @services.returns({"Scored Labels": float})
    def riders(season, mnth, day, hr, holiday, weekday, workingday, weathersit, temp, atemp, hum, windspeed):
        raise AssertionError("the body never runs")

    return riders


@drive
def call_a_scoring_service():
    """A decorated function is answered by the bike model; strings go out, typed values come back."""
    riders = bike_function(BIKES["api_location"] + "/execute?api-version=2.0&details=true")
    row = riders(**HOUR)
    assert row["mnth"] == "Jan"
    assert row["hr"] == 17
    assert isinstance(row["Scored Labels"], float)
    assert tuple(riders) == (riders.url, BIKES["primary_key"], BIKES["help_location"])


@drive
def map_a_scoring_service():
    """One request scores many rows, each as the single call does."""
    riders = bike_function(BIKES["api_location"] + "/execute?api-version=2.0&details=true")
    hours = [{**HOUR, "hr": hour} for hour in (3, 17)]
    mapped = riders.map(*([hour[name] for hour in hours] for name in HOUR))
    assert mapped == [riders(**hour) for hour in hours]
    assert mapped[0]["Scored Labels"] < mapped[1]["Scored Labels"]


@drive
def call_with_names_of_ones_own():
    """input_name and output_name go into the request and pick from the reply."""

    @services.service(BIKES["api_location"] + "/execute?api-version=2.0&details=true", BIKES["primary_key"])
    @services.dataframe_service(**COLUMNS)
    @services.returns({"Scored Labels": float})
    @services.input_name("input1")
    @services.output_name("output1")
    def named_ports(season, mnth, day, hr, holiday, weekday, workingday, weathersit, temp, atemp, hum, windspeed):
        raise AssertionError("the body never runs")

    assert named_ports(**HOUR)["season"] == 1


@drive
def call_with_a_wrong_key():
    """The client shows the service's own sentence."""
    wrong = services.service(BIKES["api_location"] + "/execute?api-version=2.0", "wrong")
    function = wrong(services.dataframe_service(a=float)(lambda a: None))
    assert str(expect(RuntimeError, function, 1.0)) == "Invalid credentials provided."


@drive
def publish_without_a_mapping():
    """A published function is stored and listed; calling it says why it cannot be run here."""

    @services.types(a=float, b=float)
    @services.returns(float)
    def stored(a, b):
        return a + b

    published = services.publish(stored, PLACE["id"], PLACE["token"], endpoint=PLACE["management_url"])
    url, key, help_url = published
    assert url.startswith(SERVED["base_url"])
    assert help_url.endswith("/score")
    assert key
    assert "stored" in repr(published)
    assert "is stored but not run" in str(expect(ValueError, published, 1.0, 2.0))
    expect(NotImplementedError, published.delete)


def into_mapped(function):
    place = MAPPED["workspaces"][0]
    return services.publish(function, place["id"], place["token"], endpoint=place["management_url"])


@drive
def publish_and_call():
    """Typed functions that the user mapped answer as the client's own tests expect: numbers, switches, text, tuples."""

    @services.types(a=int, b=int)
    @services.returns(int)
    def adder(a, b):
        return a + b

    @services.types(a=bool, b=bool)
    @services.returns(bool)
    def both(a, b):
        return a and b

    @services.types(a=str, b=str)
    @services.returns(str)
    def joined(a, b):
        return a + b

    @services.types(a=int, b=int)
    @services.returns((int, int))
    def pair(a, b):
        return a + b, a - b

    assert into_mapped(adder)(2, 3) == 5
    assert [into_mapped(both)(True, value) for value in (True, False)] == [True, False]
    assert into_mapped(joined)("x", "y") == "xy"
    assert into_mapped(pair)(5, 3) == (8, 2)
    assert into_mapped(adder).map([1, 2], [10, 20]) == [11, 22]


@drive
def publish_untyped():
    """Values without a declared type travel in the client's own encoding, there and back."""

    def identity(a):
        return a

    published = into_mapped(identity)
    for value in ({"a": [1, None], "b": (True, 2.5)}, np.int32(4), np.int64(5), np.float64(0.5), None, "text"):
        assert published(value) == value


@drive
def publish_by_decorator():
    """The decorator publishes under a name of its own; the function itself stays local."""
    place = MAPPED["workspaces"][0]

    @services.publish(place["id"], place["token"], endpoint=place["management_url"])
    @services.name("adder")
    @services.types(a=int, b=int)
    @services.returns(int)
    def anything(a, b):
        return a * b

    assert (anything(2, 3), anything.service(2, 3)) == (6, 5)


@drive
def publish_again_under_the_same_id():
    """With service_id a second publication replaces the first: same address, same key."""
    wanted = str(uuid.uuid4())

    @services.service_id(wanted)
    @services.name("adder")
    @services.types(a=int, b=int)
    @services.returns(int)
    def again(a, b):
        return a + b

    first, second = into_mapped(again), into_mapped(again)
    assert first.service_id == wanted.replace("-", "")
    assert tuple(first) == tuple(second)


@drive
def publish_a_dataframe_service():
    """A function of a data frame is called with the columns of its schema."""

    @services.dataframe_service(a=int, b=int)
    @services.returns(int)
    @services.name("adder")
    def frame(a, b):
        raise AssertionError("the body never runs")

    assert into_mapped(frame)(20, 22) == 42


@drive
def publish_with_a_wrong_token():
    """The client shows the management host's sentence."""

    @services.types(a=int)
    @services.returns(int)
    def refused(a):
        return a

    error = expect(ValueError, services.publish, refused, PLACE["id"], "wrong", endpoint=PLACE["management_url"])
    assert "Request is unauthorized to access resource." in str(error)


@drive
def publish_to_another_region():
    """The management host of another region gives the sentence that was observed."""

    @services.types(a=int)
    @services.returns(int)
    def refused(a):
        return a

    elsewhere = SERVED["workspaces"][1]["management_url"]
    error = expect(ValueError, services.publish, refused, PLACE["id"], PLACE["token"], endpoint=elsewhere)
    assert "Internal error. The error code has been logged." in str(error)


if __name__ == "__main__":
    main(
        azureml,
        (azureml, azureml.errors, azureml.serialization, services),
        exposed=("_to_dataframe", "_update_from_dataframe", "_update_from_raw_data"),
    )
