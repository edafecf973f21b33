"""Places: what differs from run to run is taken out of texts, and put in again elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlcontracts.consumer.places import Filler, UnknownPlace, Writer, at, leaves
from support.exchanges import JSON

KNOWN = {"http://127.0.0.1:41000": "base", "f" * 32: "workspace", "devaccount": "account", "c2VjcmV0": "storage_key"}
RESULT = {"BaseLocation": "http://b/", "RelativeLocation": f"out/{'1' * 32}.ilearner", "SasBlobToken": "?sv=1&sig=x"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("http://127.0.0.1:41000/workspaces/" + "f" * 32, "{base}/workspaces/{workspace}"),
        ("AccountName=devaccount;AccountKey=c2VjcmV0;", "AccountName={account};AccountKey={storage_key};"),
        ("AccountName=other;AccountKey=bm90IG91cnM=;x", "AccountName=other;AccountKey={secret};x"),
        ("http://b/c/n.csv?st=1&se=2&sr=b&sig=abc%3D&sp=r", "http://b/c/n.csv?{sas}"),
        ("?sig=abc", "?{sas}"),
        ("run-" + "0f" * 16, "run-{hex}"),
        ("0d1f3c5e-0000-4000-8000-123456789abc", "{guid}"),
        ("{a} and {", "{open}a} and {open}"),
        ("design", "design"),
    ],
)
def test_what_differs_from_run_to_run_has_a_place(text, written):
    """Addresses, ids, keys and tokens are taken out; a brace of the text itself is told from a place."""
    assert written == Writer(KNOWN).write(text)


def test_two_ids_of_the_program_are_two_places():
    """The same id is the same place; another has a number."""
    one, other = "1" * 32, "2" * 32
    assert ["{hex}", "{hex 2}", "{hex}"] == Writer({}).write([one, other, one])


def test_a_text_of_an_answer_is_kept_where_it_was_first_needed():
    """The place is called like its member, and the answer remembers which of its parts are needed."""
    writer = Writer(KNOWN)
    writer.learn(0, "job", "9" * 32)
    writer.learn(1, "text", {"Results": {"output1": RESULT}})
    assert {"id": "{job}", "at": "{output1.RelativeLocation}"} == writer.write(
        {"id": "9" * 32, "at": RESULT["RelativeLocation"]}
    )
    assert {0: {"job": ()}, 1: {"output1.RelativeLocation": ("Results", "output1", "RelativeLocation")}} == writer.kept


def test_a_member_is_not_taken_for_what_has_a_meaning_of_its_own():
    """However it is called in an answer: a brace stays a brace, an id of the program's own stays one."""
    writer = Writer({"known": "job"})
    writer.learn(0, "job", "1" * 32)
    writer.learn(1, "text", {"open": "2" * 32, "hex": "3" * 32})
    assert ["{job 2}", "{open 2}", "{hex 2}", "{hex}"] == writer.write([number * 32 for number in "1234"])


def test_what_belongs_together_is_taken_from_one_place():
    """Two results have the same token and base; a reference takes all three from the result that it names."""
    other = {**RESULT, "RelativeLocation": f"out/{'2' * 32}.csv"}
    writer = Writer({"http://b": "blob"})
    for call in (3, 5):  # the same answer, asked for twice
        writer.learn(call, "text", {"Results": {"output1": RESULT, "output2": other}})
    assert {name: f"{{output2.{name}}}" for name in other} == writer.write(other)
    assert "{output1.BaseLocation}{output1.RelativeLocation}{output1.SasBlobToken}" == Writer.write(
        _learned({"output1": RESULT, "output2": other}), "".join(RESULT.values())
    )


def _learned(results):
    writer = Writer({"http://b": "blob"})
    writer.learn(0, "text", results)
    return writer


@given(JSON)
def test_what_is_written_is_filled_in_again(value):
    """Whatever braces a text has, filling gives back the value as it was."""
    writer = Writer({"http://127.0.0.1:41000": "base"})
    filler = Filler({"base": "http://127.0.0.1:41000"})
    assert value == _filled(writer.write(value), filler)


def _filled(value, filler):
    if isinstance(value, str):
        return filler.fill(value)
    if isinstance(value, list):
        return [_filled(one, filler) for one in value]
    if isinstance(value, dict):
        return {filler.fill(name): _filled(one, filler) for name, one in value.items()}
    return value


@given(JSON)
def test_a_text_of_the_run_is_found_again(value):
    """What the program made itself and what is known beforehand is as it was before places came into it."""
    writer = Writer(KNOWN)
    text = f"{value}/{'0f' * 16}/http://127.0.0.1:41000"
    assert text == writer.raw(writer.write(text))


@given(st.text(), st.sampled_from(sorted(KNOWN)), st.text())
def test_nothing_known_is_left_in_a_text(before, known, after):
    """Wherever it stands, an address, an id or a key is gone."""
    written = Writer(KNOWN).write(before + known + after)
    assert [] == [text for text in KNOWN if text in written]


def test_a_text_that_was_not_written_tells_what_it_gives_away():
    """A pattern is kept as it is, so what it names is told."""
    assert ["base"] == Writer(KNOWN).leaks([{"$matches": "^http://127.0.0.1:41000/"}])


def test_what_the_program_made_itself_is_made_anew():
    """The same place is the same id within a scenario, and another id in the next; other places must be given."""
    filler = Filler({"job": "7"})
    first = filler.fill("{hex} {guid 2} {job}")
    assert (first, True) == (
        filler.fill("{hex} {guid 2} {job}"),
        first != Filler({"job": "7"}).fill("{hex} {guid 2} {job}"),
    )
    for unknown in ("{nothing}", "{guid x}", "{}"):
        with pytest.raises(UnknownPlace):
            filler.fill(unknown)


def test_a_place_in_a_value_is_found_again():
    """Every text is reached by the way to it; where nothing is, that is told."""
    value = {"a": [{"b": "c"}, "d"], "e": "f"}
    assert {"c", "d", "f"} == {at(value, pointer) for pointer, _ in leaves(value)}
    for wrong in (("a", 2), ("x",), ("e", "f"), ("a", "b")):
        with pytest.raises(KeyError):
            at(value, wrong)
