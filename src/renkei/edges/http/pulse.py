"""What streams are told beside records: the states of links, and how far the views lag."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import HttpEdge

PULSE_SECONDS = 0.5
"""How often links and lag are looked at; a person does not see a link's state sooner than that."""


async def pulse(edge: "HttpEdge") -> None:
    """Announce every change of a link's state, and of the lag, until cancelled."""
    links: dict[str, str] = {}
    lag = 0
    while True:
        await asyncio.sleep(PULSE_SECONDS)
        if not edge.metrics.streams:
            continue
        for hq, line in edge.node.partners.items():
            state = line.link.state.state if line.link is not None else "off"
            if links.get(hq) != state:
                links[hq] = state
                edge.hub.announce("link", {"hq": hq, "state": state})
        now = sum(view.lag for view in edge.node.views.lag(edge.node.sources()))
        if now != lag:
            lag = now
            edge.hub.announce("position", {"lag": lag}, inside=True)
