"""Calling the Studio API in the ways its clients do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from support.wire import Answer, Place

TOKEN = "x-ms-metaanalytics-authorizationtoken"


@dataclass(frozen=True)
class Studio:
    """A caller of the Studio API of one workspace."""

    place: Place

    @property
    def root(self) -> str:
        """The address of the Studio API in the workspace's region."""
        return self.place.emulator.addresses.studio_url(self.place.workspace)

    @property
    def home(self) -> str:
        """The workspace's own address there."""
        return f"{self.root}/workspaces/{self.place.workspace.id}"

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any) -> Answer:
        """Call below the workspace's address, with its token."""
        url = path if path.startswith("http") else self.home + path
        headers = {TOKEN: token or self.place.workspace.primary_token, **options.pop("headers", {})}
        return self.place.wire.call(method, url, body, headers=headers, **options)

    def get(self, path: str) -> Any:
        """GET what must be there; return its JSON."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def begin(self, kind: str = "GenericCSV", content: bytes = b"") -> str:
        """Begin an upload, with all of it in the body when ``content`` is given; return its id."""
        query = f"?userStorage=true&dataTypeId={kind}"
        answer = self.call("POST", f"{self.uploads('resource')}{query}", raw=content)
        assert answer.status == 200, answer
        return str(answer.json["Id"])

    def uploads(self, kind: str) -> str:
        """Return the address of ``resourceuploads`` or ``blobuploads``, with the slash that clients write."""
        return f"{self.root}/{kind}uploads/workspaces/{self.place.workspace.id}/"

    def block(self, upload: str, number: int, count: int, content: bytes) -> Answer:
        """Send one block."""
        query = f"?numberOfBlocks={count}&blockId={number}&uploadId={upload}&dataTypeId=GenericCSV"
        return self.call("POST", self.uploads("blob") + query, raw=content)

    def register(self, upload: str, name: str = "mine", kind: str = "GenericCSV", **changes: Any) -> Answer:
        """Make an upload a data set, as the Python client does."""
        source = {
            "Name": name,
            "DataTypeId": kind,
            "Description": "some rows",
            "FamilyId": None,
            "Owner": "Python SDK",
            "SourceOrigin": "FromResourceUpload",
        }
        body = {"DataSource": {**source, **changes}, "UploadId": upload, "UploadedFromFileName": "", "ClientPoll": True}
        return self.call("POST", "/datasources", body)

    def add(self, content: bytes, name: str = "mine", kind: str = "GenericCSV", **changes: Any) -> dict[str, Any]:
        """Upload a data set and return it."""
        answer = self.register(self.begin(kind, content), name, kind, **changes)
        assert answer.status == 200, answer
        found: dict[str, Any] = self.get(f"/datasources/{answer.json}")
        return found

    def download(self, dataset: dict[str, Any]) -> Answer:
        """Fetch a data set's content as clients do: three members joined, no credentials beside them."""
        place = dataset["DownloadLocation"]
        return self.place.wire.call("GET", place["BaseUri"] + place["Location"] + place["AccessCredential"])


def refusal(answer: Answer) -> tuple[int, str, str]:
    """Return status, code and message of a refusal in the Studio API's envelope, which is checked."""
    assert set(answer.json) == {"Error"}
    error = answer.json["Error"]
    assert list(error) == ["Code", "Message", "Target", "Details", "InnerError", "DebugInfo"]
    assert json.dumps(error) == json.dumps(
        {**error, "Target": None, "Details": [], "InnerError": None, "DebugInfo": None}
    )
    return answer.status, error["Code"], error["Message"]
