"""A plan on record as a document, on what is in force here today: what is signed for has its day.  Pure.

So its checks tell of what would come about if the parts still open took effect when their phases do, and of a
gap between what one nation signed for one day and the other for the next.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from ..exchange import gathered
from ..plans.model import AnyChange, AnyFact, Phase, Plan, Ref, Structure, facts_of, ref_of
from ..records import Names
from .effect import Effect, Facts
from .parts import PartStanding, parts_of
from .records import PlanRecord


def document_of(
    plan: PlanRecord,
    standing: Iterable[PartStanding],
    structure: Structure,
    facts: Facts,
    said: Mapping[Ref, Effect],
    today: date,
) -> Plan:
    """``structure`` is what records say of any day, ``facts`` what is in force today; ``said`` is plans'."""
    recorded: Facts = {ref_of(fact): fact for fact in facts_of(structure)}
    for ref, effect in said.items():
        if ref in facts:
            recorded[ref] = facts[ref]
        elif ref in recorded:
            recorded[ref] = _ended(recorded[ref], effect.on)
    changes = tuple(_changes(plan, standing, today))
    waiting = {choice for change in changes for choice in change.when}
    title = plan.title
    names = Names() if title is None else Names(**{title.lang: title.text[:200]})
    return Plan(
        title=names if names.en or names.ja else Names(en=plan.name[:200]),
        start=today,
        structure=gathered(structure.nations, recorded.values()),
        phases=tuple(_phase(phase, today) for phase in plan.phases),
        choices=tuple(choice for choice in plan.choices if choice.key in waiting),
        changes=changes,
    )


def _ended(fact: AnyFact, on: date) -> AnyFact:
    """The fact as of the past, for others may name it."""
    until = on if fact.since is None or fact.since < on else None
    return msgspec.structs.replace(fact, until=until, status="superseded")


def _phase(phase: Phase, today: date) -> Phase:
    """What was to be and is not yet in force may come any day."""
    on = phase.on if phase.on and phase.on > today else None
    return msgspec.structs.replace(phase, on=on, not_before=None)


def _changes(plan: PlanRecord, standing: Iterable[PartStanding], today: date) -> Iterable[AnyChange]:
    """What has not taken effect: of signed parts what was signed for, with its day."""
    proposed = parts_of(plan)
    for one in standing:
        if one.state in {"signed", "in force"}:
            approval = one.signatures[0].approval
            for change in approval.changes:
                on = change.on or approval.effective
                if on > today:
                    yield msgspec.structs.replace(change, on=on, when={})
        else:
            yield from proposed.get(one.part, ())
