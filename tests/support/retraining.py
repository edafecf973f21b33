"""A retraining that goes well, in a workspace of its own: what the laws of diagnosing break, one value at a time."""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import requests

from amlclient import Answer, BlobLocation, Call, Deadline, EndpointsFile, RetrainingSetup, Transport, WSGIAdapter
from amlcontracts import load
from amlemulator import Emulator
from amlemulator.core.batch import Submission
from amlemulator.core.endpoints import Settings
from amlemulator.core.records import BlobReference, Endpoint, WebService, Workspace
from amlemulator.samples import workspaces
from support.wire import BASE, BLOB

REGIONS = sorted(load("regions"))
SETTLED = 60.0  # seconds after which an endpoint is no longer fresh and a PATCH has propagated
STORAGE = "UseDevelopmentStorage=true"
EVALUATION = b"Accuracy,Precision\r\n0.85,0.75\r\n"


def emulator_for_diagnoses(**changes: Any) -> Emulator:
    """Make an emulator that shows all of what takes time or load: propagation, fresh endpoints, throttling."""
    return Emulator(
        **{"samples": False, "seed": "diagnoses", "public_url": BASE, "public_blob_url": BLOB, "workers": 1, **changes},
        propagation_seconds=30.0,
        fresh_endpoint_seconds=10.0,
        enforce_concurrency=True,
    )


class ReadingTransport(Transport):
    """A transport that lets nothing pass that could change the service: GET and RRS only."""

    def send(self, call: Call, deadline: Deadline) -> Answer:
        """Send it. AssertionError for anything else."""
        assert call.method == "GET" or (call.method == "POST" and call.url.endswith("/execute")), call
        return super().send(call, deadline)


def transport_to(emulator: Emulator) -> Transport:
    """Return a transport without sockets to both listeners of an emulator, for reading only."""

    def to_blobs(environ: Any, start_response: Any) -> Any:
        return emulator.blob_application(environ, start_response)  # another one while faults are armed

    session = requests.Session()
    session.trust_env = False
    session.mount(BASE, WSGIAdapter(emulator.wsgi_app))
    session.mount(BLOB, WSGIAdapter(to_blobs))
    return ReadingTransport(session)


@cache
def retrained(sample: str) -> bytes:
    """Return another model for a sample's resource than the one it is deployed with, trained on its first rows."""
    from amlemulator.failures.material import Models

    if sample != "census":
        raise KeyError(sample)
    with Emulator(samples=False, workers=1) as emulator:
        return Models().trained(emulator)[0]


