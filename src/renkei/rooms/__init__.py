"""The rooms, lowest first: what Renkei is for.  A room sees the ones before it through their doors."""

from ..kernel.records import Record
from ..kernel.views import View
from . import command, coordination, picture

KINDS: tuple[type[Record], ...] = (*command.KINDS, *picture.KINDS, *coordination.KINDS)
"""Every kind of record that this node knows."""
VIEWS: tuple[View, ...] = (*command.VIEWS, *picture.VIEWS, *coordination.VIEWS)
"""Every table of the rooms."""
