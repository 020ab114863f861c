"""The policy's labels for forms, and what a label would mean."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from ...kernel.labels.marking import phrase_of
from ...kernel.labels.model import CategoryType, Label
from ...kernel.labels.policy import PolicyBook
from ...kernel.partners.audience import audience
from ...kernel.records import Record
from .answers import MarkingOut
from .context import Caller, Edge, unwrap
from .nodes import NamesOut
from .problems import refuse
from .schema import problems


class ClassificationOut(msgspec.Struct, frozen=True):
    """One level; higher rank is stricter."""

    name: str
    rank: int
    marking: NamesOut
    colour: str


class ValueOut(msgspec.Struct, frozen=True):
    """One value of a tag."""

    value: str
    marking: NamesOut


class TagOut(msgspec.Struct, frozen=True):
    """A tag with its values; ``name`` is what people call it, by default as the policy file does."""

    tag: str
    name: NamesOut
    type: CategoryType
    values: list[ValueOut]


class SuggestionOut(msgspec.Struct, frozen=True):
    """A ready label; ``key`` is its short name in the policy file."""

    key: str
    name: NamesOut
    label: Label


class LabelsOut(msgspec.Struct, frozen=True):
    """The node's own policy, as forms need it."""

    policy: str
    classifications: list[ClassificationOut]
    tags: list[TagOut]
    suggestions: list[SuggestionOut]


class LabelIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label to look at."""

    label: Label
    kind: Annotated[str, msgspec.Meta(max_length=50)] = ""


class Audience(msgspec.Struct, frozen=True):
    """What a partner would get under a label, and why."""

    hq: str
    outcome: Literal["released", "held", "withheld"]
    reason: str


class LabelCheck(msgspec.Struct, frozen=True):
    """A label's marking, which partners it reaches, and whether the caller could read it."""

    marking: MarkingOut
    audience: list[Audience]
    readable: bool


MAX_AGGREGATED = 200
"""Labels in one question: a screen shows a page of records, and equal labels need be asked once."""


class LabelsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labels of things shown together."""

    labels: Annotated[tuple[Label, ...], msgspec.Meta(min_length=1, max_length=MAX_AGGREGATED)]


class LabelOfAll(msgspec.Struct, frozen=True):
    """The label of things put together, and its marking."""

    label: Label
    marking: MarkingOut


@get("/labels", tags=["labels"], summary="Labels of the node's policy", responses=problems())
async def get_labels(edge: Edge) -> LabelsOut:
    """Everything in use; what the policy calls obsolete is left out."""
    own = edge.node.policies.own
    called = {(n.tag, n.type): NamesOut(n.en, n.ja) for n in own.tag_names}
    return LabelsOut(
        policy=own.id,
        classifications=[
            ClassificationOut(c.name, c.rank, _names(c.phrases, c.name), c.colour)
            for c in own.classifications
            if not c.obsolete
        ],
        tags=[
            TagOut(
                t.name,
                called.get((t.name, t.type), NamesOut(t.name, t.name)),
                t.type,
                [ValueOut(v.name, _names(v.phrases, v.name)) for v in t.values if not v.obsolete],
            )
            for t in own.tags
        ],
        suggestions=[SuggestionOut(s.key, NamesOut(s.en, s.ja), s.label) for s in own.suggestions],
    )


def _names(phrases: Any, name: str) -> NamesOut:
    return NamesOut(phrase_of(phrases, name, "en"), phrase_of(phrases, name, "ja"))


@post(
    "/labels/check", status_code=200, tags=["labels"], summary="What a label means", responses=problems(422)
)
async def check_label(edge: Edge, person: Caller, data: JSONBody[LabelIn]) -> LabelCheck:
    """How it is marked, which partners would get a record under it, and whether the caller could read it."""
    book: PolicyBook = edge.node.policies
    if (no := book.validate(data.label)) is not None:
        raise refuse(no)
    marking = book.mark(data.label)
    kind = edge.node.codec.kinds.get(data.kind, Record)
    chains = {hq: line.releaser.chain for hq, line in edge.node.partners.items()}
    reached = audience(chains, kind, data.label, edge.node.clock.now(), book)
    return LabelCheck(
        marking=MarkingOut(marking.en, marking.ja, marking.colour, marking.portion),
        audience=[Audience(each.hq, each.why.outcome, each.why.reason) for each in reached],
        readable=book.access(person.clearance, data.label).allowed,
    )


@post(
    "/labels/aggregate",
    status_code=200,
    tags=["labels"],
    summary="The marking of things shown together",
    responses=problems(413, 415, 422),
)
async def aggregate_labels(edge: Edge, data: JSONBody[LabelsIn]) -> LabelOfAll:
    """Highest classification, every restrictive value, permissive values all share; by the node's own policy
    where several meet.
    """
    book: PolicyBook = edge.node.policies
    for label in data.labels:
        if (no := book.validate(label, known_only=True)) is not None:
            raise refuse(no)
    label = unwrap(book.aggregate(data.labels))
    marking = book.mark(label)
    return LabelOfAll(label, MarkingOut(marking.en, marking.ja, marking.colour, marking.portion))


HANDLERS = (get_labels, check_label, aggregate_labels)
