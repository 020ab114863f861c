"""uvicorn in the node's own event loop.

The node has one loop for links, feeds and HTTP, so the server is embedded: it binds its socket when told,
takes no signals, and stops when told.
"""

import asyncio
import gc
import socket
import sys

import uvicorn

from .app import Application
from .hot import HotProtocol

KEEP_ALIVE_SECONDS = 75
"""Longer than the stream's heartbeat and than common proxies' idle limit of 60 s."""
BACKLOG = 1024
"""Connections waiting to be accepted: a whole staff reconnecting after a restart."""
GRACE_SECONDS = 5
"""How long running requests may finish when the node stops."""

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another waits.  A commit needs it back several times, and
at Python's default of 5 ms each, a busy loop makes the disk wait: measured 14.8k against 20.2k single
posts a second."""

GC_THRESHOLD = 50_000
"""Objects made before Python looks for cycles among the young ones.  A batch makes thousands, and no cycles;
at Python's default of 700 the looking was a tenth of the processor time of a record."""


class HttpServer:
    """Serves one application."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._edge = app.edge
        self._server: uvicorn.Server | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen on ``host`` and ``port`` (0: any free one); returns the port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that say TCP;
        # with it on, every answer sent in two writes waits 40 ms for the client's delayed acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        bound = int(listener.getsockname()[1])
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.set_threshold(GC_THRESHOLD)
        self._edge.serve_host(host, bound)
        self._app.start(asyncio.get_running_loop())
        parts = {"appender": self._edge.appender, "callers": self._edge.callers, "hosts": self._edge.hosts}
        protocol = type("NodeProtocol", (HotProtocol,), parts)
        config = uvicorn.Config(
            self._app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[listener])
        # uvicorn's own main loop stamps the Date header; signals stay the node's business.
        self._running = asyncio.create_task(self._server.main_loop())
        return bound

    async def stop(self) -> None:
        """Stop accepting, let running requests finish, close; nothing happens a second time."""
        server, running = self._server, self._running
        self._server = self._running = None
        self._edge.hub.close()
        if server is not None and running is not None:
            server.should_exit = True
            await running
            await server.shutdown(sockets=[])
        await asyncio.to_thread(self._edge.close)
