"""Regions and logical hosts."""

import pytest

from amlcontracts import load
from amlemulator.core.regions import Host, host_of_label, host_of_name, hosts, label

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
