"""A label bound to a record: ADatP-4778, Edition A, with the cryptographic profile of ADatP-4778.2 chapter 2.

Two forms of ``mb:BindingInformation``:

*detached*  the record stays in a file of its own; ``mb:DataReference`` names it by URI, and a ``ds:Manifest``
            beside the binding has its SHA-384 digest.
*embedded*  the record's bytes travel inside, in ``mb:Data``, base64.

Each label has an ``mb:Metadata`` of its own, the originator's first.  A signature (XMLDSig, exclusive
canonicalisation, SHA-384) stands first in the document and covers the binding, the manifest and the time of
signing; its certificate is issued by the signing headquarters' own authority (``identity/label_key.py``), so
that whoever pinned a partner's card can judge it.

Opening trusts nothing it has not checked: only what the signature covers is looked at, the record must have
the digest stated, and the label inside the record must be the originator's label, so that a change to record
or label is named even where there is no signature.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.algorithms import SignatureConstructionMethod as Construction
from signxml.exceptions import InvalidDigest, SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ..errors import BadInput, RenkeiError, TheirFault
from ..identity import load_certificate
from ..records import MAX_RECORD_BYTES, Header, what_came
from .documents import LabelDocument, LabelSet, label_element, label_in
from .policy import PolicyBook
from .reading import Element, bad, parse

MB = "urn:nato:stanag:4778:bindinginformation:1:0"
DS = "http://www.w3.org/2000/09/xmldsig#"
XMIME = "http://www.w3.org/2005/05/xmlmime"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
RECORD = "urn:renkei:record:1"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
JSON = "application/json"

MAX_BINDING_BYTES = 2 * MAX_RECORD_BYTES + 512 * 1024
"""A record in base64, its labels, and a signature with its certificate."""
MAX_METADATA = 32
"""Labels in one binding: the originator's and one for each policy that matters."""
BINDING_ID, MANIFEST_ID, PROPERTIES_ID = "binding", "manifest", "prop"
SIGNATURES = frozenset({SignatureMethod.ECDSA_SHA256, SignatureMethod.RSA_SHA256})
"""What ADatP-4778.2 makes mandatory (table 2-4)."""
_SAFE_URI = re.compile(r"[A-Za-z0-9._~-]{1,200}")

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Vouch = Callable[[x509.Certificate], str]
"""Whose certificate this is.  Raises TheirFault for one that no headquarters known here issued."""
Resolve = Callable[[str], bytes]
"""The bytes of the file that a reference names.  Raises BadInput when there is none."""


class Opened(msgspec.Struct, frozen=True):
    """What a binding held, checked: labels, the record's exact bytes, who signed ("" for nobody) and when."""

    labels: LabelSet
    record: bytes
    signer: str = ""
    signed_at: datetime | None = None


# --- out --------------------------------------------------------------------------------------------


def bind_detached(labels: LabelSet, record: bytes, uri: str, book: PolicyBook) -> Element:
    """A binding of ``labels`` to the file ``uri``, a plain name beside it, that has the bytes ``record``."""
    if not _SAFE_URI.fullmatch(uri):
        raise BadInput("binding.uri", "a plain file name of letters, digits, dot, dash", repr(uri[:80]))
    root, container, binding = _frame(labels, book)
    reference = _put(binding, MB, "DataReference")
    reference.set("URI", uri)
    reference.set(f"{{{XMIME}}}contentType", JSON)
    manifest = _put(container, DS, "Manifest")
    manifest.set("Id", MANIFEST_ID)
    stated = _put(manifest, DS, "Reference")
    stated.set("URI", uri)
    _put(stated, DS, "DigestMethod").set("Algorithm", SHA384)
    _put(stated, DS, "DigestValue").text = _digest(record)
    return root


def bind_embedded(labels: LabelSet, record: bytes, book: PolicyBook) -> Element:
    """A binding of ``labels`` to ``record``, whose bytes it holds."""
    root, _, binding = _frame(labels, book)
    data = _put(binding, MB, "Data")
    data.set(f"{{{XMIME}}}contentType", JSON)
    data.set("encoding", "base64")
    _put(data, RECORD, "record").text = base64.b64encode(record).decode()
    return root


