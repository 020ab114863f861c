"""Ids and the names partners know them by."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.ids import Aliaser, new_id
from renkei.kernel.records import is_record_id, owner_of

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
START = datetime(2022, 9, 18, 8, tzinfo=UTC)
OWNERS = st.sampled_from(["us.usfj", "jp.jjoc", "jp.us.usfj"])
KEYS = st.binary(min_size=32, max_size=32)
ANY_ID = st.builds("{}/{}".format, OWNERS, st.text(ALPHABET, min_size=26, max_size=26))
OUR_ID = st.builds(
    lambda owner, seconds, entropy: new_id(owner, START + timedelta(seconds=seconds), entropy),
    OWNERS,
    st.integers(0, 10**9),
    st.binary(min_size=10, max_size=10),
)


def number(record_id: str) -> int:
    value = 0
    for digit in record_id.partition("/")[2]:
        value = value * 32 + ALPHABET.index(digit)
    return value


@given(OUR_ID | ANY_ID, KEYS)
def test_a_name_leads_back_to_its_id(record_id, key):
    names = Aliaser(key)
    name = names.alias(record_id)
    assert is_record_id(name)
    assert len(name) == len(record_id)
    assert owner_of(name) == owner_of(record_id)
    assert names.own(name) == record_id
    assert names.alias(names.own(record_id)) == record_id


@given(OUR_ID, KEYS)
def test_a_name_is_one_block_of_aes_256(record_id, key):
    block = Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update(number(record_id).to_bytes(16))
    assert number(Aliaser(key).alias(record_id)) == int.from_bytes(block)


@given(st.lists(OUR_ID, unique=True, max_size=20), KEYS, KEYS)
def test_names_differ_between_records_and_are_unrelated_between_partners(ids, key, other):
    ours, theirs = [[Aliaser(k).alias(i) for i in ids] for k in (key, other)]
    assert len(set(ours)) == len(ids)
    if key != other:
        assert not set(ours) & set(theirs)
        assert all(Aliaser(other).own(name) != i for name, i in zip(ours, ids, strict=True))


def test_names_tell_no_order_and_share_no_beginning():
    ids = [new_id("us.usfj", START + timedelta(milliseconds=n), bytes(10)) for n in range(2000)]
    assert ids == sorted(ids)
    names = [Aliaser(b"k" * 32).alias(i) for i in ids]
    rising = sum(a < b for a, b in pairwise(names))
    assert 900 < rising < 1100
    assert len({name[8:13] for name in names}) > 1990


def test_one_aliaser_serves_many_threads():
    ids = [new_id("us.usfj", START, n.to_bytes(10)) for n in range(2000)]
    names = Aliaser(b"k" * 32)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda i: names.own(names.alias(i)), ids * 4)) == ids * 4
