"""The node itself, its partners and links, the audit trail, health and figures."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from ...kernel.audit import MAX_PAGE
from ...kernel.clock import dtg
from ...kernel.errors import Refused
from ...kernel.identity import fingerprint_of, spoken
from ...kernel.log.commitments import said_in
from ...kernel.people import Permission, Person
from ...kernel.records import Unknown
from ...node import PartnerLine
from ...rooms.command import nations_of
from .context import Caller, Edge, HttpEdge
from .metrics import CONTENT_TYPE
from .problems import SIGN_IN, refuse
from .schema import node_version, problems

MAX_QUEUE = 500
"""Rows of an outgoing queue in one answer; the count beside it tells how many there are."""
QUEUE_LOOKED_AT = 5_000
"""Newest entries looked through for those the reader may see."""
NO_PARTNER = Refused(code="partner.unknown", expected="a partner of this node", came="another", status=404)
NO_LINK = Refused(code="link.none", expected="a partner with a link", came="one reached by courier alone")
METRICS = Refused(
    code="metrics.denied",
    expected="an administrator, or a token with the scope metrics.read",
    came="another",
    status=403,
)

LinkWord = Literal["up", "connecting", "down", "off"]
QueueWord = Literal["unsent", "sent", "received"]


class NamesOut(msgspec.Struct, frozen=True):
    """A name in both languages."""

    en: str
    ja: str


class PolicyOut(msgspec.Struct, frozen=True):
    """The policy in force."""

    id: str
    name: str
    version: int


class LogOut(msgspec.Struct, frozen=True):
    """A log: its entries, and how many of them its tree covers."""

    name: str
    size: int
    sealed: int


class ViewOut(msgspec.Struct, frozen=True):
    """How far the views have followed one log ("" is our own)."""

    source: str
    position: int
    size: int
    lag: int


class FingerprintOut(msgspec.Struct, frozen=True):
    """A headquarters' key fingerprint: its groups of five digits, and how each is read aloud."""

    digits: list[str]
    en: list[str]
    ja: list[str]


def fingerprint_out(hq: str, public: str) -> FingerprintOut:
    """Of the identity key ``public`` of ``hq``."""
    said = fingerprint_of(hq, public)
    return FingerprintOut(said.split(), spoken(said, "en"), spoken(said, "ja"))


class NodeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The node as it stands.  ``logs`` and ``views`` count everything: they are told to administrators.

    ``nations`` are those for which this headquarters signs plans, by the word their units use.
    """

    hq: str
    names: NamesOut
    nations: list[str]
    fingerprint: FingerprintOut
    realm: str
    version: str
    now: datetime
    dtg: str
    policy: PolicyOut
    logs: list[LogOut]
    views: list[ViewOut]
    uptime_seconds: float


class LinkOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A link.  ``attempts`` count since it was last up."""

    state: LinkWord
    since: datetime | None = None
    last_heard: datetime | None = None
    last_error: str | None = None
    attempts: int = 0
    next_try_at: datetime | None = None


class QueueOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is on its way out: entries logged for the partner, sent, and signed for."""

    logged: int
    sent: int
    received: int
    oldest_unreceived_at: datetime | None = None


class InOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What has come in, and how much of it the newest checkpoint covers."""

    received: int
    checkpoint_size: int
    last_at: datetime | None = None


class PartnerOut(msgspec.Struct, frozen=True, kw_only=True):
    """A partner.

    ``inForce`` is whether the agreement with it holds: it began at ``since``, ends or ended at ``until``.
    ``oneWay`` is ``out`` where we only send, by file, and nothing is ever confirmed (``out.received`` stays
    0); ``in`` where we only receive.
    """

    hq: str
    names: NamesOut
    fingerprint: FingerprintOut
    link: LinkOut
    out: QueueOut
    in_: InOut = msgspec.field(name="in")
    evidence: int
    one_way: Literal["", "out", "in"] = msgspec.field(name="oneWay", default="")
    in_force: bool = msgspec.field(name="inForce")
    since: datetime
    until: datetime | None


class QueueRow(msgspec.Struct, frozen=True):
    """An entry for a partner."""

    seq: int
    kind: str
    at: datetime
    state: QueueWord


class LinkSwitchIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the link be (``up``) or cut it (``off``), and why."""

    state: Literal["up", "off"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something done or refused.  ``seq`` is what to pass as ``before`` for those that follow."""

    seq: int
    at: datetime
    account: str
    post: str
    action: str
    object: str
    outcome: Literal["done", "refused"]
    why: str
    expected: str
    came: str
    count: int
    seqs: tuple[tuple[int, int], ...]


class Health(msgspec.Struct, frozen=True):
    """Whether the node works, and which parts do not."""

    ok: bool
    failures: list[str]


