"""What may be agreed, and what may be decided: pure rules, each no named exactly."""

from collections.abc import Iterable, Set
from datetime import datetime

from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Clearance
from renkei.kernel.partners.records import Agreement, Cover, ReleaseDecision
from renkei.kernel.partners.register import Item, lower, wrong_with

INVALID = 422


def check_dates(since: datetime, until: datetime | None) -> Refused | None:
    """Refused unless the agreement ends after it begins."""
    if until is None or since < until:
        return None
    came = f"until {until.isoformat()}, since {since.isoformat()}"
    return Refused(code="agreement.dates", expected="an end after the beginning", came=came, status=INVALID)


def check_covers(covers: Iterable[Cover], granted: Clearance) -> Refused | None:
    """Refused unless each kind is named once, with a ceiling within what the partner was granted."""
    seen: set[str] = set()
    for cover in covers:
        if cover.kind in seen:
            return Refused(
                code="agreement.kind", expected="each kind once", came=f"{cover.kind} twice", status=INVALID
            )
        seen.add(cover.kind)
        if lower(cover.ceiling, granted) != cover.ceiling.canonical():
            return Refused(
                code="agreement.ceiling",
                expected="a ceiling within the clearance granted to the partner",
                came=f"a higher one for {cover.kind}",
                status=INVALID,
            )
    return None


def check_beside(new: Agreement, standing: Iterable[Agreement]) -> Refused | None:
    """Refused if one of ``standing`` says something of the same kind for part of the same time."""
    kinds = {cover.kind for cover in new.covers}
    for other in standing:
        if other.id == new.id or other.partner != new.partner:
            continue
        both = kinds & {cover.kind for cover in other.covers}
        if both and _overlap(new, other):
            until = other.until.isoformat() if other.until else "further notice"
            span = f"from {other.since.isoformat()} to {until}"
            return Refused(
                code="agreement.contradicts",
                expected="a time in which no other agreement covers the kind",
                came=f"{', '.join(sorted(both))} covered by {other.id} {span}",
            )
    return None


def _overlap(one: Agreement, other: Agreement) -> bool:
    return (other.until is None or one.since < other.until) and (one.until is None or other.since < one.until)


def check_end(agreement: Agreement, until: datetime) -> Refused | None:
    """Refused unless ``until`` is within the time for which the agreement holds."""
    if until < agreement.since:
        return check_dates(agreement.since, until)
    if agreement.until is not None and agreement.until <= until:
        return Refused(
            code="agreement.over",
            expected="an agreement that goes on longer",
            came=f"one that ends at {agreement.until.isoformat()}",
        )
    return None


_SAID = {
    "version": ("decision.version", "the version that is held"),
    "settled": ("decision.settled", "an item that nothing was decided on"),
    "same-officer": ("decision.same-officer", "an officer of another account and post than those who signed"),
}


def check_decision(decision: ReleaseDecision, item: Item | None) -> Refused | None:
    """Refused unless ``decision`` can be taken on what is held."""
    where = f"{decision.about} for {decision.partner}"
    if item is None:
        return Refused(code="decision.not-held", expected="a record held for review", came=where)
    wrong = wrong_with(decision, item)
    if wrong is None:
        return None
    code, expected = _SAID[wrong]
    came = {
        "version": f"version {decision.about_version}, held is {item.version}",
        "settled": item.state,
        "same-officer": f"{decision.account}, {decision.by}",
    }[wrong]
    return Refused(code=code, expected=expected, came=f"{came} ({where})")


def check_reviewer(
    decision: ReleaseDecision, item: Item | None, post: Set[str], reviewers: Set[str]
) -> Refused | None:
    """Refused if this is the last signature needed and none, ``post``'s own included, is a reviewer's.

    Refusing and returning is any disclosure officer's: both let nothing go.
    """
    if decision.verdict != "release" or item is None or not reviewers or post & reviewers:
        return None
    if len(item.signatures) + 1 < item.needed or any(one.by in reviewers for one in item.signatures):
        return None
    return Refused(
        code="decision.post",
        expected=f"a signature of the post that releases are given to here: {' / '.join(sorted(reviewers))}",
        came=f"{decision.by} ({decision.about} for {decision.partner})",
        status=403,
    )
