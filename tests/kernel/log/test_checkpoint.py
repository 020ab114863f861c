import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import TheirFault
from renkei.kernel.log import checkpoint as cp
from renkei.kernel.log import merkle
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, NoteVerifier

AT = datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC)


def signer(name: str, seed: int) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


OWNER = signer("us.usfj", 1)
PARTNER = signer("jp.jjoc", 2)
CHECKPOINT = Checkpoint("renkei/us.usfj/jp.jjoc", 1000, merkle.leaf_hash(b"root"))
NOTE = cp.sign_checkpoint(CHECKPOINT, OWNER)
RECEIPT = cp.cosign(NOTE, PARTNER, AT)


def public(vkey: str) -> tuple[str, int, Ed25519PublicKey]:
    name, _, key = vkey.split("+")
    raw = base64.b64decode(key)
    return name, raw[0], Ed25519PublicKey.from_public_bytes(raw[1:])


def test_keys_and_signatures_are_those_of_gos_sumdb_note_documentation() -> None:
    seed = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    known = NoteSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(seed))
    text = (
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n"
    )
    signature = known.verifier.id(cp.ED25519) + known.sign(text)
    assert known.verifier.vkey == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert base64.b64encode(signature) == (
        b"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )


def test_a_checkpoint_published_by_another_implementation_opens() -> None:
    """From the tests of transparency-dev/witness."""
    name, kind, key = public("monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT")
    note = (
        "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n"
        "— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/"
        "CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"
    ).encode()
    opened = cp.open_checkpoint(note, NoteVerifier(name, key))
    assert kind == cp.ED25519
    assert (opened.origin, opened.size, opened.root.hex()[:8]) == ("monkeys", 5, "e35b268c")


def test_cosigners_key_ids_are_those_of_other_implementations() -> None:
    """From the tests of transparency-dev/formats: a key given as ``name+key id+base64(0x04, key)``."""
    name, kind, key = public("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert kind == cp.COSIGNATURE
    assert NoteVerifier(name, key).id(cp.COSIGNATURE).hex() == "da77ade7"


def test_the_example_of_the_cosignature_specification_is_framed_as_it_says() -> None:
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
        "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1n"
        "PZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    ).encode()
    text, signatures = cp._open(note)
    assert cp.peek_checkpoint(note).size == 20852163
    assert cp.checkpoint_text(cp.peek_checkpoint(note)) == text
    name, raw = signatures[1]
    assert (name, len(raw), int.from_bytes(raw[4:12])) == ("witness.example.com/w1", 76, 1679315147)
    assert cp._cosigned_message(1679315147, text).startswith(
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUY"
    )


def test_a_signed_checkpoint_opens_to_what_was_signed() -> None:
    assert cp.open_checkpoint(NOTE, OWNER.verifier) == CHECKPOINT
    assert cp.peek_checkpoint(NOTE) == CHECKPOINT
    extended = Checkpoint("a b", 0, merkle.EMPTY_ROOT, ("extension 1", "2"))
    assert cp.open_checkpoint(cp.sign_checkpoint(extended, OWNER), OWNER.verifier) == extended


def test_a_receipt_says_who_had_received_what_and_when() -> None:
    assert cp.open_cosigned(RECEIPT, OWNER.verifier, PARTNER.verifier) == cp.Cosigned(CHECKPOINT, AT)
    assert cp.open_checkpoint(RECEIPT, OWNER.verifier) == CHECKPOINT
    later = cp.cosign(RECEIPT, PARTNER, AT + timedelta(hours=1, milliseconds=900))
    assert cp.open_cosigned(later, OWNER.verifier, PARTNER.verifier).at == AT + timedelta(hours=1)


def code(note: bytes, owner: NoteVerifier = OWNER.verifier, cosigner: NoteVerifier | None = None) -> str:
    with pytest.raises(TheirFault) as caught:
        if cosigner is None:
            cp.open_checkpoint(note, owner)
        else:
            cp.open_cosigned(note, owner, cosigner)
    return caught.value.code


def test_a_changed_text_under_a_known_name_is_called_forged() -> None:
    assert code(NOTE.replace(b"1000", b"1001")) == "checkpoint.forged"
    assert code(RECEIPT.replace(b"1000", b"1001"), cosigner=PARTNER.verifier) == "checkpoint.forged"


def test_a_known_name_and_key_id_over_another_signature_is_called_forged() -> None:
    other = cp.sign_checkpoint(Checkpoint(CHECKPOINT.origin, 5, CHECKPOINT.root), OWNER)
    forged = NOTE.partition(b"\n\n")[0] + b"\n\n" + other.partition(b"\n\n")[2]
    assert code(forged) == "checkpoint.forged"
    assert code(NOTE + other.partition(b"\n\n")[2]) == "checkpoint.forged", (
        "one sound signature does not heal it"
    )


def test_a_cosignature_with_a_moved_time_is_called_forged() -> None:
    line = RECEIPT.splitlines(keepends=True)[-1]
    raw = bytearray(base64.b64decode(line.split()[-1]))
    raw[11] ^= 1
    moved = RECEIPT.replace(line.split()[-1], base64.b64encode(raw))
    assert code(moved, cosigner=PARTNER.verifier) == "checkpoint.forged"


def test_signatures_of_strangers_are_passed_over_and_alone_are_not_enough() -> None:
    stranger, namesake = signer("xx.else", 3), signer("us.usfj", 3)
    assert code(cp.sign_checkpoint(CHECKPOINT, stranger)) == "checkpoint.unknown-key"
    assert code(cp.sign_checkpoint(CHECKPOINT, namesake)) == "checkpoint.unknown-key"
    assert code(NOTE, cosigner=PARTNER.verifier) == "checkpoint.unknown-key"
    assert code(cp.cosign(NOTE, stranger, AT), cosigner=PARTNER.verifier) == "checkpoint.unknown-key"
    assert cp.open_checkpoint(cp.cosign(NOTE, stranger, AT), OWNER.verifier) == CHECKPOINT


def test_a_signature_and_a_cosignature_by_one_key_do_not_stand_for_each_other() -> None:
    text = NOTE.partition(b"\n\n")[0] + b"\n\n"
    only_cosigned = text + cp.cosign(NOTE, OWNER, AT).splitlines(keepends=True)[-1]
    assert code(only_cosigned) == "checkpoint.unknown-key"


HEAD = b"renkei/us.usfj/jp.jjoc\n"
ROOT = base64.b64encode(CHECKPOINT.root)
TAIL = NOTE.partition(b"\n\n")[2]


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(b"", id="empty"),
        pytest.param(NOTE[:-1], id="cut last newline"),
        pytest.param(NOTE.partition(b"\n\n")[0], id="no signatures"),
        pytest.param(NOTE.replace("—".encode(), b"--"), id="no em dash"),
        pytest.param(NOTE + b"\n", id="empty line at the end"),
        pytest.param(NOTE.replace(b"\n", b"\r\n"), id="carriage returns"),
        pytest.param(NOTE.replace(b"us", b"\xff"), id="not UTF-8"),
        pytest.param(NOTE + b"x" * cp.MAX_NOTE_BYTES, id="too large"),
        pytest.param(NOTE + TAIL * cp.MAX_SIGNATURES, id="too many signatures"),
        pytest.param(NOTE.replace(b" ", b"  "), id="two spaces"),
        pytest.param(NOTE[:-2] + b"\n", id="base64 cut"),
        pytest.param(NOTE + "— us.usfj AAAA\n".encode(), id="signature of three bytes"),
    ],
)
def test_what_is_not_a_signed_note_is_called_malformed(note: bytes) -> None:
    assert code(note) == "checkpoint.malformed"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + b"1000\n", id="no root"),
        pytest.param(b"\n1000\n" + ROOT + b"\n", id="no origin"),
        pytest.param(HEAD + b"01000\n" + ROOT + b"\n", id="leading zero"),
        pytest.param(HEAD + b"-1\n" + ROOT + b"\n", id="negative"),
        pytest.param(HEAD + b"9223372036854775808\n" + ROOT + b"\n", id="too large a size"),
        pytest.param(HEAD + "１\n".encode() + ROOT + b"\n", id="full-width digit"),
        pytest.param(HEAD + b"1000\n" + ROOT[:-4] + b"\n", id="short root"),
        pytest.param(HEAD + b"1000\n" + ROOT[:-2] + b"==\n", id="other base64 of a root"),
        pytest.param(HEAD + b"1000\n" + ROOT + b"\n\nx\n", id="empty line within"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_called_malformed(text: bytes) -> None:
    line = cp._line(OWNER.name, OWNER.verifier.id(cp.ED25519), OWNER.sign(text))
    assert code(text + b"\n" + line) == "checkpoint.malformed"


@given(st.integers(0, len(RECEIPT) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(place: int, change: int) -> None:
    changed = bytearray(RECEIPT)
    changed[place] ^= change
    assert code(bytes(changed), cosigner=PARTNER.verifier).startswith("checkpoint.")


@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_but_their_fault(note: bytes) -> None:
    assert code(note) == "checkpoint.malformed"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b"])
def test_a_key_name_with_spaces_or_plus_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        signer(name, 1)


@pytest.mark.parametrize("origin", ["", "a\nb"])
def test_an_origin_that_is_not_one_line_is_never_signed(origin: str) -> None:
    with pytest.raises(ValueError, match="one-line origin"):
        cp.sign_checkpoint(Checkpoint(origin, 0, merkle.EMPTY_ROOT), OWNER)


def test_a_full_note_takes_no_further_cosignature() -> None:
    note = NOTE
    for seed in range(cp.MAX_SIGNATURES - 1):
        note = cp.cosign(note, signer(f"partner-{seed}", seed), AT)
    with pytest.raises(TheirFault, match="fewer than 16"):
        cp.cosign(note, PARTNER, AT)
