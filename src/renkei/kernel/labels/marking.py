"""The marking text of a label, from the policy's own ``markingData`` (ADatP-4774.1 section 3.5).

A banner reads, with the separators the policy gives: policy, classification, then each tag with its
prefix, its values and its suffix; the order of tags and values is the policy's.  A text is taken for
the language asked, then for any language, then the entry's plain name, so a marking is never empty.
"""

from collections.abc import Sequence

import msgspec

from .model import Label
from .terms import BANNER, PORTION, Phrase, Place, Qualifier, Tag, Terms

SEPARATOR = "//"
VALUE_SEPARATOR = ", "
UNKNOWN_COLOUR = "#666666"
"""Shown where the policy is not known or gives no colour: neutral, so that it promises nothing."""


class Marking(msgspec.Struct, frozen=True):
    """A label for people to read: banner texts, the short portion mark, and ``#RRGGBB``."""

    en: str
    ja: str
    portion: str
    colour: str


def mark(terms: Terms | None, label: Label) -> Marking:
    """The marking of ``label``; with ``terms`` None (policy unknown) its plain names."""
    if terms is None:
        plain = SEPARATOR.join([label.classification, *(", ".join(c.values) for c in label.categories)])
        return Marking(plain, plain, f"({plain})", UNKNOWN_COLOUR)
    level = terms.classification(label.classification)
    return Marking(
        en=_text(terms, label, "en", BANNER),
        ja=_text(terms, label, "ja", BANNER),
        portion=f"({_text(terms, label, 'en', PORTION)})",
        colour=level.colour if level is not None else UNKNOWN_COLOUR,
    )


def phrase_of(phrases: Sequence[Phrase], name: str, lang: str, place: Place = BANNER) -> str:
    """What ``phrases`` show for an entry called ``name``."""
    for wanted in (lang, ""):
        for phrase in phrases:
            if phrase.lang == wanted and place in phrase.places and not phrase.replaces_policy:
                if phrase.hidden:
                    return ""
                if phrase.text is not None:
                    return phrase.text
    return name


def _text(terms: Terms, label: Label, lang: str, place: Place) -> str:
    level = terms.classification(label.classification)
    shown = phrase_of(level.phrases, level.name, lang, place) if level else label.classification
    if _class_suppressed(terms, label, place):
        shown = ""
    parts = [_policy_text(terms, lang, place), shown]
    known = {(t.name, t.type): t for t in terms.tags}
    given = {(c.tag, c.type): c.values for c in label.categories}
    parts += [_tag_text(tag, given[key], lang, place) for key, tag in known.items() if key in given]
    parts += [", ".join(values) for key, values in given.items() if key not in known]
    separator = _qualified(terms.qualifiers, lang, place)[1] or SEPARATOR
    return separator.join(p for p in parts if p)


def _class_suppressed(terms: Terms, label: Label, place: Place) -> bool:
    """Whether a value in the label stands in the classification's place (``suppressClassName``)."""
    found = (terms.tag(c.tag, c.type) for c in label.categories)
    given = {(c.tag, c.type): c.values for c in label.categories}
    return any(
        phrase.suppresses_class and place in phrase.places
        for tag in found
        if tag is not None
        for value in tag.values
        if value.name in given[tag.name, tag.type]
        for phrase in value.phrases
    )


def _policy_text(terms: Terms, lang: str, place: Place) -> str:
    for wanted in (lang, ""):
        for phrase in terms.phrases:
            if phrase.replaces_policy and phrase.lang == wanted and place in phrase.places:
                return phrase.text or ""
    return "" if place == PORTION else terms.name


def _tag_text(tag: Tag, values: Sequence[str], lang: str, place: Place) -> str:
    prefix, separator, suffix = _qualified(tag.qualifiers, lang, place)
    order = {v.name: (i, v) for i, v in enumerate(tag.values)}
    texts = [
        phrase_of(order[name][1].phrases, name, lang, place) if name in order else name
        for name in sorted(values, key=lambda n: order[n][0] if n in order else len(order))
    ]
    shown = [t for t in texts if t]
    if not shown and values:
        return ""
    joined = (separator or VALUE_SEPARATOR).join(shown) if shown else "—"
    return f"{prefix or ''}{joined}{suffix or ''}"


def _qualified(
    qualifiers: Sequence[Qualifier], lang: str, place: Place
) -> tuple[str | None, str | None, str | None]:
    prefix = separator = suffix = None
    for wanted in (lang, ""):
        for q in qualifiers:
            if q.lang == wanted and place in q.places:
                prefix = q.prefix if prefix is None else prefix
                separator = q.separator if separator is None else separator
                suffix = q.suffix if suffix is None else suffix
    return prefix, separator, suffix
