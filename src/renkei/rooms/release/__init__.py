"""Release: agreements with partners, and what disclosure officers decide.

This is the room's door: higher rooms and the edges use what is named here.
"""

from renkei.kernel.partners.records import KINDS, Agreement, Cover, Onward, ReleaseDecision

__all__ = ["KINDS", "Agreement", "Cover", "Onward", "ReleaseDecision"]
