"""Running a node: the composition of the node with its edges, from start to a clean stop."""

import asyncio
import gc
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvloop

from ...node import Node, PartnerLine
from ...node.hauling import ContentsHaul
from ..formats import read_given
from ..http import HttpServer, create_app
from ..links import Links
from ..links.spool import Spool, SpoolLine
from .output import Output
from .stopping import Part, Told, stop_in_order

UPKEEP_SECONDS = 6 * 60 * 60.0
"""How often certificates and sessions are looked at: certificates are renewed weeks before they end, sessions
that are over are refused anyway."""
T = TypeVar("T")
_log = structlog.get_logger("renkei.serve")


class Running:
    """A node with its HTTP edge and its links, in one event loop."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.app = create_app(node, read_given)
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
        self._work: set[asyncio.Task[Any]] = set()
        self._stopped: asyncio.Task[bool] | None = None
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

    async def stop(self) -> bool:
        """Stop in the opposite order, as far as it was started; whether all went well.  Once, however often.

        What was acknowledged is on disk already.
        """
        if self._stopped is None:
            parts: list[Part] = [
                ("links", lambda: asyncio.to_thread(self.links.stop)),
                ("http", self.server.stop),
                ("upkeep", self._end_work),
                ("node", lambda: asyncio.to_thread(self.node.close)),
            ]
            self._stopped = asyncio.create_task(stop_in_order(parts, _log))
        return await self._stopped

    def keep(self) -> None:
        """Set what is done every so often going."""
        for done in (self.keep_house(), self.carry()):
            self._work.add(asyncio.create_task(done))

    async def _end_work(self) -> None:
        """Begin no upkeep any more, and wait for what is in hand: it works on the node's files."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _do(self, work: Callable[[], T]) -> T:
        """``work`` in a thread; if nobody waits for it any more, it is waited for all the same."""
        doing = asyncio.create_task(asyncio.to_thread(work))
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait({doing})
            raise

    async def carry(self) -> None:
        """Write and take in couriers' files where ``node.toml`` names folders for them."""
        while self.spool is not None:
            await self._do(self.spool.step)
            await asyncio.sleep(self.node.config.courier.seconds)

    async def keep_house(self) -> None:
        """Renew the link certificate in time, forget sessions that are over: nodes run for years."""
        while True:
            await self._do(self.node.accounts.sweep)
            if await self._do(lambda: self.node.identity.renew_if_due(self.node.clock)):
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
        lambda: {
            hq: SpoolLine(
                line.entry,
                line.sender,
                line.receiver,
                line.contents,
                partial(ContentsHaul, line.contents, node.contents),
                line.purger.position,
            )
            for hq, line in node.partners.items()
        },
        node.clock,
        outboxes={hq: Path(folder) for hq, folder in config.outbox.items()},
        inbox=Path(config.inbox) if config.inbox else None,
        volume_bytes=config.volume_bytes,
        with_contents=config.contents,
        on_events=node.link_said,
    )


def serve_node(data: Path, out: Output, told: Told) -> int:
    """Serve the node in ``data`` until ``told``; the exit status: 0 after a clean stop."""
    configure_logs()
    return uvloop.run(_serve(data, out, told))


async def _serve(data: Path, out: Output, told: Told) -> int:
    running = Running(Node.open(data))
    config = running.node.config
    try:
        await running.start()
        running.keep()
        gc.freeze()
        gc.enable()
        _log.info("serving", hq=config.hq, http=config.http, link=config.link)
        out.note(f"{config.hq} serves http://{config.http} (links on {config.link}); Ctrl-C stops it")
        await told.wait()
        _log.info("stopping", hq=config.hq)
    finally:
        whole = await running.stop()
    _log.info("stopped", hq=config.hq, clean=whole)
    return 0 if whole else 1


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
