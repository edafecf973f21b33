"""The user's document in a browser: option 2 to the PATCH URL, the region check, the wrong path, retraining."""

import pytest
import requests
from selenium.webdriver.common.keys import Keys

from support.browser import Screen
from support.census import plain, probabilities

pytestmark = pytest.mark.timeout(300)
SCORING = "Census Model [Predictive Exp.]"
VALUES = ("BaseLocation", "RelativeLocation", "SasBlobToken")


def sign_in(screen: Screen) -> None:
    screen.open("/portal/")
    if screen.all("form[action$='/signin'] button"):
        screen.press("form[action$='/signin'] button")
    else:
        screen.open("/portal/classic")


def add_endpoint(screen: Screen, service: str, name: str) -> None:
    """Follow option 2 as far as the new endpoint's page."""
    sign_in(screen)
    screen.press("nav.bar a[href$='/classic']")
    screen.click(service)
    screen.press("a[href$='/newendpoint']")
    screen.fill("#name", name)
    screen.press("main form button.primary")
    screen.click(name)


def to_patch_help(screen: Screen) -> None:
    screen.press("section[aria-labelledby=patch] a")


def service_of(endpoints, name):
    return next(one for one in endpoints["workspaces"][0]["services"] if one["name"] == name)


class Answer:
    def __init__(self, answer):
        self.json = answer.json()


def score(endpoint):
    url, key = endpoint["api_location"] + "/execute?api-version=2.0", endpoint["primary_key"]
    answer = requests.post(url, json=plain(), headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert 200 == answer.status_code, answer.text
    return probabilities(Answer(answer))


@pytest.fixture(scope="module")
def trained(english):
    """Retrain in the browser as far as the three values; give the page's address and them."""
    sign_in(english)
    english.press("nav.bar a[href$='/retraining']")
    english.choose("#dataset", "census-train")
    english.press("#do-data")
    english.press("#do-job")
    english.until("#output1-SasBlobToken")
    return english.driver.current_url, {name: english.find(f"#output1-{name}").text for name in VALUES}


def test_option_2_leads_to_the_patch_url_which_works(english, endpoints, trained):
    """Sign in, Classic Web Services, the service, +New, the endpoint, API help below Patch: the URL there works."""
    add_endpoint(english, SCORING, "optiontwo")
    english.click("Show keys")
    key = english.find("#primary-key").text
    to_patch_help(english)
    url = english.find("#patchUrl").text
    resource = english.find("#updatableResources tr:nth-child(2) td").text
    expected = service_of(endpoints, SCORING)["id"]
    assert url.endswith(f"/webservices/{expected}/endpoints/optiontwo")
    body = {"Resources": [{"Name": resource, "Location": trained[1]}]}
    headers = {"Authorization": f"Bearer {key}"}
    assert 200 == requests.patch(url, json=body, headers=headers, timeout=60).status_code
    shown = requests.get(url, headers=headers, timeout=60).json()
    added = {"api_location": shown["ApiLocation"], "primary_key": shown["PrimaryKey"]}
    assert score(service_of(endpoints, SCORING)["endpoints"][0]) != score(added)


def test_option_1_leads_from_help_location_to_the_same_url(english, endpoints):
    """HelpLocation, pasted into the browser, has the link Update Resource; it leads to the PATCH URL."""
    add_endpoint(english, SCORING, "optionone")
    location = english.find("#help-location").text
    english.open(location)
    english.click("Update Resource")
    assert english.find("#patchUrl").text.endswith("/endpoints/optionone")


def test_the_wrong_path_ends_at_sorry(english):
    """An endpoint of the training service has a Patch help that says the service's three sentences."""
    add_endpoint(english, "Census Model", "mistaken")
    to_patch_help(english)
    sentences = english.find("#noUpdatableResources").text
    assert sentences.startswith("Sorry, but this feature is not supported or available in this context.")


def test_the_wrong_path_in_korean(korean):
    """In Korean it ends at the sentences that the document quotes, reached by the document's own words."""
    sign_in(korean)
    korean.click("기존 웹 서비스")
    korean.click("Census Model")
    korean.click("+새로 만들기")
    korean.fill("#name", "korean")
    korean.click("저장")
    korean.click("korean")
    to_patch_help(korean)
    assert korean.find("#noUpdatableResources").text.startswith("죄송합니다.")


def test_the_region_check(english, endpoints):
    """Studio's drop-down list at the top shows where each workspace is."""
    english.open("/studio/")
    english.press("#workspaces summary")
    shown = [one.text.split("\n") for one in english.all("#workspaces li a")]
    assert [[one["name"], one["region"]] for one in endpoints["workspaces"]] == shown
    english.click("Census EU", "main")
    assert "West Europe" in english.text


def test_connected_and_not_connected(english):
    """The experiment's graph shows the Web Service Output on Train Model; disconnected, the warning."""
    english.open("/studio/")
    english.click("Census EU", "main")
    english.click("Census Model")
    assert english.find("#connected")
    assert english.find("#graph").size["width"] > 300
    address = english.driver.current_url
    english.choose("#source-1", "nothing (not connected)")
    english.press("form[action$='/wires'] button")
    assert "No Web Service Output is connected" in english.find("#unconnected").text
    english.press("#setup")
    assert english.find("#connected")
    english.press("#run")
    english.until("[data-state=Finished]")
    english.press("#deploy")
    assert "Deployed." in english.text
    assert address == english.driver.current_url.partition("?")[0]


def test_the_predictive_experiment(english):
    """Set up from the training experiment that has run, drawn, run and deployed, by the buttons of the page alone."""
    english.open("/studio/")
    english.click("Census EU", "main")
    english.click("Census Model")
    if "Finished" not in english.find("[data-state]").get_attribute("data-state"):
        english.press("#run")
        english.until("[data-state=Finished]")
    english.press("#predictive")
    english.until("#state .done a")  # it runs behind the page, which tells when it is there
    english.click("Census Model [Predictive Exp.]")
    assert "Census Model [Predictive Exp.]" == english.find("h1").text
    assert english.find("#graph").size["width"] > 200
    english.press("#run")
    english.until("[data-state=Finished]")
    english.press("#deploy")
    assert "Deployed." in english.text


def test_retraining_in_the_browser_alone(english, trained):
    """The walk goes on from the three values: endpoint, PATCH, and the scores before and after."""
    english.open(trained[0])
    english.click("Go on")
    english.fill("#name", "walked")
    english.press("#do-endpoint")
    english.press("#do-patch")
    english.press("#do-score")
    rows = [row.text.split() for row in english.all("#scores tbody tr")]
    assert [("default", "200"), ("walked", "200")] == [tuple(row[:2]) for row in rows]
    assert rows[0][-1] != rows[1][-1]


def test_a_wrong_key_is_diagnosed(english):
    """The endpoint's page leads to the diagnosis, which names what is wrong with the key that a program uses."""
    add_endpoint(english, SCORING, "diagnosed")
    english.click("Diagnose this endpoint")
    english.fill("#scoring_key", "n0tTheKey")
    english.press("#diagnose")
    assert "Mend" in english.find("[data-check=key][data-outcome=wrong]").text
    assert ([], 0) == (english.violations(), english.overflow())
    english.click("All documented failures, each to be set up and met")


def test_the_name_is_checked_as_it_is_typed(english):
    """The rule stands below the field before anything is sent, and a name that is taken is told."""
    sign_in(english)
    english.click(SCORING)
    english.press("a[href$='/newendpoint']")
    said = {}
    for name in ("Upper", "default", "fine"):
        english.fill("#name", name)
        said[name] = (english.find("#name-check").text, english.find("#name").get_attribute("aria-invalid"))
    expected = {
        "Upper": ("This name breaks the rule.", "true"),
        "default": ("An endpoint of this name exists.", "true"),
        "fine": ("This name is good.", "false"),
    }
    assert expected == said


def test_copying(english):
    """The copy button puts the key into the clipboard and says so."""
    sign_in(english)
    english.click(SCORING)
    english.click("default")
    english.click("Show keys")
    english.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    english.press("button[data-copy=primary-key]")
    english.until("#said:not(:empty)")
    copied = english.driver.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)));"
    )
    assert english.find("#primary-key").text == copied


