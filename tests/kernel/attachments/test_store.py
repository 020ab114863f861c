"""Contents rest encrypted, come in pieces, give any range, and can be forgotten."""

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.attachments import CHUNK_BYTES, AttachmentStore, Scanner, name_of
from renkei.kernel.errors import BadInput, OurFault

NAME = name_of("jp.jjoc", "0f" * 16)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def store(tmp_path):
    return AttachmentStore(tmp_path / "attachments", tmp_path / "keys")


def filled(store, content=CONTENT):
    store.begin(NAME)
    for at in range(0, len(content), 2 * CHUNK_BYTES):
        store.put(NAME, at, content[at : at + 2 * CHUNK_BYTES], len(content))
    store.keep(NAME)
    return store


def everything(store, total=256_000, **where):
    return b"".join(store.read(NAME, total, **where))


@given(first=st.integers(0, len(CONTENT)), length=st.integers(0, len(CONTENT)))
def test_any_range_is_given(tmp_path_factory, first, length):
    folder = tmp_path_factory.mktemp("store")
    store = filled(AttachmentStore(folder / "a", folder / "k"))
    assert everything(store, first=first, end=first + length) == CONTENT[first : first + length]


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_sizes_around_a_chunk(store, size):
    assert everything(filled(store, CONTENT[:1] * size), size) == CONTENT[:1] * size


def test_nothing_of_a_content_or_its_key_can_be_read_from_its_file(store):
    filled(store)
    stored = (store.folder / NAME).read_bytes()
    assert CONTENT[:32] not in stored
    assert (store.keys / f"{NAME}.key").read_bytes() not in stored
    for path in (store.folder / NAME, store.keys / f"{NAME}.key"):
        assert path.stat().st_mode & 0o077 == 0


def test_an_upload_goes_on_from_where_it_stands_also_after_a_crash_within_a_chunk(store):
    store.begin(NAME)
    assert store.put(NAME, 0, CONTENT[:CHUNK_BYTES], len(CONTENT)) == CHUNK_BYTES
    with (store.folder / f"{NAME}.part").open("ab") as file:
        file.write(b"half a chunk that a crash left")
    assert store.received(NAME, len(CONTENT)) == CHUNK_BYTES
    store.put(NAME, CHUNK_BYTES, CONTENT[CHUNK_BYTES:], len(CONTENT))
    assert store.received(NAME, len(CONTENT)) == len(CONTENT)
    store.keep(NAME)
    assert everything(store) == CONTENT


@pytest.mark.parametrize(
    ("offset", "size", "code"),
    [
        (CHUNK_BYTES, CHUNK_BYTES, "attachment.offset"),
        (0, 100, "attachment.piece"),
        (0, 0, "attachment.piece"),
        (0, len(CONTENT) + 1, "attachment.piece"),
    ],
)
def test_a_piece_that_does_not_fit_is_refused(store, offset, size, code):
    store.begin(NAME)
    with pytest.raises(BadInput) as raised:
        store.put(NAME, offset, bytes(size), len(CONTENT))
    assert raised.value.code == code
    assert store.received(NAME, len(CONTENT)) == 0


def test_a_changed_swapped_or_cut_content_is_found_when_it_is_read(store):
    path = filled(store).folder / NAME
    sound, size = path.read_bytes(), CHUNK_BYTES + 28
    for damaged in (
        sound[:1000] + bytes([sound[1000] ^ 1]) + sound[1001:],
        sound[size : 2 * size] + sound[:size] + sound[2 * size :],
        sound[: 3 * size],
    ):
        path.write_bytes(damaged)
        with pytest.raises(OurFault, match=r"attachment\.damaged"):
            everything(store)


def test_what_is_erased_cannot_be_read_even_from_a_copy_of_the_content(store):
    filled(store)
    copy = (store.folder / NAME).read_bytes()
    assert store.erase(NAME)
    assert not store.has(NAME)
    assert not store.erase(NAME)
    (store.folder / NAME).write_bytes(copy)
    with pytest.raises(OurFault, match=r"attachment\.key"):
        everything(store)


@pytest.mark.parametrize("bad", ["../../etc/passwd", "0F" * 16, "0f" * 15, ""])
def test_a_name_is_never_a_path(bad):
    with pytest.raises(BadInput):
        name_of("jp.jjoc", bad)
    with pytest.raises(BadInput):
        name_of("../x", "0f" * 16)


# --- the hook ---------------------------------------------------------------------------------------------

SCAN = "import sys; sys.exit(7 if b'virus' in sys.stdin.buffer.read() else 0)"


def test_the_commands_status_decides():
    scanner = Scanner((sys.executable, "-c", SCAN), 20)
    assert scanner.look([b"a quiet", b" page"]).passed
    refused = scanner.look([b"a vir", b"us"])
    assert (refused.passed, refused.why) == (False, "the scanner ended with status 7")


def test_a_scanner_that_hangs_or_is_missing_lets_nothing_pass():
    began = time.monotonic()
    slow = Scanner((sys.executable, "-c", "import time; time.sleep(60)"), 0.5)
    assert "longer than 0.5 s" in slow.look([bytes(1_000_000)]).why
    assert time.monotonic() - began < 20
    assert "did not start" in Scanner(("/no/such/scanner",), 5).look([b"x"]).why


def test_a_scanner_that_reads_only_the_beginning_is_no_fault():
    assert Scanner(("true",), 5).look([bytes(100_000)] * 20).passed


def test_without_a_command_everything_passes():
    assert Scanner((), 5).look([b"virus"]).passed
