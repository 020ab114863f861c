"""``renkei demo``: three headquarters on this machine play a real event, and stay up to be looked at.

``setup`` makes them from nothing, ``processes`` runs each as a process of its own, ``story`` and ``third``
play through their APIs as the posts' browsers would.  What is printed is told step by step in English and
Japanese; at the end stand the addresses and the demo's sign-ins.
"""

import itertools
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from ....kernel.clock import SystemClock, dtg
from ....kernel.errors import BadInput, OurFault, RenkeiError, Unreachable
from ..app import Common
from ..client import Api
from ..imports import post_report
from ..labelling import public_label
from ..local import LocalNode
from ..output import Output
from ..proving import verify_named
from ..stopping import Told
from . import setup
from .cast import Cast, all_received, until
from .processes import Child, check_free, stop_all
from .setup import AFP, HOST, JJOC, LINK_PORTS_ABOVE, SEATS, SIDES, USFJ, password_of
from .story import Played, play

DEFAULT_PORT = 8441
HIGHEST_PORT = 65535 - LINK_PORTS_ABOVE - len(SIDES)
LINKS_WITHIN = 20.0
"""Seconds until the nodes have found each other; on loopback it is one dial."""
WATCH_EVERY = 0.2


def demo(
    folder: Path = Path("demo-data"),
    /,
    *,
    port_base: Annotated[int, Parameter(validator=Number(gte=1024, lte=HIGHEST_PORT))] = DEFAULT_PORT,
    exit_after: Annotated[bool, Parameter(name="--exit")] = False,
    keep: bool = False,
    common: Common | None = None,
) -> int:
    """Three headquarters on this machine play a real event, then stay up until Ctrl-C.

    Starts us.usfj, jp.jjoc and ph.afp on loopback, loads public reference data and reports, plays the tsunami
    advisory of 18 September 2022 through them, proves all their logs, and prints where to sign in.

    Parameters
    ----------
    folder
        Where the data folders are made; an earlier demo's are replaced.
    port_base
        The web addresses take this port and the next two, the links 1000 above.
    exit_after
        Stop right after the play; the exit status tells whether all went well.
    keep
        Go on with the data of the last demo, without playing again.
    """
    out = (common or Common()).out
    _check_ports(port_base)
    _prepare(folder, port_base, keep, out)
    children: list[Child] = []
    outcome: dict[str, Any] | None = None
    # Ctrl-C, SIGTERM and a terminal that is closed all end the demo in order, so that the nodes stop too.
    with Told(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as told:
        try:
            _start(folder, port_base, children, told, out)
            outcome = _act(folder, port_base, children, keep, told, out)
            if not exit_after:
                _tell(port_base, outcome, out)
                _stay(children, told, out)
        except KeyboardInterrupt:
            out.note("stopping all nodes")
        finally:
            stop_all(children)
    if outcome is None:
        raise KeyboardInterrupt  # before it was played: no success to report
    if exit_after:
        _tell(port_base, outcome, out)  # only now is it known that they stopped cleanly, too
    return 0


def _check_ports(base: int) -> None:
    for side in SIDES:
        check_free(HOST, base + side.place)
        check_free(HOST, base + LINK_PORTS_ABOVE + side.place)


def _prepare(folder: Path, base: int, keep: bool, out: Output) -> None:
    if not keep:
        setup.clear(folder)
        setup.make(folder, base, out.note)
        return
    if not (folder / setup.MARK).exists():
        raise BadInput("demo.keep", "the folder of an earlier demo", str(folder))
    for side in SIDES:
        config = LocalNode(folder / side.hq).config
        if config.http != side.http(base):
            raise BadInput("demo.keep", f"--port-base as when it was made ({config.http})", str(base))


def _start(folder: Path, base: int, children: list[Child], told: Told, out: Output) -> None:
    for side in SIDES:  # one by one: what is started is stopped, whatever happens to the next
        children.append(Child(side.hq, folder / side.hq, side.url(base)))  # noqa: PERF401
    for child in children:
        child.wait_until_well(told.check)
        out.note(f"{child.hq} is up at {child.url}")


def _act(
    folder: Path, base: int, children: list[Child], keep: bool, told: Told, out: Output
) -> dict[str, Any]:
    """Everything from the first sign-in to the proof; a dead node is told before what it caused."""
    try:
        cast = _cast(base)
        _wait_linked(cast, children, told)
        steps: list[dict[str, str]] = []
        played = None if keep else _play(cast, _teller(steps, told, out), told, out)
        until(lambda: _received(cast, told), "every log sent to be received")
        return {"steps": steps, "played": played and played._asdict(), "logs": _prove(folder)}
    except RenkeiError:
        for child in children:
            child.check()
        raise


def _received(cast: Cast, told: Told) -> bool:
    told.check()
    return all_received(cast.watches)


def _cast(base: int) -> Cast:
    def signed_in(side: setup.Side, account: str) -> Api:
        api = Api(side.url(base))
        api.sign_in(account, password_of(side, account))
        return api

    return Cast(
        jjoc_watch=signed_in(JJOC, "watch"),
        jjoc_admin=signed_in(JJOC, "admin"),
        jjoc_disclosure=signed_in(JJOC, "disclosure"),
        usfj_watch=signed_in(USFJ, "watch"),
        usfj_liaison=signed_in(USFJ, "liaison"),
        usfj_disclosure=signed_in(USFJ, "disclosure"),
        afp_watch=signed_in(AFP, "watch"),
    )


def _wait_linked(cast: Cast, children: list[Child], told: Told) -> None:
    deadline = time.monotonic() + LINKS_WITHIN
    while down := [p for api in cast.watches for p in api.get("/partners") if p["link"]["state"] != "up"]:
        told.check()
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            said = f"{down[0]['hq']}: {down[0]['link']['lastError']}"
            raise Unreachable("demo.link", f"every link up within {LINKS_WITHIN:.0f} s", said)
        time.sleep(0.05)


def _play(cast: Cast, say: Callable[[str, str, str], None], told: Told, out: Output) -> Played:
    label = public_label(cast.jjoc_watch, None)
    realm = str(cast.jjoc_watch.get("/node")["realm"])
    reports = setup.other_reports()
    with out.progress("reports", len(reports)) as ticker:
        for done, report in enumerate(reports, 1):
            told.check()
            post_report(cast.jjoc_watch, report, label, realm)
            ticker.to(done)
    say(
        "jp.jjoc",
        f"{len(reports)} earlier earthquake and tsunami reports taken in",
        f"過去の地震・津波情報{len(reports)}件を取込み",
    )

    def feed(name: str) -> str:
        made = post_report(cast.jjoc_watch, setup.story_report(name), label, realm)
        return str(made["record"]["id"])

    return play(cast, feed, say)


def _teller(steps: list[dict[str, str]], told: Told, out: Output) -> Callable[[str, str, str], None]:
    """Prints and remembers each step; after each the play can be left."""
    clock = SystemClock()

    def say(hq: str, english: str, japanese: str) -> None:
        stamp = dtg(clock.now())
        steps.append({"dtg": stamp, "hq": hq, "en": english, "ja": japanese})
        out.say(f"{stamp}  {hq:<8}  {english}\n{'':24}  {japanese}")
        told.check()

    return say


def _prove(folder: Path) -> list[dict[str, Any]]:
    """Verify every log of every node, as ``renkei log verify`` does, and what each sent against what arrived.

    Raises OurFault on a contradiction.
    """
    nodes = {side.hq: LocalNode(folder / side.hq) for side in SIDES}
    rows = []
    for hq, node in nodes.items():
        for name in node.log_names():
            found = verify_named(node, name, lambda *_: None)
            if not found.sound:
                raise OurFault("demo.proof", f"a sound log {name} of {hq}", str(found.findings[0]))
            rows.append({"hq": hq, "log": name, "entries": found.entries})
    for sender, receiver in itertools.permutations(nodes.values(), 2):
        _prove_equal(sender, receiver)
    return rows


def _prove_equal(sender: LocalNode, receiver: LocalNode) -> None:
    """One tree, of as many entries, stands in the log sent and in the log received."""
    with sender.log(f"{receiver.hq}.sent") as sent, receiver.log(f"{sender.hq}.received") as received:
        if sent.head() != received.head():
            expected = f"the same log from {sender.hq} to {receiver.hq} at both"
            raise OurFault("demo.proof", expected, f"{sent.size} entries sent and {received.size} received")


def _tell(base: int, outcome: dict[str, Any], out: Output) -> None:
    seats = [
        {
            "node": side.hq,
            "address": side.url(base),
            "account": seat.account,
            "password": password_of(side, seat.account),
            "post": f"{seat.post}, {side.short}",
        }
        for side in SIDES
        for seat in SEATS
    ]
    out.say(f"\n{len(outcome['logs'])} logs of three nodes verified: trees, versions, signatures, receipts")
    out.say("What each node sent is what the others received, entry by entry")
    out.data(
        {"ok": True, **outcome, "signIns": seats}, text="\nSign in (these passwords exist in the demo only):"
    )
    out.table(("address", "account", "password", "post"), seats)


def _stay(children: list[Child], told: Told, out: Output) -> None:
    """Until somebody interrupts.  Raises OurFault if a node dies."""
    out.say("\nAll nodes stay up; Ctrl-C stops them.")
    while True:
        told.check()
        for child in children:
            child.check()
        time.sleep(WATCH_EVERY)
