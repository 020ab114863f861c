"""What decides on releases is itself recorded: the kinds that the chain consults (``chain``).

They stand in the master log beside the records they are about, are written by their room's own actions
(``rooms/release``) or by the node when it takes up a partner, and are folded by ``register``.  They live here
rather than in the room because releasing is the kernel's, and the kernel knows no room.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from ..clock import Instant
from ..labels.model import Clearance, Label
from ..records import MAX_AT_REST_BYTES, MAX_RECORD_BYTES, HqId, Record, RecordId, Text

EVERY_KIND = "*"
"""In an agreement: all kinds that may leave at all and that no other agreement names."""
MAX_COVERS = 100
"""Kinds named in one agreement: there are a few dozen."""

MAX_HANDS = 8
"""Headquarters that one record was passed on through: beyond a handful nobody knows whose word it is."""
ONWARD = "release.onward"
Verdict = Literal["release", "refuse", "return"]
"""What a disclosure officer may say of a version held."""

MAX_NAMED = 16_384
"""Entries named in one version of a recall, 150 KB of them: a record with more versions takes several."""

MAX_ANEW = 200
"""Records named in one reconsideration: more than one person can answer for at once."""

Cited = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
KindName = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z][a-z.-]{0,40})$")]


class Cover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to what an agreement lets records of one ``kind`` be released (``*``: of every kind)."""

    kind: KindName
    ceiling: Clearance


class Agreement(Record, frozen=True, kw_only=True, tag="release.agreement"):
    """What this headquarters may release to one partner: from when until when, on what ground, up to what.

    It holds from ``since`` until just before ``until`` (None: until further notice), in the record's realm.
    ``cites`` names the treaty, arrangement or order it rests on.  It is ended by a version with an ``until``.
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    partner: HqId
    since: Instant
    until: Instant | None = None
    cites: Cited
    covers: Annotated[tuple[Cover, ...], msgspec.Meta(min_length=1, max_length=MAX_COVERS)]

    def in_force(self, now: datetime) -> bool:
        """Whether it holds ``now``."""
        return self.since <= now and (self.until is None or now < self.until)

    def ceiling(self, kind: str) -> Clearance | None:
        """Up to what it covers ``kind``; None if not at all."""
        named = {cover.kind: cover.ceiling for cover in self.covers}
        return named.get(kind, named.get(EVERY_KIND))

    def names(self, kind: str) -> bool:
        """Whether it names ``kind`` itself, rather than every kind."""
        return any(cover.kind == kind for cover in self.covers)


class ReleaseDecision(Record, frozen=True, kw_only=True, tag="release.decision"):
    """One disclosure officer's word on one version of a record for one partner.

    ``account`` tells the officer from every other; ``by`` is the post.  ``verdict`` is a ``Verdict``:
    sign for the release, refuse it, or return the version to its author to be corrected.  Any word is read,
    since a newer node may have written others; an unknown one changes nothing (``register``).
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    about: RecordId
    about_version: Annotated[int, msgspec.Meta(ge=1)]
    partner: HqId
    verdict: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z-]{0,40}$")]
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Text


class Onward(Record, frozen=True, kw_only=True, tag=ONWARD):
    """What another headquarters wrote, passed on by this one's own decision.

    ``rendition`` holds the ``originator``'s record word for word as it was received, ``received`` names it
    here.  Its labels bind whoever passes it on: all of them must allow it to the third party (``chain``).
    In our master log the rendition is ``sealed`` (``passed_on``); a record that still is when it is read says
    nothing of what it passed on any more.
    """

    appendable: ClassVar[bool] = False

    originator: HqId
    received: RecordId | None = None
    rendition: Annotated[str, msgspec.Meta(min_length=2)]
    note: Text | None = None
    sealed: str = ""

    @property
    def max_bytes(self) -> int:
        """Larger where it lies sealed: that leaves this node for nowhere."""
        return MAX_AT_REST_BYTES if self.sealed else MAX_RECORD_BYTES

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the texts inside what is passed on, under its own labels."""
        yield from super().texts()
        for hand in self.hands():
            yield from _texts_in(msgspec.json.decode(hand), None)

    def hands(self) -> Iterator[bytes]:
        """The rendition, and what that one passes on in its turn, down to what its first author wrote.

        Every one of these authors' labels binds.  Raises ValueError for what went through more than
        MAX_HANDS hands, or is no JSON.
        """
        left: str | None = self.rendition
        for _ in range(MAX_HANDS):
            if left is None:
                return
            hand = left.encode()
            yield hand
            inside = msgspec.json.decode(hand, type=_Passed)
            left = inside.rendition if inside.kind == ONWARD else None
        if left is not None:
            raise ValueError(f"passed on through more than {MAX_HANDS} hands")


class _Passed(msgspec.Struct):
    """As much of a rendition as tells whether it passes on another one."""

    kind: str = ""
    rendition: str = ""


class Recall(Record, frozen=True, kw_only=True, tag="release.recall"):
    """The owner takes a released record back (ADR 0011), or, ``lifted``, lets it go again.

    The owner's own names the record ``about`` and the ``reason``; lifting also names, by ``seq``, the number
    of the record's newest version in the master log, which is then decided on anew.  What goes to a partner
    that holds the record has the partner's name for it and the numbers of its ``entries`` in the log sent, in
    order; the reason stays at home.  ``because`` names the originator's recall that this one follows: of what
    we passed on, which then leaves our own views, too.
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    about: RecordId
    reason: Text | None = None
    lifted: bool = False
    seq: Annotated[int, msgspec.Meta(ge=0)] = 0
    entries: Annotated[tuple[int, ...], msgspec.Meta(max_length=MAX_NAMED)] = ()
    because: RecordId | None = None


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a record: the master log's entry ``seq``."""

    record: RecordId
    version: Annotated[int, msgspec.Meta(ge=1)]
    seq: Annotated[int, msgspec.Meta(ge=0)]


class Reconsideration(Record, frozen=True, kw_only=True, tag="release.reconsideration"):
    """A disclosure officer has the chain decide anew on records that stayed with us (ADR 0020).

    ``because`` is the adopted policy or the agreement that lets them go now.  The versions named were the
    newest when the master log had ``upto`` entries; one replaced since is passed over.
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    partner: HqId
    because: RecordId
    named: Annotated[tuple[Named, ...], msgspec.Meta(min_length=1, max_length=MAX_ANEW)]
    upto: Annotated[int, msgspec.Meta(ge=0)]
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Text


class Purge(Record, frozen=True, kw_only=True, tag="release.purge"):
    """A partner's record was forgotten here: what its ``recall`` named is erased, and this signs for it.

    ``recall`` and ``about`` are the partner's names; ``upto`` is the number of the recall's own entry, and
    ``named`` how many entries it named.  It goes to that partner alone.
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    recall: RecordId
    about: RecordId
    upto: Annotated[int, msgspec.Meta(ge=0)]
    named: Annotated[int, msgspec.Meta(ge=0)]


def _texts_in(value: Any, label: Label | None) -> Iterator[tuple[Label | None, str]]:
    if isinstance(value, dict):
        if "label" in value:
            label = msgspec.convert(value["label"], Label)
        if isinstance(value.get("text"), str):
            yield label, value["text"]
        for inner in value.values():
            yield from _texts_in(inner, label)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner, label)


STATEMENTS: tuple[type[Record], ...] = (Agreement, ReleaseDecision, Recall)
"""The kinds that ``register`` folds."""
KINDS: tuple[type[Record], ...] = (*STATEMENTS, Reconsideration, Purge, Onward)
