"""Command: who commands, supports and corresponds to whom, from when and on whose word.

This is the room's door: higher rooms and the edges use what is named here.
"""

from .actions import (
    HeadquartersIn,
    Loaded,
    PostIn,
    RelationIn,
    StrengthIn,
    TakenIn,
    assert_relation,
    claim_strength,
    load_reference,
    name_headquarters,
    name_post,
    take_in,
    take_in_document,
)
from .records import KINDS as _KINDS
from .records import Headquarters, Names, Post, Relation, Site, Strength, Unit
from .rules import PARENT_KINDS, in_force, nations_of
from .signing.records import PLAN_KINDS
from .views import VIEWS, Related, UnitView, by_code, known, structure_of, unit_view

KINDS = (*_KINDS, *PLAN_KINDS)

__all__ = [
    "KINDS",
    "PARENT_KINDS",
    "VIEWS",
    "Headquarters",
    "HeadquartersIn",
    "Loaded",
    "Names",
    "Post",
    "PostIn",
    "Related",
    "Relation",
    "RelationIn",
    "Site",
    "Strength",
    "StrengthIn",
    "TakenIn",
    "Unit",
    "UnitView",
    "assert_relation",
    "by_code",
    "claim_strength",
    "in_force",
    "known",
    "load_reference",
    "name_headquarters",
    "name_post",
    "nations_of",
    "structure_of",
    "take_in",
    "take_in_document",
    "unit_view",
]
