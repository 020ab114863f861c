"""Posts that depend on each other, event by event: work sent back, stand-ins, a post twice on a way.

Requests of a kind are indices into flat arrays, one for each step.  An event is (time, what, request) on one
heap: ``what`` is a step's number for whoever comes to it; ``steps + slot`` for work that ends, a slot being a
step at the post that does it (a step's own has its number); ``~post`` for a post whose duty begins or ends.

Posts always on duty with one queue, where nobody stands in, are served in ``run`` itself: there, when work
ends is known as soon as somebody comes, by the time at which each officer is free.  The others have
lines, one for each urgency and set of stand-ins.  While a post is off duty its stand-ins take from its lines,
by urgency, their own work first within one, then whoever came first; of several the first named who is free.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import chain

import numpy as np

from .calendars import Floats
from .draws import Streams
from .model import Kind, Step, Structure, loop, servers

Line = deque[tuple[float, int, int]]
"""Who waits: (since, step, request)."""
Take = tuple[int, int, tuple[int, ...], Line]
"""A line a post may take from: urgency, its place among who may (0: its own), those before it, the line."""
NOWHERE, ELSEWHERE = -1, -2
"""For the step that a request comes to at once: none; it must be asked for."""


class Events:
    """The steps ``inside`` some posts; ``ended`` holds for each when it was done, by request.

    ``ready`` is when each may begin by what is known from outside (None: nothing), ``counts`` requests by
    kind.
    """

    def __init__(
        self,
        where: Structure,
        streams: Streams,
        inside: Sequence[tuple[Kind, Step]],
        ready: Sequence[Floats | None],
        counts: dict[str, int],
    ) -> None:
        self.streams, self.inside, self.ready = streams, inside, ready
        self.counts = [counts[kind.key] for kind, _ in inside]
        self.ended = [[0.0] * count for count in self.counts]
        self.heap: list[tuple[float, int, int]] = []
        self._join()
        self._draw()
        self._staff(where)

    # --- tables ---------------------------------------------------------------------------------------

    def _join(self) -> None:
        """What follows each step, how many it waits for, and what is done again if it sends back."""
        number = {(kind.key, step.key): n for n, (kind, step) in enumerate(self.inside)}
        self.after: list[list[int]] = [[] for _ in self.inside]
        self.before = [0] * len(self.inside)
        for n, (kind, step) in enumerate(self.inside):
            for m in (number[kind.key, k] for k in step.after if (kind.key, k) in number):
                self.after[m].append(n)
                self.before[n] += 1
        self.loops = [self._loop(kind, step, number) for kind, step in self.inside]
        again = {n for one in self.loops for n in one}
        self.visits = [[0] * count if n in again else [] for n, count in enumerate(self.counts)]
        self.pending = [
            [before] * count if before > 1 else None
            for before, count in zip(self.before, self.counts, strict=True)
        ]
        self.known = [
            ready.tolist() if before and ready is not None else None
            for before, ready in zip(self.before, self.ready, strict=True)
        ]
        self.back = [step.back for _, step in self.inside]
        self.next = [self._next_of(n) for n in range(len(self.inside))]
        self.again_at = [self._again_at(n) for n in range(len(self.inside))]

    @staticmethod
    def _loop(kind: Kind, step: Step, number: dict[tuple[str, str], int]) -> list[int]:
        """The steps done again if this one sends back, the one it sends to first."""
        if not step.back:
            return []
        inside, entry = loop(kind, step), step.to or step.key
        return [number[kind.key, k] for k in (entry, *sorted(inside - {entry}))]

    def _next_of(self, n: int) -> int:
        """The one step that everybody not sent back goes to at once from step n, if that is all there is."""
        if len(self.after[n]) > 1:
            return ELSEWHERE
        if not self.after[n]:
            return NOWHERE
        to = self.after[n][0]
        plain = self.before[to] == 1 and self.known[to] is None and not self.inside[to][1].hop
        return to if plain else ELSEWHERE

    def _again_at(self, n: int) -> int:
        """The step that everybody sent back from step n comes to at once, if that is all there is to do."""
        if not self.back[n] or self.inside[self.loops[n][0]][1].hop:
            return ELSEWHERE
        entry, *rest = self.loops[n]
        return ELSEWHERE if any(self.pending[again] is not None for again in rest) else entry

    def _draw(self) -> None:
        """Work and chances of each step's first visit; those of later ones are drawn as they come."""
        steps = range(len(self.inside))
        self.work = [[self._work(n, 0)] for n in steps]
        self.chances = [[self._chances(n, 0)] if self.back[n] else [] for n in steps]
        self.needs: list[list[float]] = [first.tolist() for (first,) in self.work]
        self.first: list[list[float]] = [rows[0].tolist() if rows else [] for rows in self.chances]
        self.covered: dict[tuple[int, int], float] = {}

    def _work(self, n: int, visit: int) -> Floats:
        kind, step = self.inside[n]
        return self.streams.work(f"{kind.key}/{step.key}", visit, self.counts[n], step.work)

    def _chances(self, n: int, visit: int) -> Floats:
        kind, step = self.inside[n]
        return self.streams.uniform(f"{kind.key}/{step.key}/back", visit, self.counts[n])

    def _staff(self, where: Structure) -> None:
        """Posts and slots, and for posts with duty hours, urgencies or stand-ins their lines."""
        named = where.by_key()
        able = [servers(named, step) for _, step in self.inside]
        self.posts = list({post.key: post for posts in able for post in posts}.values())
        number = {post.key: n for n, post in enumerate(self.posts)}
        self.idle = [post.officers for post in self.posts]
        self.post_of = [number[posts[0].key] for posts in able]
        self.step_of = list(range(len(able)))
        self.slots: dict[tuple[int, int], int] = {}
        for n, posts in enumerate(able):
            for other in posts[1:]:
                self.slots[n, number[other.key]] = len(self.post_of)
                self.post_of.append(number[other.key])
                self.step_of.append(n)
        self._line_up([tuple(number[post.key] for post in posts) for posts in able])
        self.plain = [
            post.calendar.always and [place for _, place, _, _ in self.takes[n]] == [0]
            for n, post in enumerate(self.posts)
        ]
        self.frees = [[0.0] * post.officers for post in self.posts]
        self.opens, self.until = [0.0] * len(self.posts), [-math.inf] * len(self.posts)
        self.due = [False] * len(self.posts)

    def _line_up(self, able: list[tuple[int, ...]]) -> None:
        """Lines by who serves them and urgency, and what each post takes from."""
        lines: dict[tuple[tuple[int, ...], int], Line] = {}
        for (kind, _), posts in zip(self.inside, able, strict=True):
            lines.setdefault((posts, kind.priority), deque())
        self.line_of = [
            lines[posts, kind.priority] for (kind, _), posts in zip(self.inside, able, strict=True)
        ]
        self.able = able
        self.takes: list[list[Take]] = [[] for _ in self.posts]
        self.shared: list[list[tuple[tuple[int, ...], Line]]] = [[] for _ in self.posts]
        for (posts, urgency), line in lines.items():
            for place, post in enumerate(posts):
                self.takes[post].append((urgency, place, posts[:place], line))
                if posts[1:]:
                    self.shared[post].append((posts, line))

    # --- running --------------------------------------------------------------------------------------

    def run(self) -> None:  # noqa: PLR0912, PLR0915 - a call for each event would cost as much as it
        """Until nobody waits."""
        heap, steps = self.heap, len(self.inside)
        frees, plain, post_of = self.frees, self.plain, self.post_of
        needs, visits, ended = self.needs, self.visits, self.ended
        back, first, again_at, following = self.back, self.first, self.again_at, self.next
        outside = self._outside()
        coming = next(outside)
        while True:
            ends = False  # whether the heap's first event is the one looked at, and still there
            if not heap or coming[0] <= heap[0][0]:
                time, code, i = coming
                if time == math.inf:
                    return
                coming = next(outside)
            else:
                time, code, i = heap[0]
                if code < 0:
                    heappop(heap)
                    self._turn(~code, time)
                    continue
                if code < steps:
                    heappop(heap)
                else:
                    done = code - steps
                    if not plain[post_of[done]]:
                        heappop(heap)
                        self._leave(done, i, time)
                        continue
                    ended[done][i] = time
                    visit, seen = 0, visits[done]
                    if seen:
                        visit = seen[i]
                        seen[i] = visit + 1
                    code, share = following[done], back[done]
                    if share and (self._chance(done, visit, i) if visit else first[done][i]) < share:
                        code = again_at[done]
                    if code >= 0:
                        ends = True
                    else:
                        heappop(heap)
                        if code == ELSEWHERE:
                            code = self._onward(done, i, time)
                        if code == NOWHERE:
                            continue
            post = post_of[code]
            if not plain[post]:
                if ends:
                    heappop(heap)
                self._come(code, i, time)
                continue
            seen = visits[code]
            need = self._need(code, seen[i], i) if seen and seen[i] else needs[code][i]
            free = frees[post]
            end = (time if time > free[0] else free[0]) + need
            heapreplace(free, end)
            if ends:
                heapreplace(heap, (end, steps + code, i))
            else:
                heappush(heap, (end, steps + code, i))

    def _outside(self) -> Iterator[tuple[float, int, int]]:
        """Who comes to a step from outside, in order; after them for ever nobody."""
        first = [n for n, before in enumerate(self.before) if not before]
        ready = [(self.ready[n], self.inside[n][1].hop) for n in first]
        times = np.concatenate([at + hop for at, hop in ready if at is not None])
        codes = np.repeat(first, [self.counts[n] for n in first])
        who = np.concatenate([np.arange(self.counts[n]) for n in first])
        order = np.argsort(times, kind="stable")
        come = zip(times[order].tolist(), codes[order].tolist(), who[order].tolist(), strict=True)
        return chain(come, [(math.inf, 0, 0)])

    def _onward(self, n: int, i: int, time: float) -> int:
        """The step that a request comes to at once after step n; to others it comes by the heap."""
        now = self._reached(n, i, time)
        for other in now[1:]:
            heappush(self.heap, (time, other, i))
        return now[0] if now else NOWHERE

    def _reached(self, n: int, i: int, time: float) -> list[int]:
        """The steps that a request comes to at once after step n, be it onward or back."""
        if not self.back[n] or self._chance(n, self.visits[n][i] - 1, i) >= self.back[n]:
            return [after for after in self.after[n] if self._goes(after, i, time)]
        entry, *rest = self.loops[n]
        for again in rest:
            waits = self.pending[again]
            if waits is not None:
                waits[i] = self.before[again]
        return [entry] if self._send(entry, i, time, time) else []

    def _goes(self, to: int, i: int, time: float) -> bool:
        """Whether the request is at a step at once, now that one before is done; if later, that is noted."""
        waits = self.pending[to]
        if waits is not None:
            waits[i] -= 1
            if waits[i]:
                return False
        known = self.known[to]
        return self._send(to, i, time if known is None else max(time, known[i]), time)

    def _send(self, to: int, i: int, ready: float, time: float) -> bool:
        """Whether a request that may go to a step at ``ready`` is there at once; if later, that is noted."""
        at = ready + self.inside[to][1].hop
        if at > time:
            heappush(self.heap, (at, to, i))
        return at <= time

    def _need(self, n: int, visit: int, i: int) -> float:
        """Work of a request's visit to a step that may be done again, 0 being the first."""
        rows = self.work[n]
        if visit == len(rows):
            rows.append(self._work(n, visit))
        return rows[visit].item(i)

    def _chance(self, n: int, visit: int, i: int) -> float:
        """What decides whether a request goes back from a step after that visit, 0 being the first."""
        rows = self.chances[n]
        if visit == len(rows):
            rows.append(self._chances(n, visit))
        return rows[visit].item(i)

    # --- posts with duty hours, urgencies or stand-ins --------------------------------------------------

    def _on(self, post: int, time: float) -> bool:
        """Whether the post is on duty."""
        if time >= self.until[post]:
            self.opens[post], self.until[post] = self.posts[post].calendar.turn(time)
        return time >= self.opens[post]

    def _come(self, n: int, i: int, time: float) -> None:
        """A request joins its line; whoever may take from it is looked at."""
        line = self.line_of[n]
        line.append((time, n, i))
        self._offer(self.able[n], line, time)

    def _leave(self, slot: int, i: int, time: float) -> None:
        """Work ends: the request goes on, and its officer takes who then waits, that request included."""
        n, post = self.step_of[slot], self.post_of[slot]
        self.idle[post] += 1
        self.ended[n][i] = time
        if self.visits[n]:
            self.visits[n][i] += 1
        lines = []
        for to in self._reached(n, i, time):
            if self.plain[self.post_of[to]]:
                heappush(self.heap, (time, to, i))
            else:
                lines.append(to)
                self.line_of[to].append((time, to, i))
        self._look(post, time)
        for to in lines:
            self._offer(self.able[to], self.line_of[to], time)

    def _turn(self, post: int, time: float) -> None:
        """A post's duty begins, or ends with somebody waiting whom others may take."""
        self.due[post] = False
        self._look(post, time)
        for posts, line in self.shared[post]:
            self._offer(posts, line, time)

    def _offer(self, posts: tuple[int, ...], line: Line, time: float) -> None:
        """Those who may take from a line are looked at, its own post first, until nobody waits there."""
        for post in posts:
            if line:
                self._look(post, time)

    def _look(self, post: int, time: float) -> None:
        """Whoever is idle and on duty takes who waits; if some go on waiting, the post has its turn."""
        on = self._on(post, time)
        while on and self.idle[post]:
            line = self._first(post, time)
            if line is None:
                return
            self._begin(post, line, time)
        if not self.due[post] and self._awaited(post, on):
            self.due[post] = True
            heappush(self.heap, (self.until[post] if on else self.opens[post], ~post, 0))

    def _awaited(self, post: int, on: bool) -> bool:
        """Whether somebody waits for the post's duty to begin; or to end, since then others may take them."""
        if on:
            return any(line for posts, line in self.shared[post] if posts[0] == post)
        return any(line for _, _, _, line in self.takes[post])

    def _first(self, post: int, time: float) -> Line | None:
        """The line whose head is to be taken first, of those the post may take from now."""
        takes = self.takes[post]
        if len(takes) == 1 and not takes[0][1]:
            return takes[0][3] or None
        best: tuple[int, int, tuple[float, int, int]] | None = None
        found = None
        for urgency, place, before, line in takes:
            if line and not (place and self._taken(before, time)):
                head = (urgency, int(place > 0), line[0])
                if best is None or head < best:
                    best, found = head, line
        return found

    def _taken(self, before: tuple[int, ...], time: float) -> bool:
        """Whether work is another's: its own post is on duty, or one named earlier is and is free."""
        own, *others = before
        return self._on(own, time) or any(self.idle[other] and self._on(other, time) for other in others)

    def _begin(self, post: int, line: Line, time: float) -> None:
        _, n, i = line.popleft()
        self.idle[post] -= 1
        seen = self.visits[n]
        need = self._need(n, seen[i], i) if seen and seen[i] else self.needs[n][i]
        slot = n
        if post != self.post_of[n]:
            slot = self.slots[n, post]
            self.covered[n, post] = self.covered.get((n, post), 0.0) + need
        end = time + need
        if end > self.until[post]:
            end = self.posts[post].calendar.finish(time, need)
        heappush(self.heap, (end, len(self.inside) + slot, i))

    # --- what came of it --------------------------------------------------------------------------------

    def spent(self) -> Iterator[tuple[str, str, float]]:
        """Minutes of work by kind and post, all requests together."""
        for (n, post), minutes in self.covered.items():
            yield self.inside[n][0].key, self.posts[post].key, minutes
        for n, (kind, step) in enumerate(self.inside):
            covered = math.fsum(minutes for (m, _), minutes in self.covered.items() if m == n)
            yield kind.key, step.post, self._total(n) - covered

    def _total(self, n: int) -> float:
        if not self.visits[n]:
            return float(np.sum(self.work[n][0]))
        times = np.array(self.visits[n])
        return math.fsum(float(row[times > visit].sum()) for visit, row in enumerate(self.work[n]))
