"""The URLs that stand in answers."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlcontracts import load
from amlemulator.core.addresses import Addresses
from amlemulator.core.connection import split_location
from amlemulator.core.regions import Host, host_of_label, host_of_name
from support.records import make_endpoint, make_service, make_workspace

REGIONS = st.sampled_from(sorted(load("regions")))
# What the R client asks of HelpLocation (clients.md section 5).
R_HELP = re.compile(r".*?/workspaces/([0-9A-Za-z]*)/webservices/([0-9A-Za-z]*)/endpoints/([0-9A-Za-z]*)/*.*$")

ADDRESSES = Addresses("http://127.0.0.1:8350", "http://127.0.0.1:10000")


@given(REGIONS, st.booleans())
def test_an_address_leads_to_the_workspaces_own_region(region, real):
    """Whatever the region, ApiLocation and the management URL name hosts that serve that very region."""
    workspace, addresses = make_workspace(region=region), Addresses(ADDRESSES.base, ADDRESSES.blob, real=real)
    for role, url in (
        ("services", addresses.api_location(workspace, make_endpoint())),
        ("management", addresses.management_url(workspace)),
        ("studioapi", addresses.studio_url(workspace)),
    ):
        parts = urlsplit(url)
        first = parts.path.split("/")[1] if not real else ""
        assert Host(role, region) == (host_of_name(parts.netloc) if real else host_of_label(first))


def test_api_location_names_the_guid_and_ends_there():
    """ApiLocation has no trailing slash and no query, for clients append to it (clients.md section 1)."""
    endpoint = make_endpoint()
    expected = f"http://127.0.0.1:8350/ussouthcentral.services/workspaces/{'1' * 32}/services/{'3' * 32}"
    assert expected == ADDRESSES.api_location(make_workspace(), endpoint)


def test_management_names_the_endpoint_and_help_its_guid():
    """The PATCH URL carries the endpoint's name, HelpLocation its GUID (clients.md section 1)."""
    records = make_workspace(), make_service(), make_endpoint("ep2")
    assert ADDRESSES.patch_url(*records).endswith(
        f"/management/workspaces/{'1' * 32}/webservices/{'2' * 32}/endpoints/ep2"
    )
    found = R_HELP.match(ADDRESSES.help_location(*records))
    assert found is not None
    assert ("1" * 32, "2" * 32, "3" * 32) == found.groups()


@pytest.mark.parametrize("real", [False, True])
def test_a_base_location_and_a_relative_one_concatenate(real):
    """BaseLocation ends with a slash, so that clients can put the three values together (clients.md 4.3)."""
    base = Addresses(ADDRESSES.base, ADDRESSES.blob, real=real).blob_account("devstoreaccount1")
    assert base.endswith("/")
    assert ("devstoreaccount1", "c", "a/b.csv") == split_location(base + "c/a/b.csv")
    assert ("devstoreaccount1", "c", "a/b.csv") == split_location(base, "c/a/b.csv")


def test_swagger_splits_the_scoring_host():
    """Swagger's host carries the port; with real names it is 443, spelled out (documents.md 2.1)."""
    workspace = make_workspace()
    assert ("http", "127.0.0.1:8350", "/ussouthcentral.services") == ADDRESSES.swagger_host(workspace)
    expected = ("https", "ussouthcentral.services.azureml.net:443", "")
    assert expected == Addresses(real=True).swagger_host(workspace)


@pytest.mark.parametrize(
    ("real", "expected"),
    [(False, "http://127.0.0.1:10000/acct/"), (True, "https://acct.blob.core.windows.net/")],
)
def test_a_storage_account_has_an_address_of_either_kind(real, expected):
    """Azurite's form below the blob listener, or the real host."""
    assert expected == Addresses(ADDRESSES.base, ADDRESSES.blob, real=real).blob_account("acct")


def test_the_studio_api_is_on_the_host_of_the_workspaces_region():
    """Its URL ends before the operation's own path."""
    workspace = make_workspace(region="West Europe")
    assert "http://127.0.0.1:8350/europewest.studioapi/api" == ADDRESSES.studio_url(workspace)


def test_swagger_of_an_address_with_a_path_keeps_the_path():
    """Behind somebody else's proxy the base has a path of its own."""
    found = Addresses("https://host.example/a://b", "").swagger_host(make_workspace())
    assert ("https", "host.example") == found[:2]
