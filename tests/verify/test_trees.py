"""The verifier's own trees and proofs agree with the node's, which were written apart from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.log import merkle
from renkei_verify import trees


def leaves(count):
    return [trees.leaf_hash(bytes([at, at])) for at in range(count)]


@given(st.integers(1, 70), st.data())
def test_proofs_made_by_either_convince_both(size, data):
    row, seq, old = leaves(size), data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    top = trees.root(row)
    assert top == merkle.root_of(row)
    path, proof = trees.inclusion(row, seq), trees.consistency(row, old)
    assert merkle.verify_inclusion(row[seq], seq, size, path, top)
    assert trees.is_included(row[seq], seq, size, path, top)
    assert merkle.verify_consistency(old, size, trees.root(row[:old]), top, proof)
    assert trees.is_consistent(old, size, trees.root(row[:old]), top, proof)


@given(st.integers(2, 40), st.data())
def test_a_proof_that_was_changed_in_any_place_convinces_nobody(size, data):
    row, seq = leaves(size), data.draw(st.integers(0, size - 1))
    top, path = trees.root(row), trees.inclusion(row, seq)
    at = data.draw(st.integers(0, len(path) - 1))
    broken = [*path[:at], bytes(32), *path[at + 1 :]]
    assert not trees.is_included(row[seq], seq, size, broken, top)
    assert not trees.is_included(row[seq], seq, size, path[:-1], top)
    assert not trees.is_included(row[seq], seq, size, [*path, bytes(32)], top)
    assert not trees.is_included(row[seq], (seq + 1) % size, size, path, top)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 2)])
def test_sizes_out_of_order_prove_nothing(old, new):
    assert not trees.is_consistent(old, new, bytes(32), bytes(32), [])


@given(st.integers(2, 40), st.data())
def test_a_consistency_proof_from_another_root_convinces_nobody(size, data):
    row, old = leaves(size), data.draw(st.integers(1, size - 1))
    proof = trees.consistency(row, old)
    assert not trees.is_consistent(old, size, bytes(32), trees.root(row), proof)
    assert not trees.is_consistent(old, size, trees.root(row[:old]), bytes(32), proof)


def test_an_empty_tree_has_the_hash_of_nothing():
    assert trees.root([]) == merkle.root_of([])
