"""Containers and accounts on the wire: making, listing, access policies, settings."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.blob_storage import ACCOUNT, escaped, metadata, open_storage

ACL = (
    '<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers><SignedIdentifier><Id>p</Id><AccessPolicy>'
    "<Start>2020-01-01</Start><Expiry>2021-01-01</Expiry><Permission>r</Permission></AccessPolicy></SignedIdentifier>"
    "</SignedIdentifiers>"
)


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        yield opened


class TestContainers:
    """Create, properties, metadata, delete."""

    def test_the_life_of_one(self, storage):
        """A container is made once, has properties and metadata, and is gone after its deletion."""
        made = storage.make(headers={"x-ms-meta-a": "1"})
        assert (201, True) == (made.status, {"etag", "last-modified"} <= made.headers.keys())
        assert (409, "ContainerAlreadyExists") == storage.make().verdict
        shown = storage.get("/cont", "restype=container")
        assert (200, {"a": "1"}, "unlocked", "false", False) == (
            shown.status,
            metadata(shown),
            shown.headers["x-ms-lease-status"],
            shown.headers["x-ms-has-legal-hold"],
            "x-ms-blob-public-access" in shown.headers,
        )
        assert 202 == storage.call("DELETE", "/cont", "restype=container").status
        assert (404, "ContainerNotFound") == storage.get("/cont", "restype=container").verdict

    def test_metadata(self, storage):
        """Set Container Metadata replaces all of it and moves the entity tag."""
        before = storage.make(headers={"x-ms-meta-a": "1"}).headers["etag"]
        after = storage.call("PUT", "/cont", "restype=container&comp=metadata", headers={"x-ms-meta-b": "2"})
        shown = storage.get("/cont", "restype=container&comp=metadata")
        assert ({"b": "2"}, after.headers["etag"]) == (metadata(shown), shown.headers["etag"])
        assert before < after.headers["etag"]

    @pytest.mark.parametrize(("asked", "kept"), [("blob", "blob"), ("container", "container"), ("true", "container")])
    def test_public_access(self, storage, asked, kept):
        """Public access is set when a container is made, and shown; the old value true means the container."""
        storage.make(headers={"x-ms-blob-public-access": asked})
        assert kept == storage.get("/cont", "restype=container").headers["x-ms-blob-public-access"]

    def test_public_access_that_is_unknown(self, storage):
        """Another value of x-ms-blob-public-access is refused."""
        assert "InvalidHeaderValue" == storage.make(headers={"x-ms-blob-public-access": "some"}).code

    @pytest.mark.parametrize(
        ("method", "query"), [("DELETE", "restype=container"), ("PUT", "restype=container&comp=metadata")]
    )
    def test_conditions(self, storage, method, query):
        """Changes of a container obey If-Unmodified-Since."""
        storage.make()
        old = {"if-unmodified-since": "Thu, 09 Jul 2020 11:59:59 GMT"}
        same = {"if-unmodified-since": "Thu, 09 Jul 2020 12:00:00 GMT"}
        replies = [storage.call(method, "/cont", query, headers=headers) for headers in (old, same)]
        assert "ConditionNotMet" == replies[0].code
        assert None is replies[1].code


class TestAccessPolicies:
    """Set and Get Container ACL."""

    def test_policies_and_access(self, storage):
        """Policies and public access are set together and shown as they were set."""
        storage.make()
        headers = {"x-ms-blob-public-access": "blob"}
        assert 200 == storage.call("PUT", "/cont", "restype=container&comp=acl", ACL.encode(), headers).status
        shown = storage.get("/cont", "restype=container&comp=acl")
        assert (ACL.encode(), "blob") == (shown.body, shown.headers["x-ms-blob-public-access"])

    @pytest.mark.parametrize("body", [b"", b"<SignedIdentifiers />", "\ufeff<SignedIdentifiers />".encode()])
    def test_none(self, storage, body):
        """No policies are an empty list; a byte order mark before it does no harm."""
        storage.make(headers={"x-ms-blob-public-access": "blob"})
        assert 200 == storage.call("PUT", "/cont", "restype=container&comp=acl", body).status
        shown = storage.get("/cont", "restype=container&comp=acl")
        assert (True, False) == (
            shown.body.endswith(b"<SignedIdentifiers />"),
            "x-ms-blob-public-access" in shown.headers,
        )

    @pytest.mark.parametrize(
        "identifiers",
        [
            "<SignedIdentifier><Id></Id></SignedIdentifier>",
            f"<SignedIdentifier><Id>{'x' * 65}</Id></SignedIdentifier>",
            "<SignedIdentifier><Id>a</Id></SignedIdentifier>" * 2,
            "".join(f"<SignedIdentifier><Id>{number}</Id></SignedIdentifier>" for number in range(6)),
            "<SignedIdentifier><Id>a</Id><AccessPolicy><Permission>!</Permission></AccessPolicy></SignedIdentifier>",
        ],
    )
    def test_policies_that_cannot_be(self, storage, identifiers):
        """Policies need ids of their own of up to 64 characters, known permissions, and are five at most."""
        storage.make()
        body = f"<SignedIdentifiers>{identifiers}</SignedIdentifiers>".encode()
        assert "InvalidXmlDocument" == storage.call("PUT", "/cont", "restype=container&comp=acl", body).code


class TestListingBlobs:
    """List Blobs."""

    @pytest.fixture
    def filled(self, storage):
        storage.make()
        for name in ("a", "d/1", "d/2", "e/1", "z&<>"):
            storage.put(f"/cont/{escaped(name)}", name.encode(), {"x-ms-meta-k": "v&"})
        return storage

    def _list(self, storage, query=""):
        return storage.get("/cont", "restype=container&comp=list" + query)

    def _names(self, reply):
        return [item.findtext("Name") for item in reply.xml.find("Blobs")]

    def test_one_blob(self, storage):
        """An entry has name, times, entity tag without quotes, length, type, MD5, kind and lease."""
        storage.make()
        etag = storage.put("/cont/b", b"", {"content-type": "a/b"}).headers["etag"]
        reply = self._list(storage)
        entry = reply.xml.find("Blobs/Blob")
        shown = {item.tag: item.text for item in entry.find("Properties")}
        assert {
            "Creation-Time": "Thu, 09 Jul 2020 12:00:00 GMT",
            "Last-Modified": "Thu, 09 Jul 2020 12:00:00 GMT",
            "Etag": etag.strip('"'),
            "Content-Length": "0",
            "Content-Type": "a/b",
            "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
            "BlobType": "BlockBlob",
            "LeaseStatus": "unlocked",
            "LeaseState": "available",
        }.items() <= shown.items()
        assert ("application/xml", None) == (reply.headers["content-type"], entry.find("Metadata"))

    def test_where_it_is(self, storage):
        """The root element names the service as the client knows it, and the container."""
        storage.make()
        root = self._list(storage).xml
        assert {"ServiceEndpoint": f"http://127.0.0.1:10000/{ACCOUNT}/", "ContainerName": "cont"} == root.attrib
        storage.version = "2012-02-12"
        assert {"ContainerName": f"http://127.0.0.1:10000/{ACCOUNT}/cont"} == self._list(storage).xml.attrib

    @pytest.mark.parametrize(
        ("signed_path", "expected"),
        [(f"/{ACCOUNT}.blob/cont", f"http://127.0.0.1:10000/{ACCOUNT}.blob/"), ("/cont", "http://127.0.0.1:10000/")],
    )
    def test_where_it_is_under_another_address(self, storage, signed_path, expected):
        """Below a prefix or a host of its own, the service is named as that client knows it."""
        storage.make(headers={"x-ms-blob-public-access": "container"})
        environ = {"amlemulator.signed_path": signed_path}
        reply = storage.get("/cont", "restype=container&comp=list", signed=False, environ=environ)
        assert expected == reply.xml.attrib["ServiceEndpoint"]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["a", "d/1", "d/2", "e/1", "z&<>"]),
            ("&prefix=d/", ["d/1", "d/2"]),
            ("&prefix=z%26", ["z&<>"]),
            ("&delimiter=/", ["a", "d/", "e/", "z&<>"]),
            ("&delimiter=/&prefix=d/", ["d/1", "d/2"]),
            ("&delimiter=/&maxresults=2", ["a", "d/"]),
        ],
    )
    def test_prefix_and_delimiter(self, filled, query, names):
        """A prefix selects, a delimiter folds, and both are repeated in the answer."""
        reply = self._list(filled, query)
        assert names == self._names(reply)
        assert ("&delimiter" in query) == (reply.text("Delimiter") == "/")

    def test_folded_entries(self, filled):
        """What a delimiter folds is a BlobPrefix, not a Blob."""
        tags = [item.tag for item in self._list(filled, "&delimiter=/").xml.find("Blobs")]
        assert ["Blob", "BlobPrefix", "BlobPrefix", "Blob"] == tags

    def test_pages(self, filled):
        """A marker goes on where the last page ended, until there is none."""
        names, marker, pages = [], "", 0
        while True:
            reply = self._list(filled, f"&maxresults=2{marker and '&marker=' + escaped(marker)}")
            names += self._names(reply)
            pages += 1
            marker = reply.text("NextMarker")
            if not marker:
                break
        assert (["a", "d/1", "d/2", "e/1", "z&<>"], 3) == (names, pages)

    def test_metadata_and_uncommitted(self, filled):
        """Metadata and blobs that nobody committed are shown when they are asked for."""
        filled.call("PUT", "/cont/b", "comp=block&blockid=AA%3D%3D", b"x")
        reply = self._list(filled, "&include=metadata,uncommittedblobs")
        assert ["a", "b", "d/1", "d/2", "e/1", "z&<>"] == self._names(reply)
        assert "v&" == reply.text("Blobs/Blob/Metadata/k")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("&maxresults=0", "OutOfRangeQueryParameterValue"),
            ("&maxresults=many", "InvalidQueryParameterValue"),
            ("&marker=nonsense", "InvalidQueryParameterValue"),
            ("&marker=2!%21", "InvalidQueryParameterValue"),
            ("&include=nonsense", "InvalidQueryParameterValue"),
        ],
    )
    def test_what_cannot_be_asked(self, filled, query, code):
        """Numbers out of range, foreign markers and unknown inclusions are refused."""
        assert code == self._list(filled, query).code

    def test_more_than_a_page_holds(self, filled):
        """More results than a page can have are as many as it has."""
        assert 5 == len(self._names(self._list(filled, "&maxresults=999999")))

    def test_a_container_that_is_not_there(self, storage):
        """The blobs of a missing container cannot be listed."""
        assert "ContainerNotFound" == self._list(storage).code

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
    def test_any_document_is_well_formed(self, filled, text):
        """Whatever stands in the query, the answer is XML that can be read."""
        reply = self._list(filled, f"&prefix={escaped(text)}&delimiter={escaped(text)}")
        assert "EnumerationResults" == reply.xml.tag


class TestListingContainers:
    """List Containers."""

    def test_entries(self, storage):
        """An entry has name, time, entity tag with quotes, lease and public access."""
        etag = storage.make(headers={"x-ms-blob-public-access": "blob", "x-ms-meta-k": "v"}).headers["etag"]
        entry = storage.get("", "comp=list&include=metadata").xml.find("Containers/Container")
        shown = {item.tag: item.text for item in entry.find("Properties")}
        assert ("cont", etag, "blob", "v") == (
            entry.findtext("Name"),
            shown["Etag"],
            shown["PublicAccess"],
            entry.findtext("Metadata/k"),
        )

    def test_pages(self, storage):
        """Containers are listed by prefix and in pages."""
        for name in ("b-1", "b-2", "a-1"):
            storage.make(name)
        first = storage.get("", "comp=list&prefix=b&maxresults=1")
        marker = escaped(first.text("NextMarker"))
        second = storage.get("", f"comp=list&prefix=b&maxresults=1&marker={marker}")
        assert ["b-1", "b-2", ""] == [
            first.text("Containers/Container/Name"),
            second.text("Containers/Container/Name"),
            second.text("NextMarker"),
        ]


class TestAccount:
    """Settings and facts of an account."""

    def test_settings(self, storage):
        """Settings are kept section by section; those left out stay as they were."""
        version = "<DefaultServiceVersion>2020-10-02</DefaultServiceVersion>"
        body = f"<StorageServiceProperties>{version}</StorageServiceProperties>".encode()
        assert 202 == storage.call("PUT", "", "restype=service&comp=properties", body).status
        cors = b"<StorageServiceProperties><Cors><CorsRule /></Cors></StorageServiceProperties>"
        storage.call("PUT", "", "restype=service&comp=properties", cors)
        shown = storage.get("", "restype=service&comp=properties")
        assert ("2020-10-02", True, "1.0") == (
            shown.text("DefaultServiceVersion"),
            shown.xml.find("Cors/CorsRule") is not None,
            shown.text("Logging/Version"),
        )

    def test_settings_at_first(self, storage):
        """Settings that nobody has set are the service's own."""
        assert "false" == storage.get("", "restype=service&comp=properties").text("Logging/Delete")

    @pytest.mark.parametrize("path", ["", "/cont", "/cont/b"])
    def test_facts(self, storage, path):
        """Get Account Information answers at every level."""
        headers = storage.get(path, "restype=account&comp=properties").headers
        assert ("Standard_LRS", "Storage") == (headers["x-ms-sku-name"], headers["x-ms-account-kind"])
