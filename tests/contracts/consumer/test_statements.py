"""Statements: which calls are meant, what becomes of an answer, and the law of consumer contracts."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amlcontracts.consumer.comparing import departures
from amlcontracts.consumer.file import read, write
from amlcontracts.consumer.places import Filler, Writer
from amlcontracts.consumer.shapes import shape_of, unlike, with_texts
from amlcontracts.consumer.statements import Statements, amiss, settled
from support.exchanges import JSON, OTHER, Ids, exchange, statements_about


def run(statements, *exchanges, ids=None):
    """Return the calls of a run as a contract keeps them, and what is not as stated."""
    return settled(statements, exchanges, Writer((ids or Ids()).known))


def stating(*operations, **what):
    made = Statements()
    for operation in operations:
        made.add(operation, **what)
    return made


def test_without_a_statement_the_status_is_relied_on():
    """And nothing else of the answer."""
    [call], told = run(Statements(), exchange(answer={"a": 1}, status=404))
    assert ({"status": 404}, []) == (call["answer"], told)


def test_the_last_statement_that_means_a_call_counts():
    """By operation, service, endpoint and what the request holds."""
    statements = stating("rrs.*", answer=dict)
    statements.add("rrs.execute", answer={"a": int}, request={"Inputs": 1})
    statements.add("*", service="another", answer=str)
    statements.add("*", endpoint="another", answer=str)
    exchanges = (exchange(answer=one, body={"Inputs": number}) for number, one in ((1, {"a": 1}), (2, {})))
    calls, told = run(statements, *exchanges)
    assert [{"a": {"$type": "integer"}}, {"$type": "object"}] == [call["answer"]["body"] for call in calls]
    assert [
        "'*' is stated, and no such call was made.",
        "  The nearest: rrs.execute at 'S/default', called with the key",
        "    service: stated 'another', was 'S'",
        "'*' is stated, and no such call was made.",
        "  The nearest: rrs.execute at 'S/default', called with the key",
        "    endpoint: stated 'another', was 'default'",
    ] == told


def test_a_statement_without_any_call_is_told():
    """As one that means none of those that were made."""
    assert ["'x' is stated, and no such call was made."] == run(stating("x"))[1]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({"status": 201}, "  status: relied on 201, got 200 {'a': 1}"),
        ({"answer": {"a": str}}, '  answer $.a: 1 is not of type "string"'),
        ({"headers": {"X-MS-Request-Id": "2"}}, '  headers.x-ms-request-id: "2" was expected, got "1"'),
    ],
)
def test_an_answer_that_is_not_as_stated_is_told(what, told):
    """With the call that it answers."""
    expected = ["rrs.execute at 'S/default', called with the key:", told]
    assert expected == run(stating("rrs.execute", **what), exchange(answer={"a": 1}))[1]


def test_a_stated_text_has_places_too():
    """What is stated of an id or an address holds in another run."""
    kept = [
        run(
            stating("rrs.execute", answer={"at": f"{ids.base}/x"}),
            exchange(answer={"at": f"{ids.base}/x"}, ids=ids),
            ids=ids,
        )
        for ids in (Ids(), OTHER)
    ]
    assert kept[0] == kept[1]
    assert {"at": "{base}/x"} == kept[0][0][0]["answer"]["body"]


# The law


@given(st.data(), st.lists(st.tuples(JSON, JSON), min_size=1, max_size=3))
def test_what_is_recorded_passes(tmp_path_factory, data, exchanged):
    """Whatever is truly stated of a run is recorded, and from the file the same run elsewhere departs nowhere."""
    answers = [answer for _, answer in exchanged]
    statements = Statements()
    for number, answer in enumerate(answers):
        statements.add("*", request={"n": number}, answer=data.draw(statements_about({"a": answer})))
    path = tmp_path_factory.mktemp("law") / "c.yaml"
    found = []
    for ids in (Ids(), OTHER):
        made = [
            exchange(body={"n": number, "b": body}, answer={"a": answer}, ids=ids)
            for number, (body, answer) in enumerate(exchanged)
        ]
        calls, told = run(statements, *made, ids=ids)
        assert [] == told
        found.append({"test": "t", "region": "R", "calls": calls})
    write(path, {"t": found[0]}, {})
    assert [] == departures(read(path)["t"], found[1])


@given(JSON, JSON, st.dictionaries(st.text(max_size=3), JSON, max_size=2))
def test_changes_outside_of_what_is_stated_are_accepted_and_inside_refused(value, other, more):
    """The member that is relied on may not change; all the others may."""
    assume(unlike(shape_of(value), other))
    [call], _ = run(stating("*", answer={"relied": value}), exchange(answer={"relied": value, "not": 1}))
    answer = {"status": 200, "body": with_texts(call["answer"]["body"], Filler({}).fill)}
    around = {name: one for name, one in more.items() if name != "relied"}
    assert [] == amiss(answer, 200, {}, {**around, "relied": value})
    assert amiss(answer, 200, {}, {**around, "relied": other})
    assert amiss(answer, 200, {}, around)
    assert amiss(answer, 201, {}, {**around, "relied": value})
