"""``renkei init | serve | status | card | key | views | openapi``: one node, from the inside."""

import asyncio
import contextlib
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cyclopts import App

from ...kernel.accounts import Accounts
from ...kernel.clock import SystemClock, dtg
from ...kernel.errors import BadInput, RenkeiError
from ...kernel.identity import fingerprint, open_card
from ...kernel.labels.policy import PolicyBook
from ...kernel.labels.presets import UNITED_STATES, synthetic_policy
from ...node import Folder, Names, Node, NodeConfig, create_node, load_config, own_card
from .app import Common, Local
from .local import LocalNode, iso, read_file, write_new

views_app = App(name="views", help="The tables folded from the logs.")


def init(
    folder: Path,
    /,
    *,
    hq: str,
    name_en: str,
    name_ja: str,
    policy: Path,
    http: str = "127.0.0.1:8440",
    link: str = "127.0.0.1:9440",
    common: Common | None = None,
) -> None:
    """Make a new node's data folder: settings, keys and policy.

    Parameters
    ----------
    folder
        The folder to make.
    hq
        The headquarters' id, such as us.usfj.
    name_en
        Its name in English.
    name_ja
        Its name in Japanese.
    policy
        The nation's security policy, a SPIF 2.1 file.
    http
        host:port for people and programs.
    link
        host:port for partners' links; it stands on the card, so partners must reach it there.
    """
    out = (common or Common()).out
    try:
        given = {"hq": hq, "names": {"en": name_en, "ja": name_ja}, "http": http, "link": link}
        config = msgspec.convert(given, NodeConfig)
    except msgspec.ValidationError as err:
        raise BadInput("init.settings", "a headquarters id such as us.usfj, and names", str(err)) from None
    config.http_address()
    config.link_address()
    create_node(folder, config, read_file(policy))
    print_of = fingerprint(open_card(own_card(folder, config), SystemClock().now()))
    out.data(
        {"folder": str(folder), "hq": hq, "fingerprint": print_of},
        text=f"{hq} is ready in {folder}\n"
        f"fingerprint of its card, to read to partners: {print_of}\n"
        f"next: renkei account add ... --data {folder}, then renkei serve --data {folder}",
    )


def card(*, to: Path | None = None, local: Local | None = None) -> None:
    """Write this headquarters' card, to hand to a partner.

    Parameters
    ----------
    to
        The file to write; standard output if left out.
    """
    local = local or Local()
    text = own_card(local.data, load_config(Folder(local.data)))
    if to is None:
        sys.stdout.write(text.decode())
        return
    write_new(to, text)
    print_of = fingerprint(open_card(text, SystemClock().now()))
    local.out.data(
        {"file": str(to), "fingerprint": print_of},
        text=f"{to} written\nfingerprint, to be read to the partner by voice: {print_of}",
    )


# --- status -----------------------------------------------------------------------------------------------


def status(*, local: Local | None = None) -> int:
    """Say how the node stands: logs, views and partners from its files, health if it answers.

    Exit status 1 if the node answers and is not well.
    """
    local = local or Local()
    node = LocalNode(local.data)
    found = _status(node)
    if local.json:
        local.out.data(found)
    else:
        _print_status(local, found)
    return 1 if found["health"] is not None and not found["health"]["ok"] else 0


def _status(node: LocalNode) -> dict[str, Any]:
    logs = [_log_status(node, name) for name in node.log_names()]
    now = node.clock.now()
    return {
        "hq": node.hq,
        "names": node.config.names,
        "realm": node.config.realm,
        "dtg": dtg(now),
        "http": f"http://{node.config.http}",
        "link": node.config.link,
        "health": node.health(),
        "logs": logs,
        "views": _views_status(node, {log["name"]: log["entries"] for log in logs}),
        "partners": [
            {
                "hq": hq,
                "name": entry.card.names.en,
                "connect": f"one-way {entry.one_way}" if entry.one_way else entry.connect,
                "oneWay": entry.one_way or None,
                "inForce": entry.in_force(now),
                "keyUntil": iso(entry.card.until),
                "evidence": len(list(node.folder.evidence.glob(f"{hq}-*.json"))),
                "fingerprint": fingerprint(entry.card),
            }
            for hq, entry in node.partners().items()
        ],
    }


