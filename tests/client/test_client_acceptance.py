"""The condition on an evaluation."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import Condition, NotAccepted, UnexpectedAnswer, WrongCall, read_evaluation

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
numbers = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


def met(text: str, **row: str) -> bool:
    try:
        Condition.parse(text).check([{name.replace("_", " "): value for name, value in row.items()}])
    except NotAccepted:
        return False
    return True


@given(value=numbers, bound=numbers, sign=st.sampled_from(sorted(OPERATORS)))
def test_a_condition_means_what_its_sign_means(value: float, bound: float, sign: str) -> None:
    """Each of the six comparisons agrees with Python's own."""
    assert OPERATORS[sign](value, bound) is met(f"AUC {sign} {bound!r}", AUC=repr(value))


def test_all_clauses_have_to_hold() -> None:
    """`and` joins; names may hold blanks and differ in case."""
    assert met("auc >= 0.9 AND f1-score>.5 and F1 Score < 1e0", AUC="0.9", F1_Score="0.6")
    assert met("log loss < 0.5", LogLoss="0.4")
    assert not met("AUC >= 0.9 and F1 Score > 0.7", AUC="0.9", F1_Score="0.6")


def test_every_row_has_to_hold() -> None:
    """Two scored data sets: the worse one decides; none at all decides against."""
    condition = Condition.parse("AUC >= 0.9")
    condition.check([{"AUC": "0.91"}, {"AUC": "0.92"}])
    for rows in ([{"AUC": "0.91"}, {"AUC": "0.89"}], []):
        with pytest.raises(NotAccepted):
            condition.check(rows)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", "x"])
@pytest.mark.parametrize("sign", sorted(OPERATORS))
def test_what_is_no_number_meets_nothing(value: str, sign: str) -> None:
    """Not even `!=`."""
    assert not met(f"AUC {sign} 0.5", AUC=value)


def test_an_unknown_or_doubtful_column_meets_nothing() -> None:
    """The refusal names the columns that there are."""
    with pytest.raises(NotAccepted, match="it has AUC, Accuracy"):
        Condition.parse("Recall > 0").check([{"AUC": "1", "Accuracy": "1"}])
    assert not met("log loss > 0", LogLoss="1", LOGLOSS="1")


@pytest.mark.parametrize(
    "text",
    ["", "AUC", "AUC >=", ">= 0.9", "AUC => 0.9", "AUC >= 0.9 or 1 > 0", "AUC >= nan", "AUC >= 1e999", "AUC >= 0x1",
     "AUC >= 0.9 and", "AUC >= __import__('os')", "AUC = 0.9", "0.8 < AUC < 0.9"],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    """Nothing is evaluated as code."""
    with pytest.raises(WrongCall):
        Condition.parse(text)


@given(text=st.text(max_size=30))
def test_parsing_anything_never_breaks(text: str) -> None:
    """Any text is a condition or a WrongCall; a condition reads back as itself."""
    try:
        condition = Condition.parse(text)
    except WrongCall:
        return
    assert len(condition.clauses) == len(Condition.parse(str(condition)).clauses)


def test_an_evaluation_is_read_from_csv() -> None:
    """Header and values, with or without a byte order mark."""
    assert [{"AUC": "0.9", "F1 Score": "0.5"}] == read_evaluation(b'\xef\xbb\xbfAUC,"F1 Score"\r\n0.9,0.5\r\n\r\n')


@pytest.mark.parametrize("content", [b"", b"AUC\n", b"AUC,B\n1\n", b"\xff\xfe", b'AUC\n"1', b"ONNX\x00\x01"])
def test_what_is_no_evaluation_is_unexpected(content: bytes) -> None:
    """A model given as the evaluation, a cut file, an empty one."""
    with pytest.raises(UnexpectedAnswer):
        read_evaluation(content)


@pytest.mark.parametrize(
    ("text", "rows", "sentence"),
    [
        ("AUC >= 0.9", [], "there is no evaluation to hold against AUC >= 0.9; nothing was patched"),
        (
            "AUC >= 0.9 and F1 > 0.5",
            [{"AUC": "0.875", "F1": "1"}],
            "AUC is 0.875, the condition is AUC >= 0.9; nothing was patched",
        ),
        ("AUC >= 0.9", [{"auc": "x"}], "auc is 'x', not a number; nothing was patched"),
        (
            "AUC >= 0.9",
            [{"F1": "1", "Log Loss": "2"}],
            "the evaluation has no column 'AUC' (it has F1, Log Loss); nothing was patched",
        ),
        (
            "f1 score >= 1 and AUC > 0.5",
            [],
            "there is no evaluation to hold against f1 score >= 1 and AUC > 0.5; nothing was patched",
        ),
    ],
)
def test_a_refusal_says_what_was_held_against_what(text: str, rows: list[dict[str, str]], sentence: str) -> None:
    """The value, the clause that it does not meet, and that nothing was changed."""
    with pytest.raises(NotAccepted) as caught:
        Condition.parse(text).check(rows)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" AUC ", "'AUC' is not a condition; write one like: AUC >= 0.9 and Accuracy > 0.8"),
        ("AUC > 1e999", "1e999 is too large for a condition"),
    ],
)
def test_a_wrong_condition_is_answered_with_a_right_one(text: str, sentence: str) -> None:
    """The sentence names what was read and shows what can be."""
    with pytest.raises(WrongCall) as caught:
        Condition.parse(text)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "the evaluation is not a CSV file"),
        (b'AUC\n"1', "the evaluation is not a CSV file"),
        (b"AUC\n", "the evaluation is not a CSV file with a header row and values"),
        (b"AUC,B\n1\n", "the evaluation is not a CSV file with a header row and values"),
    ],
)
def test_what_is_no_evaluation_is_told_apart_from_an_empty_one(content: bytes, sentence: str) -> None:
    """Two sentences: no CSV at all, or none with values."""
    with pytest.raises(UnexpectedAnswer) as caught:
        read_evaluation(content)
    assert sentence == str(caught.value)


def test_the_exact_name_goes_before_one_that_is_only_alike() -> None:
    """Of AUC and auc, the one that the condition writes."""
    Condition.parse("AUC > 0.5").check([{"auc": "0", "AUC": "1"}])
    Condition.parse("log_loss-x > 0.5").check([{"Log Loss X": "1"}])
