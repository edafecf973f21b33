"""Ids and keys."""

import base64
import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.identity import Identity

WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


@given(WORDS, WORDS, st.integers(0, 10**6))
def test_ids_and_keys_have_the_services_shapes(seed, kind, ordinal):
    """An id is 32 lower-case hex digits, a guid has dashes, a key is 88 characters of base64 for 64 bytes."""
    identity = Identity(seed)
    assert re.fullmatch("[0-9a-f]{32}", identity.new_id(kind, ordinal))
    assert identity.new_guid(kind, ordinal) == str(uuid.UUID(identity.new_guid(kind, ordinal)))
    key = identity.new_key(kind, ordinal)
    assert (88, True, 64) == (len(key), key.endswith("=="), len(base64.b64decode(key, validate=True)))


@given(WORDS, WORDS, st.integers(0, 100), st.lists(st.tuples(WORDS, st.integers(0, 100))))
def test_what_else_was_made_changes_nothing(seed, kind, ordinal, others):
    """An id follows from seed, kind and ordinal alone, however many others were made before."""
    identity = Identity(seed)
    for other in others:
        identity.new_key(*other)
    assert Identity(seed).new_id(kind, ordinal) == identity.new_id(kind, ordinal)


@given(st.lists(st.tuples(WORDS, WORDS, st.integers(0, 9)), unique=True, max_size=20))
def test_another_seed_kind_or_ordinal_is_another_id(facts):
    """No two different triples give the same id or the same key."""
    assert len(facts) == len({Identity(seed).new_id(kind, ordinal) for seed, kind, ordinal in facts})
    assert len(facts) == len({Identity(seed).new_key(kind, ordinal) for seed, kind, ordinal in facts})


def test_guids_come_in_an_order_of_their_own():
    """The same seed and kind give the same guids one after the other, from the first again after a restart."""
    one, other = Identity("seed").guids("request"), Identity("seed").guids("request")
    first = [one() for _ in range(3)]
    assert first == [other() for _ in range(3)]
    assert 3 == len({str(uuid.UUID(guid)) for guid in first})
    one.restart()
    assert first[0] == one()
    assert first[0] != Identity("seed").guids("another")()


def test_the_first_guid_after_a_restart_is_the_first_of_all():
    """They are numbered from one, as the ids of a kind are."""
    guids = Identity("seed").guids("request")
    first, second = guids(), guids()
    guids.restart()
    assert (first, second) == (guids(), guids())
    assert first == Identity("seed").new_guid("request", 1)
