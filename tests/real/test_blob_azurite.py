"""The same requests to the emulator's blob storage and to Azurite: one table, and every difference explained.

The table is docs/blob-conformance.md. A difference that nobody explained fails, and so does an explanation of a
difference that is no longer there.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import textwrap
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree

import pytest

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.sas import make_account_sas, make_service_sas
from amlemulator.faces.blob import BlobApplication
from support.azurite import VERSION as AZURITE
from support.azurite import azurite
from support.blob_storage import ACCOUNT, KEY, authorization, serving
from support.real import BUILD, ROOT

PAGE = ROOT / "docs" / "blob-conformance.md"
NEW_PAGE = BUILD / "blob-conformance.md"
INTRODUCTION = f"""# Blob storage beside Azurite

The same requests were sent to the emulator's blob storage and to Azurite {AZURITE}, Microsoft's own; here
are both answers. Wherever they differ, the last column says why ours is as it is. `make test-real` sends them again: a
difference without a reason fails, and so does a page that is out of date.

"""
pytestmark = pytest.mark.timeout(600)

VERSION = "2021-12-02"
NOW = time.time()
BLOCK = base64.b64encode(b"1").decode()
MD5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()
OTHER_MD5 = base64.b64encode(bytes(16)).decode()
PUT = {"x-ms-blob-type": "BlockBlob"}
ETAG = '"0x8D000000000000"'
LONG_AGO, SOON = "Fri, 01 Jan 2010 00:00:00 GMT", format_datetime(datetime.fromtimestamp(NOW + 86400, UTC), usegmt=True)


def token(blob="b", permissions="r", start=NOW - 300, expiry=NOW + 3600, version="2018-11-09"):
    return make_service_sas(ACCOUNT, KEY, "cont", blob, permissions, start, expiry, version)[1:]


def account_token(permissions="r", resources="sco"):
    return make_account_sas(ACCOUNT, KEY, permissions, NOW - 300, NOW + 3600, resources=resources)[1:]


@dataclass(frozen=True)
class Step:
    """A request. With a token it is not signed; "-" stands for no credentials at all."""

    name: str
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    token: str = ""


LIST = "restype=container&comp=list"
STEPS = [
    Step("Create Container", "PUT", "/cont", "restype=container", headers={"x-ms-meta-a": "1"}),
    Step("Create Container, there already", "PUT", "/cont", "restype=container"),
    Step("Create Container, bad name", "PUT", "/Cont", "restype=container"),
    Step("Create Container, short name", "PUT", "/co", "restype=container"),
    Step("Get Container Properties", "GET", "/cont", "restype=container"),
    Step("Get Container Properties, missing", "GET", "/nothing", "restype=container"),
    Step("Get Container Metadata", "GET", "/cont", "restype=container&comp=metadata"),
    Step("Set Container Metadata", "PUT", "/cont", "restype=container&comp=metadata", headers={"x-ms-meta-b": "2"}),
    Step("Get Container ACL", "GET", "/cont", "restype=container&comp=acl"),
    Step("Set Container ACL", "PUT", "/cont", "restype=container&comp=acl", b"<SignedIdentifiers/>"),
    Step("List Containers", "GET", "/", "comp=list&prefix=cont&include=metadata"),
    Step("Get Blob Service Properties", "GET", "/", "restype=service&comp=properties"),
    Step("Get Account Information", "GET", "/", "restype=account&comp=properties"),
    Step("Put Blob", "PUT", "/cont/b", "", b"content", {**PUT, "content-type": "text/csv", "x-ms-meta-k": "v"}),
    Step("Put Blob, awkward name", "PUT", "/cont/dir/a%20b%25%2B%ED%95%9C", "", b"content", PUT),
    Step("Put Blob, right MD5", "PUT", "/cont/md5", "", b"content", {**PUT, "content-md5": MD5}),
    Step("Put Blob, wrong MD5", "PUT", "/cont/md5", "", b"content", {**PUT, "content-md5": OTHER_MD5}),
    Step("Put Blob, no MD5 at all", "PUT", "/cont/md5", "", b"content", {**PUT, "content-md5": "x"}),
    Step("Put Blob, no type", "PUT", "/cont/b", "", b"content"),
    Step("Put Blob, missing container", "PUT", "/nothing/b", "", b"content", PUT),
    Step("Put Blob, empty", "PUT", "/cont/empty", "", b"", PUT),
    Step("Put Blob, bad metadata name", "PUT", "/cont/m", "", b"x", {**PUT, "x-ms-meta-1a": "1"}),
    Step("Get Blob", "GET", "/cont/b"),
    Step("Get Blob, awkward name", "GET", "/cont/dir/a%20b%25%2B%ED%95%9C"),
    Step("Get Blob, missing", "GET", "/cont/nothing"),
    Step("Get Blob, range", "GET", "/cont/b", headers={"x-ms-range": "bytes=1-3"}),
    Step("Get Blob, open range", "GET", "/cont/b", headers={"range": "bytes=3-"}),
    Step("Get Blob, long range", "GET", "/cont/b", headers={"x-ms-range": "bytes=5-999"}),
    Step("Get Blob, range behind the end", "GET", "/cont/b", headers={"x-ms-range": "bytes=7-9"}),
    Step("Get Blob, range of nothing", "GET", "/cont/empty", headers={"x-ms-range": "bytes=0-9"}),
    Step("Get Blob, bad range", "GET", "/cont/b", headers={"x-ms-range": "bytes=x"}),
    Step(
        *("Get Blob, MD5 of a range", "GET", "/cont/b"),
        headers={"x-ms-range": "bytes=1-3", "x-ms-range-get-content-md5": "true"},
    ),
    Step("Get Blob, If-Match fails", "GET", "/cont/b", headers={"if-match": ETAG}),
    Step("Get Blob, If-None-Match holds", "GET", "/cont/b", headers={"if-none-match": ETAG}),
    Step("Get Blob, If-None-Match *", "GET", "/cont/b", headers={"if-none-match": "*"}),
    Step("Get Blob, not modified since", "GET", "/cont/b", headers={"if-modified-since": SOON}),
    Step("Get Blob, modified since", "GET", "/cont/b", headers={"if-unmodified-since": LONG_AGO}),
    Step("Get Blob Properties", "HEAD", "/cont/b"),
    Step("Get Blob Properties, missing", "HEAD", "/cont/nothing"),
    Step("Get Blob Metadata", "GET", "/cont/b", "comp=metadata"),
    Step("Set Blob Metadata", "PUT", "/cont/b", "comp=metadata", headers={"x-ms-meta-k2": "v2"}),
    Step("Set Blob Properties", "PUT", "/cont/b", "comp=properties", headers={"x-ms-blob-content-type": "a/b"}),
    Step("Put Blob, If-None-Match *", "PUT", "/cont/b", "", b"x", {**PUT, "if-none-match": "*"}),
    Step("Put Blob, If-Match fails", "PUT", "/cont/b", "", b"x", {**PUT, "if-match": ETAG}),
    Step("Put Blob, If-Match * on nothing", "PUT", "/cont/none", "", b"x", {**PUT, "if-match": "*"}),
    Step(
        *("Put Blob, conditions that exclude each other", "PUT", "/cont/b", "", b"x"),
        {**PUT, "if-match": ETAG, "if-none-match": ETAG},
    ),
    Step("Put Block", "PUT", "/cont/blocks", "comp=block&blockid=MQ%3D%3D", b"block"),
    Step("Put Block, bad id", "PUT", "/cont/blocks", "comp=block&blockid=%21", b"block"),
    Step("Put Block, no id", "PUT", "/cont/blocks", "comp=block", b"block"),
    Step("Put Block, other length", "PUT", "/cont/blocks", "comp=block&blockid=AAAAAAAA", b"block"),
    Step("Get Block List, uncommitted", "GET", "/cont/blocks", "comp=blocklist&blocklisttype=all"),
    Step("Get Blob, uncommitted", "GET", "/cont/blocks"),
    Step("List Blobs, uncommitted", "GET", "/cont", LIST + "&include=uncommittedblobs&prefix=blocks"),
    Step(
        *("Put Block List", "PUT", "/cont/blocks", "comp=blocklist"),
        f"<BlockList><Latest>{BLOCK}</Latest></BlockList>".encode(),
    ),
    Step(
        "Put Block List, unknown",
        "PUT",
        "/cont/blocks",
        "comp=blocklist",
        b"<BlockList><Latest>WQ==</Latest></BlockList>",
    ),
    Step("Put Block List, no list", "PUT", "/cont/blocks", "comp=blocklist", b"<nonsense"),
    Step("Get Block List", "GET", "/cont/blocks", "comp=blocklist"),
    Step("Get Block List, missing", "GET", "/cont/nothing", "comp=blocklist"),
    Step("Get Blob, of blocks", "GET", "/cont/blocks"),
    Step("List Blobs", "GET", "/cont", LIST),
    Step("List Blobs, prefix and delimiter", "GET", "/cont", LIST + "&prefix=d&delimiter=/"),
    Step("List Blobs, page", "GET", "/cont", LIST + "&maxresults=2"),
    Step("List Blobs, metadata", "GET", "/cont", LIST + "&include=metadata&prefix=b"),
    Step("List Blobs, maxresults 0", "GET", "/cont", LIST + "&maxresults=0"),
    Step("List Blobs, missing container", "GET", "/nothing", LIST),
    Step("Copy Blob", "PUT", "/cont/copy", headers={"x-ms-copy-source": "{base}/cont/b"}),
    Step("Copy Blob, missing source", "PUT", "/cont/copy", headers={"x-ms-copy-source": "{base}/cont/nothing"}),
    Step("Copy Blob, other host", "PUT", "/cont/copy", headers={"x-ms-copy-source": "http://127.0.0.1:9/foreign/c/b"}),
    Step("Get Blob Properties, copied", "HEAD", "/cont/copy"),
    Step("Abort Copy Blob", "PUT", "/cont/copy", "comp=copy&copyid=x", headers={"x-ms-copy-action": "abort"}),
    Step("SAS", "GET", "/cont/b", token=token()),
    Step("SAS of 2015-04-05", "GET", "/cont/b", token=token(version="2015-04-05")),
    Step("SAS of 2013-08-15", "GET", "/cont/b", token=token(version="2013-08-15")),
    Step("SAS of the newest version", "GET", "/cont/b", token=token(version="2020-12-06")),
    Step("SAS, expired", "GET", "/cont/b", token=token(start=NOW - 7200, expiry=NOW - 3600)),
    Step("SAS, not yet valid", "GET", "/cont/b", token=token(start=NOW + 3600, expiry=NOW + 7200)),
    Step("SAS, another blob's", "GET", "/cont/md5", token=token()),
    Step("SAS, no permission", "DELETE", "/cont/b", token=token()),
    Step("SAS, create only", "PUT", "/cont/b", "", b"x", PUT, token(permissions="c")),
    Step("SAS of the container", "GET", "/cont/b", token=token(None, "rl")),
    Step("SAS of the container, list", "GET", "/cont", LIST + "&maxresults=1", token=token(None, "rl")),
    Step("SAS of the container, its properties", "GET", "/cont", "restype=container", token=token(None, "rl")),
    Step("SAS of the account", "GET", "/cont/b", token=account_token()),
    Step("SAS of the account, wrong level", "GET", "/cont/b", token=account_token(resources="sc")),
    Step("SAS of the account, no permission", "DELETE", "/cont/b", token=account_token()),
    Step("Anonymous, private", "GET", "/cont/b", token="-"),
    Step("Wrong key", "GET", "/cont/b", headers={"authorization": f"SharedKey {ACCOUNT}:d3Jvbmc="}, token="-"),
    Step("Snapshot Blob", "PUT", "/cont/b", "comp=snapshot"),
    Step(
        "Lease Blob",
        "PUT",
        "/cont/md5",
        "comp=lease",
        headers={"x-ms-lease-action": "acquire", "x-ms-lease-duration": "15"},
    ),
    Step("Set Blob Tier", "PUT", "/cont/b", "comp=tier", headers={"x-ms-access-tier": "Cool"}),
    Step("Put Page Blob", "PUT", "/cont/p", headers={"x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": "512"}),
    Step("Put Append Blob", "PUT", "/cont/a", headers={"x-ms-blob-type": "AppendBlob"}),
    Step(
        "Lease id, without a lease",
        "DELETE",
        "/cont/empty",
        headers={"x-ms-lease-id": "0" * 8 + "-0000" * 3 + "-" + "0" * 12},
    ),
    Step("Delete Blob", "DELETE", "/cont/empty"),
    Step("Delete Blob, missing", "DELETE", "/cont/empty"),
    Step("Method that is none", "POST", "/cont/b"),
    Step("Delete Container", "DELETE", "/cont", "restype=container"),
    Step("Delete Container, missing", "DELETE", "/cont", "restype=container"),
]

SHOWN = "Azurite repeats Marker, MaxResults and an empty Prefix though nobody sent them, shows the tiers of newer "
SHOWN += "accounts, and leaves out empty elements and the encryption of containers"
CLEARED = "Set Blob Properties clears the MD5 that it is not given (REST reference); Azurite keeps it"
DETAIL = "observed replies have this code (errors.md section 10); Azurite has another"
NO_CODE = "Azurite's own parser answers, without a code"
NOT_OURS = "not emulated: 501 with the reason"
EXPLAINED = {
    "List Containers": SHOWN,
    "Get Blob Service Properties": "settings of an account that nobody has set; Azurite's log everything",
    "Put Blob, wrong MD5": "the code of the REST reference",
    "Put Blob, no MD5 at all": "the code of the REST reference",
    "Put Blob, no type": NO_CODE,
    "Get Blob": "x-ms-blob-content-md5 comes with ranges only (REST reference)",
    "Get Blob, awkward name": "x-ms-blob-content-md5 comes with ranges only (REST reference)",
    "Get Blob, If-None-Match holds": "x-ms-blob-content-md5 comes with ranges only (REST reference)",
    "Get Blob, of blocks": "x-ms-blob-content-md5 comes with ranges only (REST reference)",
    "Get Blob, range behind the end": "416 (REST reference); Azurite answers a range that ends before it begins",
    "Get Blob, bad range": "Azurite fails inside",
    "Get Blob Metadata": "Azurite answers as Get Blob, content and all",
    "Put Blob, If-Match * on nothing": "* means that there must be a blob (REST reference); Azurite makes one",
    "Put Block, no id": NO_CODE,
    "Put Block List, no list": NO_CODE,
    "Get Block List": "Azurite shows an empty list that was not asked for",
    "Get Block List, uncommitted": "a blob that nobody committed has no entity tag (REST reference)",
    "Put Block List": "the list's MD5 comes to who sent one since 2019-02-02 (REST reference); Azurite tells always",
    "List Blobs, uncommitted": SHOWN,
    "List Blobs": SHOWN,
    "List Blobs, prefix and delimiter": SHOWN,
    "List Blobs, page": SHOWN,
    "List Blobs, metadata": SHOWN,
    "List Blobs, maxresults 0": NO_CODE,
    "Copy Blob, missing source": "the code that the service has for every source that it cannot read",
    "Copy Blob, other host": "nothing is ever fetched from other hosts; Azurite tries",
    "Abort Copy Blob": "the REST reference's code where no copy is pending",
    "SAS": CLEARED,
    "SAS of 2015-04-05": CLEARED,
    "SAS of 2013-08-15": "the version of the retraining results' own tokens; Azurite knows none before 2015-04-05",
    "SAS of the newest version": CLEARED,
    "SAS, expired": DETAIL,
    "SAS, not yet valid": DETAIL,
    "SAS, another blob's": DETAIL,
    "SAS, create only": "the service's code for a token that may create and not overwrite",
    "SAS of the container": CLEARED,
    "SAS of the container, list": SHOWN,
    "SAS of the container, its properties": "no token of a container opens the container itself; the codes differ",
    "SAS of the account": CLEARED,
    "Anonymous, private": "as newer versions tell of missing credentials; Azurite has one code for all",
    "Wrong key": DETAIL,
    "Snapshot Blob": NOT_OURS,
    "Lease Blob": NOT_OURS,
    "Set Blob Tier": NOT_OURS,
    "Put Page Blob": NOT_OURS,
    "Put Append Blob": NOT_OURS,
    "Method that is none": NO_CODE,
}

HEADERS = (
    "etag",
    "last-modified",
    "content-md5",
    "content-type",
    "content-range",
    "x-ms-blob-content-md5",
    "accept-ranges",
)
HEADERS += (
    "x-ms-blob-type",
    "x-ms-copy-status",
    "x-ms-error-code",
    "x-ms-meta-a",
    "x-ms-meta-b",
    "x-ms-meta-k",
    "x-ms-meta-k2",
)
TIMES = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def send(base, step):
    """Send a step; return what can be compared: status, headers without times and tags, and what the body holds."""
    host, _, account = base.removeprefix("http://").partition("/")
    headers = {"x-ms-version": VERSION, "x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), **step.headers}
    headers = {name: value.replace("{base}", base) for name, value in headers.items()}
    if step.body or step.method == "PUT":
        headers["content-length"] = str(len(step.body))
    path, query = f"/{account}{step.path}", step.query
    if not step.token:
        headers["authorization"] = authorization(step.method, path, query, headers)
    elif step.token != "-":
        query = f"{query}&{step.token}" if query else step.token
    with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request(step.method, path + ("?" + query if query else ""), step.body or None, headers)
        response = connection.getresponse()
        return _comparable(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def _comparable(status, headers, body):
    found = {name: _plain(name, headers[name]) for name in HEADERS if headers.get(name)}
    content = body.decode("utf-8", "replace")
    if status < 300 and headers.get("content-type", "").startswith("application/xml"):
        content = " ".join(sorted({f"{item.tag}={_value(item)}" for item in ElementTree.fromstring(body).iter()}))
    elif status >= 300:
        content = ""
        found.pop("content-type", None)
    return {"status": status, **found, "content": content}


def _plain(name, value):
    return "(there)" if name in ("etag", "last-modified") else value


def _value(item):
    text = (item.text or "").strip()
    volatile = item.tag.lower() in ("etag", "nextmarker", "copyid", "copysource")
    return "(there)" if text and (volatile or TIMES.fullmatch(text)) else text


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Send every step to both; return both answers by step."""
    folder = tmp_path_factory.mktemp("conformance")
    with (
        closing(FilesBlobs(folder / "ours", {ACCOUNT: KEY}, SystemClock())) as blobs,
        serving(BlobApplication(blobs, SystemClock()), blobs.spool) as ours,
        azurite(folder / "azurite") as theirs,
    ):
        found = {step.name: (send(f"{ours}/{ACCOUNT}", step), send(theirs, step)) for step in STEPS}
    NEW_PAGE.parent.mkdir(parents=True, exist_ok=True)
    NEW_PAGE.write_text(INTRODUCTION + _table(found), "utf-8")
    return found


