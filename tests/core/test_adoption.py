"""Ids, keys and hosts in the text of programs and configuration, whatever the language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.adoption import Finding, identifier, scan, words_of

WORKSPACE, SERVICE, ENDPOINT = "a" * 32, "b" * 32, "c" * 32
KEY, TOKEN, SECRET = (f"{letter * 86}==" for letter in "KTS")

CSHARP = f"""
const string WorkspaceId = "{WORKSPACE}";
const string ServiceId = "{ENDPOINT}";
const string ApiKey = "{KEY}"; // Replace this
string url = "https://europewest.services.azureml.net/workspaces/" + WorkspaceId + "/services/" + ServiceId + "/jobs";
const string StorageAccountName = "mystore";
const string StorageAccountKey = "{SECRET}";
const string StorageContainerName = "mycontainer";
"""
PYTHON = f"""
workspace_id = '{WORKSPACE}'
url = f'https://europewest.services.azureml.net/workspaces/{{workspace_id}}/services/{ENDPOINT}/execute?api-version=2.0'
api_key = '{KEY}'
headers = {{'Authorization': 'Bearer ' + api_key}}
"""
R = f"""
workspaceId <- "{WORKSPACE}"
serviceId <- "{ENDPOINT}"
url <- paste0("https://europewest.services.azureml.net/workspaces/", workspaceId, "/services/", serviceId, "/execute")
apiKey <- "{KEY}"
"""
POWERSHELL = f"""
$workspaceId = '{WORKSPACE}'
$serviceId = '{ENDPOINT}'
$apiKey = '{KEY}'
Invoke-RestMethod "https://europewest.services.azureml.net/workspaces/$workspaceId/services/$serviceId/execute"
"""
JSON = f"""
{{"mlEndpoint": "https://europewest.services.azureml.net/workspaces/{WORKSPACE}/services/{ENDPOINT}/jobs",
 "apiKey": "{KEY}",
 "updateResourceEndpoint": "https://europewest.management.azureml.net/workspaces/{WORKSPACE}/webservices/{SERVICE}/endpoints/e2",
 "trainedModelName": "Income Predictor [trained model]"}}
"""
XML = f"""
<add key="WorkspaceId" value="{WORKSPACE}" />
<add key="EndpointId" value="{ENDPOINT}"/>
<add key="ApiKey" value="{KEY}"/>
<add key="Url" value="https://europewest.services.azureml.net"/>
"""
TEXTS = {"C#": CSHARP, "Python": PYTHON, "R": R, "PowerShell": POWERSHELL, "JSON": JSON, "XML": XML}


@pytest.mark.parametrize("language", TEXTS)
def test_ids_keys_and_regions_are_found_in_every_language(language):
    """The workspace, the endpoint's GUID, its key and the region, and nothing taken for another."""
    text = scan(TEXTS[language])
    expected = {("workspace", WORKSPACE), ("endpoint", ENDPOINT), ("key", KEY)}
    found = {(one.kind, one.value) for one in text.findings if one.kind in ("workspace", "endpoint", "key")}
    assert expected == found
    assert ("West Europe",) == text.regions
    assert text.hosts[0] == "europewest.services.azureml.net"


def test_storage_is_found():
    """Account, key and container, by their names or in a connection string cut over lines."""
    named = scan(CSHARP)
    string = scan(
        f'store = ("DefaultEndpointsProtocol=https;AccountName=mystore;"\n  "AccountKey="\n  "{SECRET}")\n'
        'place = {"RelativeLocation": "mycontainer/input.csv"}'
    )
    for text in (named, string):
        found = {(one.kind, one.value) for one in text.findings if "account" in one.kind}
        assert {("account", "mystore"), ("account key", SECRET)} == found
        assert ("mycontainer",) == text.containers
    assert ["mystore"] == [one.value for one in scan("https://mystore.blob.core.windows.net/c/b").of("account")]


