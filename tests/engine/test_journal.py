"""The journal hides what is secret and nothing else."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from amlemulator.engine.journal import masked

NAMES = st.sampled_from(["sig", "SIG", "code", "key", "Token", "s%69g"])
PLAIN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6).map(
    lambda text: "x" + text
)
SECRET = "c2VjcmV0"


@given(st.lists(st.tuples(PLAIN, PLAIN)), NAMES, st.lists(st.tuples(PLAIN, PLAIN)), st.integers(0, 2))
def test_a_secret_is_hidden_and_its_neighbours_are_not(before, name, after, depth):
    """Whatever stands beside it and however often it was escaped: the secret goes, the rest stays."""
    secret = f"{name}={SECRET}"
    for _ in range(depth):
        secret = "url=" + quote(f"https://a/b?{secret}", safe="")
    pairs = [f"{one}={other}" for one, other in before], [f"{one}={other}" for one, other in after]
    shown = masked("/path?" + "&".join([*pairs[0], secret, *pairs[1]]))
    assert SECRET not in shown
    assert shown.startswith("/path?")
    assert [] == [pair for pair in (*pairs[0], *pairs[1]) if pair not in shown]


@given(PLAIN, PLAIN)
def test_without_secrets_nothing_changes(name, value):
    """A target without secrets is kept as it came."""
    for target in ("/", "/a%20b/c", "/a?", f"/a?{name}={value}", f"/a?{name}", "/a?b=sig"):
        assert target == masked(target)
