"""``renkei init | serve | status | card | account | views``: one node, from the inside."""

import asyncio
import getpass
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...kernel.accounts import Accounts
from ...kernel.clock import SystemClock, dtg
from ...kernel.errors import BadInput, Refused, RenkeiError
from ...kernel.identity import fingerprint, load_partners, open_card
from ...kernel.labels.model import Clearance
from ...kernel.labels.presets import clearance_from
from ...kernel.log.sqlite import SqliteLog
from ...kernel.people import Role
from ...node import Folder, Node, NodeConfig, create_node, load_config, own_card
from ...node.config import Names
from ...node.node import load_policies
from .app import Common, Local, app
from .output import Output
from .serving import serve_node

account_app = App(name="account", help="Posts that sign in at this node.")
views_app = App(name="views", help="The tables folded from the logs.")
app.command(account_app)
app.command(views_app)


@app.command
def init(
    folder: Path,
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
    folder: The folder to make.
    hq: The headquarters' id, such as us.usfj.
    name_en: Its name in English.
    name_ja: Its name in Japanese.
    policy: The nation's security policy, a SPIF 2.1 file.
    http: host:port for people and programs.
    link: host:port for partners' links.
    """
    out = (common or Common()).out
    try:
        config = msgspec.convert(
            {"hq": hq, "names": Names(name_en, name_ja), "http": http, "link": link}, NodeConfig
        )
    except msgspec.ValidationError as err:
        raise BadInput("hq.form", "a headquarters id such as us.usfj", str(err)) from None
    config.http_address()
    config.link_address()
    create_node(folder, config, _read(policy))
    card = open_card(own_card(folder, config), SystemClock().now())
    out.data(
        {"folder": str(folder), "hq": hq, "fingerprint": fingerprint(card)},
        text=f"{hq} is ready in {folder}\nfingerprint of its card, to read to partners: {fingerprint(card)}\n"
        f"next: renkei account add --data {folder} ..., then renkei serve --data {folder}",
    )


@app.command
def serve(*, data: Local | None = None) -> int:
    """Run the node until it is told to stop (Ctrl-C or SIGTERM)."""
    local = data or Local()
    return serve_node(local.data, local.out)


@app.command
def card(*, to: Path | None = None, data: Local | None = None) -> None:
    """Write this headquarters' card, to hand to a partner.

    Parameters
    ----------
    to: The file to write; standard output if left out.
    """
    local = data or Local()
    text = own_card(local.data, load_config(Folder(local.data)))
    if to is None:
        sys.stdout.buffer.write(text)
        return
    to.write_bytes(text)
    print_card = fingerprint(open_card(text, SystemClock().now()))
    local.out.data({"file": str(to), "fingerprint": print_card})


@app.command
def status(*, data: Local | None = None) -> int:
    """Say how the node stands: its logs, views and partners; from the files, running or not."""
    local = data or Local()
    folder = Folder(local.data)
    config = load_config(folder)
    logs = {}
    for path in sorted(folder.logs.glob("*.db")):
        logs[path.stem] = _log_status(path, config.hq)
    partners = {
        hq: {"fingerprint": fingerprint(entry.card), "connect": entry.connect, "inForce": entry.in_force(SystemClock().now())}
        for hq, entry in load_partners(folder.partners).items()
    }
    running = _running(config)
    local.out.data(
        {
            "hq": config.hq,
            "name": f"{config.names.en} {config.names.ja}",
            "dtg": dtg(SystemClock().now()),
            "running": running is not None,
            "http": f"http://{config.http}",
            "logs": logs,
            "views": _views_status(folder, config),
            "partners": partners,
        }
    )
    return 0


@views_app.command
def rebuild(*, data: Local | None = None) -> None:
    """Fold all tables anew from the logs.  The node must not be running."""
    local = data or Local()
    node = Node.open(local.data)
    try:
        total = sum(log.size for log in node.sources().values())
        with local.out.progress("folding", total) as ticker:
            node.views.rebuild(node.sources(), lambda done, _: ticker.to(done))
        local.out.data({"folded": total})
    finally:
        node.close()


@account_app.command
def add(
    account: str,
    *,
    post: str,
    post_ja: str = "",
    role: list[Role],
    clearance: Annotated[str, Parameter(help="JSON, or @FILE with JSON: classifications and categories held.")],
    password_stdin: bool = False,
    data: Local | None = None,
) -> None:
    """Create an account for a post.  The password is asked for, or read from standard input.

    Parameters
    ----------
    account: Its short name, such as watch.
    post: The post's name in English.
    post_ja: The post's name in Japanese.
    role: A role; give the option once for each.
    password_stdin: Read the password from the first line of standard input.
    """
    local = data or Local()
    folder = Folder(local.data)
    held = _clearance(clearance, folder)
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    accounts = Accounts(folder.accounts, SystemClock())
    try:
        made = accounts.create(account, password, post=post, post_ja=post_ja, roles=role, clearance=held)
    finally:
        accounts.close()
    if isinstance(made, Refused):
        raise BadInput(made.code, made.expected, made.came)
    local.out.data({"account": account, "post": post, "roles": [r.value for r in role]})


@account_app.command(name="list")
def list_accounts(*, data: Local | None = None) -> None:
    """List the accounts of this node."""
    local = data or Local()
    load_config(Folder(local.data))
    accounts = Accounts(Folder(local.data).accounts, SystemClock())
    try:
        rows = [msgspec.to_builtins(info) for info in accounts.all()]
    finally:
        accounts.close()
    local.out.rows(("account", "post", "postJa", "roles", "disabled"), rows)


@account_app.command
def disable(account: str, *, data: Local | None = None) -> None:
    """Bar an account from signing in, and end its sessions and tokens."""
    local = data or Local()
    accounts = Accounts(Folder(local.data).accounts, SystemClock())
    try:
        accounts.disable(account)
    finally:
        accounts.close()
    local.out.data({"account": account, "disabled": True})


def _clearance(text: str, folder: Folder) -> Clearance:
    raw = _read(Path(text[1:])) if text.startswith("@") else text.encode()
    try:
        given = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError as err:
        raise BadInput("clearance.form", "a JSON object", str(err)) from None
    return clearance_from(load_policies(folder), given)


def _ask_password() -> str:
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise BadInput("account.password", "the same password twice", "two different ones")
    return first


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise BadInput("file.read", "a readable file", f"{path.name}: {err.strerror}") from None


def _log_status(path: Path, hq: str) -> dict[str, Any]:
    log = SqliteLog.read(path)
    try:
        return {"entries": log.size, "sealed": log.head().size, "bytes": path.stat().st_size}
    finally:
        log.close()


def _views_status(folder: Folder, config: NodeConfig) -> dict[str, Any]:
    raise NotImplementedError


def _running(config: NodeConfig) -> dict[str, Any] | None:
    raise NotImplementedError
