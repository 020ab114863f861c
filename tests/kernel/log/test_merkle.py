import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.log import merkle

# The tree of RFC 6962's reference implementation (certificate-transparency, merkle_tree_test): leaves and,
# for each size, the root.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 300)


def hashes(count: int) -> list[bytes]:
    return merkle.leaf_hashes(b"%d" % place for place in range(count))


def node_of(leaves: list[bytes]) -> merkle.NodeAt:
    return lambda level, index: merkle.complete_root(leaves[index << level : index + 1 << level])


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_implementation(size: int) -> None:
    assert merkle.root_of(merkle.leaf_hashes(LEAVES[:size])).hex() == ROOTS[size]


def test_the_audit_path_is_that_of_the_example_in_rfc_6962_section_2_1_3() -> None:
    d = merkle.leaf_hashes(LEAVES[:7])
    node = merkle.node_hash
    g, h, i, j = node(d[0], d[1]), node(d[2], d[3]), node(d[4], d[5]), d[6]
    k, m = node(g, h), node(i, j)
    at = node_of(d)
    assert merkle.inclusion_path(0, 7, at) == [d[1], h, m]
    assert merkle.inclusion_path(3, 7, at) == [d[2], g, m]
    assert merkle.inclusion_path(4, 7, at) == [d[5], j, k]
    assert merkle.inclusion_path(6, 7, at) == [i, k]
    assert merkle.consistency_path(3, 7, at) == [d[2], d[3], g, m]
    assert merkle.consistency_path(4, 7, at) == [m]
    assert merkle.consistency_path(6, 7, at) == [i, j, k]


@given(st.lists(st.integers(0, 70), max_size=8))
def test_a_frontier_grown_in_any_steps_has_the_root_and_nodes_of_the_whole(steps: list[int]) -> None:
    leaves = hashes(sum(steps))
    frontier, rows, done = merkle.Frontier(), [], 0
    for step in steps:
        grown = frontier.extend(leaves[done : done + step])
        rows += [b""] * (len(grown) - len(rows))
        for level, new in enumerate(grown):
            rows[level] += new
        done += step
    node = node_of(leaves)
    assert (frontier.size, frontier.root()) == (done, merkle.tree_root(done, node))
    for level, row in enumerate(rows):
        assert row == b"".join([node(level, index) for index in range(done >> level)])
    again = merkle.Frontier(done, node)
    assert (again.root(), again.nodes()) == (frontier.root(), frontier.nodes())


def test_a_copied_frontier_grows_on_its_own() -> None:
    frontier = merkle.Frontier()
    frontier.extend(hashes(5))
    twin = frontier.copy()
    twin.extend(hashes(9))
    assert (frontier.size, frontier.root()) == (5, merkle.root_of(hashes(5)))
    assert twin.root() == merkle.root_of(hashes(5) + hashes(9))


@given(SIZES, st.data())
def test_a_proof_of_inclusion_holds_for_its_leaf_place_size_and_root_only(
    size: int, data: st.DataObject
) -> None:
    seq = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    root, path = merkle.root_of(leaves), merkle.inclusion_path(seq, size, node_of(leaves))
    assert merkle.verify_inclusion(leaves[seq], seq, size, path, root)
    broken = bytearray(data.draw(st.sampled_from([leaves[seq], root, *path])))
    broken[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    wrong = bytes(broken)
    assert not merkle.verify_inclusion(wrong, seq, size, path, root)
    assert not merkle.verify_inclusion(leaves[seq], seq, size, path, wrong)
    assert not merkle.verify_inclusion(leaves[seq], seq, size, [*path, wrong], root)
    for other in (seq - 1, seq + 1, seq + size):
        assert not merkle.verify_inclusion(leaves[seq], other, size, path, root)
    for place in range(len(path)):
        assert not merkle.verify_inclusion(leaves[seq], seq, size, path[:place] + path[place + 1 :], root)
        changed = [*path[:place], wrong, *path[place + 1 :]]
        assert not merkle.verify_inclusion(leaves[seq], seq, size, changed, root)


@given(SIZES, st.data())
def test_a_proof_of_consistency_holds_for_its_two_trees_only(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    leaves = hashes(new)
    roots = merkle.root_of(leaves[:old]), merkle.root_of(leaves)
    path = merkle.consistency_path(old, new, node_of(leaves))
    wrong = merkle.leaf_hash(b"wrong")
    assert merkle.verify_consistency(old, new, *roots, path)
    assert not merkle.verify_consistency(old, new, wrong, roots[1], path)
    assert old == 0 or not merkle.verify_consistency(old, new, roots[0], wrong, path)
    assert not merkle.verify_consistency(old, new, *roots, [*path, wrong])
    for place in range(len(path)):
        changed = [*path[:place], wrong, *path[place + 1 :]]
        assert not merkle.verify_consistency(old, new, *roots, changed)
        assert not merkle.verify_consistency(old, new, *roots, path[:place] + path[place + 1 :])


@pytest.mark.parametrize("old, new", [(-1, 3), (4, 3)])
def test_a_proof_of_consistency_never_holds_for_sizes_out_of_order(old: int, new: int) -> None:
    assert not merkle.verify_consistency(old, new, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_subtrees_cover_a_range_once_in_order(one: int, other: int) -> None:
    start, end = sorted((one, other))
    at = start
    for level, index in merkle.subtrees(end, start):
        assert index << level == at
        at = index + 1 << level
    assert at == end
