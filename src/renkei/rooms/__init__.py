"""The rooms: what the work is about.  Each opens by its own door; here are all kinds and views together."""

from renkei.kernel.labels.adoption import PolicyChange
from renkei.kernel.records import Record
from renkei.kernel.views import View

from . import command, coordination, picture, release

KINDS: tuple[type[Record], ...] = (
    PolicyChange,
    *release.KINDS,
    *command.KINDS,
    *picture.KINDS,
    *coordination.KINDS,
)
VIEWS: tuple[View, ...] = (*command.VIEWS, *picture.VIEWS, *coordination.VIEWS)
