"""What a security policy says, once read: classifications, tags, equivalents and marking texts.

The words are those of the Open XML SPIF 2.1 schema (xmlspif.org) and ADatP-4774.1 chapter 3; its
numbers (``lacv``, the value an entry has in binary labels) matter here only because equivalences
and rules refer to entries by them.  Everything is a frozen value; nothing here decides.
"""

from datetime import timedelta
from typing import Literal

import msgspec

from .model import Category, CategoryType, Label

Applied = Literal["encrypt", "decrypt", "both"]
"""When an equivalence holds: for what leaves under another policy, for what arrives, or both."""

Operation = Literal["onlyOne", "oneOrMore", "all"]

Place = Literal["banner", "portion"]
"""Where a marking text stands: across a page or row, or in front of a portion."""

BANNER: Place = "banner"
PORTION: Place = "portion"


class Phrase(msgspec.Struct, frozen=True):
    """One ``markingData``: a text for one language ("" for any) and the places it is meant for.

    ``text`` is None where the policy gives only codes.  ``hidden`` means that nothing is to be shown,
    ``suppresses_class`` that the classification's name is not shown beside it.
    """

    lang: str
    text: str | None
    places: tuple[Place, ...]
    hidden: bool = False
    replaces_policy: bool = False
    suppresses_class: bool = False


class Qualifier(msgspec.Struct, frozen=True):
    """One ``markingQualifier``: what stands before, between and behind the values of a tag."""

    lang: str
    places: tuple[Place, ...]
    prefix: str | None = None
    separator: str | None = None
    suffix: str | None = None


class EquivalentClass(msgspec.Struct, frozen=True):
    """A classification's counterpart under another policy."""

    policy: str
    lacv: int
    applied: Applied


class EquivalentValue(msgspec.Struct, frozen=True):
    """A tag value's counterpart under another policy; ``discard`` says it is dropped on the way."""

    policy: str
    applied: Applied
    discard: bool = False
    tag_id: str = ""
    type: CategoryType = "informative"
    lacv: int = 0


class Group(msgspec.Struct, frozen=True):
    """A reference to one value of a tag, or with ``lacv`` None to any of them."""

    tag: str
    type: CategoryType
    lacv: int | None


class Required(msgspec.Struct, frozen=True):
    """Categories that must stand beside a classification or value (ADatP-4774.1 section 3.3.3)."""

    operation: Operation
    groups: tuple[Group, ...]


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """One level.  ``rank`` is the SPIF's ``hierarchy``: higher is stricter."""

    name: str
    lacv: int
    rank: int
    colour: str
    obsolete: bool = False
    phrases: tuple[Phrase, ...] = ()
    equivalents: tuple[EquivalentClass, ...] = ()
    required: tuple[Required, ...] = ()


class TagValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a tag (``tagCategory``), with what it demands of the rest of the label."""

    name: str
    lacv: int
    obsolete: bool = False
    phrases: tuple[Phrase, ...] = ()
    equivalents: tuple[EquivalentValue, ...] = ()
    required: tuple[Required, ...] = ()
    excluded: tuple[Group, ...] = ()
    excluded_classes: tuple[str, ...] = ()
    required_class: str = ""


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag set's values of one type.  ``name`` and ``id`` are the set's: labels name the set."""

    name: str
    id: str
    type: CategoryType
    values: tuple[TagValue, ...]
    qualifiers: tuple[Qualifier, ...] = ()
    min_selection: int = 0
    max_selection: int | None = None

    def value(self, name: str) -> TagValue | None:
        """The value of that name, or None."""
        return next((v for v in self.values if v.name == name), None)

    def numbered(self, lacv: int) -> TagValue | None:
        """The value of that number, or None."""
        return next((v for v in self.values if v.lacv == lacv), None)


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A ready label that a form can offer, with its name in both languages."""

    key: str
    en: str
    ja: str
    label: Label


class TagName(msgspec.Struct, frozen=True, kw_only=True):
    """What people call a tag, in both languages: an extension of Renkei's own."""

    tag: str
    type: CategoryType
    en: str
    ja: str


class ReviewRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a disclosure officer looks at before it leaves: an extension of Renkei's own.

    The rule covers a record whose kind is among ``kinds`` (none: any kind), whose classification is
    ``at_least`` or higher ("": any), and whose label bears, for each of ``categories``, one of the values
    named.  Such a record waits for ``signatures`` different officers, one or two; after ``within`` it is
    overdue.
    """

    kinds: tuple[str, ...] = ()
    at_least: str = ""
    categories: tuple[Category, ...] = ()
    signatures: int
    within: timedelta


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """All that a policy says.  ``id`` is a URN (``urn:oid:…``); classifications are in rising rank."""

    id: str
    name: str
    version: int = 0
    classifications: tuple[Classification, ...]
    tags: tuple[Tag, ...] = ()
    equivalent_policies: tuple[tuple[str, str], ...] = ()
    phrases: tuple[Phrase, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    tag_names: tuple[TagName, ...] = ()
    review_rules: tuple[ReviewRule, ...] = ()

    def classification(self, name: str) -> Classification | None:
        """The classification of that name, or None."""
        return next((c for c in self.classifications if c.name == name), None)

    def level(self, lacv: int) -> Classification | None:
        """The classification of that number, or None."""
        return next((c for c in self.classifications if c.lacv == lacv), None)

    def tag(self, name: str, type: CategoryType) -> Tag | None:  # noqa: A002 - the standard's word
        """The tag of that name and type, or None."""
        return next((t for t in self.tags if t.name == name and t.type == type), None)

    def tag_numbered(self, tag_id: str, type: CategoryType) -> Tag | None:  # noqa: A002
        """The tag whose set has that object identifier, or None."""
        return next((t for t in self.tags if t.id == tag_id and t.type == type), None)
