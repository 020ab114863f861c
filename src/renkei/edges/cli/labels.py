"""``renkei label``: labels of records as other systems read them (ADatP-4774 labels, ADatP-4778 bindings)."""

from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cyclopts import App

from ...kernel.errors import BadInput, Refused
from ...kernel.identity import Identity, load_certificate
from ...kernel.identity.label_key import LabelKey, check_label_certificate
from ...kernel.labels.binding import Opened, as_bytes, bind_detached, bind_embedded, open_binding, sign
from ...kernel.labels.documents import (
    REVIEW_DAYS,
    SCLR,
    LabelDocument,
    LabelSet,
    of_record,
    read_clearance,
    read_label,
    with_alternative,
)
from ...kernel.labels.policy import PolicyBook
from ...kernel.records import Header, is_record_id
from ...kernel.views.schema import open_reader
from ...node.config import load_policies
from .app import Local, accepted
from .local import LocalNode, iso, read_file, write_new

label_app = App(name="label", help="Labels as XML: show, export with a record, import and verify.")


@label_app.command
def show(file: Path, /, *, local: Local | None = None) -> None:
    """Read a label or clearance (ADatP-4774 XML) and say what it means here.

    Parameters
    ----------
    file
        The XML file.
    """
    local = local or Local()
    book = load_policies(LocalNode(local.data).folder)
    xml = read_file(file)
    if SCLR.encode() in xml:
        clearance = read_clearance(xml, book)
        local.out.data({"clearance": clearance}, text=msgspec.json.encode(clearance).decode())
        return
    role, document = read_label(xml, book)
    found = {"role": role, **_document(document, book)}
    local.out.data(found)


@label_app.command
def export(
    record: str,
    to: Path,
    /,
    *,
    embedded: bool = False,
    unsigned: bool = False,
    alternative: tuple[str, ...] = (),
    review_days: int = REVIEW_DAYS,
    local: Local | None = None,
) -> None:
    """Write a record of this headquarters with its label bound to it (ADatP-4778), whole and signed.

    The record's bytes go beside the binding, as TO with .json, or with --embedded inside it.

    Parameters
    ----------
    record
        The record's id.
    to
        The binding's file.
    embedded
        Put the record's bytes into the binding.
    unsigned
        Leave the signature out.
    alternative
        The id of a policy under which an equivalent label is added beside the originator's; may be repeated.
    review_days
        Days after the record was written on which its label is to be reviewed.
    """
    local = local or Local()
    node = LocalNode(local.data)
    book = load_policies(node.folder)
    raw, header = _record(node, record)
    labels = _labels(node, header, book, alternative, review_days)
    beside = to.with_suffix(".json")
    root = bind_embedded(labels, raw, book) if embedded else bind_detached(labels, raw, beside.name, book)
    if not unsigned:
        now, identity = node.clock.now(), Identity.load(node.folder.keys)
        key = LabelKey.of(node.folder.keys, node.hq, identity.authority, identity.private_key, now)
        sign(root, key.key, key.certificate, now)
    write_new(to, as_bytes(root))
    if not embedded:
        write_new(beside, raw)
    files = [str(to)] if embedded else [str(to), str(beside)]
    local.out.data(
        {"files": files, "signed": not unsigned, "label": book.mark(header.label).en},
        text=f"{' and '.join(files)} written under {book.mark(header.label).en}",
    )


@label_app.command(name="import")
def import_(file: Path, /, *, to: Path | None = None, local: Local | None = None) -> None:
    """Verify a binding and its record, and say what label the record has here; nothing enters the node.

    A record named by the binding is read from beside it.  A change to record or label, and a signature by
    nobody known here, are named and end with status 1.

    Parameters
    ----------
    file
        The binding's file.
    to
        A new file for the record's exact bytes.
    """
    local = local or Local()
    node = LocalNode(local.data)
    book = load_policies(node.folder)
    opened = open_binding(
        read_file(file), book, lambda uri: read_file(file.parent / uri), lambda c: _vouch(node, c)
    )
    if to is not None:
        write_new(to, opened.record)
    local.out.data(_opened(opened, book))


def _record(node: LocalNode, record_id: str) -> tuple[bytes, Header]:
    """An own record's logged bytes, from the views."""
    if not is_record_id(record_id):
        raise BadInput("record.id", "a record id such as jp.jjoc/01J…", repr(record_id[:100]))
    db = open_reader(node.folder.views)
    try:
        found = db.execute("SELECT raw FROM records WHERE id = ? AND source = ''", (record_id,)).fetchall()
    finally:
        db.close()
    if not found:
        raise BadInput("record.unknown", "a record of this headquarters", "none of that id")
    raw: bytes = found[0][0]  # type: ignore[assignment]
    return raw, msgspec.json.decode(raw, type=Header)


def _labels(
    node: LocalNode, header: Header, book: PolicyBook, alternatives: tuple[str, ...], review_days: int
) -> LabelSet:
    labels = LabelSet(of_record(header.label, header.at, node.hq, review_days))
    for policy in alternatives:
        added = with_alternative(labels, policy, book)
        accepted(added)
        assert not isinstance(added, Refused)
        labels = added
    return labels


def _vouch(node: LocalNode, certificate: x509.Certificate) -> str:
    authorities = {node.hq: Identity.load(node.folder.keys).authority}
    for hq, entry in node.partners().items():
        authorities[hq] = load_certificate(entry.card.ca.encode())
    return check_label_certificate(certificate, authorities, node.clock.now())


def _opened(opened: Opened, book: PolicyBook) -> dict[str, Any]:
    here = book.translate(opened.labels.originator.label, book.own.id)
    header = msgspec.json.decode(opened.record, type=Header)
    return {
        "record": header.id,
        "kind": header.kind,
        "version": header.version,
        "label": _document(opened.labels.originator, book),
        "alternatives": [_document(d, book) for d in opened.labels.alternatives],
        "here": here.came if isinstance(here, Refused) else book.mark(here).en,
        "usable": not isinstance(here, Refused),
        "signer": opened.signer or None,
        "signedAt": None if opened.signed_at is None else iso(opened.signed_at),
    }


def _document(document: LabelDocument, book: PolicyBook) -> dict[str, Any]:
    succession = document.succession
    return {
        "marking": book.mark(document.label).en,
        "markingJa": book.mark(document.label).ja,
        "label": document.label,
        "created": iso(document.created),
        "review": None if document.review is None else iso(document.review),
        "succeeded": None if succession is None else iso(succession.at),
        "successor": None if succession is None else book.mark(succession.successor).en,
    }
