"""``node.toml``: what an administrator sets about a node, and where its files lie."""

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from ..kernel.errors import BadInput
from ..kernel.identity.cards import Names, parse_address
from ..kernel.identity.files import write_atomically
from ..kernel.labels.policy import Policy, PolicyBook
from ..kernel.log.hashing import Hashing, hash_here
from ..kernel.log.sqlite import SqliteLog
from ..kernel.partners import MIN_VOLUME_BYTES, Rhythm
from ..kernel.records import LIVE, HqId

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


class CourierConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that a running node carries by itself: folders, and how often it looks.

    ``outbox`` names a folder for each partner; ``volume_bytes`` is the most that one file may have.  With
    ``contents`` those of attachments go along, in files of their own.
    """

    outbox: dict[str, str] = {}
    inbox: str = ""
    seconds: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 60.0
    volume_bytes: Annotated[int, msgspec.Meta(ge=MIN_VOLUME_BYTES)] = 600_000_000
    contents: bool = True


class AttachmentsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attachments: the most bytes one may have, and the command that looks at each before anybody has it.

    ``partner_bytes`` is how many bytes of disk the contents from one partner may take together.
    ``scan`` is the command and its arguments; ``scan_seconds`` how long it may take for one content.
    """

    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**40)] = 256 * 1024 * 1024
    partner_bytes: Annotated[int, msgspec.Meta(ge=0, le=2**50)] = 16 * 1024 * 1024 * 1024
    scan: tuple[str, ...] = ()
    scan_seconds: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 60.0


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings in ``node.toml``; addresses are ``host:port``.

    ``public`` is the ``https://`` address under which a proxy offers the node's pages, empty if there is
    none: its host is then accepted too, and session cookies travel over TLS alone.  ``rhythm`` is when what
    is released may leave over links.
    """

    hq: HqId
    names: Names
    realm: str = LIVE
    http: str = "127.0.0.1:8440"
    link: str = "127.0.0.1:9440"
    public: str = ""
    courier: CourierConfig = CourierConfig()
    rhythm: Rhythm = Rhythm()
    attachments: AttachmentsConfig = AttachmentsConfig()

    @property
    def public_host(self) -> str:
        """The host (and port, if it is not 443) in ``public``; empty if there is none."""
        host = self.public.removeprefix("https://").rstrip("/")
        if host and (host == self.public or not _HOST.fullmatch(host)):
            raise BadInput("config.public", "an address such as https://renkei.example", repr(self.public))
        return host

    def http_address(self) -> tuple[str, int]:
        """Where people and programs reach the node."""
        return parse_address(self.http)

    def link_address(self) -> tuple[str, int]:
        """Where partners' links arrive."""
        return parse_address(self.link)


class Folder(msgspec.Struct, frozen=True):
    """The data folder's layout, as ARCHITECTURE.md draws it."""

    root: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.root / "node.toml"

    @property
    def policy(self) -> Path:
        """The nation's own policy."""
        return self.root / "policy.xml"

    @property
    def policies(self) -> Path:
        """Partners' policies, to read their labels by."""
        return self.root / "policies"

    @property
    def keys(self) -> Path:
        """Secret keys; nobody but the node's user may read them."""
        return self.root / "keys"

    @property
    def partners(self) -> Path:
        """One file for each partner."""
        return self.root / "partners"

    @property
    def logs(self) -> Path:
        """The master log, the audit log and the partner logs."""
        return self.root / "logs"

    def log_file(self, name: str) -> Path:
        """The file of the log ``name``."""
        return self.logs / f"{name}.db"

    def shred_file(self, name: str) -> Path:
        """The keys of what can be forgotten: not to be backed up with the logs.

        ``name`` is a partner's for the bodies in the log received from it, ``<partner>.sent`` for what was
        passed on in those sent, ``master`` for the same in our own records.
        """
        return self.keys / "shred" / f"{name}.keys"

    @property
    def views(self) -> Path:
        """The folded tables."""
        return self.root / "views.db"

    @property
    def past(self) -> Path:
        """Views as of moments past, while they are asked for."""
        return self.root / "past"

    @property
    def attachments(self) -> Path:
        """Contents of attachments, encrypted."""
        return self.root / "attachments"

    @property
    def attachment_keys(self) -> Path:
        """The key of each of them; not to be backed up with them."""
        return self.keys / "attachments"

    @property
    def accounts(self) -> Path:
        """Posts, sessions and tokens."""
        return self.root / "accounts.db"

    @property
    def evidence(self) -> Path:
        """What partners signed and then contradicted."""
        return self.root / "evidence"


