"""Picture: hazards, own-reported positions and drawn areas, and how fresh they are.

This is the room's door: higher rooms and the edges use what is named here.
"""

from .actions import AreaIn, PositionIn, draw_area, report_hazard, report_position
from .records import KINDS, Area, Hazard, HazardArea, HazardSeverity, Hypocentre, Position
from .rules import FRESH_FOR, Ages, Freshness, HazardReport, freshness
from .views import VIEWS, Shown, hazard_of_event, hazards, shown

__all__ = [
    "FRESH_FOR",
    "KINDS",
    "VIEWS",
    "Ages",
    "Area",
    "AreaIn",
    "Freshness",
    "Hazard",
    "HazardArea",
    "HazardReport",
    "HazardSeverity",
    "Hypocentre",
    "Position",
    "PositionIn",
    "Shown",
    "draw_area",
    "freshness",
    "hazard_of_event",
    "hazards",
    "report_hazard",
    "report_position",
    "shown",
]
