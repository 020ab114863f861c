"""Release: why and why not, what a partner would get, what waits for a disclosure officer, agreements."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from ...kernel.desk import Desk
from ...kernel.errors import Refused
from ...kernel.labels.model import Label
from ...kernel.log.commitments import said_at
from ...kernel.partners.audience import audience, widest
from ...kernel.partners.explaining import Change, Cut, Why, explain_to
from ...kernel.partners.pace import Spread, spread
from ...kernel.partners.register import Item, Signed
from ...kernel.partners.releaser import Explanation
from ...kernel.people import Permission, Person
from ...kernel.records import HQ_PATTERN, HqId, Text, Unknown, is_record_id
from ...kernel.views import OWN, Row
from ...node.auditing import AuditRun
from ...node.lines import PartnerLine
from ...rooms import release as room
from ...rooms.command import Names
from ...rooms.command.signing import is_post, reviewers, reviewing
from .answers import MarkingOut, RecordView, Shower
from .context import Caller, Edge, HttpEdge, key_path
from .once import Done
from .problems import NOT_FOUND, refuse
from .records import CUT, FOREIGN
from .schema import problems

_TAG = ["release"]
_REVIEW = {"permission": Permission.RELEASE_REVIEW}
_AUDIT = {"permission": Permission.AUDIT_READ}
MAX_QUEUE = 500
"""Held items in one answer; the count beside it tells how many there are."""
MAX_DEPARTURES = 100
"""Renditions of one record told of for each partner, the newest."""
NO_PARTNER = Refused(code="partner.unknown", expected="a partner of this node", came="another", status=404)
NO_ACCOUNT = Refused(code="account.unknown", expected="an account of this node", came="another", status=404)
KIND = Refused(code="record.kind", expected="a kind of record known here", came="another", status=422)
_PRIORITY = {"flash": 0, "extreme": 0, "immediate": 1, "severe": 1, "priority": 2, "moderate": 2}
_ROUTINE = 3
Account = Annotated[str | None, QueryParameter(max_length=200, description="Of whom; without it the caller")]
State = Literal["unsent", "sent", "received"]


class Word(msgspec.Struct, frozen=True):
    """A disclosure officer's no: whose, when, and why; the reason null where its label forbids the caller."""

    by: str
    at: datetime
    reason: Text | None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a partner may have a record, by which rule, what is cut, what would have to change.

    ``state`` is how far the newest rendition has got, null if there is none; ``agreement`` the id of the one
    in force for the kind; ``word`` by whom and why the version was refused or sent back to its author.
    """

    hq: str
    outcome: Literal["released", "held", "withheld"]
    rule: str = ""
    code: str = ""
    reason: str = ""
    cuts: tuple[Cut, ...] = ()
    changes: tuple[Change, ...] = ()
    agreement: str = ""
    signatures: tuple[Signed, ...] = ()
    due: datetime | None = None
    state: State | None = None
    word: Word | None = None


class PreviewOut(msgspec.Struct, frozen=True):
    """The rendition as text, byte for byte (UTF-8) what is signed for; null where nothing would leave.

    ``seq`` is its number in the log sent if it stands there already.
    """

    release: Release
    rendition: str | None
    seq: int | None


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """One rendition of a record that left for a partner: entry ``seq`` of the log sent, released ``at``.

    ``received_at`` is when the partner first signed for it, null before; ``size`` its bytes, null where they
    were erased after a recall.
    """

    hq: str
    seq: int
    at: datetime
    state: State
    received_at: datetime | None
    size: int | None


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """Whether, and why, somebody sees a record, and which portions are missing."""

    account: str
    post: str
    visible: bool
    code: str
    reason: str
    cuts: tuple[Cut, ...]
    changes: tuple[Change, ...]


class AudienceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A label and a kind to be written; ``only`` limits the suggestion to these partners."""

    label: Label
    kind: Annotated[str, msgspec.Meta(max_length=50)]
    only: tuple[HqId, ...] | None = None


