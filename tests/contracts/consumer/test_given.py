"""What has to be there before: blobs that calls read, containers that they name."""

from amlcontracts.consumer.blobs import references


def test_inputs_are_read_and_outputs_are_not():
    """Of both the container has to be there; what came from an answer came with its blob."""
    body = {
        "Inputs": {"input1": {"ConnectionString": "{connection}", "RelativeLocation": "/data/a/train.csv"}},
        "Outputs": {"output1": {"RelativeLocation": "results/out.csv"}},
        "GlobalParameters": {"URI": "{blob}/{account}/more/x%20y.csv?{sas}", "other": "http://elsewhere/a/b/c"},
    }
    models = {"Resources": [{"Location": {"RelativeLocation": "{output1.RelativeLocation}"}}]}
    read, containers = references([body, models, None, "text"])
    assert (["data/a/train.csv", "more/x y.csv"], ["data", "results", "more"]) == (read, containers)


def test_an_id_of_the_program_is_part_of_a_name():
    """It is no answer's, and is another one when the scenario is played."""
    own = {"Input": {"RelativeLocation": "data{hex}/{guid 2}{open}.csv"}}
    answered = {"Input": {"RelativeLocation": "data/{job}.csv"}}
    assert (["data{hex}/{guid 2}{open}.csv"], ["data{hex}"]) == references([own, answered])


def test_a_location_without_a_container_is_none():
    """Nothing can be put there."""
    assert ([], []) == references([{"Input": {"RelativeLocation": "train.csv"}}, {"Input": {"RelativeLocation": ""}}])