def sign(root: Element, key: SigningKey, certificate: x509.Certificate, at: datetime) -> None:
    """Put a signature over everything into ``root``, as its first element."""
    method = (
        SignatureMethod.RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else SignatureMethod.ECDSA_SHA256
    )
    signer = XMLSigner(
        method=Construction.detached,
        signature_algorithm=method,
        digest_algorithm=DigestAlgorithm.SHA384,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    created = etree.Element(f"{{{WSU}}}Timestamp", nsmap={"wsu": WSU}, Id="signed-at", Target="#signature")
    etree.SubElement(created, f"{{{WSU}}}Created").text = (
        at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    )
    signature = signer.sign(
        root,
        key=key,
        cert=[certificate],
        reference_uri=[f"#{i}" for i in _covered(root)],
        signature_properties=created,
    )
    signature.set("Id", "signature")
    root.insert(0, signature)


def as_bytes(root: Element) -> bytes:
    """The document.  Not indented: what a signature covers is not touched again."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _frame(labels: LabelSet, book: PolicyBook) -> tuple[Element, Element, Element]:
    root = etree.Element(f"{{{MB}}}BindingInformation", nsmap={"mb": MB, "xmime": XMIME, "ds": DS})
    container = _put(root, MB, "MetadataBindingContainer")
    binding = _put(container, MB, "MetadataBinding")
    binding.set("Id", BINDING_ID)
    _put(binding, MB, "Metadata").append(label_element(labels.originator, book, "originator"))
    for other in labels.alternatives:
        _put(binding, MB, "Metadata").append(label_element(other, book, "alternative"))
    return root, container, binding


def _put(parent: Element, namespace: str, name: str) -> Element:
    return etree.SubElement(parent, f"{{{namespace}}}{name}")


def _covered(root: Element) -> list[str]:
    manifest = root.find(f"{{{MB}}}MetadataBindingContainer/{{{DS}}}Manifest")
    return [BINDING_ID] if manifest is None else [BINDING_ID, MANIFEST_ID]


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha384(data).digest()).decode()


# --- in ---------------------------------------------------------------------------------------------


def open_binding(xml: bytes, book: PolicyBook, resolve: Resolve, vouch: Vouch) -> Opened:
    """What ``xml`` binds, with everything checked that can be.

    Raises BadInput for a document of another form, TheirFault (``binding.signature``, ``binding.signer``,
    ``binding.label-changed``, ``binding.record-changed``) for one that was changed or nobody vouches for.
    """
    root = parse(xml, "binding", MAX_BINDING_BYTES)
    signer, signed_at = _check_signature(root, vouch)
    container, binding = _parts(root)
    labels = _labels(binding, book)
    record = _record(container, binding, resolve)
    _check_inside(record, labels.originator)
    _check_alternatives(labels, book)
    return Opened(labels, record, signer, signed_at)


def _parts(root: Element) -> tuple[Element, Element]:
    if root.tag != f"{{{MB}}}BindingInformation":
        raise _bad(root, f"BindingInformation in namespace {MB}", str(root.tag))
    inside = [e for e in root if e.tag != f"{{{DS}}}Signature"]
    if len(inside) != 1 or inside[0].tag != f"{{{MB}}}MetadataBindingContainer":
        raise _bad(root, "one MetadataBindingContainer", "something else")
    parts = list(inside[0])
    names = [p.tag for p in parts]
    if names not in ([f"{{{MB}}}MetadataBinding"], [f"{{{MB}}}MetadataBinding", f"{{{DS}}}Manifest"]):
        raise _bad(inside[0], "one MetadataBinding, and a Manifest if it refers to a file", "something else")
    if parts[0].get("Id") != BINDING_ID or (len(parts) > 1 and parts[1].get("Id") != MANIFEST_ID):
        raise _bad(parts[0], f"the Ids {BINDING_ID} and {MANIFEST_ID}", "others")
    return inside[0], parts[0]


def _labels(binding: Element, book: PolicyBook) -> LabelSet:
    found = binding.findall(f"{{{MB}}}Metadata")
    if not 1 <= len(found) <= MAX_METADATA:
        raise _bad(binding, f"1 to {MAX_METADATA} labels", str(len(found)))
    if any(len(m) != 1 for m in found):
        raise _bad(binding, "one label in each Metadata", "another number")
    read = [label_in(metadata[0], book) for metadata in found]
    if [role for role, _ in read] != ["originator"] + ["alternative"] * (len(read) - 1):
        raise _bad(binding, "the originator's label, then alternatives", "another order")
    documents = [document for _, document in read]
    if len({d.label.policy for d in documents}) < len(documents):
        raise _bad(binding, "one label for each policy", "two")
    return LabelSet(documents[0], tuple(documents[1:]))


def _record(container: Element, binding: Element, resolve: Resolve) -> bytes:
    rest = [e for e in binding if e.tag != f"{{{MB}}}Metadata"]
    if len(rest) != 1 or rest[0].tag not in (f"{{{MB}}}Data", f"{{{MB}}}DataReference"):
        raise _bad(binding, "one Data or one DataReference after the labels", "something else")
    if rest[0].tag == f"{{{MB}}}Data":
        return _inside(rest[0])
    uri = rest[0].get("URI", "")
    if not _SAFE_URI.fullmatch(uri) or uri.startswith("."):
        raise _bad(rest[0], "a plain file name beside the binding", repr(uri[:80]), "binding.uri")
    stated = container.findall(f"{{{DS}}}Manifest/{{{DS}}}Reference")
    if len(stated) != 1 or stated[0].get("URI") != uri:
        raise _bad(container, f"a Manifest with the digest of {uri}", "another")
    method, value = stated[0].find(f"{{{DS}}}DigestMethod"), stated[0].findtext(f"{{{DS}}}DigestValue", "")
    if method is None or method.get("Algorithm") != SHA384:
        raise _bad(stated[0], f"a digest by {SHA384}", "another method")
    record = resolve(uri)
    if _digest(record) != "".join(value.split()):
        raise TheirFault("binding.record-changed", f"the record that was labelled in {uri}", "another")
    return record


def _inside(data: Element) -> bytes:
    if data.get("encoding") != "base64" or len(data) != 1 or data[0].tag != f"{{{RECORD}}}record":
        raise _bad(data, "a record in base64", "something else")
    try:
        return base64.b64decode("".join((data[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise _bad(data, "a record in base64", "something else") from None


def _check_inside(record: bytes, originator: LabelDocument) -> None:
    """The record states its own label, and that is the one bound to it."""
    try:
        header = msgspec.json.decode(record, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadInput("binding.record", "a record in JSON", what_came(err)) from None
    if header.label.canonical() != originator.label.canonical():
        raise TheirFault("binding.label-changed", "the label that the record itself bears", "another")


def _check_alternatives(labels: LabelSet, book: PolicyBook) -> None:
    """An alternative under our own policy must be what our own policy says; it could lower the label else."""
    ours = labels.under(book.own.id)
    if ours is None or ours is labels.originator:
        return
    if book.translate(labels.originator.label, book.own.id) != ours.label:
        raise TheirFault(
            "binding.alternative", "an alternative as our own policy translates the label", "another"
        )


def _check_signature(root: Element, vouch: Vouch) -> tuple[str, datetime | None]:
    """Who signed and when; ("", None) where nobody did."""
    found = root.findall(f".//{{{DS}}}Signature")
    if not found:
        return "", None
    if len(found) > 1 or found[0].getparent() is not root or root.index(found[0]):
        raise _bad(found[-1], "one Signature, the first element", "another place or number")
    certificate = _certificate(found[0])
    signer = vouch(certificate)
    covered = [*_covered(root), PROPERTIES_ID]
    for element_id in covered:  # an id twice could have one element checked and the other read
        named = cast(list[Element], root.xpath("//*[@Id=$id or @ID=$id or @id=$id]", id=element_id))
        if len(named) != 1:
            raise _bad(root, f"the Id {element_id} once", "none or several")
    uris = [r.get("URI") for r in found[0].findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")]
    if uris != [f"#{i}" for i in covered]:
        raise TheirFault("binding.signature", f"a signature over {', '.join(covered)}", "over something else")
    _verify(root, certificate, len(covered))
    return signer, _signed_at(found[0])


def _verify(root: Element, certificate: x509.Certificate, references: int) -> None:
    expected = SignatureConfiguration(
        location="./",
        expect_references=references,
        signature_methods=SIGNATURES,
        digest_algorithms=frozenset({DigestAlgorithm.SHA384}),
    )
    try:
        XMLVerifier().verify(etree.tostring(root), x509_cert=certificate, expect_config=expected)
    except InvalidDigest as err:
        changed = "binding.record-changed" if MANIFEST_ID in str(err) else "binding.label-changed"
        what = "record's digest" if MANIFEST_ID in str(err) else "label and data"
        raise TheirFault(changed, f"the {what} that was signed", "one changed afterwards") from None
    except (SignXMLException, ValueError, etree.LxmlError) as err:
        raise TheirFault("binding.signature", "a good signature", type(err).__name__) from None


def _certificate(signature: Element) -> x509.Certificate:
    texts = signature.findall(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    try:
        if len(texts) != 1:
            raise ValueError(len(texts))
        return load_certificate(base64.b64decode(texts[0].text or ""))
    except ValueError:
        raise _bad(signature, "one X.509 certificate in KeyInfo", "something else") from None


def _signed_at(signature: Element) -> datetime:
    text = signature.findtext(f".//{{{WSU}}}Created", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _bad(signature, "the time of signing", "none")
    return moment.astimezone(UTC)


def _bad(element: Element, expected: str, came: str, code: str = "binding.element") -> RenkeiError:
    return bad(element, expected, came, code)
