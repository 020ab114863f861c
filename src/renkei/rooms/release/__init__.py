"""Release: agreements with partners, what disclosure officers decide, and what is taken back.

This is the room's door: higher rooms and the edges use what is named here.
"""

from renkei.kernel.partners.records import (
    KINDS,
    Agreement,
    Cover,
    Onward,
    Purge,
    Recall,
    Reconsideration,
    ReleaseDecision,
)

from .actions import (
    AgreementIn,
    DecisionsIn,
    EndIn,
    HeldIn,
    OnwardIn,
    agree,
    agreements,
    decide_held,
    end_agreement,
    pass_on,
)
from .anew import AnewIn, reconsider
from .recalling import lift, narrow, purges_of, recall, recalls, standing
from .returned import Returned, reason_of, returned_to

__all__ = [
    "KINDS",
    "Agreement",
    "AgreementIn",
    "AnewIn",
    "Cover",
    "DecisionsIn",
    "EndIn",
    "HeldIn",
    "Onward",
    "OnwardIn",
    "Purge",
    "Recall",
    "Reconsideration",
    "ReleaseDecision",
    "Returned",
    "agree",
    "agreements",
    "decide_held",
    "end_agreement",
    "lift",
    "narrow",
    "pass_on",
    "purges_of",
    "reason_of",
    "recall",
    "recalls",
    "reconsider",
    "returned_to",
    "standing",
]
