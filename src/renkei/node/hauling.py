"""One volume of contents being taken in: held apart, then counted as a whole or dropped (ADR 0014).

While the volume comes, its pieces are held beside the contents that they belong to; nothing of a content that
was here already is touched.  Only when all of it has come do they count, and each content that is whole then
is checked against its record and scanned.  What is refused of one content (its record was taken back, it is
too large) does not hold up the others: their volume is sound.
"""

from ..kernel.attachments import AttachmentStore
from ..kernel.errors import BadInput, RenkeiError, TheirFault
from ..kernel.partners import frames
from ..kernel.partners.hauling import Hauled
from ..rooms.coordination import Attachment
from .contents import PartnerContents


class ContentsHaul:
    """The volume's contents on their way into the store.  Called from one thread."""

    def __init__(self, contents: PartnerContents, store: AttachmentStore) -> None:
        self._contents, self._store = contents, store
        self._held: dict[int, tuple[str, Attachment]] = {}
        self._new: list[str] = []
        self._known: list[int] = []
        self._refused: dict[int, str] = {}
        self._stretch = (-1, 0, 0)
        """The entry whose content comes, where it began, and where it goes on."""

    def lacks(self, said: frames.Lacking) -> None:
        """See ``Haul``."""
        self._contents.lacks(said)

    def put(self, seq: int, offset: int, data: bytes) -> None:
        """See ``Haul``."""
        if seq not in self._held and seq not in self._known and seq not in self._refused:
            self._meet(seq)
        if seq not in self._held:
            return
        name, record = self._held[seq]
        of, first, due = self._stretch
        first = first if (of, due) == (seq, offset) else offset
        try:
            self._store.hold(name, first, offset, data, record.size)
        except BadInput as no:
            raise TheirFault("content.range", no.expected, no.came) from None
        self._stretch = seq, first, offset + len(data)

    def _meet(self, seq: int) -> None:
        """The first piece of an entry's content: whether it is to be taken."""
        try:
            name, record, here = self._contents.expected(seq)
        except BadInput as no:
            self._refused[seq] = no.code
            return
        if here:
            self._known.append(seq)
            return
        self._held[seq] = name, record
        self._store.let_go(name)  # of a try that a crash ended
        if self._contents.ready(name, seq, record):
            self._new.append(name)

    def keep(self) -> Hauled:
        """See ``Haul``."""
        taken: list[int] = []
        coming: list[int] = []
        for seq, (name, record) in self._held.items():
            try:
                (taken if self._contents.settle(name, seq, record) else coming).append(seq)
            except RenkeiError as no:
                self._refused[seq] = no.code
        return Hauled(
            taken=tuple(taken), coming=tuple(coming), known=tuple(self._known), refused=self._refused
        )

    def drop(self) -> None:
        """See ``Haul``."""
        for name, _ in self._held.values():
            self._store.let_go(name)
        for name in self._new:
            self._store.erase(name)
