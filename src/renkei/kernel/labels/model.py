"""The confidentiality label and the clearance, as ADatP-4774 models them.

A label says which policy it belongs to, one classification, and any number of categories; a
clearance says the same of a person or a partner.  Both are plain frozen values that hash and
compare, because everything downstream decides *per distinct label* and then looks the answer up.
"""

from typing import Literal

import msgspec

CategoryType = Literal["restrictive", "permissive", "informative"]


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values one tag contributes, e.g. tag ``Releasable to``, permissive, ``("USA", "JPN")``.

    ``values`` are kept sorted and distinct so that equal labels are equal values.
    """

    tag: str
    type: CategoryType
    values: tuple[str, ...]


class Label(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An ADatP-4774 confidentiality label: ``policy`` is the SPIF policy id (a URN)."""

    policy: str
    classification: str
    categories: tuple[Category, ...] = ()


class Clearance(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a person or partner may hold: classifications by name, and the values held per tag."""

    policy: str
    classifications: tuple[str, ...]
    categories: tuple[Category, ...] = ()
