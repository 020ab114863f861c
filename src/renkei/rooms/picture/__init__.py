"""Picture: hazards, own-reported positions and drawn areas, and how fresh they are."""

from .records import KINDS

__all__ = ["KINDS"]
