"""Contents of attachments where there is no line: in volumes, in any order, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from renkei.kernel.attachments import digest_of, name_of
from renkei.kernel.errors import RenkeiError
from renkei.kernel.partners import MIN_HAUL_BYTES, Imported, Place
from renkei.kernel.people import Role
from renkei.node import Node
from renkei.node.couriers import export_sealed, export_volume, take_in
from renkei.rooms.coordination import AttachIn, Attachment, Content, attach
from renkei.rooms.release import purges_of, recall
from world import World
from world.world import done

OWNER, PARTNER, THIRD = "jp.jjoc", "us.usfj", "ph.afp"
CONTENT = b"".join(number.to_bytes(4) for number in range(700_000))
"""Three megabytes, no two stretches of which are equal."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, PARTNER, OWNER, THIRD)
    for link in made.links.values():
        link.cut()
    made.settle()
    yield made
    made.close()


def attached(world: World, content: bytes = CONTENT, label: str = "usa") -> Attachment:
    """A content attached at the Joint Operations Command, as its HTTP edge does."""
    hq = world[OWNER]
    store, called = hq.node.contents, f"{len(hq.node.contents.names()):032x}"
    name = name_of(OWNER, called)
    store.begin(name)
    store.put(name, 0, content, len(content))
    store.keep(name)
    salt = bytes(32)
    given = AttachIn(name="海図.png", size=len(content), label=hq.label(label))
    record = done(attach(hq.desk(), given, 10**9, Content(called, salt, digest_of(salt, [content]))))
    world.settle()
    return record  # type: ignore[return-value]


def entries(world: World, sender: str = OWNER, recipient: str = PARTNER) -> Imported:
    """Everything that waits goes by a courier's file."""
    file = b"".join(export_sealed(world[sender].node, recipient, None, None).pieces)
    came = take_in(world[recipient].node, sender, [file])
    world.settle()
    return came


def volumes(node: Node, hq: str = PARTNER, begin: Place | None = None, *, again: bool = False) -> list[bytes]:
    """All volumes of contents, of the smallest size, as a courier fetches them."""
    made = []
    while True:
        volume = export_volume(node, hq, begin, MIN_HAUL_BYTES, again=again)
        if volume.size:
            made.append(b"".join(volume.pieces))
            node.line(hq).contents.couriered(volume.upto)
        if volume.last:
            return made
        begin = volume.upto


def brought(world: World, *files: bytes, to: str = PARTNER) -> list[Imported]:
    return [take_in(world[to].node, OWNER, [file]) for file in files]


def on_disk(world: World, hq: str = PARTNER) -> dict[str, bytes]:
    """Everything that a headquarters' disk has of contents, keys included."""
    store = world[hq].node.contents
    paths = (path for folder in (store.folder, store.keys) for path in folder.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in paths}


def state(world: World, attachment: Attachment) -> tuple[str, int]:
    return world[PARTNER].node.line(OWNER).contents.state(attachment)


def come(world: World, attachment: Attachment) -> bytes:
    """What the partner has of the content."""
    node = world[PARTNER].node
    return b"".join(node.contents.read(name_of(OWNER, attachment.content), attachment.size))


ORDERS = [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_one_content_goes_over_several_volumes_in_any_order(world: World, order: tuple[int, ...]) -> None:
    given = attached(world)
    entries(world)
    files = volumes(world[OWNER].node)
    assert len(files) == 3 and all(len(file) <= MIN_HAUL_BYTES for file in files)
    came = [one.hauled for one in brought(world, *(files[at] for at in order))]
    assert [bool(one and one.taken) for one in came] == [False, False, True]
    assert state(world, given) == ("here", len(CONTENT))
    assert come(world, given) == CONTENT
    assert not any(".ahead" in name or ".new" in name for name in on_disk(world))
    assert not any(CONTENT[:64] in data for data in (*files, *on_disk(world).values()))


def test_what_is_withheld_is_in_no_volume(world: World) -> None:
    attached(world, label="national")
    entries(world)
    assert volumes(world[OWNER].node) == []
    assert volumes(world[OWNER].node, begin=Place(0), again=True) == []


def flipped(file: bytes) -> bytes:
    at = len(file) // 2
    return file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]


def exchanged(file: bytes) -> bytes:
    """Two sealed chunks of equal length change places."""
    chunk = 65_536 + 16
    head = len(file) - 17 - (len(file) - 17) // chunk * chunk  # any cut will do: no chunk opens elsewhere
    return (
        file[: head + chunk]
        + file[head + 2 * chunk : head + 3 * chunk]
        + file[head + chunk : head + 2 * chunk]
        + file[head + 3 * chunk :]
    )