def test_the_flow_of_retraining_is_found():
    """The scoring service, its endpoint's name and the trained model, in the definition of a data factory."""
    text = scan(JSON)
    assert [SERVICE] == [one.value for one in text.of("service")]
    assert ["e2"] == [one.value for one in text.of("endpoint name")]
    assert ("Income Predictor [trained model]",) == text.resources


def test_a_token_is_told_from_a_key():
    """By the identifier that it is given to."""
    text = scan(f'Token = "{TOKEN}"\nApiKey = "{KEY}"\nworkspace_authorization = "{"U" * 86}=="')
    assert ["token", "key", "token"] == [one.kind for one in text.findings]


def test_roles_are_told_by_name_and_by_address():
    """An identifier's words say for which service a value is; so does what follows it in an address."""
    text = scan(f'TrainingKey = "{KEY}"\nscore_key = "{TOKEN}"\nurl = ".../services/{ENDPOINT}/jobs"\nkey = "{SECRET}"')
    assert ["training", "scoring", "training", None] == [one.role for one in text.findings]


def test_hosts_that_are_not_emulated_are_told():
    """Germany's hosts, for one."""
    assert ("germanycentral.management.azureml.de",) == scan("https://germanycentral.management.azureml.de/x").foreign


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"md5 = '{'0' * 32}'",
        "0" * 64,
        f"hash: {'d' * 33}",
        f"{'K' * 87}==",
        "azureml.network",
        "blob.core.windows.net",
    ],
)
def test_what_is_none(text):
    """Other hex digits, other base64 and other names are left alone."""
    found = scan(text)
    assert ((), (), ()) == (found.findings, found.hosts, found.regions)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ('const string ApiKey = "', "ApiKey"),
        ("api_key = '", "api_key"),
        ('  "apiKey": "', "apiKey"),
        ('apiKey <- "', "apiKey"),
        ("$apiKey = '", "apiKey"),
        ('<add key="Api.Key" value="', "Api.Key"),
        ("<ApiKey>", "ApiKey"),
        ("export API_KEY=", "API_KEY"),
        ('url = f"https://x/', "url"),
        ('URL = "https://h/" + other + "/x/', "URL"),
        ('auth = "Bearer ', "auth"),
        ("auth = 'Bearer ", "auth"),
        ("auth = 'k", "auth"),
        ('"Bearer ', ""),
        ('Bearer, ""', ""),
        ('  "', ""),
    ],
)
def test_the_identifier_that_a_value_is_given_to(before, expected):
    """In every language's way of saying so."""
    assert expected == identifier(before)


def test_the_words_of_an_identifier():
    """Whether by humps, underscores or hyphens."""
    expected = {"training", "api", "key"}
    assert [expected] * 3 == [words_of(name) for name in ("TrainingAPIKey", "training_api_key", "training-api-key")]


