"""The discrete-event kernel: requests through posts, bit for bit the same for the same seed.

Posts that depend on no other's doing are served at once, each from all who come to it; those that depend on
each other (work sent back, stand-ins, a post twice on a way) together, event by event.  Which of the two
changes no time beyond rounding.  Within a priority queues are first come, first served; work once begun is
not put back.
"""

from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace

import msgspec
import numpy as np
from numpy.typing import NDArray

from .calendars import Calendar, Floats
from .draws import Streams
from .events import Events
from .model import Kind, Step, Structure, servers


class Run(msgspec.Struct, frozen=True):
    """One run: for each kind the minutes from arrival to done, by index, and work a request by post."""

    times: dict[str, Floats]
    work: dict[str, dict[str, float]]


def run(where: Structure, streams: Streams, counts: dict[str, int], *, load: float = 1.0) -> Run:
    """``counts`` requests of each kind through the structure; ``load`` multiplies how often they arrive."""
    arrivals = {k.key: streams.arrivals(k.key, counts[k.key], k.per_day * load) for k in where.kinds}
    return Running(where, streams, arrivals).through(groups(where))


def run_events(where: Structure, streams: Streams, arrivals: dict[str, Floats]) -> Run:
    """All posts event by event, whatever the model; ``arrivals`` in minutes, each kind's in order."""
    return Running(where, streams, arrivals).through([tuple(post.key for post in where.posts)], at_once=False)


def groups(where: Structure) -> list[tuple[str, ...]]:
    """Posts that depend on each other, each group after all that send to it (Tarjan 1972)."""
    before = _before(where)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(post: str) -> None:
        index[post] = low[post] = len(index)
        waiting.append(post)
        for other in before[post]:
            if other not in index:
                visit(other)
            if other in waiting:
                low[post] = min(low[post], low[other])
        if low[post] == index[post]:
            cut = waiting.index(post)
            found.append(tuple(waiting[cut:]))
            del waiting[cut:]

    for post in before:
        if post not in index:
            visit(post)
    return found


def _before(where: Structure) -> dict[str, dict[str, None]]:
    """For each post those on whose doing its own depends."""
    posts = where.by_key()
    before: dict[str, dict[str, None]] = {key: {} for key in posts}
    for kind in where.kinds:
        at = {step.key: step.post for step in kind.steps}
        for step in kind.steps:
            before[step.post] |= dict.fromkeys(at[k] for k in step.after)
            if step.back:
                before[at[step.to or step.key]][step.post] = None
            for other in servers(posts, step)[1:]:
                before[step.post][other.key] = before[other.key][step.post] = None
    return before


