"""For whoever is writing: whom a label would reach, and the widest one that the policy allows."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from ..labels.model import Category, Label
from ..labels.policy import PolicyBook
from ..labels.terms import ReviewRule
from ..records import Record
from .chain import Chain
from .explaining import Change, Why, nearer

MAX_TRIED = 64
"""Labels tried for the widest: a policy suggests a dozen or two."""


class Reached(msgspec.Struct, frozen=True):
    """What would come of it for one partner."""

    hq: str
    why: Why


def audience(
    chains: Mapping[str, Chain], kind: type[Record], label: Label, now: datetime, book: PolicyBook
) -> list[Reached]:
    """For each partner, whether a record of ``kind`` under ``label`` would leave, wait or stay, and why."""
    return [Reached(hq, _why(chain, kind, label, now, book)) for hq, chain in chains.items()]


def _why(chain: Chain, kind: type[Record], label: Label, now: datetime, book: PolicyBook) -> Why:
    standing = chain.standing(kind, label, now)
    name = str(kind.__struct_config__.tag)
    if standing is None:
        return Why(outcome="released")
    if isinstance(standing, ReviewRule):
        change = Change("signature", count=standing.signatures)
        return Why(outcome="held", rule="review", code="review.waiting", changes=(change,))
    ceiling = chain.ceiling(name, now)
    changes = nearer(label, ceiling, book) if standing.rule == "label" and ceiling is not None else ()
    if not changes and standing.rule in {"label", "agreement"}:
        changes = (Change("agreement", values=(name,)),)
    return Why(
        outcome="withheld",
        rule=standing.rule,
        code=standing.code,
        reason=standing.reason,
        changes=changes,
    )


def widest(
    chains: Mapping[str, Chain],
    kind: type[Record],
    label: Label,
    now: datetime,
    book: PolicyBook,
    only: Collection[str] | None = None,
) -> Label:
    """The label of the same classification and restrictions that reaches most partners.

    With ``only`` it reaches nobody but these.  Of equals the one with the fewest values wins, so nobody is
    named who gains nothing by it.
    """

    def reach(candidate: Label) -> tuple[int, int, int] | None:
        got = {r.hq for r in audience(chains, kind, candidate, now, book) if r.why.outcome != "withheld"}
        if only is not None and not got <= set(only):
            return None
        values = sum(len(c.values) for c in candidate.categories)
        return (-len(got), values, 0 if candidate == label else 1)

    scored = ((score, candidate) for candidate in _candidates(label, book) if (score := reach(candidate)))
    return min(scored, key=lambda pair: pair[0], default=((0, 0, 0), label))[1]


def _candidates(label: Label, book: PolicyBook) -> Iterator[Label]:
    """``label`` with other values of its permissive tags, as far as the policy permits each."""
    yield label
    policy = book.policy(label.policy)
    if policy is None:
        return
    fixed = tuple(c for c in label.categories if c.type != "permissive")
    tags = [t for t in policy.tags if t.type == "permissive"]
    alike = [s.label.categories for s in policy.suggestions if s.label.classification == label.classification]
    choices: list[Iterable[Category]] = [()]
    choices.append(Category(t.name, t.type, tuple(v.name for v in t.values if not v.obsolete)) for t in tags)
    choices.extend([c for c in some if c.type == "permissive"] for some in alike)
    for tag in tags:
        mine = next((c.values for c in label.categories if c.tag == tag.name and c.type == tag.type), ())
        others = tuple(c for c in label.categories if c.type == "permissive" and c.tag != tag.name)
        choices += [(*others, Category(tag.name, tag.type, tuple({*mine, v.name}))) for v in tag.values]
    for choice in choices[:MAX_TRIED]:
        candidate = msgspec.structs.replace(label, categories=(*fixed, *choice)).canonical()
        if book.validate(candidate) is None:
            yield candidate
