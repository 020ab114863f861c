"""A world of headquarters in memory: any number of nodes, links that misbehave, one clock."""

from .links import Conditions, WorldLink
from .world import Headquarters, World

__all__ = ["Conditions", "Headquarters", "World", "WorldLink"]