@get("/node", tags=["node"], summary="The node", responses=problems())
async def get_node(edge: Edge, person: Caller) -> NodeOut:
    """Who this is, which policy is in force, how long its logs are and how far the views follow."""
    return await edge.reads.run(_node, edge, person)


def _node(edge: HttpEdge, person: Person) -> NodeOut:
    node, now = edge.node, edge.node.clock.now()
    own = node.policies.own
    return NodeOut(
        hq=edge.hq,
        names=NamesOut(node.config.names.en, node.config.names.ja),
        nations=list(nations_of(edge.hq)),
        fingerprint=fingerprint_out(edge.hq, node.identity.keys[-1].public),
        realm=edge.realm,
        version=node_version(),
        now=now,
        dtg=dtg(now),
        policy=PolicyOut(own.id, own.name, own.version),
        **(_counts(edge) if person.may(Permission.PARTNER_MANAGE) else {"logs": [], "views": []}),
        uptime_seconds=(now - edge.started_at).total_seconds(),
    )


def _counts(edge: HttpEdge) -> dict[str, Any]:
    """How long every log is and how far its tree and the views have come."""
    node = edge.node
    logs = {"master": node.master, "audit": node.audit}
    for hq, line in node.partners.items():
        logs |= {f"{hq}.sent": line.sent, f"{hq}.received": line.received}
    return {
        "logs": [LogOut(name, log.size, log.head().size) for name, log in logs.items()],
        "views": [ViewOut(v.source, v.position, v.size, v.lag) for v in node.views.lag(node.sources())],
    }


@get("/partners", tags=["node"], summary="Partners and their links", responses=problems())
async def list_partners(edge: Edge, person: Caller) -> list[PartnerOut]:
    """Every partner with the state of its link and of both directions.

    Whoever may not see everything is told of what they may see alone: going out, among the newest entries.
    """
    lines = list(edge.node.partners.values())
    return await edge.reads.run(lambda: [partner_out(edge, person, line) for line in lines])


def partner_out(edge: HttpEdge, person: Person, line: PartnerLine) -> PartnerOut:
    """A partner as ``person`` may know of it."""
    names, all_of_it = line.entry.card.names, edge.sees_all(person)
    return PartnerOut(
        hq=line.hq,
        names=NamesOut(names.en, names.ja),
        fingerprint=fingerprint_out(line.hq, line.entry.card.keys[-1].public),
        link=link_of(line),
        out=_whole_out(line) if all_of_it else _seen_out(edge, person, line),
        in_=_whole_in(line) if all_of_it else _seen_in(edge, person, line),
        evidence=edge.evidence_count(line.hq),
        one_way=line.entry.one_way,
        in_force=line.in_force,
        since=line.entry.since,
        until=line.entry.until,
    )


def _whole_out(line: PartnerLine) -> QueueOut:
    out = line.sender.positions
    oldest = _logged_at(line, out.received) if out.received < out.logged else None
    return QueueOut(logged=out.logged, sent=out.sent, received=out.received, oldest_unreceived_at=oldest)


def _seen_out(edge: HttpEdge, person: Person, line: PartnerLine) -> QueueOut:
    rows = _visible_rows(edge, person, line)
    waiting = [row.at for row in rows if row.state != "received"]
    return QueueOut(
        logged=len(rows),
        sent=sum(row.state != "unsent" for row in rows),
        received=len(rows) - len(waiting),
        oldest_unreceived_at=min(waiting, default=None),
    )


def _whole_in(line: PartnerLine) -> InOut:
    checkpoint = line.receiver.checkpoint
    covered = checkpoint.size if checkpoint else 0
    return InOut(received=line.received.size, checkpoint_size=covered, last_at=_last_at(line))


def _seen_in(edge: HttpEdge, person: Person, line: PartnerLine) -> InOut:
    views = edge.node.desk(person).views
    count, newest = views.count(owner=line.hq), views.newest(owner=line.hq, limit=1).rows
    last = newest[0].logged_at if newest else None
    return InOut(received=count, checkpoint_size=count, last_at=last)


def link_of(line: PartnerLine) -> LinkOut:
    """The link's state as the API tells it; "off" for a partner whom only couriers reach."""
    if line.link is None:
        return LinkOut(state="off")
    now = line.link.state
    return LinkOut(
        state=now.state,
        since=now.since,
        last_heard=now.last_heard,
        last_error=now.last_error or None,
        attempts=now.attempts,
        next_try_at=now.next_try_at,
    )


def _logged_at(line: PartnerLine, seq: int) -> datetime | None:
    return next((pack.logged_at for pack in line.sent.read(seq, 1)), None)


def _last_at(line: PartnerLine) -> datetime | None:
    size = line.received.size
    return next((pack.logged_at for pack in line.received.read(size - 1, 1)), None) if size else None


