"""Structures from and to other people's files: rows and units as they stand there, facts here.

The part's door.  Pure: what reads and writes the files themselves is ``edges.formats``.
"""

from .columns import KINDS, Cell, Item, cells_of, columns_of
from .faults import Faults, shown
from .reading import Imported, LeftOut, Row, Table, check, cycles, structure_of_tables

__all__ = [
    "KINDS",
    "Cell",
    "Faults",
    "Imported",
    "Item",
    "LeftOut",
    "Row",
    "Table",
    "cells_of",
    "check",
    "columns_of",
    "cycles",
    "shown",
    "structure_of_tables",
]
