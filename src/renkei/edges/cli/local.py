"""A node's data folder as commands find it: settings, logs opened to be read only, views looked at.

Everything here may run beside the serving node: it takes no lock and writes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
import httpx
import msgspec

from ...kernel.clock import SystemClock
from ...kernel.errors import BadInput
from ...kernel.identity import Identity, KeyRing, PartnerEntry, load_partners
from ...kernel.ids import Aliaser
from ...kernel.log.sqlite import SqliteLog
from ...kernel.partners import sent_origin
from ...kernel.records import Codec
from ...kernel.views.schema import open_reader
from ...node import Folder, NodeConfig, load_config, open_log
from ...rooms import KINDS

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Of one file named on a command line and read whole: policies, cards, clearances and reports are far
smaller; what may be larger (a courier's file, an exported log) is read piece by piece."""
HEALTH_SECONDS = 1.0
"""How long ``status`` waits for the node to say how it is."""


def read_file(path: Path) -> bytes:
    """The bytes of ``path``.  Raises BadInput naming the file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput("file.size", f"a file of at most {MAX_FILE_BYTES} bytes", path.name)
        return path.read_bytes()
    except OSError as err:
        raise BadInput("file.read", "a readable file", f"{path}: {err.strerror}") from None


def write_new(path: Path, data: bytes) -> None:
    """Put ``data`` into a new file.  Raises BadInput if there is one."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as err:
        raise BadInput("file.write", "a new file that can be written", f"{path}: {err.strerror}") from None


class LocalNode:
    """The data folder of one node."""

    def __init__(self, root: Path) -> None:
        """Raises BadInput if there is no node in ``root``."""
        self.folder = Folder(root)
        self.config: NodeConfig = load_config(self.folder)
        self.clock = SystemClock()
        self.codec = Codec(KINDS)

    @property
    def hq(self) -> str:
        """Whose node it is."""
        return self.config.hq

    def partners(self) -> dict[str, PartnerEntry]:
        """The partners by id."""
        return load_partners(self.folder.partners)

    def partner(self, hq: str) -> PartnerEntry:
        """One partner.  Raises BadInput when there is none of that id."""
        known = self.partners()
        if hq not in known:
            raise BadInput(
                "partner.unknown", f"one of: {', '.join(known) or 'no partner yet'}", repr(hq[:80])
            )
        return known[hq]

    def own_ring(self) -> KeyRing:
        """Every key that we ever had."""
        return Identity.load(self.folder.keys).ring

    def partner_ring(self, hq: str) -> KeyRing:
        """Every key of a partner that was ever pinned here, revoked ones too."""
        return self.partner(hq).ring(None)

    def names_for(self, hq: str) -> Aliaser:
        """The names by which a partner knows our records, and the way back."""
        return Aliaser(Identity.load(self.folder.keys).alias_key(hq))

    # --- logs ----------------------------------------------------------------------------------------

    def log_names(self) -> list[str]:
        """The logs there are: master, audit, then those for and of partners."""
        found = sorted(path.stem for path in self.folder.logs.glob("*.db"))
        return [n for n in ("master", "audit") if n in found] + [n for n in found if "." in n]

    def origin(self, name: str) -> str:
        """The origin of the log of that name."""
        partner, _, direction = name.rpartition(".")
        if direction == "sent":
            return sent_origin(self.hq, partner)
        if direction == "received":
            return sent_origin(partner, self.hq)
        return f"renkei/{self.hq}/{name}"

    @contextmanager
    def log(self, name: str) -> Iterator[SqliteLog]:
        """The log ``name``, to be read.  Raises BadInput for a name there is none of."""
        if name not in self.log_names():
            there = ", ".join(self.log_names()) or "no log yet"
            raise BadInput("log.name", f"one of: {there}", repr(name[:80]))
        log = open_log(self.folder, name, self.origin(name), read_only=True)
        try:
            yield log
        finally:
            log.close()

    # --- views ---------------------------------------------------------------------------------------

    def positions(self) -> dict[str, int]:
        """How far the views have followed each log, by source ("" is our own); empty if there are none."""
        if not self.folder.views.exists():
            return {}
        try:
            db = open_reader(self.folder.views)
            try:
                return {
                    source: int(at) for source, at in db.execute("SELECT source, position FROM positions")
                }
            finally:
                db.close()
        except apsw.Error:
            return {}  # made by another version: the node says so, and a rebuild heals it

    # --- the running node ----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the node answers on this machine while it runs."""
        host, port = self.config.http_address()
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://{host}:{port}"

    def health(self) -> dict[str, Any] | None:
        """What the running node says of itself, or None if none answers."""
        try:
            answer = httpx.get(f"{self.url}/api/v1/health", timeout=HEALTH_SECONDS, trust_env=False)
            found = msgspec.json.decode(answer.content)
        except (httpx.HTTPError, msgspec.DecodeError):
            return None
        return found if isinstance(found, dict) and "ok" in found else None


def iso(moment: datetime) -> str:
    """``moment`` as the API writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
