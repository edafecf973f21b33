"""The catalogue of failures: well formed, complete in both languages, and what is made of it is fresh."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from amlcontracts import load
from amlemulator.failures.catalogue import PHASES, failures, find, sections
from amlemulator.failures.guide import FILES, guide
from amlemulator.failures.stage import STEPS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "contracts/schemas/failure.schema.json").read_text("utf-8"))
SOURCES = sorted(path for path in (ROOT / "contracts/failures").glob("*.yaml") if not path.name.startswith("_"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_file_fits_the_schema(path):
    """Each file is as the schema says, and named by its id."""
    content = yaml.safe_load(path.read_text("utf-8"))
    faults = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(content)]
    assert ([], path.stem) == (faults, content["id"])


def test_the_schema_is_one():
    """The schema is itself valid, and its steps and sections are those that there are."""
    Draft202012Validator.check_schema(SCHEMA)
    assert sorted(STEPS) == sorted(SCHEMA["$defs"]["preparation"]["properties"])
    assert [section for section, _ in sections()] == SCHEMA["properties"]["section"]["enum"]


def test_the_catalogue_holds_every_file_once():
    """The compiled catalogue has each file, in the order of the document."""
    ids = [failure.id for failure in failures()]
    assert sorted(path.stem for path in SOURCES) == sorted(ids)
    order = [section for section, _ in sections()]
    places = [(order.index(failure.section), failure.data["place"]) for failure in failures()]
    assert sorted(places) == places
    assert len(set(places)) == len(places)


def test_the_korean_is_korean():
    """Every Korean text has Hangul, and no English text has any."""
    hangul = re.compile("[가-힣]")
    for failure in failures():
        for name in ("title", "story", "why", "mend", "mended"):
            assert hangul.search(failure.text(name, "ko")), (failure.id, name)
            assert not hangul.search(failure.text(name, "en")), (failure.id, name)


def test_settings_are_the_emulators():
    """What a failure starts the emulator with are settings of it."""
    from amlemulator.settings import Settings

    named = {name for failure in failures() for name in failure.settings}
    assert set() == named - set(Settings.__dataclass_fields__)


def test_failures_are_found_by_id():
    """A failure is found by its id; another id finds none."""
    found = find("patch-on-default")
    assert found is not None
    assert ("endpoint", None) == (found.section, find("no-such-failure"))


def test_every_failure_shows_itself_and_its_mend():
    """Each failure makes at least one call that shows it and one that shows the mend."""
    for failure in failures():
        for phase in PHASES[1::2]:
            assert any("call" in step for step in failure.steps(phase)), (failure.id, phase)


@pytest.mark.parametrize("language", sorted(FILES))
def test_the_guide_is_fresh(language):
    """docs/troubleshooting*.md is what the catalogue makes it (`make troubleshooting` writes it)."""
    assert guide(language) == (ROOT / "docs" / FILES[language]).read_text("utf-8")


def test_the_guide_names_every_command():
    """Each failure stands in the guide with its one command."""
    text = guide("en")
    assert [] == [one.id for one in failures() if f"`amlclassic failures run {one.id}`" not in text]


def test_the_document_names_are_covered():
    """The failures that the user's document itself names are in the catalogue, under their sections."""
    named = {
        "training-service": {"output-not-on-train-model"},
        "call": {"rrs-on-training"},
        "patch-url": {"endpoint-on-training-service"},
        "endpoint": {"patch-on-training-service", "patch-on-default"},
        "region": {"region-management"},
    }
    for section, ids in named.items():
        assert set() == ids - {one["id"] for one in load("failures")["failures"] if one["section"] == section}
