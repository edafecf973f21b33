"""AzureBlobDataReference: what a request can show to be wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.records import BlobReference
from amlemulator.core.references import check_extension, check_reference, is_empty, read_reference, render_reference
from support.records import refusal_of

CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={DEVELOPMENT_KEY}"
ACCOUNT = "https://acct.blob.core.windows.net"
TEXTS = st.none() | st.text(max_size=8)


def by_key(relative):
    return read_reference({"ConnectionString": CONNECTION, "RelativeLocation": relative})


def by_token(base, relative):
    return read_reference({"BaseLocation": base, "RelativeLocation": relative, "SasBlobToken": "?sv=2013-08-15&sig=x"})


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_an_empty_member_is_a_null_one(connection, relative, base, token):
    """Reading and rendering a reference keeps its four members, "" being as good as null."""
    value = {
        "ConnectionString": connection,
        "RelativeLocation": relative,
        "BaseLocation": base,
        "SasBlobToken": token,
    }
    reference = read_reference({**value, "FullURL": None, "ConnetionString": 5})
    assert {name: text or None for name, text in value.items()} == render_reference(reference)
    assert (not any(value.values())) == is_empty(reference)


@pytest.mark.parametrize("value", [None, [], "https://x", 5, {"RelativeLocation": 5}, {"ConnectionString": {}}])
def test_what_is_no_reference_cannot_be_read(value):
    """A reference that is no object, or has a member that is no string, is RequestBodyInvalid."""
    assert "RequestBodyInvalid" == refusal_of(read_reference, value).code


@pytest.mark.parametrize(
    "reference",
    [
        by_key("cont/a.csv"),
        by_key("/cont/a/b.csv"),
        by_key("cont/a.TSV"),
        by_key("cont/a.arff"),
        by_key("cont/a.nh.csv"),
        by_key("cont/vishal/training/.csv"),
        by_key("$root/a.csv"),
        by_key(" cont/a.csv "),
        by_token(ACCOUNT, "cont/a.csv"),
        by_token(ACCOUNT + "/", "/cont/a.csv"),
        by_token(ACCOUNT + "/cont", "a.csv"),
        by_token("http://127.0.0.1:10000/devstoreaccount1/", "cont/a.csv"),
        by_token("http://127.0.0.1:8350/devstoreaccount1.blob/", "cont/a.csv"),
    ],
)
def test_references_that_pass(reference):
    """Both legal forms pass, with slashes where clients happen to write them (clients.md section 16 no. 8)."""
    check_reference("input1", reference, "dataset")


@pytest.mark.parametrize(
    ("reference", "kind", "code", "target"),
    [
        (read_reference({}), "dataset", "MissingInputBlobInformation", "input1"),
        (BlobReference(relative_location="cont/a.csv"), "dataset", "MissingInputBlobInformation", "input1"),
        (BlobReference("nonsense", "cont/a.csv"), "dataset", "InvalidBlobConnectionString", "input1"),
        (BlobReference("AccountName=a;AccountKey=%", "cont/a.csv"), "dataset", "InvalidBlobConnectionString", "input1"),
        (BlobReference(CONNECTION), "dataset", "InputBlobRelativeLocationInvalid", "input1"),
        (by_key("/"), "dataset", "InputBlobRelativeLocationInvalid", "input1"),
        (by_key("a.csv"), "dataset", "InputBlobRelativeLocationInvalid", "input1"),
        (by_key("cont/"), "dataset", "InputBlobRelativeLocationInvalid", "input1"),
        (BlobReference(base_location=ACCOUNT), "dataset", "InputBlobRelativeLocationInvalid", "input1"),
        (by_key("X/X"), "dataset", "ContainerSegmentInvalid", "input1"),
        (by_key("//a.csv"), "dataset", "ContainerIsEmpty", "input1"),
        (by_key("Cont/a.csv"), "dataset", "ContainerSegmentInvalid", "input1"),
        (by_key("a/a.csv"), "dataset", "ContainerSegmentInvalid", "input1"),
        (by_key("a--b/a.csv"), "dataset", "ContainerSegmentInvalid", "input1"),
        (by_key("c" * 64 + "/a.csv"), "dataset", "ContainerSegmentInvalid", "input1"),
        (by_token("nonsense", "cont/a.csv"), "dataset", "InvalidBlob", "input1"),
        (by_token("ftp://acct.blob.core.windows.net", "cont/a.csv"), "dataset", "InvalidBlob", "input1"),
        (by_token(ACCOUNT, "a.csv"), "dataset", "InvalidBlob", "input1"),
        (by_key("cont/input"), "dataset", "InvalidBlobExtension", None),
        (by_key("cont/a.ilearner"), "dataset", "InvalidBlobExtension", None),
        (by_key("cont/a.csv"), "model", "InvalidBlobExtension", None),
        (by_key("cont/a.csv.txt"), "dataset", "InvalidBlobExtension", None),
    ],
)
def test_references_that_do_not(reference, kind, code, target):
    """What the request itself shows to be wrong is refused with its documented code, the port's name as target."""
    error = refusal_of(check_reference, "input1", reference, kind)
    assert ("BadArgument", code, target) == (error.entry.group, error.code, error.target)


def test_the_extension_is_told_in_the_observed_words():
    """The text names the location without leading slash and the extensions joined by comma and blank (O18)."""
    error = refusal_of(check_reference, "input1", by_key("/vishal/training/input"), "dataset")
    expected = (
        "The blob reference: vishal/training/input has an invalid or missing file extension. "
        'Supported file extensions for this output type are: ".csv, .tsv, .arff".'
    )
    assert expected == error.message


@given(st.text(max_size=20), st.sampled_from([".csv", ".TSV", ".Arff"]))
def test_extensions_are_read_in_any_case(stem, extension):
    """A name passes when it ends in one of the extensions, whatever their case."""
    check_extension(stem + extension, (".csv", ".tsv", ".arff"))


def test_no_secret_stands_in_a_refusal():
    """A connection string that cannot be read is told by the port's name, for it may hold a key (observed text)."""
    reference = BlobReference(f"AccountKey={DEVELOPMENT_KEY};AccountKey=other", "cont/a.csv")
    error = refusal_of(check_reference, "input1", reference, "dataset")
    assert "one of the input/output blobs in invalid: input1." in error.message
    assert DEVELOPMENT_KEY not in str(error)


def test_slashes_around_a_name_are_not_told():
    """The location in a refusal has no leading slash and keeps its last one."""
    for action in (
        lambda: check_extension("/X/in/", (".csv",)),
        lambda: check_reference("input1", by_token("nonsense", "/X/in/"), "dataset"),
    ):
        words = refusal_of(action).message.split()
        assert [True, False] == [any(word.startswith(name) for word in words) for name in ("X/in/", "/X/in")]


def test_a_flat_refusal_is_the_management_hosts():
    """The same words in the other host's envelope."""
    names = [refusal_of(check_extension, "c/in", (".csv",), flat=flat).entry.name for flat in (True, False)]
    assert ["management/InvalidBlobExtension", "BadArgument/InvalidBlobExtension"] == names


def test_the_member_that_is_no_text_is_the_target():
    """Each of the four by its name."""
    names = ["ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"]
    assert names == [refusal_of(read_reference, {name: 5}).target for name in names]