@get(
    "/partners/{hq:str}/queue", tags=["node"], summary="What is on its way to a partner", responses=problems()
)
async def partner_queue(edge: Edge, person: Caller, hq: FromPath[str]) -> list[QueueRow]:
    """The newest entries for the partner that the caller may see, newest first."""
    line = line_of(edge, hq)
    return await edge.reads.run(_queue, edge, person, line)


def line_of(edge: HttpEdge, hq: str) -> PartnerLine:
    """The line to ``hq``.  Raises the refusal NO_PARTNER."""
    line = edge.node.partners.get(hq)
    if line is None:
        raise refuse(NO_PARTNER)
    return line


def _queue(edge: HttpEdge, person: Person, line: PartnerLine) -> list[QueueRow]:
    """Numbered as in the log for who sees everything, among what they see for others."""
    rows = _visible_rows(edge, person, line)
    if not edge.sees_all(person):
        rows = [msgspec.structs.replace(row, seq=place) for place, row in enumerate(rows)]
    return list(islice(reversed(rows), MAX_QUEUE))


def _visible_rows(edge: HttpEdge, person: Person, line: PartnerLine) -> list[QueueRow]:
    """Those of the newest entries for the partner that ``person`` may see, oldest first."""
    gate, size = edge.node.policies.gate(person.clearance), line.sent.size
    rows: list[QueueRow] = []
    for pack in line.sent.read(max(0, size - QUEUE_LOOKED_AT), QUEUE_LOOKED_AT):
        for seq, raw in enumerate(said_in(pack), pack.first):
            if raw is None:
                continue
            record = edge.node.codec.decode(raw)
            header = record.header if isinstance(record, Unknown) else record
            if gate[header.label].allowed:
                rows.append(QueueRow(seq, record.kind, pack.logged_at, line.sender.state_of(seq)))
    return rows


@post(
    "/partners/{hq:str}/link",
    opt={"permission": Permission.PARTNER_MANAGE},
    tags=["node"],
    summary="Cut or restore a link",
    responses=problems(409),
)
async def switch_link(edge: Edge, person: Caller, hq: FromPath[str], data: JSONBody[LinkSwitchIn]) -> LinkOut:
    """By hand; a link cut so stays cut until it is restored here."""
    line = line_of(edge, hq)
    if line.link is None:
        raise refuse(NO_LINK)
    if data.state == "off":
        line.link.switch_off(data.reason)
    else:
        line.link.switch_on()
    edge.trail.done(person, f"link.{data.state}", hq, data.reason)
    return link_of(line)


@get(
    "/audit",
    opt={"permission": Permission.AUDIT_READ},
    tags=["node"],
    summary="Who did or was refused what",
    responses=problems(),
)
async def get_audit(
    edge: Edge,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 100,
    before: Annotated[int | None, QueryParameter(ge=0, le=2**53)] = None,
) -> list[AuditRow]:
    """Newest first."""
    return await edge.reads.run(_audit, edge, limit, before)


def _audit(edge: HttpEdge, limit: int, before: int | None) -> list[AuditRow]:
    edge.trail.flush()
    return [
        AuditRow(
            seq=seq,
            at=e.at,
            account=e.account,
            post=e.post,
            action=e.action,
            object=e.object,
            outcome=e.outcome,
            why=e.why,
            expected=e.expected,
            came=e.came,
            count=e.count,
            seqs=e.seqs,
        )
        for seq, e in edge.trail.newest(limit, before)
    ]


@get(
    "/health",
    opt={"open": True},
    tags=["node"],
    summary="Is the node well",
    security=[{}],
    responses={
        503: ResponseSpec(data_container=Health, description="Something has stopped", generate_examples=False)
    },
)
async def get_health(edge: Edge) -> Response[Health]:
    """200 when everything runs, 503 with the names of what does not."""
    failures = [*edge.node.failures(), *(["audit"] if edge.trail.failing else [])]
    return Response(Health(not failures, failures), status_code=503 if failures else 200)


@get("/metrics", opt={"open": True}, media_type="text/plain", include_in_schema=False)
async def get_metrics(edge: Edge, request: Request[Any, Any, Any]) -> Response[str]:
    """Prometheus text.  Figures move with all that is logged: for administrators and tokens of that scope."""
    person: Person | None = request.scope["user"]
    if person is None or not person.may(Permission.METRICS_READ):
        raise refuse(METRICS if person is not None else SIGN_IN)
    lag = sum(view.lag for view in edge.node.views.lag(edge.node.sources()))
    gauges = {
        "renkei_views_lag": ("Entries not folded yet", float(lag)),
        "renkei_writes_waiting": ("Appends waiting for a commit", float(edge.node.writer.waiting)),
        "renkei_links_up": ("Links that are up", float(edge.links_up())),
    }
    return Response(edge.metrics.text(gauges), media_type=CONTENT_TYPE)


HANDLERS = (get_node, list_partners, partner_queue, switch_link, get_audit, get_health, get_metrics)
