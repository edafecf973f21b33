"""Uploads and data sets: what comes in, what it may be called, what a new version replaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.records import StoredOutput
from amlemulator.core.studio import (
    DATA_TYPES,
    FORBIDDEN,
    BlockOf,
    Registration,
    check_data_type,
    check_name,
    check_upload,
    content_name,
    family_of,
    new_dataset,
    read_block,
    read_registration,
    receive,
    schema_status,
)
from amlemulator.core.studio_records import SchemaStatus, Upload
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
    ],
)
def test_the_schema_is_made_from_the_head(head, expected):
    """What the beginning of the file shows decides."""
    assert expected == schema_status("GenericCSV", head)
