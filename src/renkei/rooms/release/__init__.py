"""Release: agreements with partners, what disclosure officers decide, and what is taken back.

This is the room's door: higher rooms and the edges use what is named here.
"""

from renkei.kernel.partners.records import KINDS, Agreement, Cover, Onward, Purge, Recall, ReleaseDecision

from .recalling import lift, purges_of, recall, recalls, standing

__all__ = [
    "KINDS",
    "Agreement",
    "Cover",
    "Onward",
    "Purge",
    "Recall",
    "ReleaseDecision",
    "lift",
    "purges_of",
    "recall",
    "recalls",
    "standing",
]