@dataclass
class Retraining:
    """A finished, healthy retraining, and the setup that a program has for it.

    ``setup`` starts with every value right; ``chance`` decides what is random about the workspace.
    """

    emulator: Emulator
    chance: random.Random
    known: bool = True  # whether an endpoints file is at hand
    workspace: Workspace = field(init=False)
    training: WebService = field(init=False)
    scoring: WebService = field(init=False)
    setup: RetrainingSetup = field(init=False)
    model: BlobLocation = field(init=False)
    held: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        chance = self.chance
        self.workspace = self.emulator.add_workspace("Diagnosed", chance.choice(REGIONS))
        samples = {service.graph: service for service in workspaces()[0].services}
        graphs = ["census-model", "census-model-predictive"]
        graphs += [graph for graph in ("bike-rental-training", "bike-rental-scoring") if chance.random() < 0.3]
        chance.shuffle(graphs)
        made = {graph: self._deploy(samples[graph]) for graph in graphs}
        self.training, self.scoring = made["census-model"], made["census-model-predictive"]
        for name in chance.sample(["other", "staging", "ep2", "z9"], chance.randrange(3)):
            self.add(name)
        self.name = chance.choice(["retrained", "ep1", "new2018"])
        self.add(self.name)
        self.later()
        self.setup = self._setup()
        self.update()

    def _deploy(self, sample: Any) -> WebService:
        return self.emulator.add_service(self.workspace, sample.name, sample.experiment, sample.models)

    def _setup(self) -> RetrainingSetup:
        results = self.train()
        self.model = results["output1"]
        place = self.endpoint(self.scoring, self.name)
        training = self.endpoint(self.training, "default")
        addresses = self.emulator.addresses
        setup = RetrainingSetup(
            patch_url=addresses.patch_url(self.workspace, self.scoring, place),
            token=self.chance.choice([self.workspace.primary_token, self.workspace.secondary_token]),
            resource_name="Census Model [trained model]",
            model=self.model,
            scoring_url=addresses.api_location(self.workspace, place),
            scoring_key=self.chance.choice([place.primary_key, place.secondary_key]),
            training_url=addresses.api_location(self.workspace, training),
            training_key=training.primary_key,
            job_id=self.job_id,
        )
        return replace(setup, workspace=self.entry()) if self.known else setup

    def entry(self) -> Any:
        """Return what an endpoints file says of the workspace."""
        addresses = self.emulator.addresses
        wire = {
            "id": self.workspace.id,
            "name": self.workspace.name,
            "region": self.workspace.region,
            "token": self.workspace.primary_token,
            "management_url": addresses.management_url(self.workspace),
            "services": [],
        }
        return EndpointsFile.from_json(
            {"version": 1, "base_url": self.emulator.base_url, "workspaces": [wire]}
        ).workspaces[0]

    # --- what a program and a person do ---------------------------------------------------------------------------

    def endpoint(self, service: WebService, name: str) -> Endpoint:
        """Return an endpoint as it is now."""
        found = self.emulator.directory.endpoint_named(service.id, name)
        assert found is not None
        return found

    def add(self, name: str, service: WebService | None = None) -> Endpoint:
        """Add an endpoint."""
        return self.emulator.administration.put_endpoint((service or self.scoring).id, name, Settings())

    def later(self, seconds: float = SETTLED) -> None:
        """Let time pass."""
        self.emulator.clock.advance(seconds)

    def submit(self, submission: Submission | None = None, policy: str = "manual") -> str:
        """Submit a job without starting it: one that is never run, unless the policy is another."""
        training = self.endpoint(self.training, "default")
        self.emulator.jobs.policy(policy, self.workspace.id)
        given = submission or Submission({"input1": BlobReference(STORAGE, relative_location="in/rows.csv")})
        return self.emulator.batch.submit(training, given, legacy=False).id

    def run(self, submission: Submission) -> str:
        """Have a job really run, and wait for its end."""
        job_id = self.submit(submission, "immediate")
        self.start(job_id)
        return job_id

    def start(self, job_id: str) -> None:
        """Start a job; it is held until it is finished or failed by hand."""
        job = self.emulator.jobs.find(job_id)
        assert job is not None
        self.emulator.batch.start(job)

    def train(self) -> dict[str, BlobLocation]:
        """Have a job finished; returns its results with fresh tokens."""
        self.job_id = self.submit()
        self.start(self.job_id)
        self.emulator.jobs.finish(self.job_id, {"output1": retrained("census"), "output2": EVALUATION})
        job = self.emulator.jobs.find(self.job_id)
        assert job is not None
        shared = {
            name: self.emulator.storage.shared(output, self.emulator.addresses) for name, output in job.results.items()
        }
        return {
            name: BlobLocation(one.relative_location, one.base_location, one.sas_blob_token)
            for name, one in shared.items()
        }

    def patch(self, name: str, location: BlobLocation | None = None) -> None:
        """PATCH an endpoint of the scoring service over the wire, as the program would."""
        place = self.endpoint(self.scoring, name)
        location = (location or self.model).to_json()
        body = {"Resources": [{"Name": "Census Model [trained model]", "Location": location}]}
        url = self.emulator.addresses.patch_url(self.workspace, self.scoring, place)
        session = requests.Session()
        session.mount(self.emulator.base_url, WSGIAdapter(self.emulator.wsgi_app))
        answer = session.patch(url, json=body, headers={"Authorization": f"Bearer {self.workspace.primary_token}"})
        assert 200 == answer.status_code, answer.text

    def update(self) -> None:
        """Bring the new model to the endpoint, and wait until it answers."""
        self.patch(self.name)
        self.later()

    def unpatched(self) -> None:
        """Undo the update: the endpoint is as it was when it was added."""
        place = self.emulator.directory.endpoint_named(self.scoring.id, self.name)
        if place is None:
            return
        fresh = replace(place, resources=self.endpoint(self.scoring, "default").resources)
        with self.emulator.store.transaction() as transaction:
            transaction.put(fresh)

    def close(self) -> None:
        """Give back what a cause holds, and take the workspace away."""
        self.held.close()
        self.emulator.faults.clear(self.workspace.id)
        self.emulator.reset(self.workspace.id)

    def use(self, **values: Any) -> None:
        """Have the program use other values."""
        self.setup = replace(self.setup, **values)
