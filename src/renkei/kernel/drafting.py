"""From what a person typed to what a record holds: the steps every room's actions share.

Nothing here decides what may be said; it checks labels against the policy, turns texts into portions,
and stamps records with their id, version, time and author.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from .desk import Desk
from .errors import BadInput, Refused
from .labels.model import Label
from .people import Permission
from .records import Language, Record, Text, Translation, what_came
from .seen import Seen, look

MAX_TEXT = 20_000
"""Characters in one text: some fifteen pages.  More is an attachment's business."""

Wording = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
R = TypeVar("R", bound=Record)


class TranslationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rendering given along with a text; its author is whoever is at the desk."""

    lang: Language
    text: Wording
    reviewed: bool = False


class TextIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text as typed: the original and its language, renderings, and a label if it needs its own."""

    text: Wording
    lang: Language
    translations: Annotated[tuple[TranslationIn, ...], msgspec.Meta(max_length=4)] = ()
    label: Label | None = None


Words = TextIn | Wording
"""A text, or just its words: then the language is told by the script."""


def language_of(words: str) -> Language:
    """Japanese if there is any kana or ideograph in ``words``, else English."""
    return "ja" if any("\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" for c in words) else "en"


def text_of(desk: Desk, words: Words | None) -> Text | Refused | None:
    """``words`` as a portion; refused if it has a label that the policy does not permit."""
    if words is None:
        return None
    if isinstance(words, str):
        return Text(text=words, lang=language_of(words))
    if words.label is not None and (refused := desk.policies.validate(words.label)):
        return refused
    by = desk.person.post
    return Text(
        text=words.text,
        lang=words.lang,
        label=words.label,
        translations=tuple(
            Translation(lang=t.lang, text=t.text, by=by, reviewed=t.reviewed) for t in words.translations
        ),
    )


def texts_of(desk: Desk, **words: Words | None) -> dict[str, Text | None] | Refused:
    """``text_of`` for several fields at once: all of them, or the first refusal."""
    texts: dict[str, Text | None] = {}
    for name, value in words.items():
        text = text_of(desk, value)
        if isinstance(text, Refused):
            return text
        texts[name] = text
    return texts


def stamp(desk: Desk, label: Label, now: datetime) -> dict[str, Any] | Refused:
    """The header of a new record of this headquarters; refused unless ``label`` may be put on it."""
    refused = desk.policies.validate(label)
    if refused is not None:
        return refused
    return {
        "id": desk.new_id(now),
        "realm": desk.realm,
        "label": label.canonical(),
        "at": now,
        "by": desk.person.post,
    }


def label_like(desk: Desk, given: Label | None, original: Label) -> Label | Refused:
    """``given``, or else the label of what is being answered, under this headquarters' own policy."""
    return given if given is not None else desk.policies.translate(original, desk.policies.own.id)


def revise(desk: Desk, record: R, now: datetime, **changes: Any) -> R:
    """The next version of ``record``."""
    return msgspec.structs.replace(record, version=record.version + 1, at=now, by=desk.person.post, **changes)


def own_whole(desk: Desk, seen: Seen[R] | None, what: str) -> R | Refused:
    """What was ``seen``, if it is this headquarters' own and the person sees all of it.

    Writing a version from what somebody may only see in part would lose the rest.
    """
    if seen is None:
        return unknown(what)
    if seen.record.owner != desk.hq:
        return Refused(
            code=f"{what}.owner", expected=f"a {what} of this headquarters", came="a partner's", status=403
        )
    if seen.cut:
        return Refused(
            code=f"{what}.cut",
            expected=f"a person cleared for all of the {what}",
            came="one who sees it in part",
            status=403,
        )
    return seen.record


def unknown(what: str) -> Refused:
    """The same words for what is not there and for what this person may not see."""
    return Refused(code=f"{what}.unknown", expected=f"a {what} known here", came="none", status=404)


def add_translation(desk: Desk, record_id: str, field: str, given: TranslationIn) -> Record | Refused:
    """A new version of an own record with a rendering of one of its texts.

    An earlier rendering into the same language is replaced; the log keeps it.
    """
    if refused := desk.person.refuse(Permission.TRANSLATE):
        return refused
    record = own_whole(desk, look(desk.views, record_id, Record), "record")
    if isinstance(record, Refused):
        return record
    original = getattr(record, field, None) if field in record.__struct_fields__ else None
    if not isinstance(original, Text):
        return Refused(
            code="translation.field", expected="a field that holds a text", came="another", status=422
        )
    if given.lang == original.lang:
        return Refused(
            code="translation.language", expected="another language", came="the original's", status=422
        )
    now = desk.clock.now()
    made = Translation(lang=given.lang, text=given.text, by=desk.person.post, reviewed=given.reviewed)
    others = tuple(t for t in original.translations if t.lang != given.lang)
    revised = revise(
        desk, record, now, **{field: msgspec.structs.replace(original, translations=(*others, made))}
    )
    return one(desk, revised)


def one(desk: Desk, record: R) -> R:
    """Append one record and return it as logged."""
    return append(desk, [record])[0]


def append(desk: Desk, records: Sequence[R]) -> list[R]:
    """Append records together and return them as logged.

    Raises BadInput for one beyond its kind's limits: what no reader could decode must not be logged.
    """
    for record in records:
        try:
            msgspec.json.decode(msgspec.json.encode(record), type=type(record))
        except msgspec.ValidationError as err:
            raise BadInput("record.form", f"a {record.kind} within its limits", what_came(err)) from None
    return list(desk.writer.append(records).records)  # type: ignore[arg-type]


def check_references(desk: Desk, *ids: str | None) -> Refused | None:
    """Refused unless every id given is one of a record that this person may see here."""
    wanted = {i for i in ids if i}
    if wanted and len(desk.views.records_of(wanted)) < len(wanted):
        return Refused(
            code="reference.unknown",
            expected="references to records known here",
            came="one to another",
            status=422,
        )
    return None
