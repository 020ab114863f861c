"""Deciding: one record for many partners, and explaining one record.

    python bench/bench_chain.py [--small]

Watch-log entries under 40 distinct labels, for 32 partners with clearances and agreements of their own.
Timed is processor time.  *Decided* is everything up to and with ``Released``: decoding once, then the chain
for each partner, with the bytes that may leave.  *Named* is what is each partner's own and cannot be shared:
ids made its names and the version its count, for a record that leaves.  The limit beside deciding is
decoding the same records and nothing else; beside naming it is making one name.
"""

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.common import Figure, figure

from renkei.kernel.clock import FakeClock
from renkei.kernel.ids import Aliaser, new_id
from renkei.kernel.labels.model import Category, Clearance, Label
from renkei.kernel.labels.presets import synthetic_book
from renkei.kernel.labels.release import Released, Sort, opened
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners import Chain, Register, Releaser, Terms, sent_origin
from renkei.kernel.partners.records import KINDS, Agreement, Cover
from renkei.kernel.partners.rendition import Renderer
from renkei.kernel.records import Codec, Text
from renkei.rooms.coordination.records import LogEntry

HQ, PARTNERS = "us.usfj", 32
BOOK = synthetic_book("us")
CODEC = Codec([LogEntry, *KINDS])
AT = datetime(2022, 9, 18, 8, tzinfo=UTC)
LEVELS = ("UNCLASSIFIED", "OFFICIAL", "PROTECTED", "CLOSED")
NATIONS = ("JPN", "AUS", "PHL")
DECIDE_CEILING, EXPLAIN_CEILING = 25.0, 5.0


def labels() -> list[Label]:
    """Forty labels, as a busy headquarters uses them."""
    found = []
    handlings: list[tuple[str, ...]] = [(), ("LOGISTICS",), ("MEDICAL",), ("MOVEMENT",)]
    for level, nation, handling in itertools.product(LEVELS[:3], (*NATIONS, ""), handlings):
        categories = [Category("Releasable to", "permissive", tuple(sorted({"USA", nation} - {""})))]
        categories += [Category("Handling", "restrictive", handling)] if handling else []
        found.append(Label(BOOK.own.id, level, tuple(categories)).canonical())
    return found[:40]


def clearance(number: int) -> Clearance:
    """What partner ``number`` was granted."""
    handling = ("LOGISTICS", "MEDICAL", "MOVEMENT")[: number % 4]
    categories = [Category("Releasable to", "permissive", (NATIONS[number % 3],))]
    categories += [Category("Handling", "restrictive", tuple(handling))] if handling else []
    return Clearance(BOOK.own.id, LEVELS[: 1 + number % 3], tuple(categories)).canonical()


def register(number: int) -> Register:
    """The register for partner ``number``: a general agreement, and one for incidents."""
    partner = f"xx.hq{number}"
    made = Register(partner, "live")
    for place, kind in enumerate(("*", "incident")):
        fields = {"label": Label(BOOK.own.id, "UNCLASSIFIED"), "at": AT, "by": "Administrator"}
        covers = (Cover(kind, clearance(number)),)
        key = bytes([number, place]) + bytes(8)
        made.take(
            Agreement(
                id=new_id(HQ, AT, key), partner=partner, since=AT, cites="Bench", covers=covers, **fields
            )
        )
    return made


def entries(count: int) -> list[bytes]:
    """Log entries about incidents, under the labels in turn, 400 bytes or so."""
    chance, known = random.Random(7), labels()
    made = []
    for number in range(count):
        at = AT + timedelta(seconds=number)
        made.append(
            CODEC.encode(
                LogEntry(
                    id=new_id(HQ, at, chance.randbytes(10)),
                    label=known[number % len(known)],
                    at=at,
                    by="Watch officer",
                    happened_at=at,
                    text=Text(text="x" * 90, lang="en"),
                )
            )
        )
    return made


def timed(work: Callable[[], Any], count: int) -> float:
    """Microseconds of processor for each of ``count``."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / count * 1e6


def decide_all(raws: Sequence[bytes], chains: Sequence[Chain]) -> int:
    """Decode each once, ask every chain; how many were released."""
    known: dict[Sort, Sort] = {}
    released = 0
    for raw in raws:
        it = opened(CODEC.decode(raw), raw, known)
        for chain in chains:
            released += isinstance(chain.decide(it, AT), Released)
    return released


def measure(count: int, runs: int) -> dict[str, Any]:
    """All figures, run by run."""
    raws = entries(count)
    registers = [register(n) for n in range(PARTNERS)]
    chains = [Chain(HQ, Terms(hq=each.partner), each, BOOK, CODEC) for each in registers]
    sent = MemoryLog(sent_origin(HQ, "xx.hq0"), bodied=True)
    sent.set_facts(registers[0].changes())
    clock = FakeClock(AT)
    releaser = Releaser(
        MemoryLog("renkei/us.usfj/master"),
        sent,
        Terms(hq="xx.hq0"),
        BOOK,
        CODEC,
        b"k" * 32,
        hq=HQ,
        clock=clock,
    )
    renderer = Renderer(HQ, "xx.hq0", releaser.aliases, CODEC, lambda _: True)
    leaving = [
        d for raw in raws if isinstance(d := chains[0].decide(opened(CODEC.decode(raw), raw), AT), Released)
    ]
    name = Aliaser(b"k" * 32).alias
    decide_all(raws[:2000], chains)  # what is decided once for each label has been
    return {
        "released": decide_all(raws, chains) / count / PARTNERS,
        "decide": [timed(lambda: decide_all(raws, chains), count) for _ in range(runs)],
        "decode": [timed(lambda: [CODEC.decode(raw) for raw in raws], count) for _ in range(runs)],
        "name": [timed(lambda: [renderer.render(r, 1) for r in leaving], len(leaving)) for _ in range(runs)],
        "aes": [timed(lambda: [name(r.record.id) for r in leaving], len(leaving)) for _ in range(runs)],
        "explain": [
            timed(lambda: [releaser.explain(raw) for raw in raws[:200]], 200) * PARTNERS / 1000
            for _ in range(runs)
        ],
    }


def figures(small: bool) -> list[Figure]:
    """For the suite."""
    found = measure(*((2_000, 1) if small else (20_000, 5)))
    share = f"{found['released']:.0%} of the answers release"
    return [
        figure(
            f"decided for {PARTNERS} partners, each record",
            found["decide"],
            "us",
            limits=found["decode"],
            beside="decoding alone",
            floor=DECIDE_CEILING,
            at_most=True,
            note=share,
        ),
        figure(
            "named for one partner, each record that leaves",
            found["name"],
            "us",
            limits=found["aes"],
            beside="one name alone",
        ),
        figure(
            f"explained for {PARTNERS} partners, one record",
            found["explain"],
            "ms",
            floor=EXPLAIN_CEILING,
            at_most=True,
        ),
    ]


def main() -> None:
    """Run it and print the result as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true")
    json.dump(measure(*((2_000, 1) if parser.parse_args().small else (20_000, 5))), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