def open_log(
    folder: Folder, name: str, origin: str, *, read_only: bool = False, hashing: Hashing = hash_here
) -> SqliteLog:
    """The log ``name``: partner logs have bodies, and what others wrote lies encrypted.  Raises OurFault."""
    partner, _, direction = name.rpartition(".")
    shred = {"received": partner, "sent": name}.get(direction)
    keys = None if shred is None else folder.shred_file(shred)
    path, bodied = folder.log_file(name), direction in {"sent", "received"}
    return SqliteLog(path, origin, read_only=read_only, bodied=bodied, keys=keys, hashing=hashing)


def load_config(folder: Folder) -> NodeConfig:
    """Read ``node.toml``.  Raises BadInput naming the setting that is wrong."""
    try:
        config = msgspec.convert(tomllib.loads(folder.config.read_text("utf-8")), NodeConfig)
    except FileNotFoundError:
        raise BadInput(
            "config.missing",
            f"a node's data folder with {folder.config.name} in it (renkei init makes one)",
            str(folder.root),
        ) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as err:
        raise BadInput("config.form", f"valid settings in {folder.config.name}", str(err)) from None
    # msgspec leaves out defaults by identity, so a realm read from a file must be the default itself.
    return msgspec.structs.replace(config, realm=LIVE) if config.realm == LIVE else config


def save_config(folder: Folder, config: NodeConfig) -> None:
    """Write ``node.toml`` with every setting, durable on return, and a comment for whoever edits it by hand.

    A table that is all at its defaults is left out, so that a later version's defaults can be others.
    """
    text = (
        "# A Renkei node's settings. Addresses are host:port; a change takes effect at the next start.\n"
        + _lines({k: v for k, v in _settings(config).items() if not isinstance(v, dict)})
        + f"\n[names]\n{_lines(_settings(config.names))}"
        + _table("courier", config.courier, CourierConfig())
        + _table("rhythm", config.rhythm, Rhythm())
        + _table("attachments", config.attachments, AttachmentsConfig())
    )
    write_atomically(folder.config, text.encode())


def _settings(config: msgspec.Struct) -> dict[str, object]:
    settings: dict[str, object] = msgspec.to_builtins(config)
    return settings


def _table(name: str, config: msgspec.Struct, default: msgspec.Struct) -> str:
    """One table of settings, and one for each mapping in it."""
    if config == default:
        return ""
    plain = {k: v for k, v in _settings(config).items() if not isinstance(v, dict)}
    inner = {k: v for k, v in _settings(config).items() if isinstance(v, dict) and v}
    return f"\n[{name}]\n{_lines(plain)}" + "".join(
        f"\n[{name}.{key}]\n{_lines(values)}" for key, values in inner.items()
    )


def _lines(values: dict[str, object]) -> str:
    """Keys as TOML takes any, values of the few types that settings have."""
    return "".join(f"{k if _BARE.fullmatch(k) else _value(k)} = {_value(v)}\n" for k, v in values.items())


def _value(value: object) -> str:
    # Strings, numbers, booleans and lists are written alike in JSON and TOML, as long as DEL is escaped.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def load_policies(folder: Folder) -> PolicyBook:
    """The own policy and the partners', from the data folder.  Raises BadInput naming the file."""
    try:
        own = Policy.load(folder.policy.read_bytes())
        others = [Policy.load(path.read_bytes()) for path in sorted(folder.policies.glob("*.xml"))]
    except FileNotFoundError as err:
        raise BadInput(
            "policy.missing", "the policy file policy.xml", f"no {Path(err.filename).name}"
        ) from None
    return PolicyBook(own, others)
