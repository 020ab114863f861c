"""Policy files of a node beside the one in force: those proposed, and those that were in force before.

``policies/proposed/<sha256>.xml`` waits for adoption; ``policies/former/<sha256>.xml`` was in force.
Putting one in force is one atomic replacement of ``policy.xml``, done after the adoption is durable in the
master log; if a crash comes between the two, adopting again completes it.
"""

from pathlib import Path

from ..kernel.errors import BadInput
from ..kernel.identity.files import write_atomically
from ..kernel.labels.adoption import digest_of
from .config import Folder

MAX_PROPOSED = 20
"""Files that wait for adoption at once; a headquarters has one or two."""


def policy_digest(folder: Folder) -> str:
    """The digest of the policy file; "" for a node without files."""
    return digest_of(folder.policy.read_bytes()) if folder.policy.exists() else ""


def keep_proposed(folder: Folder, xml: bytes) -> bool:
    """Keep the file of a proposal, durable on return; False if it is kept already.

    Raises BadInput when too many wait.
    """
    place = _proposed(folder)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / f"{digest_of(xml)}.xml"
    if path.exists():
        return False
    if len(list(place.glob("*.xml"))) >= MAX_PROPOSED:
        raise BadInput("policy.proposals", f"at most {MAX_PROPOSED} files that wait", "more: withdraw some")
    write_atomically(path, xml)
    return True


def proposed(folder: Folder, digest: str) -> bytes:
    """The file kept for a proposal.  Raises BadInput when there is none."""
    try:
        return _path(folder, digest).read_bytes()
    except OSError:
        raise BadInput("policy.bytes", "the file as it was proposed", "none") from None


def put_in_force(folder: Folder, digest: str) -> None:
    """Make an adopted file the policy on the disk; the one before is kept.

    Done twice, it does no harm.
    """
    if policy_digest(folder) == digest:
        return
    xml, before = proposed(folder, digest), folder.policy.read_bytes()
    former = folder.policies / "former"
    former.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(former / f"{digest_of(before)}.xml", before)
    write_atomically(folder.policy, xml)
    _path(folder, digest).unlink(missing_ok=True)


def once_in_force(folder: Folder, digest: str) -> bytes:
    """The file that is or was in force under ``digest``.  Raises BadInput when it is not kept."""
    for path in (folder.policy, folder.policies / "former" / f"{digest}.xml"):
        if path.exists() and digest_of(xml := path.read_bytes()) == digest:
            return xml
    raise BadInput("policy.former", "a policy that was in force here", "one that is not kept")


def forget_proposed(folder: Folder, digest: str) -> None:
    """Drop the file of a proposal that was withdrawn."""
    _path(folder, digest).unlink(missing_ok=True)


def _proposed(folder: Folder) -> Path:
    return folder.policies / "proposed"


def _path(folder: Folder, digest: str) -> Path:
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise BadInput("policy.digest", "64 hexadecimal digits", "something else")
    return _proposed(folder) / f"{digest}.xml"
