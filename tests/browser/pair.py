"""Two real nodes on loopback for a browser: the first two of the demo's headquarters, each a process."""

import random
import socket
from pathlib import Path
from typing import Any

from renkei.edges.cli.client import Api
from renkei.edges.cli.demo import setup
from renkei.edges.cli.demo.processes import Child, stop_all
from renkei.edges.cli.imports import post_report
from renkei.edges.cli.labelling import public_label

ADVISORY = "20220918154907_08013775_VTSE41.xml"
CANCELLATION = "20220918171502_07401528_VTSE41.xml"


def free_base() -> int:
    """A port such that it, the next, and those of their links can be had."""
    for _ in range(200):
        base = random.randrange(20_000, 50_000)
        if all(_free(base + above + place) for above in (0, setup.LINK_PORTS_ABOVE) for place in (0, 1)):
            return base
    raise OSError("expected four free ports; none came")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Headquarters:
    """One of the two, as a browser and a test reach it."""

    def __init__(self, side: setup.Side, base: int, root: Path) -> None:
        self.side, self.hq, self.data = side, side.hq, root / side.hq
        self.url = side.url(base)
        self.child = self._start()

    def _start(self) -> Child:
        return Child(self.hq, self.data, self.url)

    def api(self, account: str) -> Api:
        """Signed in as ``account``, for what a test needs besides the screen."""
        api = Api(self.url)
        api.sign_in(account, self.password(account))
        return api

    def password(self, account: str) -> str:
        return setup.password_of(self.side, account)

    def feed(self, report: str) -> None:
        """Take in one of the Japan Meteorological Agency's reports, as the demo does."""
        api = self.api("watch")
        post_report(api, setup.story_report(report), public_label(api, None), "live")

    def label(self, name: str) -> Any:
        """A label that the policy suggests, by its English name."""
        found = self.api("watch").get("/labels")["suggestions"]
        return next(s["label"] for s in found if s["name"]["en"] == name)

    def stop(self) -> None:
        stop_all([self.child])

    def start_again(self) -> None:
        self.child = self._start()
        self.child.wait_until_well()


class Pair:
    """JJOC and USFJ, linked, with the tsunami advisory taken in."""

    def __init__(self, root: Path) -> None:
        base = free_base()
        setup.make(root / "data", base, lambda _: None, setup.PAIR)
        self.usfj = Headquarters(setup.USFJ, base, root / "data")
        self.jjoc = Headquarters(setup.JJOC, base, root / "data")
        try:
            for one in (self.usfj, self.jjoc):
                one.child.wait_until_well()
            self.jjoc.feed(ADVISORY)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        stop_all([self.usfj.child, self.jjoc.child])
