"""Uploads and data sets: what comes in, what it may be called, what a new version replaces."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.records import StoredOutput
from amlemulator.core.studio import (
    BLOCKS_MOST,
    DATA_TYPES,
    FORBIDDEN,
    BlockOf,
    Registration,
    check_data_type,
    check_name,
    check_plain,
    check_upload,
    content_name,
    family_of,
    new_dataset,
    object_of,
    read_block,
    read_registration,
    receive,
    schema_status,
    text_of,
)
from amlemulator.core.studio_records import Dataset, SchemaStatus, Upload
from support.records import make_workspace, refusal_of

PLACE = StoredOutput("acct", "uploadedresources", "u.csv")


def upload(**changes):
    facts = {"id": "u", "ordinal": 1, "workspace_id": "w", "data_type_id": "GenericCSV", "created": 0.0}
    return Upload(**{**facts, **changes})


def registration(**changes):
    facts = {
        "upload_id": "u",
        "name": "n",
        "data_type_id": "GenericCSV",
        "description": "",
        "family_id": "",
        "owner": "",
        "source_origin": "FromResourceUpload",
        "file_name": "",
    }
    return Registration(**{**facts, **changes})


def dataset(name="n", family="f", number=1, **changes):
    made = new_dataset(make_workspace(), registration(name=name), PLACE, 1, number, (family, f"i{number}"), 0.0)
    return type(made)(**{**{slot: getattr(made, slot) for slot in made.__slots__}, **changes})


@given(st.integers(1, 8).flatmap(lambda count: st.permutations(range(count))))
def test_blocks_make_a_whole_in_any_order(order):
    """An upload is whole when the last of its blocks has come, whatever their order, and not before."""
    one = upload()
    for number in order[:-1]:
        one = receive(one, BlockOf("u", number, len(order)))
        assert not one.whole
    last = receive(one, BlockOf("u", order[-1], len(order)))
    assert last.whole
    assert last == receive(last, BlockOf("u", order[0], len(order)))
    assert last == check_upload(last)


def test_an_upload_without_blocks_is_whole():
    """No block at all is a file of no bytes."""
    assert upload() == check_upload(upload())


@given(st.text(max_size=4), st.text(max_size=4))
def test_a_query_is_a_block_or_refused(number, count):
    """Whatever stands in the query, the block lies within its count, or the answer is 400."""
    query = {"blockId": number, "numberOfBlocks": count, "uploadId": "u"}
    try:
        block = read_block(query)
    except Exception:
        assert refusal_of(read_block, query).entry.status == 400
    else:
        assert 0 <= block.number < block.count


@pytest.mark.parametrize("name", sorted(DATA_TYPES))
def test_data_types_are_known_in_any_case(name):
    """The spelling of a data type is Studio's, whatever case the client writes; its content has that extension."""
    assert [name, name] == [check_data_type(name.upper()), check_data_type(name.lower())]
    assert content_name(upload(data_type_id=name)).endswith("." + DATA_TYPES[name]["extension"])


@given(st.text(min_size=1, max_size=20))
def test_a_name_without_forbidden_characters_passes(name):
    """A name is refused exactly when it is blank or holds a forbidden or control character."""
    bad = not name.strip() or any(character in FORBIDDEN or ord(character) < 32 for character in name.strip())
    body = {"DataSource": {"Name": name, "DataTypeId": "GenericCSV"}, "UploadId": "u"}
    if bad:
        assert 400 == refusal_of(read_registration, body).entry.status
    else:
        assert name.strip() == read_registration(body).name
        check_name(name.strip())


@pytest.mark.parametrize("member", ["UploadedFromFileName", "UploadedFromFilename"])
def test_the_file_name_has_two_spellings(member):
    """Clients and Studio's own front end spell the member of the file's name differently."""
    body = {"DataSource": {"Name": "n", "DataTypeId": "GenericCSV"}, "UploadId": "u", member: "rows.csv"}
    assert "rows.csv" == read_registration(body).file_name


def test_a_new_data_set_has_no_older_versions():
    """Without FamilyId nothing is replaced."""
    assert [] == family_of(registration(name="other"), [dataset()])


def test_a_new_version_may_keep_the_name():
    """The name of the family itself is not taken."""
    versions = [dataset(is_latest=False), dataset(number=2)]
    assert versions == family_of(registration(family_id="f"), versions)