class Reaching(msgspec.Struct, frozen=True):
    """A label, how it is marked, and what comes of it for each partner."""

    label: Label
    marking: MarkingOut
    partners: list[Release]


class AudienceOut(msgspec.Struct, frozen=True):
    """What the label given reaches, and the widest one of the same classification."""

    given: Reaching
    widest: Reaching


class HeldOut(msgspec.Struct, frozen=True, kw_only=True):
    """A version that waits.  ``age_seconds`` since it was logged; ``due`` by the policy's rule."""

    record: RecordView
    id: str
    version: int
    kind: str
    partner: str
    priority: str
    since: datetime
    age_seconds: float
    due: datetime
    overdue: bool
    needed: int
    signatures: tuple[Signed, ...]


class ReviewPost(msgspec.Struct, frozen=True):
    """A post that the structure in force gives release review to, and whether the caller holds it."""

    code: str
    names: Names
    mine: bool


class QueueOut(msgspec.Struct, frozen=True):
    """What waits, the most pressing first, and how many items there are that the caller may see.

    One of ``posts`` must be among those who sign for a release; with none the policy alone decides.
    """

    items: list[HeldOut]
    total: int
    posts: list[ReviewPost]


class AgreementOut(msgspec.Struct, frozen=True):
    """An agreement and whether it holds now."""

    agreement: room.Agreement
    in_force: bool


# --- why and why not --------------------------------------------------------------------------------


def own_row(desk: Desk, owner: str, key: str) -> Row:
    """An own record's row.  Raises the refusal for what the person may not see, or is not ours."""
    row = _row(desk, owner, key)
    if row.source != OWN:
        raise refuse(FOREIGN)
    return row


def _row(desk: Desk, owner: str, key: str) -> Row:
    row = desk.views.get(f"{owner}/{key}") if is_record_id(f"{owner}/{key}") else None
    if row is None:
        raise refuse(NOT_FOUND)
    return row


@get(key_path("/records", "/release"), tags=_TAG, summary="Who may have it", responses=problems(409))
async def get_release(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> list[Release]:
    """For every partner whether an own record may go there, why or why not, and how far it has got."""

    def read(desk: Desk) -> list[Release]:
        raw = own_row(desk, owner, key).raw
        whole = desk.views.whole(own_row(desk, owner, key))
        lines = edge.node.partners.items()
        return [_release(edge, desk, hq, line.releaser.explain(raw), whole) for hq, line in lines]

    return await edge.at_desk(person, read)


def _release(edge: HttpEdge, desk: Desk, hq: str, why: Explanation, whole: bool = True) -> Release:
    """``whole`` says that the caller sees all of the record, and may be told where portions lie."""
    state = None if why.seq is None else edge.node.partners[hq].sender.state_of(why.seq)
    item = why.item
    return Release(
        hq=hq,
        outcome=why.outcome,
        rule=why.rule,
        code=why.code,
        reason=why.reason,
        cuts=why.cuts if whole else (),
        changes=tuple(c for c in why.changes if whole or not c.where),
        agreement=why.agreement,
        signatures=() if item is None else item.signatures,
        due=None if item is None or item.state != "held" else item.due,
        state=state,
        word=None if item is None else word_of(item, room.reason_of(desk, item)),
    )


def word_of(item: Item, reason: Text | None) -> Word | None:
    """The officer's no that ``item`` came to, None without one."""
    no = item.settled_by
    return None if no is None else Word(no.by, no.at, reason)


@get(
    key_path("/records", "/release/{partner:str}"),
    tags=_TAG,
    summary="What a partner has or would get",
    responses=problems(409),
)
async def get_preview(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], partner: FromPath[str]
) -> PreviewOut:
    """The rendition itself; only for whoever may see all of the record."""
    line = edge.node.partners.get(partner)
    if line is None:
        raise refuse(NO_PARTNER)

    def read(desk: Desk) -> PreviewOut:
        row = own_row(desk, owner, key)
        if not desk.views.whole(row):
            raise refuse(CUT)
        made = line.releaser.preview(row.raw)
        text = None if made.entry is None else made.entry.decode()
        return PreviewOut(_release(edge, desk, partner, made.why), text, made.seq)

    return await edge.at_desk(person, read)