def differences(pair):
    """Return what differs between two answers, as one line."""
    ours, theirs = pair
    names = sorted(ours.keys() | theirs.keys())
    told = [
        f"{name}: {_told(ours.get(name))} / {_told(theirs.get(name))}"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]
    return "; ".join(told)


def _told(value):
    return "-" if value in (None, "") else str(value)


def _table(found):
    rows = [
        f"| operation | ours | Azurite {AZURITE} | difference (ours / Azurite) | why |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, pair in found.items():
        shown = [f"{answer['status']} {answer.get('x-ms-error-code', '')}".strip() for answer in pair]
        told = textwrap.shorten(differences(pair).replace("|", "\\|").replace("<", "&lt;"), 160, placeholder=" ...")
        rows.append(f"| {name} | {shown[0]} | {shown[1]} | {told} | {EXPLAINED.get(name, '') if told else ''} |")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_same_answer_or_a_reason(answers, step):
    """Both answer alike, or the difference has its reason in this file."""
    told = differences(answers[step.name])
    assert bool(told) == (step.name in EXPLAINED), told


def test_every_step_has_a_name_of_its_own():
    """No two steps share a name, and no explanation is for a step that is not there."""
    names = [step.name for step in STEPS]
    assert (len(names), set()) == (len(set(names)), EXPLAINED.keys() - set(names))


def test_the_page_is_what_was_seen(answers):
    """docs/blob-conformance.md shows these answers; where it does not, the new page lies in .build/real."""
    assert NEW_PAGE.read_text("utf-8") == PAGE.read_text("utf-8")