class Running:
    """One run on its way: when each step was done, and how much work each post had with a kind."""

    def __init__(self, where: Structure, streams: Streams, arrivals: dict[str, Floats]) -> None:
        self.where, self.streams, self.arrivals = where, streams, arrivals
        self.done: dict[tuple[str, str], Floats] = {}
        self.work: dict[str, dict[str, float]] = {kind.key: {} for kind in where.kinds}

    def through(self, order: Sequence[tuple[str, ...]], *, at_once: bool = True) -> Run:
        """Group after group."""
        for posts in order:
            inside = [(k, s) for k in self.where.kinds for s in k.steps if s.post in posts]
            if at_once and len(posts) == 1 and not any(self._returns(kind, step) for kind, step in inside):
                self._at_once(posts[0], inside)
            else:
                self._by_events(inside)
        times = {
            kind.key: np.maximum.reduce([self.done[kind.key, step.key] for step in kind.steps])
            - self.arrivals[kind.key]
            for kind in self.where.kinds
        }
        return Run(times, self.work)

    def _returns(self, kind: Kind, step: Step) -> bool:
        """Whether a request comes to the step's post more than once."""
        here = {other.key for other in kind.steps if other.post == step.post}
        return bool(step.back or here & set(step.after))

    def _ready(self, kind: Kind, step: Step) -> Floats | None:
        """When its requests may go to a step by all that is known; None if nothing is."""
        known = [self.done[kind.key, k] for k in step.after if (kind.key, k) in self.done]
        return np.maximum.reduce(known or [self.arrivals[kind.key]]) if known or not step.after else None

    def _spent(self, kind: str, post: str, minutes: float) -> None:
        """Work of all requests of a kind together."""
        share = minutes / max(1, len(self.arrivals[kind]))
        self.work[kind][post] = self.work[kind].get(post, 0.0) + share

    def _at_once(self, key: str, inside: Sequence[tuple[Kind, Step]]) -> None:
        if not inside:
            return
        came, needs = [], []
        for kind, step in inside:
            ready = self._ready(kind, step)
            assert ready is not None
            came.append(ready + step.hop)
            needs.append(self.streams.work(f"{kind.key}/{step.key}", 0, len(ready), step.work))
            self._spent(kind.key, key, float(needs[-1].sum()))
        urgencies = np.repeat([kind.priority for kind, _ in inside], [len(each) for each in came])
        post = self.where.post(key)
        ends = serve(np.concatenate(came), np.concatenate(needs), post.officers, post.calendar, urgencies)
        cuts = np.cumsum([len(each) for each in came])[:-1]
        for (kind, step), end in zip(inside, np.split(ends, cuts), strict=True):
            self.done[kind.key, step.key] = end

    def _by_events(self, inside: Sequence[tuple[Kind, Step]]) -> None:
        ready = [self._ready(kind, step) for kind, step in inside]
        counts = {kind.key: len(self.arrivals[kind.key]) for kind, _ in inside}
        events = Events(self.where, self.streams, inside, ready, counts)
        events.run()
        for (kind, step), end in zip(inside, events.ended, strict=True):
            self.done[kind.key, step.key] = np.array(end)
        for kind_key, post, minutes in events.spent():
            self._spent(kind_key, post, minutes)


def serve(
    came: Floats,
    needs: Floats,
    officers: int,
    calendar: Calendar,
    urgencies: NDArray[np.int64] | None = None,
) -> Floats:
    """When each is done by ``officers``: the most urgent first (lowest), then first come, first served.

    Without urgencies by the recursions of Lindley and of Kiefer and Wolfowitz.
    """
    order = np.argsort(came, kind="stable")
    at, need = calendar.duties(came[order]).tolist(), needs[order].tolist()
    if urgencies is None or (urgencies == urgencies[:1]).all():
        ends = _in_turn(at, need, officers)
    else:
        ends = _by_urgency(at, need, officers, np.unique(urgencies[order], return_inverse=True)[1].tolist())
    found = np.empty(len(came))
    real = calendar.reals(np.array(ends))
    # Work of no length ends no earlier than it came, and with somebody on duty.
    real = np.maximum(real, came[order])
    idle = needs[order] == 0.0
    real[idle] = calendar.openings(real[idle])
    found[order] = real
    return found


def _in_turn(at: list[float], need: list[float], officers: int) -> list[float]:
    """Ends in order of arrival."""
    ends: list[float] = []
    add = ends.append
    if officers == 1:
        free = 0.0
        for came, length in zip(at, need, strict=True):
            free = (came if came > free else free) + length
            add(free)
        return ends
    frees = [0.0] * officers
    for came, length in zip(at, need, strict=True):
        end = (came if came > frees[0] else frees[0]) + length
        heapreplace(frees, end)
        add(end)
    return ends


def _by_urgency(at: list[float], need: list[float], officers: int, urgency: list[int]) -> list[float]:
    """The same where whoever is free takes the most urgent of those who wait."""
    total = len(at)
    ends, frees = [0.0] * total, [0.0] * officers
    waiting: list[int] = []  # urgency * total + order of arrival
    n, begin = 0, 0.0
    for _ in range(total):
        begin = max(begin, frees[0])
        if not waiting and at[n] > begin:
            begin = at[n]
        while n < total and at[n] <= begin:
            heappush(waiting, urgency[n] * total + n)
            n += 1
        one = heappop(waiting) % total
        ends[one] = end = begin + need[one]
        heapreplace(frees, end)
    return ends
