"""Requests that no client means: every route, with some of its parts right and the others anything at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from amlemulator import Emulator
from amlemulator.faces.hosts import FACES
from support.blobs import CONNECTION

ROOTS = {
    "services": "/ussouthcentral.services",
    "management": "/management",
    "studioapi": "/studioapi",
    "studio": "/studio",
    "portal": "/portal",
    "control": "/_emulator",
}
OTHER_ROOTS = ["/europewest.services", "/europewest.management", "/asiasoutheast.management", "", "//", "/unknown"]
SECRET = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"  # planted in references; must turn up nowhere
MEMBERS = [
    "Inputs",
    "Input",
    "Outputs",
    "Output",
    "GlobalParameters",
    "input1",
    "output1",
    "ColumnNames",
    "Values",
    "Instance",
    "FeatureVector",
    "ConnectionString",
    "RelativeLocation",
    "BaseLocation",
    "SasBlobToken",
    "Resources",
    "Name",
    "Location",
    "Description",
    "ThrottleLevel",
    "MaxConcurrentCalls",
    "PreventUpdate",
    "DiagnosticsTraceLevel",
    "OverwriteResources",
    "Type",
    "CodeBundle",
    "InputSchema",
    "OutputSchema",
    "enum",
    "DataSource",
    "UploadId",
    "Graph",
    "IsDraft",
    "freeze",
    "advance",
    "resume",
    "x",
]
WORDS = st.sampled_from(
    [
        "",
        "Low",
        "High",
        "True",
        "Code",
        "Line [trained model]",
        "tests/a.csv",
        "/tests/a.ilearner",
        "https://devstoreaccount1.blob.core.windows.net/",
        "http://127.0.0.1:10000/devstoreaccount1",
        CONNECTION,
        f"?sv=2013-08-15&sr=b&sig={SECRET}&se=2030-01-01&sp=r",
        "AccountName=a;AccountKey=b;",
        "{0}{1}",
        "\ud800",
        "\x00",
        "a" * 5000,
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.integers(-(10**40), 10**40)
    | WORDS
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)
REFERENCE = {
    "ConnectionString": CONNECTION,
    "RelativeLocation": "tests/a.csv",
    "BaseLocation": "https://devstoreaccount1.blob.core.windows.net/",
    "SasBlobToken": f"?sv=2013-08-15&sr=b&sig={SECRET}&se=2030-01-01&sp=r",
}
MODEL = {**REFERENCE, "RelativeLocation": "tests/a.ilearner"}
NUMBER = {"type": "number", "format": "double", "enum": ["1"]}
# Good bodies by the last part of the path, to be spoilt at one place.
GOOD: dict[str, list[Any]] = {
    "execute": [
        {"Inputs": {"input1": {"ColumnNames": ["x", "n"], "Values": [["1", 2]]}}, "GlobalParameters": {"a": "b"}},
        {"Inputs": {"input1": {"Values": [[1.5, 7, "a", True, "5/30/2010 18:07:00"]]}}, "GlobalParameters": {}},
        {"Inputs": {"input1": [{"x": 1, "n": 2, "y": "a", "b": False, "t": None}]}},
    ],
    "score": [{"Id": "1", "Instance": {"FeatureVector": {"x": "1", "n": "2"}, "GlobalParameters": {}}}],
    "jobs": [
        {
            "Input": REFERENCE,
            "Outputs": {"output1": MODEL, "output2": REFERENCE},
            "GlobalParameters": {"L2 weight": "1"},
        },
        {"Inputs": {"input1": REFERENCE}, "Output": MODEL},
        {"Input": {**REFERENCE, "ConnectionString": None}},
    ],
    "<endpoint_name>": [
        {"Resources": [{"Name": "Line [trained model]", "Location": MODEL}], "Description": "d"},
        {"ThrottleLevel": "High", "MaxConcurrentCalls": "20", "PreventUpdate": "True", "DiagnosticsTraceLevel": "All"},
    ],
    "refresh": [{"OverwriteResources": "True"}],
    "<service_id>": [{"Name": "f", "Type": "Code", "CodeBundle": {"InputSchema": {"a": NUMBER}, "OutputSchema": {}}}],
    "datasources": [{"DataSource": {"Name": "a", "DataTypeId": "GenericCSV"}, "UploadId": "x", "ClientPoll": True}],
    "clock": [{"freeze": 1000.0, "advance": 5, "resume": True}],
}
ANY_GOOD = [body for bodies in GOOD.values() for body in bodies]


@st.composite
def spoilt(draw: Any, body: Any) -> Any:
    """Return the body with one of its parts, at any depth, replaced by anything at all, or taken away."""
    if isinstance(body, (dict, list)) and body and draw(st.integers(0, 3)):
        keys = list(body) if isinstance(body, dict) else list(range(len(body)))
        chosen = draw(st.sampled_from(keys))
        copy = dict(body) if isinstance(body, dict) else list(body)
        if draw(st.integers(0, 9)):
            copy[chosen] = draw(spoilt(body[chosen]))
        else:
            del copy[chosen]
        return copy
    return draw(VALUES)


def as_json(value: Any) -> bytes:
    """Return the body of a request; half a surrogate pair goes as its escape."""
    return json.dumps(value).encode()


BODIES = VALUES.map(as_json) | st.binary(max_size=40) | st.just(b"[" * 5000)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "Content-Encoding",
            "Accept",
            "Accept-Language",
            "Content-Length",
            "Transfer-Encoding",
            "Host",
            "Expect",
            "If-None-Match",
            "Range",
            "Cookie",
            "Origin",
            "Sec-Fetch-Site",
            "X-HTTP-Method-Override",
            "x-ms-version",
            "x-ms-client-session-id",
        ]
    ),
    st.sampled_from(["", "application/json", "0", "5", "-1", "chunked", "UTF-8", "ko", "evil.example", "[::1", "\xff"])
    | st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=12),
    max_size=3,
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["api-version", "format", "details", "sig", "dataTypeId", "numberOfBlocks", "blockId", "x", ""]
        ),
        st.sampled_from(["2.0", "1.0", "9", "", "true", "swagger", "%", "%ff", "-1", "9" * 30])
        | st.text(max_size=5).map(lambda text: quote(text, safe="", errors="replace")),
    )
    | st.just(("sig", SECRET)),
    max_size=3,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
ODD = st.sampled_from(
    ["", "x", "default", "0" * 32, "%00", "%ff", "%0a", "..", "a b", "%2F", "{0}", "ep%20"]
) | st.text(max_size=6).map(lambda text: quote(text, safe="", errors="replace"))


HARMLESS = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Accept", "Accept-Language", "Expect", "If-None-Match"]),
    st.sampled_from(["", "application/json", "UTF-8", "ko", "\xff", "100-continue"]),
    max_size=2,
)


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Right:
    """What a good request would name: the ids in the paths, and the key for each host."""

    ids: dict[str, list[str]]
    keys: dict[str, str]  # by host; the scoring host's by endpoint id


def routes(emulator: Emulator) -> list[tuple[str, str, str]]:
    """Return every (host, method, path) that the emulator's apps know."""
    found = set()
    for role in FACES:
        for rule in emulator.host(role).url_map.iter_rules():
            if rule.rule.startswith(f"/{role}"):
                found |= {(role, method, rule.rule) for method in rule.methods or ()}
    return sorted(found)


