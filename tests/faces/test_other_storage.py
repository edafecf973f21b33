"""Batch jobs and models in somebody else's storage: only where the user allowed it, by the reference's own right."""

import io
from contextlib import closing
from urllib.parse import parse_qs

import pytest
import requests

from amlemulator import Emulator
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.sas import make_account_sas
from amlemulator.experiments.model_file import MAGIC
from amlemulator.faces.blob import BlobApplication
from amlemulator.samples import workspaces
from support import graphs
from support.blob_storage import ACCOUNT, KEY, serving
from support.blobs import upload
from support.census import CLERK, plain
from support.listening import answering
from support.runner import until
from support.wire import COMMON, Place, Wire

INPUT = b"x,n\n1,2\n2,4\n3,6\n5,10\n"
OTHER = "theirs", "a2V5IG9mIHNvbWVib2R5IGVsc2U="  # an account that is not one of the emulator's


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Somebody else's storage, with the development account (as Azurite has it) and another one."""
    accounts = {ACCOUNT: KEY, OTHER[0]: OTHER[1]}
    with (
        closing(FilesBlobs(tmp_path_factory.mktemp("theirs"), accounts, SystemClock())) as blobs,
        serving(BlobApplication(blobs, SystemClock()), blobs.spool) as base,
    ):
        blobs.base = base
        for account in accounts:
            blobs.create_container(account, "data")
            blobs.put(account, "data", "in.csv", io.BytesIO(INPUT))
        yield blobs


def allowed(theirs):
    return theirs.base.removeprefix("http://")


@pytest.fixture(scope="module")
def allowing(theirs):
    """Make an emulator that may use theirs."""
    hosts = f"{allowed(theirs)} devstoreaccount1.blob.core.windows.net *.blob.core.usgovcloudapi.net"
    with closing(Emulator(**COMMON, allow_storage=hosts)) as emulator:
        yield emulator


@pytest.fixture
def place(allowing):
    """Make a fresh workspace there."""
    return Place(Wire(allowing), allowing.add_workspace("Test"))


def by_key(theirs, name, account=ACCOUNT, key=KEY):
    text = f"AccountName={account};AccountKey={key};BlobEndpoint={theirs.base}/{account}"
    return {"ConnectionString": text, "RelativeLocation": f"data/{name}"}


def by_token(theirs, name, permissions, account=OTHER[0], key=OTHER[1]):
    now = SystemClock().now()
    token = make_account_sas(account, key, permissions, now - 300, now + 3600, resources="co")
    return {"BaseLocation": f"{theirs.base}/{account}/", "RelativeLocation": f"data/{name}", "SasBlobToken": token}


def run(target, source, outputs=None):
    body = {"Input": source, "GlobalParameters": {}, "Outputs": outputs}
    job = target.jobs("POST", "", body).json
    target.jobs("POST", f"/{job}/start")
    return until(
        lambda: (found := target.jobs("GET", f"/{job}").json)["StatusCode"] in ("Finished", "Failed") and found
    )


def content(theirs, name, account=ACCOUNT):
    with theirs.open(account, "data", name) as source:
        return source.read()


def test_a_job_reads_and_writes_there(place, theirs):
    """Input and outputs lie there; a result with a fresh token is an address when its three values are put together."""
    training = place.deploy(graphs.TRAINING)
    outputs = {"output1": by_key(theirs, "out/m.ilearner"), "output2": by_key(theirs, "out/e.csv")}
    done = run(training, by_key(theirs, "in.csv"), outputs)
    assert "Finished" == done["StatusCode"], done
    result = done["Results"]["output2"]
    assert f"{theirs.base}/{ACCOUNT}/" == result["BaseLocation"]
    address = "".join(result[part] for part in ("BaseLocation", "RelativeLocation", "SasBlobToken"))
    assert content(theirs, "out/e.csv") == requests.get(address, timeout=10).content
    assert (["b"], ["r"]) == tuple(parse_qs(result["SasBlobToken"][1:])[name] for name in ("sr", "sp"))
    assert MAGIC == content(theirs, "out/m.ilearner")[: len(MAGIC)]


def test_by_a_token_alone(place, theirs):
    """Without a key nothing can be signed anew: the result carries the token that the request brought."""
    training = place.deploy(graphs.TRAINING)
    output = by_token(theirs, "out/token.ilearner", "rcw")
    done = run(training, by_token(theirs, "in.csv", "r"), {"output1": output})
    assert "Finished" == done["StatusCode"], done
    assert output == {name: value for name, value in done["Results"]["output1"].items() if value is not None}
    assert content(theirs, "out/token.ilearner", OTHER[0])