@pytest.mark.parametrize(
    "known", [[dataset(is_latest=False), dataset("renamed", number=2)], [dataset(is_latest=False, deleted=True)]]
)
def test_names_of_older_and_deleted_versions_are_free(known):
    """Only the latest version's name is taken."""
    assert [] == family_of(registration(), known)


def test_a_deleted_family_is_gone():
    """A family of which only deleted versions are kept cannot be added to."""
    assert 400 == refusal_of(family_of, registration(family_id="f"), [dataset(deleted=True)]).entry.status


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"a,b\n1,2\n" + b"3,4\n" * 1000 + b"5", SchemaStatus.COMPLETE),  # the last line is cut where the head ends
        (b"a,b", SchemaStatus.COMPLETE),
        (b"", SchemaStatus.COMPLETE),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", SchemaStatus.COMPLETE),
        (b"a,b\n1\n", SchemaStatus.FAILED),
        (b"a\n\xff\n", SchemaStatus.FAILED),
        (b"\xff", SchemaStatus.FAILED),
    ],
)
def test_the_schema_is_made_from_the_head(head, expected):
    """What the beginning of the file shows decides."""
    assert expected == schema_status("GenericCSV", head)


SOURCE = {
    "Name": " n ",
    "DataTypeId": "genericcsv",
    "Description": "d",
    "FamilyId": "f",
    "Owner": "o",
    "SourceOrigin": "FromElsewhere",
}


def test_a_registration_is_read_whole():
    """Every member by its name; what is left out has its default."""
    body = {"DataSource": SOURCE, "UploadId": "u", "UploadedFromFileName": "a.csv", "UploadedFromFilename": "b.csv"}
    assert Registration("u", "n", "GenericCSV", "d", "f", "o", "FromElsewhere", "a.csv") == read_registration(body)
    body = {"DataSource": {"Name": "n", "DataTypeId": "GenericCSV"}}
    assert registration(upload_id="") == read_registration(body)


def test_a_data_set_is_made_of_its_registration():
    """Ids of workspace, family and instance, and every member that the client gave."""
    said = Registration("u", "n", "GenericTSV", "d", "f", "o", "FromElsewhere", "a.tsv")
    expected = Dataset(
        id=f"{make_workspace().id}.f.i",
        ordinal=3,
        workspace_id=make_workspace().id,
        family_id="f",
        name="n",
        data_type_id="GenericTSV",
        created=5.0,
        content=PLACE,
        size=7,
        description="d",
        owner="o",
        upload_id="u",
        file_name="a.tsv",
        source_origin="FromElsewhere",
    )
    assert expected == new_dataset(make_workspace(), said, PLACE, 7, 3, ("f", "i"), 5.0)


def test_a_block_is_read_whole():
    """The upload, the number and the count; the most that there may be is a whole upload too."""
    query = {"uploadId": "u", "blockId": "2", "numberOfBlocks": "3"}
    assert BlockOf("u", 2, 3) == read_block(query)
    most = {"blockId": "0", "numberOfBlocks": str(BLOCKS_MOST)}
    assert BlockOf("", 0, BLOCKS_MOST) == read_block(most)


def deep(levels):
    value = []
    for _ in range(levels):
        value = {"a": [value]} if levels % 2 else [value]
    return value


