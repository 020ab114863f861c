"""The confidentiality label and the clearance, as ADatP-4774 models them.

A label says which policy it belongs to, one classification, and any number of categories; a
clearance says the same of a person or a partner.  Both are plain frozen values that hash and
compare, because everything downstream decides *per distinct label* and then looks the answer up;
their hash is kept once computed.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

CategoryType = Literal["restrictive", "permissive", "informative"]


class Category(msgspec.Struct, frozen=True, cache_hash=True, forbid_unknown_fields=True):
    """The values one tag contributes, e.g. tag ``Releasable to``, permissive, ``("USA", "JPN")``.

    ``values`` are kept sorted and distinct so that equal labels are equal values.  A permissive
    category without values admits nobody.
    """

    tag: str
    type: CategoryType
    values: tuple[str, ...]


class Label(msgspec.Struct, frozen=True, cache_hash=True, omit_defaults=True, forbid_unknown_fields=True):
    """An ADatP-4774 confidentiality label: ``policy`` is the SPIF policy id (a URN)."""

    policy: str
    classification: str
    categories: tuple[Category, ...] = ()

    def canonical(self) -> "Label":
        """The one spelling of this label: tags in order and once each, values sorted and distinct.

        Two entries of one permissive tag ask for a value out of each and are therefore kept apart.
        """
        return Label(self.policy, self.classification, _in_order(self.categories))


class Clearance(msgspec.Struct, frozen=True, cache_hash=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a person or partner may hold: classifications by name, and the values held per tag."""

    policy: str
    classifications: tuple[str, ...]
    categories: tuple[Category, ...] = ()

    def canonical(self) -> "Clearance":
        """The one spelling of this clearance: everything sorted and distinct."""
        return Clearance(self.policy, tuple(sorted(set(self.classifications))), _in_order(self.categories))

    def held(self, tag: str, type: CategoryType) -> frozenset[str]:  # noqa: A002 - the standard's word
        """The values held of one tag."""
        return frozenset(v for c in self.categories if c.tag == tag and c.type == type for v in c.values)


def _in_order(categories: Iterable[Category]) -> tuple[Category, ...]:
    neat = {Category(c.tag, c.type, tuple(sorted(set(c.values)))) for c in categories}
    return tuple(sorted(neat, key=lambda c: (c.tag, c.type, c.values)))
