"""What somebody else does to a retraining, as a documented failure has it: the effects that a fault can be armed with.

A refusal that is merely answered shows a program the service's sentence, but everything else (the endpoint, the blob,
``amlclassic diagnose``) would still say that all is well. An effect makes the failure true instead, for a program that
does everything right: its PATCH goes astray, or the token that it is given is cut. Each is named as its failure in
``contracts/failures`` and takes place at one moment of the flow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from amlemulator.core.endpoints import refresh
from amlemulator.core.records import Endpoint

Moment = Literal["patch", "help", "score", "find", "publish", "results", "start"]

# When each takes place: a PATCH of models, a look at an added endpoint's Update Resource page, a score of one, a call
# that names or lists scoring services, publishing in the place of a service, the answer with a finished job's results.
EFFECTS: Mapping[str, Moment] = {
    "another-endpoint-patched": "patch",
    "endpoint-never-patched": "patch",
    "not-propagated": "patch",
    "refresh-discards-model": "patch",
    "republished-endpoint-stale": "patch",
    "same-model": "patch",
    "endpoint-on-training-service": "help",
    "another-endpoint-scored": "score",
    "predictive-not-deployed": "find",
    "prevent-update": "publish",
    "evaluation-as-model": "results",
    "locations-joined-wrongly": "results",
    "model-blob-deleted": "results",
    "renamed-as-model": "results",
    "sas-cut": "results",
    "sas-expired": "results",
    "sas-of-another-blob": "results",
    "sas-without-question-mark": "results",
    "storage-key-changed": "results",
}
PROPAGATION_SECONDS = 30.0  # the longest that the service itself was said to take (documents.md 10.1)


@dataclass(frozen=True, slots=True)
class Patch:
    """A PATCH of models: the endpoint with its new settings and old models, and as the PATCH asks for it."""

    before: Endpoint
    after: Endpoint
    default: Endpoint
    other: Endpoint  # another added endpoint of the service, which may be new

    def meets(self, effect: str | None) -> Sequence[Endpoint]:
        """Return the endpoints as they are kept when a PATCH meets an effect; the answer is ``after`` all the same."""
        if effect == "endpoint-never-patched":
            return (self.before,)
        if effect == "another-endpoint-patched":
            return self.before, replace(self.other, resources=self.after.resources)
        if effect == "refresh-discards-model":
            return (refresh(self.after, self.default, overwrite=True),)
        if effect == "same-model":
            old = {resource.name: resource.model for resource in self.before.resources}
            kept = (replace(resource, model=old[resource.name]) for resource in self.after.resources)
            return (replace(self.after, resources=tuple(kept)),)
        return (self.after,)


def with_other_outputs(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """Return an experiment as somebody changed it: its Web Service Outputs have other names."""
    nodes = [
        {**node, "parameters": {**node["parameters"], "Name": f"{node['parameters'].get('Name', 'output')}new"}}
        if node["module"] == "Web Service Output"
        else node
        for node in experiment["nodes"]
    ]
    return {**experiment, "nodes": nodes}
