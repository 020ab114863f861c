"""A headquarters' keys, its card, and what it knows of its partners.

``Identity`` holds this node's own keys; ``PartnerCard`` is what a headquarters hands to others;
``PartnerEntry`` is one partner as agreed here.  Keys follow one another by ``rotation`` statements.
"""

from .cards import (
    Connect,
    Names,
    PartnerCard,
    PartnerEntry,
    fingerprint,
    load_partner,
    load_partners,
    open_card,
    parse_address,
    read_card,
    save_partner,
    sign_card,
)
from .certificates import check_dates, check_link_certificate, names_in
from .keys import Identity
from .rotation import KeyPeriod, rotation_statement, verify_chain, verify_rotation, verify_successor

__all__ = [
    "Connect",
    "Identity",
    "KeyPeriod",
    "Names",
    "PartnerCard",
    "PartnerEntry",
    "check_dates",
    "check_link_certificate",
    "fingerprint",
    "load_partner",
    "load_partners",
    "names_in",
    "open_card",
    "parse_address",
    "read_card",
    "rotation_statement",
    "save_partner",
    "sign_card",
    "verify_chain",
    "verify_rotation",
    "verify_successor",
]
