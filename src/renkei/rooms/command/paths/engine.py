"""The discrete-event kernel: requests through posts, bit for bit the same for the same seed.

``run`` takes the quick engine where the model allows it and the general one elsewhere; the choice changes no
time beyond rounding.  Queues are first come, first served within a priority; work once begun is not put back.
"""

from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush, heapreplace

import msgspec
import numpy as np

from .calendars import Calendar, Floats
from .draws import Streams
from .model import Kind, Structure, loop


class Run(msgspec.Struct, frozen=True):
    """One run: for each kind the minutes from arrival to done, by index, and work a request by post."""

    times: dict[str, Floats]
    work: dict[str, dict[str, float]]


def run(where: Structure, streams: Streams, counts: dict[str, int], *, load: float = 1.0) -> Run:
    """``counts`` requests of each kind through the structure; ``load`` multiplies how often they arrive."""
    arrivals = {k.key: streams.arrivals(k.key, counts[k.key], k.per_day * load) for k in where.kinds}
    order = quick_order(where)
    if order is None:
        return Events(where, streams, arrivals).run()
    return _by_post(where, streams, arrivals, order)


def run_events(where: Structure, streams: Streams, arrivals: dict[str, Floats]) -> Run:
    """The general engine, whatever the model; ``arrivals`` in minutes, each kind's in order."""
    return Events(where, streams, arrivals).run()


# --- post by post -------------------------------------------------------------------------------------


def quick_order(where: Structure) -> list[str] | None:
    """The posts, each after all that send to it; None if the model needs the general engine."""
    if any(step.back for kind in where.kinds for step in kind.steps):
        return None
    if len({kind.priority for kind in where.kinds}) > 1:
        return None
    before: dict[str, set[str]] = {post.key: set() for post in where.posts}
    for kind in where.kinds:
        at = {step.key: step.post for step in kind.steps}
        for step in kind.steps:
            before[step.post].update(at[k] for k in step.after)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError:
        return None


def _by_post(where: Structure, streams: Streams, arrivals: dict[str, Floats], order: list[str]) -> Run:
    done: dict[tuple[str, str], Floats] = {}
    work: dict[str, dict[str, float]] = {kind.key: {} for kind in where.kinds}
    for key in order:
        here = [(kind, step) for kind in where.kinds for step in kind.steps if step.post == key]
        if not here:
            continue
        came, needs = [], []
        for kind, step in here:
            begun = [done[kind.key, k] for k in step.after] or [arrivals[kind.key]]
            came.append(np.maximum.reduce(begun) + step.hop)
            needs.append(streams.work(f"{kind.key}/{step.key}", 0, len(came[-1]), step.work))
            mean = float(needs[-1].mean()) if len(needs[-1]) else 0.0
            work[kind.key][key] = work[kind.key].get(key, 0.0) + mean
        post = where.post(key)
        ends = serve(np.concatenate(came), np.concatenate(needs), post.officers, post.calendar)
        cuts = np.cumsum([len(each) for each in came])[:-1]
        for (kind, step), end in zip(here, np.split(ends, cuts), strict=True):
            done[kind.key, step.key] = end
    times = {
        kind.key: np.maximum.reduce([done[kind.key, step.key] for step in kind.steps]) - arrivals[kind.key]
        for kind in where.kinds
    }
    return Run(times, work)


def serve(came: Floats, needs: Floats, officers: int, calendar: Calendar) -> Floats:
    """When each is done, first come, first served by ``officers`` (Lindley; Kiefer and Wolfowitz)."""
    order = np.argsort(came, kind="stable")
    clock = zip(calendar.duties(came[order]).tolist(), needs[order].tolist(), strict=True)
    ends: list[float] = []
    add = ends.append
    if officers == 1:
        free = 0.0
        for at, need in clock:
            free = (at if at > free else free) + need
            add(free)
    else:
        frees = [0.0] * officers
        for at, need in clock:
            end = (at if at > frees[0] else frees[0]) + need
            heapreplace(frees, end)
            add(end)
    found = np.empty(len(came))
    real = calendar.reals(np.array(ends))
    # Work of no length waits for its turn, but not for the duty clock to move on.
    found[order] = np.maximum(real, came[order])
    return found


# --- event by event -----------------------------------------------------------------------------------


