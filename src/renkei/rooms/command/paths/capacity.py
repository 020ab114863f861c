"""The load at which a structure can do no more, stand-ins counted.

As a flow: each week so much work of each sort comes, and may be done in the hours of whoever is then to do
it.  A set of sorts of work overloads whoever may do them first; the load at which one does is the smallest
ratio, over all such sets, of those hours to that work.  It is found by Dinkelbach's iteration (1967) over
minimum cuts.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

from ....kernel.errors import BadInput
from .calendars import WEEK, Calendar
from .model import Post, Structure, servers, visits

MAX_COVER = 100_000
"""Sorts of work times turns of duty among posts that stand in for each other: thirty large staffs'."""
ROUNDS = 100
"""Of the iteration, which takes a handful: each finds a smaller set or ends."""
Able = tuple[str, ...]
"""Who does a sort of work: its post, then its stand-ins."""


def capacity(where: Structure) -> float | None:
    """Times today's load; None if there is no work.  Raises BadInput (``paths.large``)."""
    posts, work = where.by_key(), _work(where)
    linked = {key for able in work if len(able) > 1 for key in able}
    ratios = [
        posts[able[0]].officers * posts[able[0]].calendar.minutes / minutes
        for able, minutes in work.items()
        if able[0] not in linked
    ]
    together = {able: minutes for able, minutes in work.items() if able[0] in linked}
    if together:
        ratios.append(_least(together, _hours({key: posts[key] for key in sorted(linked)}, list(together))))
    return min(ratios, default=None)


def _work(where: Structure) -> dict[Able, float]:
    """Minutes a week by who does it; sorts that take no time are left out."""
    posts = where.by_key()
    found: dict[Able, float] = {}
    for kind in where.kinds:
        times = visits(kind)
        for step in kind.steps:
            able = tuple(post.key for post in servers(posts, step))
            minutes = 7 * kind.per_day * times[step.key] * step.work.mean
            if minutes:
                found[able] = found.get(able, 0.0) + minutes
    return found


def _hours(posts: Mapping[str, Post], works: Sequence[Able]) -> dict[frozenset[int], float]:
    """Officers' minutes a week by which of the works they may be given to: who is on duty decides."""
    weeks = round(max(post.calendar.period for post in posts.values()) / WEEK)
    alike = Counter(tuple(post.calendar.week(n) for post in posts.values()) for n in range(weeks))
    turns = {
        each: sorted({0.0, WEEK} | {at for spans in each for span in spans for at in span}) for each in alike
    }
    if (count := sum(map(len, turns.values())) * len(works)) > MAX_COVER:
        expected = f"at most {MAX_COVER} turns of duty times sorts of work among posts that stand in"
        raise BadInput("paths.large", expected, str(count))
    found: dict[frozenset[int], float] = {}
    for each, times in alike.items():
        calendars = dict(zip(posts, map(Calendar, each), strict=True))
        for begin, end in pairwise(turns[each]):
            on = {key for key, calendar in calendars.items() if _at(calendar, (begin + end) / 2)}
            for key, which in _given(on, works).items():
                minutes = posts[key].officers * (end - begin) * (times / weeks)
                found[which] = found.get(which, 0.0) + minutes
    return found


def _given(on: Set[str], works: Sequence[Able]) -> dict[str, frozenset[int]]:
    """Which works whoever is on duty may be given."""
    given: dict[str, set[int]] = {}
    for n, (own, *others) in enumerate(works):
        for key in (own,) if own in on else [other for other in others if other in on]:
            given.setdefault(key, set()).add(n)
    return {key: frozenset(which) for key, which in given.items()}


def _at(calendar: Calendar, time: float) -> bool:
    return any(begin <= time < end for begin, end in calendar.spans)


def _least(work: Mapping[Able, float], hours: Mapping[frozenset[int], float]) -> float:
    """The smallest ratio of hours to work over all sets of sorts of work."""
    needs, ratio = list(work.values()), math.inf
    tight = set(range(len(needs)))
    for _ in range(ROUNDS):
        reached = math.fsum(minutes for which, minutes in hours.items() if which & tight)
        ratio = min(ratio, reached / math.fsum(needs[n] for n in tight))
        tight = _overloaded([ratio * need for need in needs], hours)
        if not tight:
            break
    return ratio


def _overloaded(needs: Sequence[float], hours: Mapping[frozenset[int], float]) -> set[int]:
    """The sorts of work on the near side of a minimum cut; none if all of them can be done."""
    pools = list(hours)
    left, room = list(needs), list(hours.values())
    flow = [dict.fromkeys(which, 0.0) for which in pools]
    least = 1e-9 * math.fsum(needs)
    while True:
        # Edmonds and Karp: the shortest way from work that is left to hours that are, taking back on the way.
        came: dict[int, tuple[int, int] | None] = {n: None for n, much in enumerate(left) if much > least}
        through: dict[int, int] = {}
        queue, end = deque(came), None
        while queue and end is None:
            n = queue.popleft()
            for pool, which in enumerate(pools):
                if n in which and pool not in through:
                    through[pool] = n
                    if room[pool] > least:
                        end = pool
                        break
                    for other in which:
                        if other not in came and flow[pool][other] > least:
                            came[other] = (n, pool)
                            queue.append(other)
        if end is None:
            return set(came)
        way, pool = [], end
        n = through[pool]
        while True:
            back = came[n]
            way.append((n, pool, back))
            if back is None:
                break
            n, pool = back
        much = min(room[end], left[n], *(flow[back[1]][m] for m, _, back in way if back is not None))
        room[end] -= much
        left[n] -= much
        for m, into, back in way:
            flow[into][m] += much
            if back is not None:
                flow[back[1]][m] -= much
