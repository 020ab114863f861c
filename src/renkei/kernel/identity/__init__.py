"""A headquarters' keys, its card, and what it knows of its partners.

``Identity`` holds this node's own keys; ``PartnerCard`` is what a headquarters hands to others;
``PartnerEntry`` is one partner as agreed here.  Keys follow one another by ``rotation`` statements.
"""

from .acceptance import accept_card, accept_notice, distrust
from .cards import (
    Connect,
    Names,
    OneWay,
    PartnerCard,
    PartnerEntry,
    fingerprint,
    fingerprint_of,
    load_partner,
    load_partners,
    open_card,
    parse_address,
    read_card,
    save_partner,
    sign_card,
)
from .certificates import check_dates, check_link_certificate, load_certificate, names_in
from .keys import Identity, start_anew
from .reading import spoken
from .revocation import Notice, Reason, RevokedKey, is_notice, open_notice, sign_notice
from .ring import OVERLAP, KeyRing, believed_until, check_in_force
from .rotation import KeyPeriod, rotation_statement, verify_chain, verify_rotation, verify_successor

__all__ = [
    "OVERLAP",
    "Connect",
    "Identity",
    "KeyPeriod",
    "KeyRing",
    "Names",
    "Notice",
    "OneWay",
    "PartnerCard",
    "PartnerEntry",
    "Reason",
    "RevokedKey",
    "accept_card",
    "accept_notice",
    "believed_until",
    "check_dates",
    "check_in_force",
    "check_link_certificate",
    "distrust",
    "fingerprint",
    "fingerprint_of",
    "is_notice",
    "load_certificate",
    "load_partner",
    "load_partners",
    "names_in",
    "open_card",
    "open_notice",
    "parse_address",
    "read_card",
    "rotation_statement",
    "save_partner",
    "sign_card",
    "sign_notice",
    "spoken",
    "start_anew",
    "verify_chain",
    "verify_rotation",
    "verify_successor",
]