@given(st.text(max_size=300))
def test_any_text_is_looked_through(text):
    """Nothing that is no id makes it fail, and each finding stands in the line that it is said to."""
    whole = f"{text}\nworkspaceId = '{WORKSPACE}'"
    found = [one for one in scan(whole).findings if one.value == WORKSPACE]
    assert [whole.count("\n", 0, whole.rindex(WORKSPACE)) + 1] == [one.line for one in found]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (
            f'url = "https://h/services/{ENDPOINT}"',
            [Finding("endpoint", ENDPOINT, 1, frozenset({"url"}))],
        ),
        (f'webServiceId = "{SERVICE}"', [Finding("service", SERVICE, 1, frozenset({"web", "service", "id"}))]),
        (f'webserviceId = "{SERVICE}"', [Finding("service", SERVICE, 1, frozenset({"webservice", "id"}))]),
        (f'ws = "{WORKSPACE}"', [Finding("workspace", WORKSPACE, 1, frozenset({"ws"}))]),
        (f'endpointId = "{ENDPOINT}"', [Finding("endpoint", ENDPOINT, 1, frozenset({"endpoint", "id"}))]),
        (
            f'hash = "{"d" * 32}"\nworkspace = "{WORKSPACE}"',
            [Finding("workspace", WORKSPACE, 2, frozenset({"workspace"}))],
        ),
        (
            f'x = "{ENDPOINT}"\nu = "https://h/endpoints/" + x',
            [Finding("endpoint", ENDPOINT, 1, frozenset({"x"}))],
        ),
        (
            f'x = "{ENDPOINT.upper()}"\nu = "https://h/services/" + x',
            [Finding("endpoint", ENDPOINT, 1, frozenset({"x"}))],
        ),
        (
            f"https://h/endpoints/{ENDPOINT}/execute",
            [Finding("endpoint", ENDPOINT, 1, frozenset({"https", "execute"}))],
        ),
        (f'storageKey = "{KEY}"', [Finding("account key", KEY, 1, frozenset({"storage", "key"}))]),
        (f'accountKey = "{KEY}"', [Finding("account key", KEY, 1, frozenset({"account", "key"}))]),
        (f'blobKey = "{KEY}"', [Finding("account key", KEY, 1, frozenset({"blob", "key"}))]),
        (f'c = "x;accountkey={KEY}"', [Finding("account key", KEY, 1, frozenset({"c"}))]),
        (f'workspaceKey = "{KEY}"', [Finding("token", KEY, 1, frozenset({"workspace", "key"}))]),
        (f'authorization = "{KEY}"', [Finding("token", KEY, 1, frozenset({"authorization"}))]),
        ("\n\nAccountName=Acct123;\n\n", [Finding("account", "acct123", 3)]),
        ("\n https://Acct123.blob.core.windows.net/\n", [Finding("account", "acct123", 2)]),
        ("account_name = 'acct123'", [Finding("account", "acct123", 1, frozenset({"account", "name"}))]),
        (
            "x = 1\naccount_name = 'acct123'\n\n",
            [Finding("account", "acct123", 2, frozenset({"account", "name"}))],
        ),
        ("\nhttps://h/endpoints/ep2/\n", [Finding("endpoint name", "ep2", 2)]),
    ],
)
def test_a_finding_is_told_whole(text, findings):
    """Kind, value, line, and the words of the identifier before it."""
    assert tuple(findings) == scan(text).findings


def test_a_value_on_the_next_line_is_given_to_the_name_before_it():
    """A line that only goes on belongs to the one before; one with words of its own does not."""
    text = f'first = 1\nworkspaceId = (\n    "{WORKSPACE}")\n'
    assert [("workspace", 3)] == [(one.kind, one.line) for one in scan(text).findings]
    assert () == scan(f'workspaceId = \nhash "{WORKSPACE}"').findings
    assert () == scan(f'workspaceId = \nhash + "{WORKSPACE}"').findings
    assert () == scan(f'workspaceId = \nHASH + "{WORKSPACE}"').findings
    assert () == scan(f'workspaceId = 1\n\n"{WORKSPACE}"').findings
    assert () == scan(f'first = 1\nworkspaceId = (\n\n    "{WORKSPACE}")').findings
    assert () == scan(f'"{WORKSPACE}"').findings


def test_models_are_named_by_what_stands_before_the_mark():
    """A name of one letter is the shortest; the mark alone is none; the same name is told once."""
    found = scan('"M [trained model]" "[trained model]" " M [trained model]" "N[trained model]"').resources
    assert ("M [trained model]", "N[trained model]") == found


def test_findings_are_told_once_and_in_the_order_of_the_text():
    """Each value once, by its first place."""
    text = scan(f'ws = "{WORKSPACE}"\napiKey = "{KEY}"\nworkspace = "{WORKSPACE}"\nworkspaceId = "{"e" * 32}"')
    found = [(one.value, one.line) for one in text.of("workspace")]
    assert [(WORKSPACE, 1), ("e" * 32, 4)] == found
    assert [(KEY, 2)] == [(one.value, one.line) for one in text.of("key", "token")]


def test_a_name_before_a_quote_that_is_not_closed():
    """Of what stands before a value only the part before the last quote counts, when something stands after that."""
    found = [identifier(before) for before in ('url = "https://h/" + other + "x/', '"key" + "', "a = 'b' c = '")]
    assert ["url", "", "c"] == found
