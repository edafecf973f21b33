"""``examples/``: every service deployed, retrained with other rows, updated and scored, as its page tells people to."""

import csv
import re
import shlex
import statistics
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from amlemulator.cli import main, parser
from amlemulator.experiments.model_file import read_model_file
from amlemulator.experiments.yaml_files import check_file
from support.bes import status_of
from support.blobs import by_key, by_token, download, upload
from support.runner import until
from support.server import serve

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/README.md"))
COMMAND = re.compile(r"^amlclassic (.+?)(?:  +#.*)?$", re.MULTILINE)


def read(folder, name="new-rows.csv"):
    """Return the columns and the rows of an example's data."""
    with (FOLDER / folder / name).open(encoding="utf-8", newline="") as text:
        columns, *rows = csv.reader(text)
    return columns, rows


def train(target, **body):
    """Have a job made, started and finished; return its results."""
    answer = target.jobs("POST", "", body)
    assert 200 == answer.status, answer
    assert 200 == target.jobs("POST", f"/{answer.json}/start").status
    until(lambda: status_of(target, answer.json)["StatusCode"] in ("Finished", "Failed"))
    job = status_of(target, answer.json)
    assert ("Finished", None) == (job["StatusCode"], job["Details"])
    return job["Results"]


def uploaded(place, folder, name="new-rows.csv"):
    """Upload an example's data; return the name of its blob."""
    upload(place.emulator, f"{folder}-{name}", (FOLDER / folder / name).read_bytes())
    return f"{folder}-{name}"


def update(target, location):
    """PATCH an endpoint's only resource."""
    [resource] = target.endpoint.resources
    body = {"Resources": [{"Name": resource.name, "Location": location}]}
    assert 200 == target.place.manage("PATCH", target.managed, body).status


def scored(target, columns, rows):
    """Return the scored rows by column."""
    body = {"Inputs": {"input1": {"ColumnNames": columns, "Values": rows}}}
    answer = target.score(body, query={"api-version": "2.0", "details": "true"})
    assert 200 == answer.status, answer
    table = answer.json["Results"]["output1"]["value"]
    return dict(zip(table["ColumnNames"], zip(*table["Values"], strict=True), strict=True))


def share_right(table, label):
    """Return how many labels are scored as they are."""
    return statistics.fmean(map(str.__eq__, table[label], table["Scored Labels"]))


def correlation(table, label):
    """Return how the scored values go with the true ones."""
    true, said = ([float(cell) for cell in table[name]] for name in (label, "Scored Labels"))
    return statistics.correlation(true, said)


def purity(table, label):
    """Return how many rows have the label that most in their cluster have."""
    groups = Counter(zip(table["Assignments"], table[label], strict=True))
    best = {cluster: 0 for cluster, _ in groups}
    for (cluster, _), count in groups.items():
        best[cluster] = max(best[cluster], count)
    return sum(best.values()) / groups.total()


# Folder, its label, how good the retrained model is, and what it is at least; the data and the seeds stand still.
CASES = [
    ("census", "income", share_right, 0.8),
    ("wine", "cultivar", share_right, 0.9),
    ("diabetes", "progression", correlation, 0.65),
    ("iris", "species", purity, 0.85),
    ("breast-cancer", "diagnosis", share_right, 0.9),
]


@pytest.mark.parametrize(("folder", "label", "quality", "least"), CASES, ids=[case[0] for case in CASES])
def test_an_example_is_retrained(place, folder, label, quality, least):
    """Deployed and set up from one file; other rows make another model, which the added endpoint alone serves then."""
    path = FOLDER / folder / "training.yaml"
    training = place.target(place.emulator.deploy_file(place.workspace, path))
    scoring = place.target(place.emulator.deploy_file(place.workspace, path, predictive=True))
    added, rows = scoring.add("retrained"), read(folder)
    before = scored(scoring, *rows)
    assert before == scored(added, *rows)
    results = train(training, Inputs={"input1": by_key(uploaded(place, folder))})
    update(added, results["output1"])
    after = scored(added, *rows)
    assert (before, True) == (scored(scoring, *rows), before != after)
    assert least <= quality(after, label)


