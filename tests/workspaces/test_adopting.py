"""From what a program's text tells to a workspace that has it."""

from amlemulator.core.adoption import scan
from amlemulator.workspaces.adopting import describe, propose
from amlemulator.workspaces.reading import read_workspaces
from amlemulator.workspaces.writing import write_workspaces

IDS = [letter * 32 for letter in "abcdef"]
KEYS = [f"{letter * 85}A==" for letter in "KLMN"]
PROGRAM = f"""
Workspace = "{IDS[0]}"
TrainingUrl = "https://europewest.services.azureml.net/workspaces/" + Workspace + "/services/{IDS[1]}"
TrainingKey = "{KEYS[0]}"
Management = "https://europewest.management.azureml.net/workspaces/"
UpdateUrl = Management + Workspace + "/webservices/{IDS[2]}/endpoints/retrained"
UpdateKey = "{KEYS[1]}"
Store = "AccountName=mystore;AccountKey={KEYS[2]}"
Input = {{"RelativeLocation": "mycontainer/rows.csv"}}
Model = "Income [trained model]"
"""


def test_the_documents_flow():
    """A training endpoint and its key; a scoring service, its added endpoint and its key; storage; the model's name."""
    made = propose(scan(PROGRAM))
    assert (IDS[0], "West Europe", IDS[1], KEYS[0]) == (
        made.workspace_id,
        made.region,
        made.training_id,
        made.training_key,
    )
    assert (IDS[2], "retrained", KEYS[1]) == (made.service_id, made.endpoint, made.key)
    assert ("mystore", KEYS[2], ["mycontainer"]) == (made.account, made.account_key, made.containers)
    assert ("Income [trained model]", []) == (made.resource, made.notes)


def test_what_is_proposed_can_be_served(tmp_path):
    """Written as a folder and read back, it has the program's ids, keys and names."""
    write_workspaces(tmp_path / "adopted", [describe(propose(scan(PROGRAM)))])
    (made,) = read_workspaces(tmp_path / "adopted")
    training, scoring = made.services
    assert (IDS[0], "West Europe", "mystore") == (made.id, made.region, made.storage.account)
    assert ("Income", IDS[1], KEYS[0]) == (training.name, training.endpoints[0].id, training.endpoints[0].primary_key)
    assert (IDS[2], ["Income [trained model]"]) == (scoring.id, list(scoring.models))
    named = {one.name: one.primary_key for one in scoring.endpoints}
    assert {"default": None, "retrained": KEYS[1]} == named
    assert (("mystore", "mycontainer"),) == made.containers


def test_two_endpoints_without_names_are_taken_in_order():
    """The first is the training service's; each gets the key that stands nearest."""
    text = f"""
    a = ".../services/{IDS[0]}"
    x = "{KEYS[0]}"


    b = ".../services/{IDS[1]}"
    y = "{KEYS[1]}"
    """
    made = propose(scan(text))
    assert (IDS[0], KEYS[0], IDS[1], KEYS[1]) == (made.training_id, made.training_key, made.scoring_id, made.key)


def test_a_key_goes_to_the_id_that_shares_its_name():
    """However far away it stands."""
    text = f"""
    churn_url = ".../services/{IDS[0]}"
    income_url = ".../services/{IDS[1]}"
    income_key = "{KEYS[1]}"
    churn_key = "{KEYS[0]}"
    """
    made = propose(scan(text))
    assert (KEYS[0], KEYS[1]) == (made.training_key, made.key)


def test_what_is_left_open_is_told():
    """Several of one kind, several regions, ids and keys too many, hosts that are not emulated."""
    ids = "\n".join(f'a = ".../services/{one}"' for one in IDS[:3])
    keys = "\n".join(f'k = "{one}"' for one in KEYS[:3])
    hosts = "https://management.azureml.net https://europewest.management.azureml.net https://x.azureml.de"
    made = propose(scan(f"workspaces/{IDS[3]}\nworkspaces/{IDS[4]}\n{ids}\n{keys}\n{hosts}"))
    told = "\n".join(made.notes)
    for part in ("several workspace ids", "several regions", "one too many", "were not needed", "x.azureml.de"):
        assert part in told


def test_nothing_found_is_nothing():
    """A text without any of it proposes nothing."""
    assert propose(scan("print('hello')")).is_empty
