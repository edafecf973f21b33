"""A whole diagnosis: what it asks, in which order, and which checks wait for others."""

from dataclasses import replace

import pytest

from amlclient import RetrainingSetup, diagnose
from client.fake_service import FakeClock
from support.scripted import (
    KNOWN,
    MODEL,
    OF_ADDED,
    OF_DEFAULT,
    OF_TRAINER,
    PATCH,
    SAS,
    TOKEN,
    Refusal,
    Scripted,
    management,
    scoring,
    workspace,
)

WHOLE = RetrainingSetup(
    patch_url=PATCH,
    token=TOKEN,
    resource_name="m [trained model]",
    scoring_url=scoring(OF_ADDED),
    scoring_key="key-ep1",
    training_url=scoring(OF_TRAINER),
    training_key="training-key",
    job_id="j",
)


def test_a_diagnosis_asks_for_what_it_needs_and_little_else() -> None:
    """Every call with its key: only GET and RRS, no secret to a host that needs none, the lists once."""
    transport = Scripted(workspace())
    diagnosis = diagnose(WHOLE, transport=transport, clock=FakeClock(), timeout=5.0)
    assert ["ok"] * 12 == [one.outcome for one in diagnosis.checks]
    names = {OF_TRAINER: "TRAINER", OF_DEFAULT: "DEFAULT", OF_ADDED: "ADDED", management(): "M", scoring(""): "S/"}
    asked = transport.asked
    for long, short in names.items():
        asked = [one.replace(long, short) for one in asked]
    rrs = "execute?api-version=2.0&details=true"
    of_added = [("GET S/ADDED/swagger.json", "none"), (f"POST S/ADDED/{rrs}", "key-ep1")]
    of_default = [("GET S/DEFAULT/swagger.json", "none"), (f"POST S/DEFAULT/{rrs}", "key-default")]
    assert [
        ("GET M", TOKEN),  # whether this region's host knows the workspace
        ("GET M", TOKEN),
        ("GET M/t/endpoints", TOKEN),
        ("GET M/t/endpoints/default", TOKEN),
        ("GET M/s/endpoints", TOKEN),
        ("GET M/s/endpoints/ep1", TOKEN),
        ("GET M/s/endpoints/ep1", TOKEN),  # with the program's own token
        *of_added,
        ("GET S/TRAINER/jobs/j?api-version=2.0", "training-key"),
        (f"GET {MODEL}{SAS}", ""),
        ("GET M/s/endpoints/ep1", TOKEN),  # its resources' names
        ("GET M/s/endpoints/ep1", TOKEN),  # where its model comes from
        of_added[0],  # whether it describes itself as the default one does
        of_default[0],
        *of_added,
        *of_default,
    ] == list(zip(asked, transport.keys, strict=True))
    assert ({5.0}, {True}) == (set(transport.allowed), {one.repeatable for one in transport.calls})


@pytest.mark.parametrize(
    ("changes", "found", "waiting", "causes"),
    [
        ({}, [], [], ""),
        (
            {"patch_url": management("/s/endpoints/absent")},
            ["patch-url"],
            ["service", "default", "scored", "resource", "serves"],
            "endpoint-never-added",
        ),
        (
            {"patch_url": management("/t/endpoints/default")},
            ["service"],
            ["default", "scored", "resource", "serves"],
            "patch-on-training-service",
        ),
        (
            {"patch_url": management("/s/endpoints/default")},
            ["default"],
            ["serves"],
            "patch-on-default",
        ),
        (
            {"patch_url": PATCH.replace("/w/", "/x/"), "workspace": KNOWN},
            ["patch-url"],
            ["service", "default", "scored", "resource", "serves"],
            "it is of workspace x; the one that is known is w",
        ),
        ({"scoring_key": "old", "resource_name": " "}, ["key", "resource"], ["serves"], "key-regenerated"),
    ],
)
def test_what_waits_for_something_to_be_mended(changes, found, waiting, causes) -> None:
    """A check is not made on what another one found wrong; it names the first such cause. The others are made."""
    diagnosis = diagnose(replace(WHOLE, **changes), transport=Scripted(workspace()), clock=FakeClock())
    assert found == [one.check for one in diagnosis.findings]
    first = f"mend what is wrong first: {causes}"
    assert waiting == [one.check for one in diagnosis.checks if one.evidence == (first,) and one.outcome == "unknown"]
    assert "mend what is wrong first" not in str([one.evidence for one in diagnosis.checks if one.check not in waiting])


def test_a_service_that_is_busy_is_asked_once() -> None:
    """A diagnosis tells of a 503; waiting until it is over would hide it. Half a minute is allowed for each call."""
    transport = Scripted({**workspace(), f"{scoring(OF_ADDED)}/execute": Refusal(503, "ServiceUnavailable")})
    diagnose(RetrainingSetup(scoring_url=scoring(OF_ADDED), scoring_key="k"), transport=transport, clock=FakeClock())
    assert 1 == sum("execute" in one for one in transport.asked)
    assert {30.0} == set(transport.allowed)
    assert not transport.closed  # it is the caller's