REFUSED = {
    "no body": (lambda: object_of(None), "The request has no body, or it is not a JSON object.", "studio.body"),
    "no text": (lambda: text_of({"Name": 5}, "Name"), "'Name' must be a string.", "studio.body"),
    "no number": (lambda: check_plain([{"a": math.nan}]), "NaN and Infinity are no JSON.", "studio.body"),
    "too deep": (lambda: check_plain(deep(102)), "The request is nested more than 100 deep.", "studio.body"),
    "data type": (
        lambda: check_data_type("x" * 65),
        f"The data type '{'x' * 64}' is not supported. Upload one of {', '.join(DATA_TYPES)}.",
        "studio.upload-data-type",
    ),
    "block id": (
        lambda: read_block({"numberOfBlocks": "1"}),
        "blockId and numberOfBlocks must be whole numbers.",
        "studio.upload-block",
    ),
    "block count": (
        lambda: read_block({"blockId": "0"}),
        "blockId and numberOfBlocks must be whole numbers.",
        "studio.upload-block",
    ),
    "block beyond": (
        lambda: read_block({"blockId": "1", "numberOfBlocks": "1"}),
        f"blockId must be 0 or more and less than numberOfBlocks, which is at most {BLOCKS_MOST}.",
        "studio.upload-block",
    ),
    "block before": (
        lambda: read_block({"blockId": "-1", "numberOfBlocks": "1"}),
        f"blockId must be 0 or more and less than numberOfBlocks, which is at most {BLOCKS_MOST}.",
        "studio.upload-block",
    ),
    "too many blocks": (
        lambda: read_block({"blockId": "0", "numberOfBlocks": str(BLOCKS_MOST + 1)}),
        f"blockId must be 0 or more and less than numberOfBlocks, which is at most {BLOCKS_MOST}.",
        "studio.upload-block",
    ),
    "other count": (
        lambda: receive(upload(received=(0,), blocks=2), BlockOf("u", 1, 3)),
        "numberOfBlocks was 2 in the earlier calls of this upload.",
        "studio.upload-block",
    ),
    "no name": (lambda: check_name(""), "A data set needs a name.", "studio.dataset-name"),
    "control character": (
        lambda: check_name("a\x1f"),
        f"The name 'a\x1f' contains forbidden characters. None of {' '.join(FORBIDDEN)} may stand in it.",
        "studio.dataset-name",
    ),
    "no upload": (
        lambda: check_upload(None),
        "There is no upload with this UploadId in the workspace.",
        "studio.register-upload",
    ),
    "blocks missing": (
        lambda: check_upload(upload(blocks=12, received=(1,))),
        "Blocks of the upload are missing: 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, ....",
        "studio.register-upload",
    ),
    "ten blocks missing": (
        lambda: check_upload(upload(blocks=11, received=(0,))),
        "Blocks of the upload are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10.",
        "studio.register-upload",
    ),
    "no family": (
        lambda: family_of(registration(family_id="g"), [dataset()]),
        "There is no data set with this FamilyId in the workspace.",
        "studio.register-family",
    ),
    "name taken": (
        lambda: family_of(registration(), [dataset()]),
        "A data set named 'n' already exists in the workspace.",
        "studio.dataset-conflict",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_sentence_of_ours(case):
    """The whole sentence, with the evidence that it is ours; a name that is taken is a conflict."""
    action, sentence, evidence = REFUSED[case]
    error = refusal_of(action)
    name = "studio/Conflict" if case == "name taken" else "studio/BadRequest"
    assert (name, sentence, evidence) == (error.entry.name, error.message, error.evidence)


@pytest.mark.parametrize("member", ["ModuleNodeId", "DataSourceUri"])
def test_saving_an_output_as_a_data_set_is_not_emulated(member):
    """The sentence says what can be done instead."""
    error = refusal_of(read_registration, {"DataSource": SOURCE, member: "x"})
    sentence = (
        "Saving a module's output, or data at an address, as a data set is not emulated: nothing is known of the "
        "format 'Dataset'. Download the output (outputdata) and upload it as GenericCSV."
    )
    assert ("studio/NotEmulated", sentence, "studio.promote") == (error.entry.name, error.message, error.evidence)


def test_what_can_be_given_back_passes():
    """A hundred levels, texts, numbers and null."""
    check_plain(deep(100))
    check_plain({"a": [1.5, None, "NaN", {"b": True}]})


def test_a_name_that_another_family_has_is_taken_whatever_came_before():
    """The versions of the own family do not count, those of another do."""
    own, other = dataset("a", "f"), dataset("n", "g", 2)
    assert "studio/Conflict" == refusal_of(family_of, registration(family_id="f"), [own, other]).entry.name
    assert [own] == family_of(registration(name="a", family_id="f"), [own, other])


def test_a_space_is_no_control_character():
    """What stands before it is."""
    check_name("a b")


@pytest.mark.parametrize(
    ("kind", "head", "expected"),
    [
        ("GenericTSV", b"a\tb\n1\t2\n", SchemaStatus.COMPLETE),
        ("GenericTSV", b"a\tb\n1\n", SchemaStatus.FAILED),
        ("GenericCSV", b"a,b\n1,2\n" + b"3,4\n" * 198 + b"5\n" * 9, SchemaStatus.COMPLETE),
        ("GenericCSV", b"a,b\n1,2\n" + b"3,4\n" * 197 + b"5\n" * 9, SchemaStatus.FAILED),
        ("GenericCSV", b"a,b\n1", SchemaStatus.COMPLETE),
        ("PlainText", b"x", SchemaStatus.NOT_SUPPORTED),
    ],
)
def test_the_first_two_hundred_lines_are_looked_at(kind, head, expected):
    """With the separator of the data type; a type without columns has no schema."""
    assert expected == schema_status(kind, head)