def _log_status(node: LocalNode, name: str) -> dict[str, Any]:
    with node.log(name) as log:
        head = log.head()
        return {
            "name": name,
            "entries": log.size,
            "sealed": head.size,
            "root": head.root.hex(),
            "bytes": log.path.stat().st_size + log.wal_bytes(),
        }


def _views_status(node: LocalNode, sizes: dict[str, int]) -> list[dict[str, Any]]:
    """Position and lag of the views for each log they follow."""
    positions = node.positions()
    sources = {"": "master"} | {hq: f"{hq}.received" for hq in node.partners()}
    rows = []
    for source, name in sources.items():
        position, size = positions.get(source, 0), sizes.get(name, 0)
        rows.append({"source": source, "log": name, "position": position, "lag": max(0, size - position)})
    return rows


def _print_status(local: Local, found: dict[str, Any]) -> None:
    out, health = local.out, found["health"]
    names = found["names"]
    out.say(f"{found['hq']}  {names.en}  {names.ja}  ({found['realm']})  {found['dtg']}")
    if health is None:
        out.say(f"not serving: nothing answers at {found['http']}")
    else:
        out.say(f"serving {found['http']}: " + ("well" if health["ok"] else "; ".join(health["failures"])))
    out.say("")
    out.table(("name", "entries", "sealed", "bytes"), found["logs"])
    out.say("")
    out.say("views")
    out.table(("log", "position", "lag"), found["views"])
    out.say("")
    out.say("partners")
    out.table(("hq", "name", "connect", "inForce", "keyUntil", "evidence"), found["partners"])


# --- views --------------------------------------------------------------------------------------------------


@views_app.command
def rebuild(*, local: Local | None = None) -> None:
    """Fold all tables anew from the logs.  The node must not be running."""
    local = local or Local()
    with opened(local.data) as node:
        sources = node.sources()
        with local.out.progress("folding", sum(log.size for log in sources.values())) as ticker:
            folded = node.rebuild_views(ticker.to)
    local.out.data({"folded": folded}, text=f"{folded} entries folded anew")


@contextlib.contextmanager
def opened(root: Path) -> Any:
    """The stopped node in ``root``, open for work by hand; closed and folded at the end.

    Raises OurFault ``node.running`` if a running node holds its logs.
    """
    load_config(Folder(root))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        node = Node.open(root)
    except RenkeiError as err:
        if err.code == "log.locked":
            expected = "a node that is not running (stop renkei serve first)"
            raise type(err)("node.running", expected, "one that holds its logs") from None
        raise
    try:
        yield node
    finally:
        node.close()


# --- OpenAPI ------------------------------------------------------------------------------------------------


def openapi(*, to: Path | None = None, common: Common | None = None) -> None:
    """Write the API's OpenAPI 3.1 description as JSON.

    Parameters
    ----------
    to
        The file to write, replaced if there; standard output if left out.
    """
    document = msgspec.json.format(asyncio.run(_describe()), indent=2)
    if to is None:
        sys.stdout.write(document.decode() + "\n")
        return
    to.write_bytes(document + b"\n")
    (common or Common()).out.data({"file": str(to)}, text=f"{to} written")


async def _describe() -> bytes:
    """Ask an application over a node that keeps nothing, through its front door."""
    from httpx import ASGITransport, AsyncClient  # noqa: PLC0415 - only here is an application called in-process

    from ..http.app import create_app  # noqa: PLC0415 - the framework takes longer to import than most commands to run

    policy = synthetic_policy(UNITED_STATES)
    with tempfile.TemporaryDirectory(prefix="renkei-openapi-") as folder:
        clock = SystemClock()
        node = Node.in_memory(
            NodeConfig(hq="us.openapi", names=Names("OpenAPI")),
            Path(folder),
            policies=PolicyBook(policy),
            clock=clock,
            accounts=Accounts(":memory:", clock),
        )
        app = create_app(node)
        app.edge.serve_host("127.0.0.1", 80)
        try:
            async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client:
                answer = await client.get("/api/v1/openapi.json")
        finally:
            app.edge.close()
            node.close()
    return answer.raise_for_status().content


def when(text: str) -> datetime:
    """A moment on the command line, ISO 8601 with its offset.  Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput("moment", "a moment such as 2026-12-01T00:00:00Z", repr(text[:40]))
    return moment
