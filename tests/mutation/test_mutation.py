"""The mutation run's own parts: where changes are made, how they get into live functions, and what is said of them."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

from mutation import __main__, forking, reaching, report, sites, survivors, swapping

MODULE = """
from __future__ import annotations

from functools import cache


def limit(size: int, most: int = 3, *, least: int = 1) -> bool:
    return (least <= size) and not (size > most or size == 7)


@cache
def table() -> dict[str, int]:
    return {"a": 1}


class Base:
    def name(self) -> str:
        return "base"


class Made(Base):
    kinds: dict[str, int] = {"left": 1}

    @property
    def half(self) -> int:
        return 5 + 1

    @half.setter
    def half(self, value: int) -> None:
        self.kept = value + 1

    def name(self) -> str:
        return super().name() + "!"


def counter():
    step = 2

    def count(start):
        return start + step

    return count


COUNT = counter()
"""


@pytest.fixture
def module(tmp_path):
    """Write the module down and import it."""
    path = tmp_path / "changed.py"
    path.write_text(MODULE, "utf-8")
    found = importlib.util.spec_from_file_location("changed", path)
    made = importlib.util.module_from_spec(found)
    sys.modules["changed"] = made
    found.loader.exec_module(made)
    yield made
    del sys.modules["changed"]


def mutation(module, change: str, function: str = "") -> sites.Mutation:
    """Return the mutation that is called so."""
    found = [one for one in sites.mutations(Path(module.__file__)) if one.change() == change]
    (one,) = [one for one in found if not function or one.function == function]
    return one


def put(module, change: str, function: str = "") -> None:
    swapping.Functions((Path(module.__file__),)).put(mutation(module, change, function))


def test_every_change_is_made_where_it_stands(module) -> None:
    """Each gives another module that compiles, and differs in the one function that it names."""
    source = Path(module.__file__).read_bytes()
    every = sites.mutations(Path(module.__file__))
    before = {node.name: ast.dump(node) for node in ast.parse(source).body if hasattr(node, "name")}
    for one in every:
        after = {node.name: ast.dump(node) for node in ast.parse(one.apply(source)).body if hasattr(node, "name")}
        assert [one.function.partition(".")[0]] == [name for name in before if before[name] != after[name]]
    assert {"limit", "table", "Base.name", "Made.half", "Made.name", "counter"} == {one.function for one in every}


def test_parentheses_stay_where_they_are() -> None:
    """What is put into parentheses' place keeps their meaning."""
    source = b"def f(a, b):\n    return (a and b) == 1\n"
    made = sites.mutations_of(Path("nowhere.py"), source)
    returned = {ast.unparse(ast.parse(one.apply(source)).body[0].body[0]) for one in made}
    assert {"return (a or b) == 1", "return (a and b) != 1", "return (a and b) == 2"} == returned


@pytest.mark.parametrize(
    ("change", "function", "look", "before", "after"),
    [
        ("== 7 → != 7", "", lambda m: m.limit(2), True, False),
        ("3 → 4", "limit", lambda m: m.limit(4), False, True),
        ("1 → 2", "limit", lambda m: m.limit(1), True, False),
        ("1 → 2", "table", lambda m: m.table(), {"a": 1}, {"a": 2}),
        ('"base" → "BASE"', "", lambda m: m.Made().name(), "base!", "BASE!"),
        ('super().name() + "!" → super().name() - "!"', "", lambda m: m.Base().name(), "base", "base"),
        ("5 + 1 → 5 - 1", "", lambda m: m.Made().half, 6, 4),
        ("start + step → start - step", "", lambda m: m.COUNT(5), 7, 3),
    ],
)
def test_a_live_function_behaves_as_its_mutant(module, change, function, look, before, after) -> None:
    """Defaults, cached functions, properties, methods that call their class' parent, and closures made by imports."""
    assert before == look(module)
    put(module, change, function)
    assert after == look(module)


def test_a_setter_is_not_taken_for_its_getter(module) -> None:
    """Both have the same name; the change is made in the one where it stands."""
    put(module, "value + 1 → value - 1")
    made = module.Made()
    made.half = 5
    assert (4, 6) == (made.kept, made.half)


def outcome(module, change: str, verdict: str) -> forking.Outcome:
    return forking.Outcome(mutation(module, change), verdict)


def test_the_page_lists_what_survived_and_why(module) -> None:
    """A table of modules, then each survivor with its line, its change and its reason; without one it is marked."""
    outcomes = [
        outcome(module, "5 + 1 → 5 - 1", forking.KILLED),
        outcome(module, '"base" → "BASE"', forking.SURVIVED),
        outcome(module, "start + step → start - step", forking.UNREACHED),
        outcome(module, "value + 1 → value - 1", forking.ENDLESS),
    ]
    reasons = [survivors.Reason("it may shout", ('… Base.name: "base" → …',))]
    lines = report.page(outcomes, reasons, Path(module.__file__).parent, 9).splitlines()
    assert "2 of 4 mutants are killed: 50.0 %. They are a sample of the 9 that there are." in lines
    assert "| `changed.py` | 4 | 2 | 2 | 50.0 |" in lines
    assert '| 18 | `Base.name` | `` "base" → "BASE" `` | it may shout |' in lines
    assert "| 40 | `counter` | `` start + step → start - step `` | **not explained yet** |" in lines


def test_the_first_reason_that_fits_is_the_one() -> None:
    """A pattern stands for the whole name of a survivor, its dots for anything."""
    reasons = [survivors.Reason("one", ("a f: x → …",)), survivors.Reason("two", ("… f: …", "b…"))]
    assert ["one", "two", "two", ""] == [
        survivors.why(name, reasons) for name in ("a f: x → y (z)", "a f: y → z", "b g: x → y", "a g: x → y")
    ]


def test_the_reasons_can_be_read() -> None:
    """Each has a sentence, and patterns that stand in the file once."""
    reasons = survivors.read()
    patterns = [pattern for one in reasons for pattern in one.patterns]
    assert all(one.why and one.patterns for one in reasons)
    assert sorted(set(patterns)) == sorted(patterns)


def test_a_sample_is_drawn_with_its_seed() -> None:
    """The same seed draws the same mutants, in the order of the code; another draws others."""
    first, again, other = (__main__.sample(list(range(100)), 10, seed) for seed in ("1", "1", "2"))
    assert (first, True, 10) == (again, sorted(first) == first, len(first))
    assert first != other
    assert [1, 2] == __main__.sample([1, 2], 10, "1")


def test_an_unknown_module_is_a_wrong_call(capsys) -> None:
    """One sentence, and nothing is run."""
    assert 2 == __main__.main(["nothing-of-the-kind"])
    assert "mutation: no module that is mutated has nothing-of-the-kind in its path\n" == capsys.readouterr().err


def test_a_mutant_is_shown_to_fast_tests_that_reach_it(module) -> None:
    """The fastest first; slow ones only where nothing else reaches it, and never one that fails without a mutant."""
    one = mutation(module, "5 + 1 → 5 - 1")
    lines = {line: [0, 1, 2, 3] for line in range(one.reach[0], one.reach[1] + 1)}
    reach = reaching.Reach([0.3, 9.0, 0.1, 0.2], {module.__file__: lines}, {3})
    assert [2, 0] == reach.tests(one)
    assert [1] == reaching.Reach([0.3, 9.0], {module.__file__: {one.line: [1]}}, set()).tests(one)
    assert [] == reaching.Reach([0.3], {}, set()).tests(one)
