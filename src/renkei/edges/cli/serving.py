"""Running a node: the composition of the node with its edges, from start to a clean stop."""

import asyncio
import signal
import sys
from pathlib import Path

import structlog
import uvloop

from ...node import Node, PartnerLine
from ..http import HttpServer, create_app
from ..links import Links
from ..links.spool import Spool, SpoolLine
from .output import Output
from .packing import forget_purged

UPKEEP_SECONDS = 6 * 60 * 60.0
"""How often certificates and sessions are looked at: certificates are renewed weeks before they end, sessions
that are over are refused anyway."""
FORGET_SECONDS = 30.0
"""How soon the content of a purged attachment is erased; nobody is given it from the purge on."""
_log = structlog.get_logger("renkei.serve")


class Running:
    """A node with its HTTP edge and its links, in one event loop."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.app = create_app(node)
        self.server = HttpServer(self.app)
        self.links = Links(
            node.identity,
            [line.entry for line in node.partners.values() if linked(line)],
            lambda hq: node.line(hq).session(),
            node.clock,
            listen=node.config.link_address(),
            on_events=node.link_said,
        )
        self.spool = spool_of(node)
        node.on_partner(self.link_anew)

    async def start(self) -> None:
        """Start everything; what partners and people may reach comes last."""
        self.node.start()
        for hq, line in self.node.partners.items():
            if linked(line):
                line.link = self.links.link(hq)
        await self.server.start(*self.node.config.http_address())
        await asyncio.to_thread(self.links.start)

    def link_anew(self, line: PartnerLine) -> None:
        """Link with a partner as it is agreed now, or no more."""
        if linked(line):
            self.links.replace(line.entry)
            line.link = self.links.link(line.hq)
        else:
            line.link = None
            self.links.remove(line.hq)

    async def stop(self) -> None:
        """Stop in the opposite order; what was acknowledged is on disk already."""
        await asyncio.to_thread(self.links.stop)
        await self.server.stop()
        await asyncio.to_thread(self.node.close)

    async def carry(self) -> None:
        """Write and take in couriers' files where ``node.toml`` names folders for them."""
        while self.spool is not None:
            await asyncio.to_thread(self.spool.step)
            await asyncio.sleep(self.node.config.courier.seconds)

    async def forget(self) -> None:
        """Erase contents of attachments that were purged here: half a minute late at the most."""
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            if count := await asyncio.to_thread(forget_purged, self.node):
                _log.info("attachments forgotten", count=count)

    async def keep_house(self) -> None:
        """Renew the link certificate in time, forget sessions that are over: nodes run for years."""
        while True:
            await asyncio.to_thread(self.node.accounts.sweep)
            if await asyncio.to_thread(self.node.identity.renew_if_due, self.node.clock):
                _log.info("link certificate renewed", hq=self.node.config.hq)
            await asyncio.sleep(UPKEEP_SECONDS)


def linked(line: PartnerLine) -> bool:
    """Whether there is to be a link with a partner: not where files go one way, nor after the end."""
    return not line.entry.one_way and not line.entry.over(line.clock.now())


def spool_of(node: Node) -> Spool | None:
    """The node's outboxes and inbox; None where ``node.toml`` names none."""
    config = node.config.courier
    if not config.outbox and not config.inbox:
        return None
    return Spool(
        node.identity,
        lambda: {hq: SpoolLine(line.entry, line.sender, line.receiver) for hq, line in node.partners.items()},
        node.clock,
        outboxes={hq: Path(folder) for hq, folder in config.outbox.items()},
        inbox=Path(config.inbox) if config.inbox else None,
        volume_bytes=config.volume_bytes,
        on_events=node.link_said,
    )


def serve_node(data: Path, out: Output) -> int:
    """Serve the node in ``data`` until SIGINT or SIGTERM; the exit status."""
    configure_logs()
    return uvloop.run(_serve(data, out))


async def _serve(data: Path, out: Output) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    running = Running(Node.open(data))
    config = running.node.config
    await running.start()
    tasks = [asyncio.create_task(running.keep_house()), asyncio.create_task(running.carry())]
    tasks.append(asyncio.create_task(running.forget()))
    _log.info("serving", hq=config.hq, http=config.http, link=config.link)
    out.note(f"{config.hq} serves http://{config.http} (links on {config.link}); Ctrl-C stops it")
    try:
        await told.wait()
    finally:
        for task in tasks:
            task.cancel()
        await running.stop()
    return 0


def configure_logs() -> None:
    """One line of JSON per event on standard error.  Events name things by id, never by content."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