@get(
    key_path("/records", "/departures"), tags=_TAG, summary="What left, item by item", responses=problems(409)
)
async def get_departures(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]
) -> list[Departure]:
    """Every rendition of an own record that left, for every partner, the newest first."""

    def read(desk: Desk) -> list[Departure]:
        row = own_row(desk, owner, key)
        lines = edge.node.partners.items()
        found = [one for hq, line in lines for one in _departures(hq, line, row.id)]
        return sorted(found, key=lambda one: (one.at, one.hq, one.seq), reverse=True)

    return await edge.at_desk(person, read)


def _departures(hq: str, line: PartnerLine, record: str) -> Iterator[Departure]:
    seqs = line.releaser.aliases.seqs(record)[-MAX_DEPARTURES:]
    received = line.sender.first_received(seqs)
    for seq in seqs:
        said = said_at(line.sent, seq)
        yield Departure(
            hq=hq,
            seq=seq,
            at=next(iter(line.sent.read(seq, 1))).logged_at,
            state=line.sender.state_of(seq),
            received_at=received.get(seq),
            size=None if said is None else len(said),
        )


@get(key_path("/records", "/visibility"), tags=_TAG, summary="Who sees it here", responses=problems())
async def get_visibility(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], account: Account = None
) -> Visibility:
    """Why the caller, or for a disclosure officer anybody, sees all or part of a record or does not.

    The caller must see it: what one may not see is not confirmed to exist.
    """
    about = person
    if account is not None and account != person.account:
        edge.permit(person, Permission.RELEASE_REVIEW)
        found = edge.accounts.person(account)
        if found is None:
            raise refuse(NO_ACCOUNT)
        about = found

    def read(desk: Desk) -> Visibility:
        row = _row(desk, owner, key)
        record, missing = desk.views.record(row)
        if about is not person and (isinstance(record, Unknown) or missing):
            raise refuse(CUT)
        whole = edge.node.codec.decode(row.raw)
        why = (
            Why(outcome="released")
            if isinstance(whole, Unknown)
            else explain_to(whole, about.clearance, desk.policies)
        )
        return Visibility(
            account=about.account,
            post=about.post,
            visible=why.outcome == "released",
            code=why.code,
            reason=why.reason,
            # Where a hidden portion stands, and under which label, is not for whoever may not see it.
            cuts=why.cuts if not missing else (),
            changes=why.changes,
        )

    return await edge.at_desk(person, read)


@post(
    "/release/audience", status_code=200, tags=_TAG, summary="Whom a label reaches", responses=problems(422)
)
async def post_audience(edge: Edge, person: Caller, data: JSONBody[AudienceIn]) -> AudienceOut:
    """For whoever writes: who would get it, who is left out and why, and the widest label there is."""
    node, book = edge.node, edge.node.policies
    kind = node.codec.kinds.get(data.kind)
    if kind is None:
        raise refuse(KIND)
    if (no := book.validate(data.label)) is not None:
        raise refuse(no)
    chains = {hq: line.releaser.chain for hq, line in node.partners.items()}

    def reaching(label: Label) -> Reaching:
        marking = book.mark(label)
        found = audience(chains, kind, label, node.clock.now(), book)
        return Reaching(
            label,
            MarkingOut(marking.en, marking.ja, marking.colour, marking.portion),
            [
                Release(
                    hq=each.hq,
                    outcome=each.why.outcome,
                    rule=each.why.rule,
                    code=each.why.code,
                    reason=each.why.reason,
                    changes=each.why.changes,
                )
                for each in found
            ],
        )

    best = widest(chains, kind, data.label, node.clock.now(), book, data.only)
    return AudienceOut(reaching(data.label), reaching(best))


