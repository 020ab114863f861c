"""Decision paths: which of two structures decides sooner, of a description that a call brings.

Nothing is kept.  Answers are what ``renkei command paths | simulate --json`` print.
"""

from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromQuery, JSONBody

from ...data import packaged
from ...kernel.desk import Desk
from ...rooms.command import paths as room
from ...rooms.command.paths import Description, Measured, Paths, Simulation, Spell
from ...rooms.coordination import handled
from .context import Caller, Edge
from .problems import BUSY, refuse
from .schema import problems

_TAG = ["command"]
MAX_SIMULATED = 1_000_000
"""Steps in all runs of one call, more for one that others may do: about five seconds of one core.

More is for the command line.
"""
Document = dict[str, Any]


class DescriptionOut(msgspec.Struct, frozen=True):
    """A description as the other calls take it."""

    description: Document


class ReadIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file's text."""

    text: str
    form: Literal["toml", "json"] = "toml"


class PathsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A description."""

    description: Document


class SimulateIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A description and how to try it: pairs of runs, requests in each, and the share of the intervals.

    ``from_log`` takes the times of steps that name a ``measure`` from this node's own log.
    """

    description: Document
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 1
    runs: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 20
    requests: Annotated[int, msgspec.Meta(ge=100, le=100_000)] = 500
    confidence: Annotated[float, msgspec.Meta(ge=0.5, le=0.999)] = 0.95
    from_log: bool = False


@get("/paths/packaged", tags=_TAG, summary="A description that comes with Renkei", responses=problems())
async def get_packaged_paths(
    edge: Edge, person: Caller, name: FromQuery[Literal["reference", "example"]]
) -> DescriptionOut:
    """The documented case, its times assumed, or a synthetic example."""
    return _shown(room.read(packaged(f"paths/{name}.toml"), as_json=False))


@post(
    "/paths/read",
    status_code=200,
    tags=_TAG,
    summary="Read a description",
    responses=problems(400, 413, 415),
)
async def read_paths(edge: Edge, person: Caller, data: JSONBody[ReadIn]) -> DescriptionOut:
    """Whole and sound, or refused with what is wrong."""

    def read() -> DescriptionOut:
        described = room.read(data.text.encode(), as_json=data.form == "json")
        described.structures()
        return _shown(described)

    return await edge.reads.run(read)


@post(
    "/paths/view",
    status_code=200,
    tags=_TAG,
    summary="Paths if nobody waits",
    responses=problems(400, 413, 415),
)
async def view_paths(edge: Edge, person: Caller, data: JSONBody[PathsIn]) -> Paths:
    """Hops, common hours, single points of failure and the critical path, today and proposed."""
    return await edge.reads.run(lambda: room.paths(_described(data.description)))


@post(
    "/paths/simulate",
    status_code=200,
    tags=_TAG,
    summary="Simulate both structures",
    responses=problems(400, 413, 415, 503),
)
async def simulate_paths(edge: Edge, person: Caller, data: JSONBody[SimulateIn]) -> Simulation:
    """Differences with intervals, distributions, load, bottlenecks; the same seed gives the same answer."""

    def begin(desk: Desk) -> tuple[Description, tuple[Measured, ...]]:
        described = _described(data.description)
        return _from_log(desk, described) if data.from_log else (described, ())

    described, told = await edge.at_desk(person, begin)

    def go_on(_: int) -> None:
        if edge.simulations.closing:
            raise refuse(BUSY)

    def simulate() -> Simulation:
        return room.simulate(
            described,
            seed=data.seed,
            runs=data.runs,
            requests=data.requests,
            confidence=data.confidence,
            most=MAX_SIMULATED,
            progress=go_on,
            told=told,
        )

    return await edge.simulations.run(simulate)


def _described(document: Document) -> Description:
    return room.read(msgspec.json.encode(document), as_json=True)


def _from_log(desk: Desk, described: Description) -> tuple[Description, tuple[Measured, ...]]:
    log: dict[str, list[Spell]] = {}
    for move, begin, end in handled(desk):
        log.setdefault(move, []).append(Spell(begin, end))
    return room.measured(described, log, desk.clock.now().timestamp() / 60)


def _shown(described: Description) -> DescriptionOut:
    return DescriptionOut(msgspec.to_builtins(described))


HANDLERS = (get_packaged_paths, read_paths, view_paths, simulate_paths)
