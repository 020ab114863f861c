"""Partner logs: what one partner gets, how it travels, and how either side proves it.

``Releaser`` fills the log for a partner with renditions.  ``Sender`` offers that log, ``Receiver`` takes the
partner's; ``Session`` joins them into a conversation over any stream of bytes, ``export_parcel`` and
``import_parcel`` into files that a courier carries.  Bytes in, events and bytes out: no sockets, no
threads.  ``docs/protocol/link.md`` describes the bytes, ADR 0002 the reasons.
"""

from .aliases import Aliases
from .bundle import Header, Opening, is_sealed, seal
from .chain import Chain, Held, Stopped, Terms
from .chunks import sent_origin
from .courier import (
    MIN_VOLUME_BYTES,
    Imported,
    export_contents,
    export_parcel,
    import_parcel,
    peek_parcel,
    volumes,
)
from .events import Event, Faulted, Greeted, Receipted, Received, RefusedByPartner
from .evidence import Evidence, decode_evidence, judge
from .frames import Parcel
from .hauling import MIN_HAUL_BYTES, Haul, Hauled, Place, Stretch, cut
from .intake import Intake
from .ledger import Halt
from .receiver import Receiver
from .register import Register
from .releaser import Explanation, Releaser
from .rendition import Rendition, localise
from .rhythm import AT_ONCE, Rhythm
from .sender import Positions, Sender
from .session import Session

__all__ = [
    "AT_ONCE",
    "MIN_HAUL_BYTES",
    "MIN_VOLUME_BYTES",
    "Aliases",
    "Chain",
    "Event",
    "Evidence",
    "Explanation",
    "Faulted",
    "Greeted",
    "Halt",
    "Haul",
    "Hauled",
    "Header",
    "Held",
    "Imported",
    "Intake",
    "Opening",
    "Parcel",
    "Place",
    "Positions",
    "Receipted",
    "Received",
    "Receiver",
    "RefusedByPartner",
    "Register",
    "Releaser",
    "Rendition",
    "Rhythm",
    "Sender",
    "Session",
    "Stopped",
    "Stretch",
    "Terms",
    "cut",
    "decode_evidence",
    "export_contents",
    "export_parcel",
    "import_parcel",
    "is_sealed",
    "judge",
    "localise",
    "peek_parcel",
    "seal",
    "sent_origin",
    "volumes",
]
