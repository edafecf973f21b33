"""Literals for generated programs mean the value they were made of, whatever characters are in it."""

import ast
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.literals import CSHARP, INDENT, PYTHON, WIDTH, R

texts = st.text(max_size=12)
tables = st.lists(st.lists(texts, max_size=30), max_size=3)
values = st.recursive(texts, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=4))


def r_value(literal):
    """Read an R string literal as R does."""
    assert literal.isascii()
    return re.sub(r"\\(U[0-9a-f]{8}|.)", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "U" else m[1], literal[1:-1])


@given(values)
def test_python_literal_is_the_value(value):
    """Python reads the value back, nested as it may be."""
    assert value == ast.literal_eval(PYTHON.write(value))


@given(texts)
def test_csharp_text_is_ascii_and_the_value(text):
    """A C# text has only escapes that JSON and C# share, and no character that a compiler could read otherwise."""
    literal = CSHARP.write(text)
    assert literal.isascii()
    assert text == json.loads(literal)


@given(texts)
def test_r_text_is_ascii_and_the_value(text):
    """An R text is plain ASCII and means the same text, but for the NUL that R cannot hold."""
    assert text.replace("\0", "") == r_value(R.write(text))


def test_csharp_arrays_are_typed():
    """C# needs to know whether an empty array holds texts or rows."""
    assert 'new string[] { "a", "b" }' == CSHARP.write(["a", "b"])
    assert "new string[] {  }" == CSHARP.write([])
    expected = 'new string[][] {\n    new string[] { "a" },\n    new string[] { "b" }\n}'
    assert expected == CSHARP.write([["a"], ["b"]])


def test_csharp_mapping_is_a_dictionary():
    """A mapping of texts becomes a dictionary with one pair a line."""
    expected = 'new Dictionary<string, string> {\n    { "a", "b" }\n}'
    assert expected == CSHARP.write({"a": "b"})
    assert "new Dictionary<string, string>()" == CSHARP.write({})


def test_r_names_are_arguments_or_set():
    """R's argument names pass through the locale's encoding, so a name that is not ASCII is set as a text."""
    assert 'list("a b" = "x")' == R.write({"a b": "x"})
    assert 'setNames(\n    list("x"),\n    list("\\U0000d55c")\n)' == R.write({"한": "x"})
    assert "setNames(list(), character(0))" == R.write({})


@given(tables)
def test_lines_stay_short(table):
    """A block of short items is broken into lines of readable width."""
    for language in (PYTHON, CSHARP, R):
        short = [[cell[:3] for cell in row] for row in table]
        assert all(len(line) <= WIDTH + 40 for line in language.write(short).split("\n"))


def test_blocks_are_indented_by_their_depth():
    """Each level of a value stands one step further in, each pair of a mapping on its own line."""
    value = {"a": ["x", "y"], "b": {"c": [[["z"]]], "d": "w"}}
    python = """{
    "a": ["x", "y"],
    "b": {
        "c": [
            [
                ["z"],
            ],
        ],
        "d": "w",
    },
}"""
    r = """list(
    "a" = list("x", "y"),
    "b" = list(
        "c" = list(
            list(
                list("z")
            )
        ),
        "d" = "w"
    )
)"""
    assert [python, r] == [PYTHON.write(value), R.write(value)]
    assert ['{"a": "x"}', "{}", "[]"] == [PYTHON.write(one) for one in ({"a": "x"}, {}, [])]


def test_names_that_are_set_stand_beside_their_values():
    """What setNames takes is indented as any block, however deep."""
    expected = """list(
    "a" = setNames(
        list(
            list("x"),
            list("y")
        ),
        list("\\U0000d55c", "b")
    ),
    "c" = "z"
)"""
    assert expected == R.write({"a": {"한": ["x"], "b": ["y"]}, "c": "z"})
    wide = "n" * WIDTH
    expected = f"""setNames(
    list("x", "y"),
    list(
        "\\U0000d55c",
        "{wide}"
    )
)"""
    assert expected == R.write({"한": "x", wide: "y"})


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_list_is_broken_when_it_is_wider_than_a_line(depth):
    """As wide as the line, with its indentation, it stays whole; one character more and it is broken."""
    room = WIDTH - depth * len(INDENT) - len('["", ""]')
    fits, breaks = [["x" * (room - 1), "y"], ["x" * room, "y"]]
    assert 0 == PYTHON.write(fits, depth).count("\n")
    inside, outside = INDENT * (depth + 1), INDENT * depth
    assert f'[\n{inside}"{"x" * room}",\n{inside}"y",\n{outside}]' == PYTHON.write(breaks, depth)


def test_the_lines_of_a_broken_list_are_filled():
    """As many items a line as fit, with the comma after the last."""
    lines = PYTHON.write(["abc"] * 60).split("\n")
    most = (WIDTH - len(INDENT)) // len('"abc", ')
    assert [INDENT + ", ".join(['"abc"'] * most) + ","] * (60 // most) == lines[1 : 60 // most + 1]
    assert {"[", "]"} == {lines[0], lines[-1]}


def test_a_line_is_filled_to_its_last_column():
    """The comma after its last item included; one character more, and the item begins another line."""
    room = WIDTH - len(INDENT) - len('"", "y",')
    fits, breaks = (PYTHON.write(["x" * size, "y", "z" * WIDTH]).split("\n") for size in (room, room + 1))
    assert [f'{INDENT}"{"x" * room}", "y",', f'{INDENT}"{"x" * (room + 1)}",'] == [fits[1], breaks[1]]
    assert (WIDTH, f'{INDENT}"y",') == (len(fits[1]), breaks[2])


def test_mappings_in_a_list_have_lines_of_their_own():
    """What is broken into lines itself stands on lines of its own, however short."""
    one = {"a": "b", "c": "d"}
    assert '[\n    "x",\n    {\n        "a": "b",\n        "c": "d",\n    },\n]' == PYTHON.write(["x", one])


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("a\0b", '"ab"'),
        ("\n", '"\\U0000000a"'),
        ("A-Z: X", '"A-Z: X"'),
    ],
)
def test_r_escapes_what_it_has_to(text, literal):
    """Quotes and backslashes with a backslash, what does not print by its number, NUL not at all."""
    assert literal == R.write(text)


def test_a_text_of_another_alphabet_stays_as_it_is_in_python():
    """Python reads it; C# is given numbers."""
    assert ['"한"', '"\\ud55c"'] == [PYTHON.write("한"), CSHARP.write("한")]


def test_a_value_stands_at_the_margin_unless_a_depth_is_given():
    """What is broken into lines ends where it began."""
    assert PYTHON.write([["a"]]) == PYTHON.write([["a"]], 0) == '[\n    ["a"],\n]'


def test_a_mapping_of_several_has_a_line_for_each():
    """However short they are."""
    assert ['{\n    "a": "b",\n    "c": "d",\n}', 'list(\n    "a" = "b",\n    "c" = "d"\n)'] == [
        language.write({"a": "b", "c": "d"}) for language in (PYTHON, R)
    ]
