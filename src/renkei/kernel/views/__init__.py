"""Views: local tables folded from the logs, and the one way to read them.

``store`` has the file, the fold and the rebuild; ``reader`` what somebody sees of it; ``folder`` the
thread that keeps it up to date; ``base`` what a room's view is.
"""

from .base import OWN, Folded, View
from .connections import Readers
from .digest import Resolve
from .dump import Dump, dump
from .fold import Change, Step
from .folder import Folder, FolderStatus
from .reader import Kinds, Page, Reader, Row
from .store import Lag, ViewStore
from .today import Today
from .visibility import Visible

__all__ = [
    "OWN",
    "Change",
    "Dump",
    "Folded",
    "Folder",
    "FolderStatus",
    "Kinds",
    "Lag",
    "Page",
    "Reader",
    "Readers",
    "Resolve",
    "Row",
    "Step",
    "Today",
    "View",
    "ViewStore",
    "Visible",
    "dump",
]
