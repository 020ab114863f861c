"""Rules on a structure and a plan, and what they come to on every date of every branch."""

from .causes import Cause, Repair
from .engine import CHECKS
from .report import Finding, Report, Result, examine
from .rules import (
    AnyRule,
    Ceiling,
    Costs,
    Cycle,
    Double,
    DualHat,
    Grounded,
    HandOver,
    Held,
    Nobody,
    Orphan,
    Reachable,
    Rule,
    Rules,
    Span,
    Unchanged,
)

__all__ = [
    "CHECKS",
    "AnyRule",
    "Cause",
    "Ceiling",
    "Costs",
    "Cycle",
    "Double",
    "DualHat",
    "Finding",
    "Grounded",
    "HandOver",
    "Held",
    "Nobody",
    "Orphan",
    "Reachable",
    "Repair",
    "Report",
    "Result",
    "Rule",
    "Rules",
    "Span",
    "Unchanged",
    "examine",
]
