"""Command: who commands, supports and corresponds to whom, who answers for what and when they are on duty,
from when and on whose word.

This is the room's door: higher rooms and the edges use what is named here.
"""

from .actions import (
    FunctionIn,
    HeadquartersIn,
    HoursIn,
    LegalBasisIn,
    Loaded,
    PostIn,
    RelationIn,
    ResponsibilityIn,
    StrengthIn,
    TakenIn,
    assert_relation,
    assign_responsibility,
    claim_strength,
    load_reference,
    name_function,
    name_headquarters,
    name_legal_basis,
    name_post,
    set_hours,
    take_in,
    take_in_document,
)
from .records import KINDS as _KINDS
from .records import (
    Function,
    Headquarters,
    Hours,
    LegalBasis,
    Names,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Unit,
)
from .rules import PARENT_KINDS, in_force, nations_of
from .signing.records import PLAN_KINDS
from .views import VIEWS, Related, UnitView, by_code, known, structure_of, unit_view

KINDS = (*_KINDS, *PLAN_KINDS)

__all__ = [
    "KINDS",
    "PARENT_KINDS",
    "VIEWS",
    "Function",
    "FunctionIn",
    "Headquarters",
    "HeadquartersIn",
    "Hours",
    "HoursIn",
    "LegalBasis",
    "LegalBasisIn",
    "Loaded",
    "Names",
    "Post",
    "PostIn",
    "Related",
    "Relation",
    "RelationIn",
    "Responsibility",
    "ResponsibilityIn",
    "Site",
    "Strength",
    "StrengthIn",
    "TakenIn",
    "Unit",
    "UnitView",
    "assert_relation",
    "assign_responsibility",
    "by_code",
    "claim_strength",
    "in_force",
    "known",
    "load_reference",
    "name_function",
    "name_headquarters",
    "name_legal_basis",
    "name_post",
    "nations_of",
    "set_hours",
    "structure_of",
    "take_in",
    "take_in_document",
    "unit_view",
]
