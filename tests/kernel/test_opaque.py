"""Sealed numbers."""

from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.opaque import Opaque

KEY, OTHER = bytes(32), bytes(31) + b"1"


@given(st.integers(0, 2**64 - 1))
def test_a_sealed_number_opens_where_it_was_sealed_and_nowhere_else(number: int) -> None:
    sealed = Opaque(KEY, "page").seal(number)
    assert Opaque(KEY, "page").open(sealed) == number
    assert Opaque(KEY, "stream").open(sealed) is None and Opaque(OTHER, "page").open(sealed) is None


@given(st.text(max_size=30))
def test_what_was_made_up_does_not_open(text: str) -> None:
    assert Opaque(KEY, "page").open(text) is None


def test_neighbours_have_nothing_in_common() -> None:
    page = Opaque(KEY, "page")
    sealed = [page.seal(number) for number in range(200)]
    assert len(set(sealed)) == 200 and sorted(sealed) != sealed
    assert len({text[:3] for text in sealed}) > 190
