"""Structures from and to other people's files: rows and units as they stand there, facts here.

The part's door.  Pure: what reads and writes the files themselves is ``edges.formats``.
"""

from .charts import (
    LEAVE_OUT,
    MAX_LEVELS,
    Chart,
    Drawn,
    Kept,
    Scenario,
    Side,
    Support,
    chart_of,
    nations_of_sides,
    structure_of_chart,
)
from .columns import KINDS, Cell, Item, Unread, cells_of, columns_of
from .faults import Faults, shown
from .left_out import LeftOut, LeftOuts
from .merging import Merged, counted, gathered, merge, nation_of_hq
from .reading import Imported, Row, Table, check, cycles, structure_of_tables
from .recording import Known, Saying, as_recorded, named_by, record_key, saying_of, sayings_of

__all__ = [
    "KINDS",
    "LEAVE_OUT",
    "MAX_LEVELS",
    "Cell",
    "Chart",
    "Drawn",
    "Faults",
    "Imported",
    "Item",
    "Kept",
    "Known",
    "LeftOut",
    "LeftOuts",
    "Merged",
    "Row",
    "Saying",
    "Scenario",
    "Side",
    "Support",
    "Table",
    "Unread",
    "as_recorded",
    "cells_of",
    "chart_of",
    "check",
    "columns_of",
    "counted",
    "cycles",
    "gathered",
    "merge",
    "named_by",
    "nation_of_hq",
    "nations_of_sides",
    "record_key",
    "saying_of",
    "sayings_of",
    "shown",
    "structure_of_chart",
    "structure_of_tables",
]
