"""A chain of keys can be followed by whoever trusts one of them, and by nothing else."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput, TheirFault
from renkei.kernel.identity import (
    KeyPeriod,
    rotation_statement,
    verify_chain,
    verify_rotation,
    verify_successor,
)
from renkei.kernel.identity.rotation import public_text

HQ = "jp.jjoc"
T0 = datetime(2026, 11, 22, tzinfo=UTC)
YEAR = timedelta(days=365)
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 5)]


def chain(length):
    periods = [KeyPeriod(public=public_text(KEYS[0].public_key()), since=T0, until=T0 + 2 * YEAR)]
    for n in range(1, length):
        since = T0 + n * YEAR
        new = KEYS[n].public_key()
        periods.append(rotation_statement(HQ, KEYS[n - 1], new, since, since + 2 * YEAR))
    return periods


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_chain_of_statements_verifies(length):
    verify_chain(HQ, chain(length))


def test_a_statement_survives_the_card(length=3):
    periods = chain(length)
    again = msgspec.json.decode(msgspec.json.encode(periods), type=list[KeyPeriod])
    verify_chain(HQ, again)


OTHER = chain(3)[2]


@pytest.mark.parametrize(
    "change",
    [
        {"public": OTHER.public},
        {"since": T0 + YEAR + timedelta(milliseconds=1)},
        {"until": T0 + 9 * YEAR},
        {"statement": OTHER.statement},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_statement_holds_for_exactly_what_it_says(change):
    old, new = chain(2)
    with pytest.raises(TheirFault, match=r"key.statement"):
        verify_rotation(HQ, old, msgspec.structs.replace(new, **change))


def test_a_statement_for_one_headquarters_is_none_for_another():
    with pytest.raises(TheirFault, match=r"key.statement"):
        verify_rotation("us.usfj", *chain(2))


def test_a_key_without_its_predecessors_word_is_refused():
    old, new = chain(2)
    with pytest.raises(TheirFault, match=r"key.statement"):
        verify_chain(HQ, [old, msgspec.structs.replace(new, statement="")])


def test_a_link_missing_from_the_chain_is_noticed():
    first, _, third = chain(3)
    with pytest.raises(TheirFault, match=r"key"):
        verify_chain(HQ, [first, third])


def test_a_key_may_only_hand_over_while_it_lasts():
    old = chain(1)[0]
    late = rotation_statement(HQ, KEYS[0], KEYS[1].public_key(), old.until + YEAR, old.until + 2 * YEAR)
    with pytest.raises(TheirFault, match=r"key.window"):
        verify_rotation(HQ, old, late)


def test_a_key_that_ends_before_it_begins_is_refused():
    period = KeyPeriod(public=public_text(KEYS[0].public_key()), since=T0, until=T0)
    with pytest.raises(BadInput, match=r"key.window"):
        verify_chain(HQ, [period])


@pytest.mark.parametrize("keys", [[], chain(1) * 17])
def test_a_chain_has_between_one_and_sixteen_keys(keys):
    with pytest.raises(BadInput, match=r"key.chain"):
        verify_chain(HQ, keys)


def test_a_longer_chain_continues_a_pinned_one_and_no_other_does():
    verify_successor(HQ, chain(1), chain(3))
    verify_successor(HQ, chain(2), chain(2))
    with pytest.raises(TheirFault, match=r"key.chain"):
        verify_successor(HQ, chain(3), chain(2))
    stranger = KeyPeriod(public=public_text(KEYS[3].public_key()), since=T0, until=T0 + YEAR)
    with pytest.raises(TheirFault, match=r"key.chain"):
        verify_successor(HQ, chain(1), [stranger])


@given(text=st.text(max_size=60))
def test_whatever_stands_for_a_public_key_is_one_or_bad_input(text):
    try:
        assert len(KeyPeriod(public=text, since=T0, until=T0 + YEAR).key.public_bytes_raw()) == 32
    except BadInput as error:
        assert error.code == "key.form"
