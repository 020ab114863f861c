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
from ...kernel.log.commitments import said_in
from ...kernel.people import Permission, Person
from ...kernel.records import Unknown
from ...node import PartnerLine
from .context import Caller, Edge, HttpEdge
from .metrics import CONTENT_TYPE
from .problems import refuse
from .schema import node_version, problems

MAX_QUEUE = 500
"""Rows of an outgoing queue in one answer; the count beside it tells how many there are."""
QUEUE_LOOKED_AT = 5_000
"""Newest entries looked through for those the reader may see."""
NO_PARTNER = Refused(code="partner.unknown", expected="a partner of this node", came="another", status=404)
NO_LINK = Refused(code="link.none", expected="a partner with a link", came="one reached by courier alone")
METRICS = Refused(
    code="metrics.denied",
    expected="a caller on this machine, or an administrator's token",
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


class NodeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The node as it stands."""

    hq: str
    names: NamesOut
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

    ``oneWay`` is ``out`` where we only send, by file, and nothing is ever confirmed (``out.received`` stays
    0); ``in`` where we only receive.
    """

    hq: str
    names: NamesOut
    link: LinkOut
    out: QueueOut
    in_: InOut = msgspec.field(name="in")
    evidence: int
    one_way: Literal["", "out", "in"] = msgspec.field(name="oneWay", default="")


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
async def get_node(edge: Edge) -> NodeOut:
    """Who this is, which policy is in force, how long its logs are and how far the views follow."""
    return await edge.reads.run(_node, edge)


def _node(edge: HttpEdge) -> NodeOut:
    node, now = edge.node, edge.node.clock.now()
    own = node.policies.own
    logs = {"master": node.master, "audit": node.audit}
    for hq, line in node.partners.items():
        logs |= {f"{hq}.sent": line.sent, f"{hq}.received": line.received}
    return NodeOut(
        hq=edge.hq,
        names=NamesOut(node.config.names.en, node.config.names.ja),
        realm=edge.realm,
        version=node_version(),
        now=now,
        dtg=dtg(now),
        policy=PolicyOut(own.id, own.name),
        logs=[LogOut(name, log.size, log.head().size) for name, log in logs.items()],
        views=[ViewOut(v.source, v.position, v.size, v.lag) for v in node.views.lag(node.sources())],
        uptime_seconds=(now - edge.started_at).total_seconds(),
    )


@get("/partners", tags=["node"], summary="Partners and their links", responses=problems())
async def list_partners(edge: Edge) -> list[PartnerOut]:
    """Every partner with the state of its link and of both directions."""
    lines = list(edge.node.partners.values())
    return await edge.reads.run(lambda: [_partner(edge, line) for line in lines])


def _partner(edge: HttpEdge, line: PartnerLine) -> PartnerOut:
    out, checkpoint = line.sender.positions, line.receiver.checkpoint
    names = line.entry.card.names
    return PartnerOut(
        hq=line.hq,
        names=NamesOut(names.en, names.ja),
        link=link_of(line),
        out=QueueOut(
            logged=out.logged,
            sent=out.sent,
            received=out.received,
            oldest_unreceived_at=_logged_at(line, out.received) if out.received < out.logged else None,
        ),
        in_=InOut(
            received=line.received.size,
            checkpoint_size=checkpoint.size if checkpoint else 0,
            last_at=_last_at(line),
        ),
        evidence=edge.evidence_count(line.hq),
        one_way=line.entry.one_way,
    )


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
    line = _line(edge, hq)
    return await edge.reads.run(_queue, edge, person, line)


def _line(edge: HttpEdge, hq: str) -> PartnerLine:
    line = edge.node.partners.get(hq)
    if line is None:
        raise refuse(NO_PARTNER)
    return line


def _queue(edge: HttpEdge, person: Person, line: PartnerLine) -> list[QueueRow]:
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
    return list(islice(reversed(rows), MAX_QUEUE))


@post(
    "/partners/{hq:str}/link",
    opt={"permission": Permission.PARTNER_MANAGE},
    tags=["node"],
    summary="Cut or restore a link",
    responses=problems(409),
)
async def switch_link(edge: Edge, person: Caller, hq: FromPath[str], data: JSONBody[LinkSwitchIn]) -> LinkOut:
    """By hand; a link cut so stays cut until it is restored here."""
    line = _line(edge, hq)
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
    """Prometheus text; to callers on this machine, or with an administrator's token."""
    local = request.client is not None and request.client.host in {"127.0.0.1", "::1"}
    person: Person | None = request.scope["user"]
    if not local and (person is None or not person.may(Permission.PARTNER_MANAGE)):
        raise refuse(METRICS)
    lag = sum(view.lag for view in edge.node.views.lag(edge.node.sources()))
    gauges = {
        "renkei_views_lag": ("Entries not folded yet", float(lag)),
        "renkei_writes_waiting": ("Appends waiting for a commit", float(edge.node.writer.waiting)),
        "renkei_links_up": ("Links that are up", float(edge.links_up())),
    }
    return Response(edge.metrics.text(gauges), media_type=CONTENT_TYPE)


HANDLERS = (get_node, list_partners, partner_queue, switch_link, get_audit, get_health, get_metrics)
