"""Coordination: what headquarters ask of each other, answer, promise, log and decide.

This is the room's door: higher rooms and the edges use what is named here.
"""

from .records import KINDS

__all__ = ["KINDS"]
