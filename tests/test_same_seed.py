"""The same seed and the same moment: the same ids, keys, times, models and answers, to the byte."""

import pytest

from amlemulator import Emulator
from amlemulator.samples import dataset_content
from support.census import plain

ROWS = b"".join(dataset_content("census-train").splitlines(keepends=True)[:200])
MOMENT = 1_700_000_000.0


class Program:
    """A program that retrains; it keeps every answer that it gets."""

    def __init__(self, emulator):
        self.aml = emulator.workspace("Mine")
        self.session = emulator.session()
        self.answers = []

    def call(self, method, url, key, **options):
        answer = self.session.request(method, url, headers={"Authorization": f"Bearer {key}"}, **options)
        self.answers.append((answer.status_code, sorted(answer.headers.items()), answer.content))
        return answer

    def run(self):
        """Upload, train, add an endpoint, update it, score, and ask for what is not there.

        No page is in it: the token of a page's forms must not be one that can be known before.
        """
        aml, version = self.aml, "?api-version=2.0"
        training, scoring = aml.endpoint("Census Model"), aml.endpoint("Census Model [Predictive Exp.]")
        self.upload()
        aml.jobs.policy("immediate")
        rows = {"ConnectionString": aml.connection_string, "RelativeLocation": "rows/a b.csv"}
        job = self.call("POST", f"{training.api_location}/jobs{version}", training.key, json={"Input": rows}).json()
        self.call("POST", f"{training.api_location}/jobs/{job}/start{version}", training.key)
        done = self.call("GET", f"{training.api_location}/jobs/{job}{version}", training.key).json()
        model = done["Results"]["output1"]
        self.answers.append(
            self.session.get(model["BaseLocation"] + model["RelativeLocation"] + model["SasBlobToken"]).content
        )
        added = scoring.patch_url.removesuffix("default") + "added"
        self.call("PUT", added, aml.token, json={"Description": "d"})
        update = {"Resources": [{"Name": "Census Model [trained model]", "Location": model}]}
        self.call("PATCH", added, aml.token, json=update)
        endpoint = aml.endpoint("Census Model [Predictive Exp.]", "added")
        self.call("POST", f"{endpoint.api_location}/execute{version}", endpoint.key, json=plain())
        self.call("GET", f"{endpoint.api_location}/swagger.json", "")
        self.call("GET", f"{training.api_location}/jobs/{'0' * 32}{version}", training.key)
        return self.answers

    def upload(self):
        from azure.core.pipeline.transport import RequestsTransport
        from azure.storage.blob import BlobServiceClient

        transport = RequestsTransport(session=self.session, session_owner=False)
        with BlobServiceClient.from_connection_string(self.aml.connection_string, transport=transport) as service:
            service.create_container("rows")
            done = service.get_blob_client("rows", "a b.csv").upload_blob(ROWS)
            kept = ("etag", "last_modified", "request_id", "version")
            self.answers.append({name: done[name] for name in kept})


@pytest.fixture
def make(request):
    def make(seed):
        emulator = Emulator(seed=seed, auto_accounts=True, samples=False, workers=1)
        request.addfinalizer(emulator.close)
        emulator.clock.freeze(MOMENT)
        return emulator

    return make


def test_the_same_seed_gives_the_same_answers(make):
    """Who does the same gets the same, headers, signatures and trained model included; after a reset, too."""
    first = make("one")
    answers = Program(first).run()
    assert [200] * 5 == [answer[0] for answer in answers[1:4]] + [answers[6][0], answers[7][0]]
    assert answers == Program(make("one")).run()
    first.reset()
    first.clock.freeze(MOMENT)
    assert answers == Program(first).run()


def test_another_seed_gives_others(make):
    """No id or key of one seed is one of another."""
    found = [make(seed).workspace("Mine") for seed in ("one", "other")]
    shown = [{aml.workspace.id, aml.token, *(aml.endpoint(one.name).key for one in aml.services)} for aml in found]
    assert set() == shown[0] & shown[1]
