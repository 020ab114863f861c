"""A record's label as other systems read it: ADatP-4774 XML, or bound to the record as ADatP-4778 says."""

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from ...kernel.desk import Desk
from ...kernel.identity.label_key import LabelKey
from ...kernel.labels.binding import as_bytes, bind_embedded, sign
from ...kernel.labels.documents import LabelSet, of_record, with_alternative, write_label
from ...kernel.records import is_record_id
from ...kernel.views import OWN
from .context import Caller, Edge, HttpEdge, key_path, unwrap
from .problems import NOT_FOUND, refuse
from .records import CUT, FOREIGN
from .schema import problems

XML = "application/xml"


@get(
    key_path("/records", "/label"),
    media_type=XML,
    tags=["labels"],
    summary="A record's label as XML",
    responses=problems(409, 422),
)
async def get_record_label(
    edge: Edge,
    person: Caller,
    owner: FromPath[str],
    key: FromPath[str],
    bound: FromQuery[bool] = False,
    alternative: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The originator's label (ADatP-4774); of another headquarters' record, as that one put it on.

    With `bound`, a document that holds an own record's exact bytes with its label, signed (ADatP-4778), for
    whoever may have all of them; `alternative` names a policy whose equivalent label is added to it.
    """
    xml = await edge.at_desk(person, lambda desk: _exported(desk, edge, f"{owner}/{key}", bound, alternative))
    return Response(xml, media_type=XML)


def _exported(desk: Desk, edge: HttpEdge, record_id: str, bound: bool, alternative: str | None) -> bytes:
    row = desk.views.get(record_id) if is_record_id(record_id) else None
    if row is None:
        raise refuse(NOT_FOUND)
    labels = LabelSet(of_record(row.labelled, row.at, row.owner))
    if alternative is not None:
        labels = unwrap(with_alternative(labels, alternative, desk.policies))
    if not bound:
        shown = labels.originator if alternative is None else labels.alternatives[0]
        return write_label(shown, desk.policies, "originator" if alternative is None else "alternative")
    if row.source != OWN:
        raise refuse(FOREIGN)
    if not desk.views.whole(row):
        raise refuse(CUT)
    node, now = edge.node, desk.clock.now()
    root = bind_embedded(labels, row.raw, desk.policies)
    key = LabelKey.of(node.folder.keys, desk.hq, node.identity.authority, node.identity.private_key, now)
    sign(root, key.key, key.certificate, now)
    edge.trail.done(desk.person, "label_export", record_id, desk.policies.mark(row.labelled).en)
    return as_bytes(root)


HANDLERS = (get_record_label,)