def test_the_test_form(english):
    """The help page's form calls the endpoint and shows the answer beside it."""
    sign_in(english)
    english.click(SCORING)
    english.click("default")
    english.press("section[aria-labelledby=rrs] a")
    english.click("Test Request-Response")
    assert "Scored Labels" in english.find("#test-answer").text
    assert english.find("#test-curl").text.startswith("curl -X POST")


def test_by_keyboard_alone(english):
    """Everything of option 2 can be done with Tab, Enter and typing."""
    english.open("/portal/classic")

    def tab_to(text):
        for _ in range(80):
            english.driver.switch_to.active_element.send_keys(Keys.TAB)
            focused = english.driver.switch_to.active_element
            if text in (focused.text.strip(), focused.get_attribute("id")):
                return focused
        raise AssertionError(f"Tab never comes to {text}")

    english.driver.execute_script("document.body.tabIndex = -1; document.body.focus()")
    assert "Skip to the content" == tab_to("Skip to the content").text
    tab_to(SCORING).send_keys(Keys.ENTER)
    english.until("a[href$='/newendpoint']")
    tab_to("+New").send_keys(Keys.ENTER)
    english.until("#name")
    tab_to("name").send_keys("bykeyboard", Keys.ENTER)
    english.until("[role=status]")
    tab_to("bykeyboard").send_keys(Keys.ENTER)
    english.until("#patch-url")
    assert english.find("#patch-url").text.endswith("/endpoints/bykeyboard")
