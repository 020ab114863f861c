"""Decision paths: who must see a request, in what order, and which of two structures decides sooner.

The path's door.  Pure: descriptions and seeds in, results out.  It ranks structures; it does not
predict minutes.
"""

from .calendars import Calendar, weekly
from .capacity import capacity
from .compare import Comparison, Difference, Stand, compare, effort
from .description import Description, read
from .draws import Streams
from .engine import Run, run, run_events
from .fitting import Fitted, Spell, fit
from .measured import Measured, measured
from .model import Kind, Name, Post, Step, Structure, Work
from .reports import CAUTION, Paths, Simulation, paths, simulate
from .sound import structure
from .static import PathView, critical_path, single_points, view

__all__ = [
    "CAUTION",
    "Calendar",
    "Comparison",
    "Description",
    "Difference",
    "Fitted",
    "Kind",
    "Measured",
    "Name",
    "PathView",
    "Paths",
    "Post",
    "Run",
    "Simulation",
    "Spell",
    "Stand",
    "Step",
    "Streams",
    "Structure",
    "Work",
    "capacity",
    "compare",
    "critical_path",
    "effort",
    "fit",
    "measured",
    "paths",
    "read",
    "run",
    "run_events",
    "simulate",
    "single_points",
    "structure",
    "view",
    "weekly",
]
