"""Regions and logical hosts."""

import re

import pytest

from amlcontracts import load
from amlemulator.core.regions import (
    Host,
    host_of_label,
    host_of_name,
    hosts,
    is_real,
    label,
    real_names,
    regions,
)

REGIONS = sorted(load("regions"))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("role", ["services", "management", "studioapi"])
def test_a_label_names_its_host(region, role):
    """The first label of each real host name leads back to the role and the region it was made for."""
    assert Host(role, region) == host_of_label(label(role, region))
    assert Host(role, region) == host_of_name(f"{label(role, region)}.azureml.net")


def test_no_two_hosts_share_a_label():
    """Every region has a services, a management, a Studio API and a Studio host, beside two without region."""
    assert 4 * len(REGIONS) + 2 == len(hosts())


def test_south_central_us_has_no_prefix_but_on_the_scoring_host():
    """Only the scoring host of South Central US carries its region in its name (clients.md section 1)."""
    labels = [label(role, "South Central US") for role in ("services", "management", "studioapi", "studio")]
    assert ["ussouthcentral.services", "management", "studioapi", "studio"] == labels


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("management.azureml.net:443", Host("management", "South Central US")),
        ("EuropeWest.Management.AzureML.net", Host("management", "West Europe")),
        ("services.azureml.net", Host("portal")),
        ("studio.azureml.net", Host("studio")),
        ("europewest.studio.azureml.net", Host("studio", "West Europe")),
        ("acct.blob.core.windows.net", Host("blob", account="acct")),
        ("127.0.0.1:8350", None),
        ("azureml.net", None),
        ("nowhere.azureml.net", None),
        ("management.azureml.net.evil.example", None),
        ("", None),
    ],
)
def test_real_host_names(name, expected):
    """A real name, in any case and with a port, is its host; every other name is none."""
    assert expected == host_of_name(name)


@pytest.mark.parametrize(
    ("first", "expected"),
    [("acct.blob", Host("blob", account="acct")), (".blob", None), ("blob", None), ("workspaces", None), ("", None)],
)
def test_labels_of_storage_accounts(first, expected):
    """A storage account's first label is its name and ``.blob``."""
    assert expected == host_of_label(first)


def test_every_region_is_told():
    """The display names are those of the contract, in its order."""
    assert tuple(load("regions")) == regions()


def test_hosts_without_a_region():
    """Help pages, the portal and the emulator's own control serve every region."""
    found = {name: host for name, host in hosts().items() if host.region is None}
    assert {"studio": Host("studio"), "portal": Host("portal"), "_emulator": Host("control")} == found


def test_every_real_name_is_of_the_services_domain_and_leads_to_its_host():
    """The portal has the bare name; what only the emulator has is called nothing real."""
    names = real_names()
    assert 4 * len(REGIONS) + 1 == len(names) == len(set(names))
    assert "services.azureml.net" in names
    assert {"portal", "services", "management", "studioapi", "studio"} == {host_of_name(one).role for one in names}
    assert not {"_emulator.azureml.net", "portal.azureml.net"} & set(names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("management.azureml.net", True),
        ("Europewest.Services.AzureML.net", True),
        ("known.blob.core.windows.net", True),
        ("KNOWN.blob.core.windows.net", True),
        ("unknown.blob.core.windows.net", False),
        ("a.known.blob.core.windows.net", False),
        ("known", False),
        ("blob.core.windows.net", False),
        ("example.org", False),
        ("_emulator.azureml.net", False),
    ],
)
def test_a_name_is_real_when_it_is_the_services_or_of_a_known_account(name, expected):
    """In any case; of storage accounts only those that are known here, and those by Azure's rule for their names."""
    asked = []
    known = lambda account: asked.append(account) or account == "known"  # noqa: E731 - a function that notes and tells
    assert expected is is_real(name, known)
    assert [] == [one for one in asked if not re.fullmatch("[a-z0-9]{3,24}", one)]


def test_an_account_that_breaks_azures_rule_is_not_asked_for():
    """A name with a dot or of two letters is none, whoever says that it is known."""
    assert [False, False] == [is_real(f"{name}.blob.core.windows.net", lambda _: True) for name in ("a.b.c", "ab")]


def test_a_name_of_another_domain_is_no_host_though_its_label_is_one():
    """The label alone names a host in a path, never in a host's name."""
    assert [None, None] == [host_of_name("management"), host_of_name("studio.example.org")]