def test_bike_rental_is_retrained_from_where_a_parameter_says(place):
    """The first job's model goes into the scoring experiment drawn by hand, the second's to the added endpoint."""

    def trained(name):
        blob = uploaded(place, "bike-rental", name)
        where = by_token(place.emulator, blob)
        address = f"{where['BaseLocation']}{where['RelativeLocation']}{where['SasBlobToken']}"
        return train(training, GlobalParameters={"URI": address})["output1"]

    training = place.target(place.emulator.deploy_file(place.workspace, FOLDER / "bike-rental" / "training.yaml"))
    container, _, blob = trained("rows.csv")["RelativeLocation"].partition("/")
    models = {"Bike Rental Example [trained model]": download(place.emulator, blob, container)}
    path = FOLDER / "bike-rental" / "scoring.yaml"
    scoring = place.target(place.emulator.deploy_file(place.workspace, path, models=models))
    added = scoring.add("retrained")
    columns, rows = read("bike-rental")
    known = [place for place, name in enumerate(columns) if name not in ("casual", "registered", "bikers")]
    asked = [columns[each] for each in known], [[row[each] for each in known] for row in rows]
    before = scored(scoring, *asked)
    update(added, trained("new-rows.csv"))
    after = scored(added, *asked)
    assert before == scored(scoring, *asked)
    bikers = {"bikers": [row[columns.index("bikers")] for row in rows]}
    assert correlation(before | bikers, "bikers") < correlation(after | bikers, "bikers")


def test_unconnected_meets_the_documented_obstacle(place):
    """It deploys; who asks for a model is refused in the documented words, who asks for nothing gets rows."""
    path = FOLDER / "unconnected" / "training.yaml"
    target = place.target(place.emulator.deploy_file(place.workspace, path))
    given = {"Inputs": {"input1": by_key(uploaded(place, "census"))}}
    refused = target.jobs("POST", "", {**given, "Outputs": {"output1": by_key("model.ilearner")}})
    assert (400, "BadArgument", "InvalidBlobExtension") == refused.refusal
    assert 'Supported file extensions for this output type are: ".csv, .tsv, .arff".' in refused.message
    assert train(target, **given)["output1"]["RelativeLocation"].endswith(".csv")


def test_the_mend_of_unconnected(place, tmp_path):
    """The comment in the file says where the wire should come from; then the same call is accepted."""
    text = (FOLDER / "unconnected" / "training.yaml").read_text("utf-8")
    wrong, right = re.search(r"\{Data: (.+)\} # should be (.+)", text).groups()
    text = text.replace(f"{{Data: {wrong}}}", f"{{Data: {right}}}").replace("../census/rows.csv", "rows.csv")
    (tmp_path / "training.yaml").write_text(text, "utf-8")
    (tmp_path / "rows.csv").write_bytes((FOLDER / "census" / "rows.csv").read_bytes())
    target = place.target(place.emulator.deploy_file(place.workspace, tmp_path / "training.yaml"))
    given = {"Inputs": {"input1": by_key(uploaded(place, "census"))}}
    assert 200 == target.jobs("POST", "", {**given, "Outputs": {"output1": by_key("model.ilearner")}}).status


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_checker_finds_nothing(path):
    """Not in unconnected either: such an experiment is sound, it only gives no model."""
    assert [] == check_file(path)


def test_every_example_is_tested_and_listed():
    """None is forgotten here, or in the index, and each has a page that credits its data."""
    assert NAMES == sorted({path.parent.name for path in FOLDER.glob("*/*.yaml")})
    assert {case[0] for case in CASES} | {"bike-rental", "unconnected"} == set(NAMES)
    index = (FOLDER / "README.md").read_text("utf-8")
    assert [] == [name for name in NAMES if f"({name}/README.md)" not in index]
    pages = {name: (FOLDER / name / "README.md").read_text("utf-8") for name in NAMES}
    assert [] == [name for name, text in pages.items() if "## Credit" not in text]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_the_commands_on_a_page_can_be_called(name):
    """Every flag is there, and every file that lies in the example's folder."""
    folder = FOLDER / name
    commands = COMMAND.findall((folder / "README.md").read_text("utf-8").replace("\\\n", ""))
    assert commands
    for command in commands:
        words = shlex.split(command)
        parsed = vars(parser(words[0]).parse_args(words))
        named = [parsed.get("file") or "", parsed.get("input") or ""]
        made = (".ilearner", "mine.yaml", "mine.csv")  # by the reader
        assert [] == [each for each in named if each and not each.endswith(made) and not (folder / each).is_file()]


def test_the_client_of_bike_rental(tmp_path):
    """It uploads rows, has a model made of them, and prints an address that the next job can read."""
    folder = FOLDER / "bike-rental"
    served = serve(tmp_path)
    try:
        deploying = ["deploy", str(folder / "training.yaml"), "--endpoints-file", str(served.file)]
        assert 0 == main(deploying)
        model = tmp_path / "first.ilearner"
        command = [sys.executable, str(folder / "train.py"), str(folder / "rows.csv"), str(model), str(served.file)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert 600 == read_model_file(model.read_bytes()).header.facts["rows used"]
        with urllib.request.urlopen(printed) as answer:
            assert (folder / "rows.csv").read_bytes() == answer.read()
    finally:
        served.stop()
