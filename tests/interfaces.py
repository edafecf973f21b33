"""Service interfaces for tests: two like the samples, and a strategy that makes any at all."""

from __future__ import annotations

from hypothesis import strategies as st

from amlemulator.core.interface import Column, InputPort, OutputPort, Parameter, ServiceInterface

TYPES = ("String", "Double", "Int32", "Int64", "Boolean", "DateTime", "TimeSpan")

CENSUS_COLUMNS = (
    Column("age", "Int32", sample=39),
    Column("education", "String", categories=("Bachelors", "HS-grad"), sample="Bachelors"),
    Column("capital-gain", "Double", sample=2174.0),
    Column("income", "String", categories=("<=50K", ">50K"), sample="<=50K"),
)
SCORING = ServiceInterface(
    "scoring",
    inputs=(InputPort("input1", CENSUS_COLUMNS),),
    outputs=(
        OutputPort(
            "output1", columns=(*CENSUS_COLUMNS, Column("Scored Labels"), Column("Scored Probabilities", "Double"))
        ),
    ),
    parameters=(Parameter("Append score columns to output", "Boolean", default="true", description="all columns"),),
    resources=("Census Model [trained model]",),
)
TRAINING = ServiceInterface(
    "training",
    inputs=(InputPort("input1", CENSUS_COLUMNS),),
    outputs=(OutputPort("output1", "model"), OutputPort("output2", columns=(Column("AUC", "Double"),))),
)
WITHOUT_INPUT = ServiceInterface(
    "training",
    outputs=(OutputPort("output1", "model"),),
    parameters=(Parameter("URI", required=True, description="address of the training rows"),),
)


def names(size: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    """Different names of any characters, those that end a string, a tag or a line among them."""
    odd = st.sampled_from(
        ["a b", "<b>x</b>", 'say "hi"', "it's", "a/b~c", "back\\slash", "new\nline", "{{ 7*7 }}", "한글"]
    )
    return st.lists(st.text(min_size=1, max_size=8) | odd, unique=True, max_size=size).map(tuple)


def columns() -> st.SearchStrategy[tuple[Column, ...]]:
    """Columns of every type, with categories and samples that may or may not fit the type."""

    def make(name: str) -> st.SearchStrategy[Column]:
        sample = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
        return st.builds(Column, st.just(name), st.sampled_from(TYPES), names(3), sample)

    return names().flatmap(lambda given: st.tuples(*(make(name) for name in given)))


def parameters() -> st.SearchStrategy[tuple[Parameter, ...]]:
    """Web service parameters, with and without default."""

    def make(name: str) -> st.SearchStrategy[Parameter]:
        default = st.none() | st.sampled_from(["true", "1", "0.5", "x"])
        return st.builds(
            Parameter, st.just(name), st.sampled_from(TYPES), default, st.booleans(), st.none() | st.text()
        )

    return names().flatmap(lambda given: st.tuples(*(make(name) for name in given)))


def interfaces() -> st.SearchStrategy[ServiceInterface]:
    """Any interface; inputs and outputs may share names."""
    inputs = names(2).flatmap(
        lambda given: st.tuples(*(st.builds(InputPort, st.just(name), columns()) for name in given))
    )
    kinds = st.sampled_from(["dataset", "model"])
    outputs = names(2).flatmap(
        lambda given: st.tuples(*(st.builds(OutputPort, st.just(name), kinds, columns()) for name in given))
    )
    return st.builds(
        ServiceInterface, st.sampled_from(["training", "scoring"]), inputs, outputs, parameters(), names(2)
    )