class Events:
    """Requests as indices into flat arrays; events as (time, request, code, duty time) on a heap.

    Steps of all kinds are numbered through, ``steps`` of them; code ``s`` is an arrival at step s,
    ``steps + s`` its end; with request -1 the code is a post whose duty begins.
    """

    def __init__(self, where: Structure, streams: Streams, arrivals: dict[str, Floats]) -> None:
        self.where, self.streams, self.arrivals = where, streams, arrivals
        self.kinds = [(kind, step) for kind in where.kinds for step in kind.steps]
        number = {(kind.key, step.key): n for n, (kind, step) in enumerate(self.kinds)}
        posts = {post.key: n for n, post in enumerate(where.posts)}
        self.calendars = [post.calendar for post in where.posts]
        self.idle = [post.officers for post in where.posts]
        self.queues: list[list[tuple[int, float, int, int]]] = [[] for _ in where.posts]
        self.waking = [False] * len(where.posts)
        self.post = [posts[step.post] for _, step in self.kinds]
        self.next = [
            [number[kind.key, other.key] for other in kind.steps if step.key in other.after]
            for kind, step in self.kinds
        ]
        self.loops = [self._loop(kind, n, number) for n, (kind, _) in enumerate(self.kinds)]
        self.first = {kind.key: number[kind.key, kind.steps[0].key] for kind in where.kinds}
        self.spent = [0.0] * len(self.kinds)
        self.heap: list[tuple[float, int, int, float]] = []
        self._drawn: dict[tuple[int, int, bool], list[float]] = {}

    def _loop(self, kind: Kind, n: int, number: dict[tuple[str, str], int]) -> list[tuple[int, int]]:
        """What to do again if step n sends back: (step, predecessors within); the entry comes first."""
        step = self.kinds[n][1]
        if not step.back:
            return []
        inside, entry = loop(kind, step), step.to or step.key
        rest = [s for s in kind.steps if s.key in inside and s.key != entry]
        return [(number[kind.key, entry], 0)] + [(number[kind.key, s.key], len(s.after)) for s in rest]

    def run(self) -> Run:
        """Until nobody waits."""
        begin = self._begin()
        heap, steps = self.heap, len(self.kinds)
        cursor, total = 0, len(begin)
        while heap or cursor < total:
            if cursor < total and (not heap or begin[cursor] <= heap[0]):
                time, who, code, duty = begin[cursor]
                cursor += 1
            else:
                time, who, code, duty = heappop(heap)
            if who < 0:
                self.waking[code] = False
                self._dispatch(code, time, self.calendars[code].duty(time))
            elif code < steps:
                post = self.post[code]
                heappush(self.queues[post], (self.kinds[code][0].priority, time, who, code))
                if self.idle[post]:
                    self._dispatch(post, time, self.calendars[post].duty(time))
            else:
                self._ended(code - steps, who, time, duty)
        return self._result()

    def _begin(self) -> list[tuple[float, int, int, float]]:
        """First arrivals in order, and the flat arrays: pending predecessors, visits, ends by request."""
        begin: list[tuple[float, int, int, float]] = []
        self.offset: dict[str, int] = {}
        self.pending: dict[str, bytearray] = {}
        self.visits: dict[str, list[int]] = {}
        self.done: list[float] = []
        for kind in self.where.kinds:
            base, came = len(self.done), self.arrivals[kind.key].tolist()
            self.offset[kind.key] = base
            self.pending[kind.key] = bytearray(bytes(len(s.after) for s in kind.steps) * len(came))
            self.visits[kind.key] = [0] * (len(kind.steps) * len(came))
            self.done += came
            first = self.first[kind.key]
            for n, step in enumerate(kind.steps):
                if not step.after:
                    begin += [(at + step.hop, base + i, first + n, 0.0) for i, at in enumerate(came)]
        begin.sort()
        return begin

    def _dispatch(self, post: int, time: float, duty: float) -> None:
        """Give waiting requests to idle officers, if on duty; else wake up when duty begins."""
        queue, calendar = self.queues[post], self.calendars[post]
        if not queue or self.waking[post]:
            return
        opening = calendar.opening(time)
        if opening > time:
            self.waking[post] = True
            heappush(self.heap, (opening, -1, post, 0.0))
            return
        while queue and self.idle[post]:
            _, _, who, code = heappop(queue)
            self.idle[post] -= 1
            need = self._need(code, who)
            self.spent[code] += need
            end = duty + need
            heappush(self.heap, (max(time, calendar.real(end)), who, len(self.kinds) + code, end))

    def _ended(self, code: int, who: int, time: float, duty: float) -> None:
        post = self.post[code]
        self.idle[post] += 1
        kind, step = self.kinds[code]
        first, size = self.first[kind.key], len(kind.steps)
        row = (who - self.offset[kind.key]) * size
        pending, visits = self.pending[kind.key], self.visits[kind.key]
        visit = visits[row + code - first]
        visits[row + code - first] = visit + 1
        if step.back and self._draw(code, visit, who, True) < step.back:
            for again, before in self.loops[code]:
                pending[row + again - first] = before
            entry = self.loops[code][0][0]
            heappush(self.heap, (time + self.kinds[entry][1].hop, who, entry, 0.0))
        else:
            for after in self.next[code]:
                pending[row + after - first] -= 1
                if not pending[row + after - first]:
                    heappush(self.heap, (time + self.kinds[after][1].hop, who, after, 0.0))
            self.done[who] = time
        self._dispatch(post, time, duty)

    def _need(self, code: int, who: int) -> float:
        kind = self.kinds[code][0]
        row = (who - self.offset[kind.key]) * len(kind.steps)
        return self._draw(code, self.visits[kind.key][row + code - self.first[kind.key]], who, False)

    def _draw(self, code: int, visit: int, who: int, back: bool) -> float:
        kind, step = self.kinds[code]
        found = self._drawn.get((code, visit, back))
        if found is None:
            name, count = f"{kind.key}/{step.key}", len(self.arrivals[kind.key])
            drawn = (
                self.streams.uniform(f"{name}/back", visit, count)
                if back
                else self.streams.work(name, visit, count, step.work)
            )
            found = self._drawn[code, visit, back] = drawn.tolist()
        return found[who - self.offset[kind.key]]

    def _result(self) -> Run:
        times: dict[str, Floats] = {}
        work: dict[str, dict[str, float]] = {}
        for kind in self.where.kinds:
            came = self.arrivals[kind.key]
            base = self.offset[kind.key]
            times[kind.key] = np.array(self.done[base : base + len(came)]) - came
            work[kind.key] = {}
            for n, step in enumerate(kind.steps, self.first[kind.key]):
                share = self.spent[n] / max(1, len(came))
                work[kind.key][step.post] = work[kind.key].get(step.post, 0.0) + share
        return Run(times, work)