def _path(draw: Any, role: str, rule: str, right: Right, *, odd: bool) -> tuple[str, str]:
    """Return the path with its places filled, and the key that opens it."""
    path, key = rule.removeprefix(f"/{role}"), right.keys.get(role, "")
    for name, values in right.ids.items():
        for form in (f"<{name}>", f"<path:{name}>"):
            if form in path:
                value = draw(ODD) if odd and draw(st.booleans()) else draw(st.sampled_from(values))
                path, key = path.replace(form, value), right.keys.get(value, key)
    return path, key


@st.composite
def near_requests(draw: Any, known: list[tuple[str, str, str]], right: Right) -> Sent:
    """Make a request that is good but for its body, its query or a header without meaning."""
    role, method, rule = draw(st.sampled_from([one for one in known if one[1] not in ("HEAD", "OPTIONS")]))
    path, key = _path(draw, role, rule, right, odd=False)
    good = GOOD.get(rule.rpartition("/")[2], ANY_GOOD)
    body = draw(st.sampled_from(good).flatmap(spoilt).map(as_json) | BODIES) if method != "GET" else b""
    headers = {"Host": "127.0.0.1:8350", **draw(HARMLESS), "Content-Length": str(len(body))}
    headers["Authorization"] = f"Bearer {key}"
    headers["x-ms-metaanalytics-authorizationtoken"] = key
    query = draw(st.sampled_from(["", "api-version=2.0", "api-version=2.0&details=true"]) | QUERIES)
    return Sent(method, ROOTS[role] + path + (f"?{query}" if query else ""), headers, body)


@st.composite
def far_requests(draw: Any, known: list[tuple[str, str, str]], right: Right) -> Sent:
    """Make a request that has something of a good one at best."""
    role, method, rule = draw(st.sampled_from(known))
    method = draw(st.sampled_from([method] * 4 + ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]))
    path, key = _path(draw, role, rule, right, odd=True)
    root = draw(st.sampled_from([ROOTS[role]] * 6 + OTHER_ROOTS))
    query, body = draw(QUERIES), draw(BODIES)
    headers = {"Host": "127.0.0.1:8350", "Content-Length": str(len(body)), **draw(HEADERS)}
    given = draw(st.sampled_from([key, key, *right.keys.values(), "", "wrong"]))
    headers["Authorization"] = draw(st.sampled_from(["Bearer {}", "bearer  {}", "Basic {}", "{}"])).format(given)
    if draw(st.booleans()):
        headers["x-ms-metaanalytics-authorizationtoken"] = given
    return Sent(method, root + path + (f"?{query}" if query else ""), headers, body)