DAMAGE = [
    (lambda file: file[:-1], "courier.truncated"),
    (lambda file: file[: len(file) // 2], "courier.truncated"),
    (flipped, "courier.altered"),
    (exchanged, "courier.altered"),
    (lambda file: file + b"more", "courier.truncated"),
    (lambda file: b"renkei contents v1\n" + file, "courier.form"),
]


@pytest.mark.parametrize(
    ("damage", "code"), DAMAGE, ids=["end", "half", "flipped", "exchanged", "longer", "form"]
)
def test_a_damaged_volume_is_named_and_leaves_nothing(world: World, damage, code: str) -> None:
    given = attached(world)
    small = attached(world, b"small" * 1000)
    entries(world)
    files = volumes(world[OWNER].node)
    brought(world, files[1])
    before = on_disk(world)
    try:
        (came,) = brought(world, damage(files[0]))
        codes, hauled = [fault.code for fault in came.faults], came.hauled
    except RenkeiError as refused:
        codes, hauled = [refused.code], None
    assert (codes, hauled) == ([code], None)
    assert on_disk(world) == before
    brought(world, *files)
    assert come(world, given) == CONTENT and come(world, small) == b"small" * 1000


def test_a_volume_of_another_pair_is_refused(world: World) -> None:
    attached(world, b"for both" * 1000, label="open")
    entries(world)
    entries(world, OWNER, THIRD)
    (file,) = volumes(world[OWNER].node, THIRD)
    before = on_disk(world)
    for hq in (PARTNER, OWNER):
        with pytest.raises(RenkeiError) as refused:
            take_in(world[hq].node, OWNER if hq == PARTNER else PARTNER, [file])
        assert refused.value.code == ("courier.recipient" if hq == PARTNER else "courier.sender")
    assert on_disk(world) == before


def test_contents_wait_for_their_records(world: World) -> None:
    attached(world)
    files = volumes(world[OWNER].node)
    came = brought(world, *files)
    assert {fault.code for one in came for fault in one.faults} == {"courier.gap"}
    assert on_disk(world) == {}
    entries(world)
    assert brought(world, *files)[-1].hauled.taken  # type: ignore[union-attr]


def test_a_volume_taken_in_again_changes_nothing(world: World) -> None:
    attached(world)
    entries(world)
    files = volumes(world[OWNER].node)
    brought(world, *files)
    before = on_disk(world)
    again = brought(world, *files)
    assert [one.repeated for one in again] == [True] * 3
    assert on_disk(world) == before


@pytest.mark.parametrize("kept", [(0, 1, 2), (2,), (0, 2)], ids=["whole", "ahead", "with a gap"])
def test_a_recall_erases_what_a_courier_brought_before_it_is_signed_for(
    world: World, kept: tuple[int, ...]
) -> None:
    given = attached(world)
    entries(world)
    files = volumes(world[OWNER].node)
    brought(world, *(files[at] for at in kept))
    assert on_disk(world)
    desk = world[OWNER].desk(Role.DISCLOSURE_OFFICER)
    notice = done(recall(desk, given.id, "誤り"))
    world.settle()
    seen: list[int] = []
    purger = world[PARTNER].node.line(OWNER).purger
    log = purger._append
    purger._append = lambda drafts: seen.append(len(on_disk(world))) or log(drafts)  # type: ignore[func-returns-value]
    entries(world)
    assert (seen, on_disk(world)) == ([0], {})
    entries(world, PARTNER, OWNER)
    assert [one.row.source for one in purges_of(desk, notice.id)] == [PARTNER]  # type: ignore[attr-defined]
    # A volume packed before the recall brings nothing back, and none is packed any more.
    hauled = [one.hauled for one in brought(world, *files)]
    assert {code for one in hauled if one for code in one.refused.values()} == {"attachment.recalled"}
    assert on_disk(world) == {}
    assert volumes(world[OWNER].node, begin=Place(0), again=True) == []


def test_what_was_lost_is_told_by_the_next_file_and_packed_again(world: World) -> None:
    given = attached(world)
    whole = attached(world, b"second" * 1000)
    entries(world)
    files = volumes(world[OWNER].node)
    brought(world, files[0], *files[2:])
    entries(world, PARTNER, OWNER)
    packed = volumes(world[OWNER].node)
    assert len(packed) == 2 < len(files), "from where the gap is"
    assert state(world, whole)[0] == "here"
    brought(world, packed[0])
    assert come(world, given) == CONTENT
    entries(world, PARTNER, OWNER)
    assert volumes(world[OWNER].node) == [], "nothing is lacking any more"


def test_a_content_that_the_record_does_not_commit_to_is_refused_when_it_is_whole(world: World) -> None:
    given = attached(world)
    other = attached(world, b"sound" * 1000)
    store, name = world[OWNER].node.contents, name_of(OWNER, given.content)
    store.erase(name)
    store.begin(name)
    store.put(name, 0, CONTENT[::-1], len(CONTENT))
    store.keep(name)
    entries(world)
    came = brought(world, *volumes(world[OWNER].node))
    refused = {code for one in came if one.hauled for code in one.hauled.refused.values()}
    assert refused == {"attachment.digest"}
    assert state(world, given) == ("refused", 0)
    assert come(world, other) == b"sound" * 1000


def test_what_a_courier_began_a_line_goes_on_with_and_the_other_way_round(world: World) -> None:
    given = attached(world)
    entries(world)
    files = volumes(world[OWNER].node)
    brought(world, files[0], files[2])
    here = state(world, given)[1]
    assert here > 0
    offsets: list[int] = []
    contents = world[OWNER].node.line(PARTNER).contents
    piece = contents.piece
    contents.piece = lambda s, o, c: offsets.append(o) or piece(s, o, c)  # type: ignore[method-assign, func-returns-value]
    link = world.link(OWNER, PARTNER)
    link.restore()
    for _ in range(40):
        for hq in (OWNER, PARTNER):
            world[hq].node.pump()
        link.step()
    assert offsets and min(offsets) == here
    brought(world, files[1])
    assert come(world, given) == CONTENT
    world.settle()
    assert state(world, given) == ("here", len(CONTENT))