# --- review -----------------------------------------------------------------------------------------


@get("/release/queue", opt=_REVIEW, tags=_TAG, summary="What waits for review", responses=problems())
async def get_queue(edge: Edge, person: Caller, partner: FromQuery[str | None] = None) -> QueueOut:
    """The overdue first, then by the record's own priority, then the oldest."""

    def read(desk: Desk) -> QueueOut:
        lines = edge.node.partners.items()
        held = [
            (hq, item)
            for hq, line in lines
            if partner in {None, hq}
            for item in tuple(line.releaser.register.items.values())
            if item.state == "held"
        ]
        rows = {row.id: row for row in _rows(desk, [item.id for _, item in held])}
        shower = Shower(edge.node, desk.views, desk.clock.now())
        seen = [
            _held(desk, shower, rows[item.id], hq, item)
            for hq, item in held
            if item.id in rows and rows[item.id].version == item.version
        ]
        seen.sort(key=_pressing)
        seats = reviewing(desk, desk.clock.now().date())
        posts = [ReviewPost(seat.code, seat.names, is_post(seat, person)) for seat in seats]
        return QueueOut(seen[:MAX_QUEUE], len(seen), posts)

    return await edge.at_desk(person, read)


def _pressing(held: HeldOut) -> tuple[bool, int, datetime, str, str]:
    return not held.overdue, _PRIORITY.get(held.priority, _ROUTINE), held.since, held.id, held.partner


def _rows(desk: Desk, ids: list[str]) -> list[Row]:
    found: list[Row] = []
    for start in range(0, len(ids), MAX_QUEUE):
        found += desk.views.records_of(ids[start : start + MAX_QUEUE])
    return found


def _held(desk: Desk, shower: Shower, row: Row, hq: str, item: Item) -> HeldOut:
    now = desk.clock.now()
    return HeldOut(
        record=shower.row(row),
        id=item.id,
        version=item.version,
        kind=item.kind,
        partner=hq,
        priority=priority_of(desk, row),
        since=item.since,
        age_seconds=(now - item.since).total_seconds(),
        due=item.due,
        overdue=item.due <= now,
        needed=item.needed,
        signatures=item.signatures,
    )


def priority_of(desk: Desk, row: Row) -> str:
    """A record's own priority, or its severity; routine without either."""
    record, _ = desk.views.record(row)
    return str(getattr(record, "priority", getattr(record, "severity", "routine")))


@post(
    "/release/decisions", opt=_REVIEW, tags=_TAG, summary="Decide on held items", responses=problems(409, 422)
)
async def post_decisions(
    edge: Edge, person: Caller, data: JSONBody[room.DecisionsIn]
) -> list[room.ReleaseDecision]:
    """Sign for the release of one item or many, refuse it, or return it to its author, with a reason.

    All of them or none.  Where the structure in force gives `release-review` to posts of this headquarters,
    one of them must be among those who sign (`decision.post`).  What was returned is in the author's inbox
    (`/release/returned`); neither the reason nor that it came back ever reaches a partner.
    """

    def held(record: str, partner: str) -> Item | None:
        line = edge.node.partners.get(partner)
        return None if line is None else line.releaser.register.items.get(record)

    def decide_held(desk: Desk, given: room.DecisionsIn) -> list[room.ReleaseDecision] | Refused:
        return room.decide_held(desk, given, held, reviewers(desk, desk.clock.now().date()))

    made: list[room.ReleaseDecision] | Done = await edge.act(person, decide_held, data)
    if not isinstance(made, Done):
        return made
    return await edge.at_desk(person, lambda desk: _decided(desk, person, data))


