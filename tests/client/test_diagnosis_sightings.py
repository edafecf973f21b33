"""What checks saw, as data: in every language, whole, and without secrets."""

import re
from pathlib import Path
from string import Formatter

import pytest

from amlclient import ServiceError, UnexpectedAnswer
from amlclient._diagnosis import walk
from amlclient._diagnosis.checks_update import OF_KIND
from amlclient._diagnosis.sightings import NoSample, quoted, refused, seen
from amlcontracts import load

MESSAGES = load("diagnosis")
FOLDER = Path(walk.__file__).parent
HANGUL = re.compile("[가-힣]")
AS_THEY_ARE = {"quoted", "result"}  # which hold nothing but what is given


def places(text):
    """Return the places of a message."""
    return sorted(str(name) for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_every_message_is_said_and_what_is_said_is_a_message():
    """None is missing, none is left over."""
    source = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    said = {*re.findall(r'\b[sS]een\(\s*"([a-z-]+)"', source), *OF_KIND.values()}
    assert said == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_says_the_same_in_both_languages(name):
    """It has the same places, and Korean words where it has words."""
    message = MESSAGES[name]
    assert {"en", "ko"} == set(message)
    assert places(message["en"]) == places(message["ko"])
    assert (name in AS_THEY_ARE) == (HANGUL.search(message["ko"]) is None)
    assert HANGUL.search(message["en"]) is None


def test_a_sighting_in_a_sighting_reads_in_the_same_language():
    """Several are listed; of none that is said."""
    there = seen("resources-are", names=quoted(["a", "b"]))
    told = seen("no-such-resource", name="c", there=there)
    assert "there is no resource 'c'; the endpoint has 'a', 'b'" == str(told)
    assert "'c' 리소스가 없습니다. 끝점의 리소스: 'a', 'b'" == told.text("ko")
    assert ("the endpoint has none", "끝점의 리소스: 없음") == tuple(
        seen("resources-are", names=[]).text(language) for language in ("en", "ko")
    )


def test_a_sighting_as_json():
    """Message and values, nested as they are."""
    told = seen("to-default", place=seen("place", name="default", service="S"), names=["e"])
    place = {"message": "place", "values": {"name": "default", "service": "S"}}
    assert {"message": "to-default", "values": {"place": place, "names": ["e"]}} == told.to_json()


def test_no_secret_in_sentence_or_value():
    """The signature of a token goes into neither."""
    told = seen("joined", address="http://b/c/m.ilearnersv=1&sig=c2VjcmV0c2VjcmV0c2VjcmV0")
    assert ["c2VjcmV0" in shown for shown in (str(told), told.text("ko"), str(told.to_json()))] == [False] * 3


def test_what_braces_a_value_holds_stays():
    """A value is no message."""
    assert "'{x}' is there" == str(seen("resource-there", name="{x}"))


@pytest.mark.parametrize(
    ("error", "english", "korean"),
    [
        (
            ServiceError(404, "NotFound", "Gone.", method="GET", url="http://h/x"),
            "GET http://h/x answered 404 NotFound: Gone.",
            "GET http://h/x 요청의 응답: 404 NotFound: Gone.",
        ),
        (ServiceError(500, "X", "no region"), "500 X: no region", "500 X: no region"),
        (UnexpectedAnswer("cut"), "the answer cannot be read: cut", "응답을 읽을 수 없습니다: cut"),
        (
            NoSample("none"),
            "the swagger document has no sample request: give the program's own with --request",
            "swagger 문서에 예제 요청이 없습니다. 프로그램이 보내는 요청을 --request로 지정하십시오",
        ),
    ],
)
def test_what_a_refusal_says_is_the_services_own(error, english, korean):
    """Only the words around it are in the reader's language."""
    assert (english, korean) == (refused(error).text(), refused(error).text("ko"))
