"""A sealed file opens for its recipient, whole, or says exactly why not."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput, RenkeiError, TheirFault
from renkei.kernel.partners.bundle import CHUNK_BYTES, MAGIC, TRAILER, Opening, is_sealed, seal

SIGNER, OPENER = Ed25519PrivateKey.from_private_bytes(bytes(32)), X25519PrivateKey.generate()
INSIDE = bytes(range(256)) * 1000  # four chunks, the last one short


def public(key) -> str:
    return b64encode(key.public_key().public_bytes_raw()).decode()


def sealed(inside=(INSIDE,), *, opener=OPENER) -> bytes:
    return b"".join(seal(inside, "jp.jjoc", SIGNER, "us.usfj", public(opener)))


def believed(key: str) -> None:
    if key != public(SIGNER):
        raise TheirFault("key.unknown", "a key that is pinned here", "another")


def contents(data: bytes, own="us.usfj", keys=(OPENER,), piece=1000):
    """What was read before the end or a fault, and the fault's code."""
    read, code = bytearray(), ""
    try:
        opening = Opening(data[at : at + piece] for at in range(0, len(data), piece))
        for part in opening.contents(own, believed, keys):
            read += part
    except RenkeiError as fault:
        code = fault.code
    return bytes(read), code


WHOLE = sealed()
FIRST_CHUNK = WHOLE.index(b"}") + 1 + 64


@given(st.binary(max_size=3 * CHUNK_BYTES), st.integers(1, 200_000))
def test_what_is_sealed_opens_to_the_same_bytes_however_it_is_cut(inside, piece):
    assert contents(sealed([inside[:piece], inside[piece:]]), piece=piece) == (inside, "")


def test_a_file_that_comes_in_one_piece_opens_too():
    assert contents(WHOLE, piece=len(WHOLE)) == (INSIDE, "")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_sizes_around_a_chunk_are_whole(size):
    assert contents(sealed([bytes(size)])) == (bytes(size), "")


def test_nothing_of_the_inside_can_be_read_on_the_outside():
    assert is_sealed(WHOLE)
    assert INSIDE[:64] not in WHOLE
    assert sealed() != WHOLE, "each file has a key of its own"


@pytest.mark.parametrize(
    "left", [FIRST_CHUNK + 3 * (CHUNK_BYTES + 16), len(WHOLE) - 1, len(WHOLE) - 17, -30_000]
)
def test_a_file_cut_short_gives_the_chunks_before_the_cut_and_says_so(left):
    read, code = contents(WHOLE[:left])
    assert code == "courier.truncated"
    assert INSIDE.startswith(read)
    assert len(read) >= 2 * CHUNK_BYTES


def test_a_cut_within_the_header_is_no_file():
    for left in (0, 5, len(MAGIC), 60, FIRST_CHUNK - 1):
        assert contents(WHOLE[:left]) == (b"", "courier.form")


@given(st.integers(FIRST_CHUNK, len(WHOLE) - len(TRAILER) - 1), st.integers(1, 255))
def test_no_byte_of_a_chunk_can_be_changed(at, bit):
    changed = bytearray(WHOLE)
    changed[at] ^= bit
    read, code = contents(bytes(changed))
    assert code == "courier.altered"
    assert INSIDE.startswith(read) and len(read) == (at - FIRST_CHUNK) // (CHUNK_BYTES + 16) * CHUNK_BYTES


def test_chunks_cannot_be_swapped_dropped_or_appended():
    size = CHUNK_BYTES + 16
    head, one, two, rest = (
        WHOLE[:FIRST_CHUNK],
        WHOLE[FIRST_CHUNK : FIRST_CHUNK + size],
        WHOLE[FIRST_CHUNK + size : FIRST_CHUNK + 2 * size],
        WHOLE[FIRST_CHUNK + 2 * size :],
    )
    assert contents(head + two + one + rest) == (b"", "courier.altered")
    assert contents(head + one + rest) == (INSIDE[:CHUNK_BYTES], "courier.altered")
    assert contents(WHOLE + one)[1] == "courier.altered"
    assert contents(WHOLE + TRAILER)[1] == "courier.altered"


@given(st.integers(len(MAGIC) + 2, FIRST_CHUNK - 1), st.integers(1, 255))
def test_no_byte_of_the_header_can_be_changed(at, bit):
    changed = bytearray(WHOLE)
    changed[at] ^= bit
    read, code = contents(bytes(changed))
    assert read == b""
    assert code in {"courier.form", "courier.version", "courier.recipient", "courier.forged", "key.unknown"}


def test_a_file_for_somebody_else_or_for_another_key_is_refused_by_name():
    assert contents(WHOLE, own="ph.afp") == (b"", "courier.recipient")
    assert contents(WHOLE, keys=(X25519PrivateKey.generate(),)) == (b"", "courier.key")
    assert contents(sealed(opener=X25519PrivateKey.generate())) == (b"", "courier.key")


def test_a_key_before_the_present_one_still_opens_what_was_under_way():
    assert contents(WHOLE, keys=(X25519PrivateKey.generate(), OPENER)) == (INSIDE, "")


def test_somebody_elses_signature_is_not_believed():
    other = Ed25519PrivateKey.generate()
    data = b"".join(seal([INSIDE], "jp.jjoc", other, "us.usfj", public(OPENER)))
    assert contents(data) == (b"", "key.unknown")


def test_a_header_without_end_is_not_waited_for():
    with pytest.raises(BadInput, match=r"courier.form"):
        Opening([MAGIC + (65_535).to_bytes(2) + bytes(100)])