def _decided(desk: Desk, person: Person, data: room.DecisionsIn) -> list[room.ReleaseDecision]:
    """What ``person`` has decided on these items before."""
    wanted = {(item.record, item.version, item.partner) for item in data.items}
    rows = desk.views.newest("release.decision", desk.hq, MAX_QUEUE, None).rows
    records = (desk.views.record(row)[0] for row in rows)
    return [
        r
        for r in records
        if isinstance(r, room.ReleaseDecision)
        and r.account == person.account
        and (r.about, r.about_version, r.partner) in wanted
    ]


@get("/release/pace", opt=_REVIEW, tags=_TAG, summary="From written to released", responses=problems())
async def get_pace(edge: Edge, person: Caller) -> dict[str, Spread]:
    """For each kind how many were released, and within how many seconds half and nine of ten of them.

    For disclosure officers alone, as it counts what others may not see.
    """
    return spread(line.releaser.pace for line in edge.node.partners.values())


@get("/release/audit", tags=_TAG, opt=_AUDIT, summary="The last audit of releases", responses=problems())
async def get_audit(edge: Edge, person: Caller) -> AuditRun | None:
    """What the last one since the node's start came to; null before the first."""
    return edge.release_audits.last


@post(
    "/release/audit", opt=_AUDIT, tags=_TAG, summary="Audit releases", responses=problems(), status_code=200
)
async def run_audit(edge: Edge, person: Caller) -> AuditRun:
    """Recompute every release over the master log: nothing against policy, nothing releasable forgotten."""
    found = await edge.actions.run(edge.release_audits.run)
    edge.trail.done(person, "release.audit", "", "sound" if found.sound else "deviations found")
    return found


# --- agreements and onward release ------------------------------------------------------------------


@get("/release/agreements", tags=_TAG, summary="Agreements with partners", responses=problems())
async def list_agreements(
    edge: Edge,
    person: Caller,
    partner: Annotated[str | None, QueryParameter(pattern=HQ_PATTERN)] = None,
) -> list[AgreementOut]:
    """Those the caller may see, the newest first."""

    def read(desk: Desk) -> list[AgreementOut]:
        now = desk.clock.now()
        return [AgreementOut(a, a.in_force(now)) for a in room.agreements(desk, partner)]

    return await edge.at_desk(person, read)


@post("/release/agreements", opt=_REVIEW, tags=_TAG, summary="Agree", responses=problems(404, 409, 422))
async def add_agreement(edge: Edge, person: Caller, data: JSONBody[room.AgreementIn]) -> room.Agreement:
    """Record what may be released to a partner: dated, on a ground, up to a ceiling for each kind."""
    line = edge.node.partners.get(data.partner)
    if line is None or not line.in_force:
        raise refuse(NO_PARTNER)
    return await edge.act_for(person, room.Agreement, room.agree, data, line.entry.clearance)


@post(
    key_path("/release/agreements", "/end"),
    status_code=200,
    opt=_REVIEW,
    tags=_TAG,
    summary="End an agreement",
    responses=problems(404, 409, 422),
)
async def end_agreement(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.EndIn]
) -> room.Agreement:
    """Now, or at the moment given.  What was released stays released."""
    return await edge.act_for(person, room.Agreement, room.end_agreement, f"{owner}/{key}", data)


@post("/release/onward", opt=_REVIEW, tags=_TAG, summary="Pass on", responses=problems(404, 409, 422))
async def post_onward(edge: Edge, person: Caller, data: JSONBody[room.OnwardIn]) -> room.Onward:
    """Pass on what another headquarters wrote; it leaves only where that one's own labels allow it."""
    return await edge.act_for(person, room.Onward, room.pass_on, data)


HANDLERS = (
    get_release,
    get_preview,
    get_departures,
    get_visibility,
    post_audience,
    get_queue,
    post_decisions,
    get_pace,
    get_audit,
    run_audit,
    list_agreements,
    add_agreement,
    end_agreement,
    post_onward,
)
