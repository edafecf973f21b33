from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.cells import CellError, parse, render, type_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (29.462195987089871, "29.4621959870899"),
        (14748.9994776615, "14748.9994776615"),
        (0.125, "0.125"),
        (1.0, "1"),
        (0.0001, "0.0001"),
        (0.00001, "1E-05"),
        (1.23406681461624e-06, "1.23406681461624E-06"),
        (1.5e20, "1.5E+20"),
        (1e14, "100000000000000"),
        (1e15, "1E+15"),
        (1e300, "1E+300"),
        (-0.0, "0"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (7, "7"),
        (None, None),
    ],
)
def test_a_double_is_written_with_at_most_15_digits_in_nets_form(value, expected):
    """A double is written as .NET's G15 does, a missing one as null."""
    assert expected == render(value, "Double")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2010, 5, 30, 18, 7), "5/30/2010 6:07:00 PM"),
        (datetime(2014, 9, 21, 11, 10), "9/21/2014 11:10:00 AM"),
        (datetime(2014, 1, 2), "1/2/2014 12:00:00 AM"),
        (datetime(2014, 1, 2, 12), "1/2/2014 12:00:00 PM"),
    ],
)
def test_a_date_is_written_in_the_en_us_general_form(value, expected):
    """A date is written as M/d/yyyy h:mm:ss tt."""
    assert expected == render(value, "DateTime")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5/30/2010 18:07:00", datetime(2010, 5, 30, 18, 7)),
        ("5/30/2010 6:07:00 PM", datetime(2010, 5, 30, 18, 7)),
        ("5/30/2010", datetime(2010, 5, 30)),
        ("12/1/2010 12:00 am", datetime(2010, 12, 1)),
        ("2010-05-30T18:07:00", datetime(2010, 5, 30, 18, 7)),
        ("2010-05-30T18:07:00+02:00", datetime(2010, 5, 30, 16, 7)),
        ("", None),
    ],
)
def test_a_date_is_read_in_american_and_iso_forms(text, expected):
    """A date is read with or without AM and PM, and in ISO 8601, offsets turned into UTC."""
    assert expected == parse(text, "DateTime")


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("0", "Double", 0.0),
        (3, "Double", 3.0),
        (True, "Double", 1.0),
        (" 2.5 ", "Double", 2.5),
        ("", "Double", None),
        (3.0, "Int32", 3),
        ("3.0", "Int32", 3),
        (" 12 ", "Int32", 12),
        (2**40, "Int64", 2**40),
        ("TRUE", "Boolean", True),
        ("0", "Boolean", False),
        (1, "Boolean", True),
        (5, "String", "5"),
        (2.50, "String", "2.5"),
        (True, "String", "True"),
        ("", "String", ""),
        (None, "Int32", None),
        ("1.02:03:04.5", "TimeSpan", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    ],
)
def test_reading_is_lenient(value, wanted, expected):
    """JSON numbers, booleans, null and strings are read alike; "" is missing except in a String column."""
    found = parse(value, wanted)
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("abc", "Double"),
        ("1_000", "Double"),
        ([1], "Double"),
        (10**400, "Double"),
        (3.5, "Int32"),
        ("3.5", "Int32"),
        ("1_0", "Int32"),
        (2**31, "Int32"),
        (2**63, "Int64"),
        (float("nan"), "Int32"),
        ("inf", "Int64"),
        ({}, "Int64"),
        ("yes", "Boolean"),
        (2, "Boolean"),
        ({}, "String"),
        ("13/13/2010", "DateTime"),
        ("1/1/2010 13:00 PM", "DateTime"),
        ("20100530", "DateTime"),
        (5, "DateTime"),
        ("1:2", "TimeSpan"),
        (5, "TimeSpan"),
        ("99999999999.00:00", "TimeSpan"),
    ],
)
def test_what_cannot_be_read_is_refused(value, wanted):
    """A value that cannot be of the column's type raises CellError, which names value and type."""
    with pytest.raises(CellError) as caught:
        parse(value, wanted)
    assert wanted == caught.value.wanted


CELLS = {
    "String": st.text(),
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "Boolean": st.booleans(),
    "DateTime": st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    "TimeSpan": st.timedeltas(),
}


@pytest.mark.parametrize("wanted", sorted(CELLS))
@given(data=st.data())
def test_writing_and_reading_is_the_identity(wanted, data):
    """What is written in any type but Double reads back as it was."""
    value = data.draw(CELLS[wanted])
    assert value == parse(render(value, wanted), wanted)