def test_a_model_is_patched_from_there(place, theirs):
    """PATCH copies the model from there; the endpoint answers with it when the blob is long gone."""
    default = place.sample("census-model-predictive")
    added = default.add("ep2")
    model = next(iter(workspaces()[0].services[1].models.values()))
    theirs.put(OTHER[0], "data", "m.ilearner", io.BytesIO(model))
    location = by_token(theirs, "m.ilearner", "r")
    given = {"Resources": [{"Name": "Census Model [trained model]", "Location": location}]}
    answer = place.manage("PATCH", added.managed, given)
    assert 200 == answer.status, answer
    theirs.delete(OTHER[0], "data", "m.ilearner")
    assert 200 == added.score(plain(CLERK)).status
    assert 400 == place.manage("PATCH", added.managed, given).status


def test_what_the_storage_refuses_fails_the_job_in_its_words(place, theirs):
    """A missing blob, a right that is not there: Failed with Azure's words, neither key nor token in the Details."""
    training = place.deploy(graphs.TRAINING)
    readable, missing = by_key(theirs, "in.csv"), by_key(theirs, "nothing.csv")
    unwritable = by_token(theirs, "no.ilearner", "r")
    for source, outputs, said in (
        (missing, None, "The specified blob does not exist."),
        (readable, {"output1": unwritable}, "AuthorizationPermissionMismatch"),
    ):
        done = run(training, source, outputs)
        assert ("Failed", True) == (done["StatusCode"], said in done["Details"]), done
        assert [] == [secret for secret in (KEY, OTHER[1], "sig=") if secret in done["Details"]]


def test_a_host_that_nobody_allowed_is_never_contacted(place):
    """The job fails with the sentence that says how to allow it; no connection was made."""
    training = place.deploy(graphs.TRAINING)
    text = f"AccountName={OTHER[0]};AccountKey={OTHER[1]};BlobEndpoint=http://%s/{OTHER[0]}"
    with answering() as (port, came):
        host = f"127.0.0.1:{port}"
        done = run(training, {"ConnectionString": text % host, "RelativeLocation": "data/in.csv"})
        assert f"with --allow-storage {host} to use the storage there" in done["Details"]
        assert OTHER[1] not in done["Details"]
    assert [] == came


def test_the_own_account_is_meant_where_the_host_was_not_allowed(place):
    """Where nobody allowed the host, the account's name is enough, wherever the address seems to lead."""
    upload(place.emulator, "own.csv", INPUT)
    source = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://elsewhere.example/{ACCOUNT}"
    done = run(place.deploy(graphs.TRAINING), {"ConnectionString": source, "RelativeLocation": "tests/own.csv"})
    assert "Finished" == done["StatusCode"], done


@pytest.mark.parametrize("domain", ["core.windows.net", "core.usgovcloudapi.net"])
def test_azures_own_names_are_resolved_to_ours_first(place, domain):
    """Even where the real one is allowed, an account that is here is the emulator's."""
    upload(place.emulator, "own.csv", INPUT)
    text = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY};BlobEndpoint=https://{DEVELOPMENT_ACCOUNT}.blob.{domain}"
    done = run(place.deploy(graphs.TRAINING), {"ConnectionString": text, "RelativeLocation": "tests/own.csv"})
    assert "Finished" == done["StatusCode"], done


def test_where_it_is_looked_at_when_submitting(place_with, theirs):
    """With --blob-check submit the other storage is asked at once too."""
    training = place_with(allow_storage=allowed(theirs), blob_check="submit").deploy(graphs.TRAINING)
    bodies = [{"Input": by_key(theirs, name)} for name in ("in.csv", "nothing.csv")]
    assert [200, 400] == [training.jobs("POST", "", body).status for body in bodies]


def test_a_key_never_travels(place_with):
    """Signatures do; the key itself is in no byte that is sent."""
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with answering(missing) as (port, received):
        host = f"127.0.0.1:{port}"
        training = place_with(allow_storage=host).deploy(graphs.TRAINING)
        text = f"AccountName={OTHER[0]};AccountKey={OTHER[1]};BlobEndpoint=http://{host}/{OTHER[0]}"
        assert "Failed" == run(training, {"ConnectionString": text, "RelativeLocation": "data/in.csv"})["StatusCode"]
    sent = b"".join(received)
    assert f"SharedKey {OTHER[0]}:".encode() in sent
    assert OTHER[1].encode() not in sent