@given(st.floats(-1e300, 1e300))
def test_a_double_read_back_is_written_the_same(value):
    """Fifteen digits are stable: writing, reading and writing again gives the same text."""
    text = render(value, "Double")
    assert text == render(parse(text, "Double"), "Double")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "Boolean"),
        (1, "Int32"),
        (2**31, "Int64"),
        (1.0, "Double"),
        ("x", "String"),
        (datetime(2010, 1, 1), "DateTime"),
        (timedelta(1), "TimeSpan"),
    ],
)
def test_each_python_value_has_its_column_type(value, expected):
    """The type of a cell follows from the Python value."""
    assert expected == type_of(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([1], "String"),
        ("1_000", "Double"),
        ([1], "Double"),
        ("abc", "Double"),
        ("1_0", "Int32"),
        ([1], "Int32"),
        (3.5, "Int32"),
        (float("inf"), "Int64"),
        ("x", "Int64"),
        (2**31, "Int32"),
        (-(2**31) - 1, "Int32"),
        ("yes", "Boolean"),
        (0.5, "Boolean"),
        (5, "DateTime"),
        ("20100530", "DateTime"),
        ("1:2", "TimeSpan"),
        ("99999999999.00:00", "TimeSpan"),
    ],
)
def test_a_refusal_carries_the_value_and_the_type(value, wanted):
    """What is caught can be told to somebody: the value as it came, the wanted type, and a sentence of both."""
    with pytest.raises(CellError) as caught:
        parse(value, wanted)
    assert (value, wanted) == (caught.value.value, caught.value.wanted)
    assert f"Cannot convert {str(value)!r} to {wanted}" == str(caught.value)


def test_a_long_value_is_cut_in_the_sentence():
    """Sixty characters tell which value it is."""
    assert f"Cannot convert {'x' * 60!r} to Double" == str(CellError("x" * 61, "Double"))


@pytest.mark.parametrize(
    ("value", "wanted", "text"),
    [
        (float("inf"), "Int32", "Infinity"),
        (float("-inf"), "Int64", "-Infinity"),
        (float("nan"), "Int32", "NaN"),
        (3.0, "Int32", "3"),
        (True, "Boolean", "True"),
        (False, "Boolean", "False"),
        (0.5, "String", "0.5"),
        (timedelta(0), "TimeSpan", "00:00:00"),
        (timedelta(days=-1, hours=-2), "TimeSpan", "-1.02:00:00"),
        (timedelta(hours=2, microseconds=5), "TimeSpan", "02:00:00.0000050"),
        (datetime(7, 1, 2, 3, 4, 5), "DateTime", "1/2/0007 3:04:05 AM"),
        (datetime(2010, 1, 2, 13, 4, 5), "DateTime", "1/2/2010 1:04:05 PM"),
    ],
)
def test_each_type_is_written_in_nets_way(value, wanted, text):
    """Booleans with a capital, spans with two digits each, what is no number by its name."""
    assert text == render(value, wanted)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2**31 - 1, "Int32"), (2**31, "Int64"), (-(2**31), "Int32"), (-(2**31) - 1, "Int64")],
)
def test_whole_numbers_are_of_the_narrowest_type_that_holds_them(value, expected):
    """32 bits with a sign, both ends included."""
    assert expected == type_of(value)


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (" ", "Double", None),
        (" ", "Int32", None),
        ("", "Int64", None),
        (" ", "Boolean", None),
        (" ", "DateTime", None),
        (" ", "TimeSpan", None),
        (2**31 - 1, "Int32", 2**31 - 1),
        (-(2**31), "Int32", -(2**31)),
        ("1", "Boolean", True),
        ("false", "Boolean", False),
        (" True ", "Boolean", True),
        (1.0, "Boolean", True),
        (0, "Boolean", False),
        (True, "Int32", 1),
        ("1/2/2010 1:02:03.4567891 pm", "DateTime", datetime(2010, 1, 2, 13, 2, 3, 456789)),
        ("1/2/2010 1:02:03.5", "DateTime", datetime(2010, 1, 2, 1, 2, 3, 500000)),
        ("1/2/2010 12:30 PM", "DateTime", datetime(2010, 1, 2, 12, 30)),
        ("1/2/2010 1:00 a.m.", "DateTime", datetime(2010, 1, 2, 1)),
        ("2010-W01-1", "DateTime", datetime(2010, 1, 4)),
        ("2010-W01", "DateTime", datetime(2010, 1, 4)),
        ("-1:02", "TimeSpan", -timedelta(hours=1, minutes=2)),
        ("1.02:03:04.0000009", "TimeSpan", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_each_form_is_read(value, wanted, expected):
    """Blanks are missing, both ends of a range are in it, fractions keep what Python holds of them."""
    found = parse(value, wanted)
    assert (type(expected), expected) == (type(found), found)
