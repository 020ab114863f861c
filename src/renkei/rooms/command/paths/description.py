"""The plain file (TOML or JSON) that describes today's structure and a proposed one.

``kinds`` name the requests; ``today`` and ``proposed`` each have ``posts`` and, by kind, the
``paths``' steps.  Duty is "always" or days (0 is Monday), local ``from`` and ``to`` (``HH:MM``), and the
offset from UTC in hours; beside it a post may give its ``zone`` by IANA name, whose clock then counts, and
its days ``off``.  Where one does, ``begins`` says in which week the simulation begins.
"""

from collections.abc import Iterable, Set
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from ....kernel.errors import BadInput
from .. import zones
from .calendars import CYCLE, DAY, WEEK, Calendar, weekly
from .model import Kind, Name, Post, Step, Structure
from .sound import Wrong, settle, wrong

LIMIT = 1_000_000
"""Bytes of a description; structures of a few hundred posts take a tenth of it."""
MAX_KINDS = 30
"""Kinds of request in a description; a headquarters tells a dozen apart."""
MAX_POSTS = 300
"""Posts of one structure: those that requests pass through, not a whole staff."""
MAX_PATH_STEPS = 100
"""Steps of one path; the longest known has some twenty."""
MAX_STAND_INS = 10
"""Stand-ins named for one step: a roster has three or four."""
MAX_OFF = 400
"""Days off of one post: a year's, and some more."""
FIRST, LAST = date(1900, 1, 1), date(2100, 1, 1)
"""Days that time zones and days off are looked up for; 28 years after a day must be a day too."""
Off = Annotated[tuple[date, ...], msgspec.Meta(max_length=MAX_OFF)]
"""Days off, by the local clock."""
Zone = Annotated[str, msgspec.Meta(max_length=64)]
"""A time zone by its IANA name; "" for the fixed offset alone."""


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a post is, in degrees (WGS 84)."""

    name: Name
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Duty hours of the local day; ``utc_offset`` is that of the place, or one of those its zone has."""

    days: tuple[int, ...]
    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    utc_offset: float


class PostIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post as written; ``unit`` is the headquarters it belongs to, ``source`` where it is known from.

    With no ``officers`` it is vacant: the first stand-in who is there does its work as its own.  ``zone`` is
    that of its duty hours; on a day ``off`` none of them begin.
    """

    key: str
    name: Name
    officers: int = 1
    nation: str = ""
    duty: Duty | Literal["always"] = "always"
    unit: Name | None = None
    site: Site | None = None
    source: str = ""
    zone: Zone = ""
    off: Off = ()


class KindIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of request as written."""

    key: str
    name: Name
    per_day: float
    priority: int = 0


class StructureIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two structures as written."""

    posts: tuple[PostIn, ...]
    paths: dict[str, tuple[Step, ...]]


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file; ``assumptions`` says in words what nobody published.

    Simulated time begins on the Monday of the week in which ``begins`` is.
    """

    title: Name
    kinds: tuple[KindIn, ...]
    today: StructureIn
    proposed: StructureIn
    synthetic: bool = False
    assumptions: tuple[Name, ...] = ()
    begins: date | None = None

    def structures(self) -> tuple[Structure, Structure]:
        """Both, checked.  Raises BadInput, and Faulty with everything that is wrong in either."""
        sides = (("today", self.today), ("proposed", self.proposed))
        for key, one in sides:
            self._fits(key, one)
        found: list[Wrong] = []
        today, proposed = (self._built(key, one, found) for key, one in sides)
        settle(found)
        return today, proposed

    def assumed(self) -> tuple[str, ...]:
        """``structure/kind/step`` of each work that is an assumption, not fitted from a log."""
        return tuple(
            f"{key}/{kind}/{step.key}"
            for key, one in (("today", self.today), ("proposed", self.proposed))
            for kind, steps in one.paths.items()
            for step in steps
            if step.work.basis == "assumption"
        )

    def _fits(self, key: str, one: StructureIn) -> None:
        longest = max((len(steps) for steps in one.paths.values()), default=0)
        others = max((len(step.stand_in) for steps in one.paths.values() for step in steps), default=0)
        sizes = (
            (len(self.kinds), MAX_KINDS, "kinds"),
            (len(one.posts), MAX_POSTS, "posts"),
            (longest, MAX_PATH_STEPS, "steps a path"),
            (others, MAX_STAND_INS, "stand-ins a step"),
        )
        if any(size > most for size, most, _ in sizes):
            expected = "at most " + ", ".join(f"{most} {what}" for _, most, what in sizes)
            raise BadInput("paths.large", expected, f"{', '.join(str(size) for size, *_ in sizes)} in {key}")
        if set(one.paths) != {kind.key for kind in self.kinds}:
            raise BadInput("paths.kinds", f"a path in {key} for every kind, and no other", "another set")

    def _built(self, key: str, one: StructureIn, found: list[Wrong]) -> Structure:
        """The structure as far as it can be made; what is wrong with it goes to ``found``."""
        vacant = {post.key for post in one.posts if post.officers == 0}
        paths = {kind: tuple(_held(step, vacant) for step in steps) for kind, steps in one.paths.items()}
        nobody = {
            f"step {step.key} of {kind} of {key}": step.post
            for kind, steps in paths.items()
            for step in steps
            if step.post in vacant
        }
        found += [
            Wrong("paths.vacant", where, "somebody at its post or standing in", f"nobody at {post}")
            for where, post in nobody.items()
        ]
        posts = []
        for post in one.posts:
            if post.key in vacant - {*nobody.values()}:
                continue
            try:
                calendar = calendar_of(post, self.begins)
            except BadInput as err:
                found.append(Wrong(err.code, f"post {post.key} of {key}", err.expected, err.came))
                calendar = Calendar()
            posts.append(Post(post.key, post.officers or 1, calendar, post.nation))
        kinds = [Kind(k.key, k.per_day, paths[k.key], k.priority) for k in self.kinds]
        found += wrong(key, posts, kinds)
        return Structure(key, tuple(posts), tuple(kinds))


def _held(step: Step, vacant: Set[str]) -> Step:
    """The step with its post held by the first stand-in who is there, if the post is vacant and one is."""
    able = [key for key in (step.post, *step.stand_in) if key not in vacant]
    if not able or not vacant & {step.post, *step.stand_in}:
        return step
    return msgspec.structs.replace(step, post=able[0], stand_in=tuple(able[1:]))


def read(raw: bytes, *, as_json: bool) -> Description:
    """A description from a file's bytes.  Raises BadInput (``paths.form``) saying where it is wrong."""
    if len(raw) > LIMIT:
        raise BadInput("paths.size", f"at most {LIMIT} bytes", str(len(raw)))
    decode = msgspec.json.decode if as_json else msgspec.toml.decode
    try:
        return decode(raw, type=Description)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise BadInput("paths.form", "a description of today and proposed", str(err)[:300]) from None


def calendar_of(post: PostIn, begins: date | None) -> Calendar:
    """A post's duty from the Monday before ``begins``, or on it.

    Raises BadInput: ``paths.duty`` naming the post, ``paths.begins`` if it takes a day to say, and
    ``hours.zone``.
    """
    if isinstance(post.duty, str):
        if post.off:
            raise BadInput("paths.duty", "no days off where somebody always is", "some")
        return Calendar()
    hours = calendar_of_duty(post.duty, post.key)
    if not post.zone and not post.off:
        return hours
    if begins is None or not FIRST <= begins < LAST:
        expected = f"the day on which it begins, from {FIRST} on and before {LAST}"
        raise BadInput("paths.begins", expected, str(begins) if begins else "a zone or days off without one")
    if post.zone:
        zones.check(post.zone, [post.duty.utc_offset])
    return _dated((post.duty,), post.zone, frozenset(post.off), begins - timedelta(days=begins.weekday()))


@lru_cache(maxsize=1_000)
def _dated(duties: tuple[Duty, ...], zone: str, off: frozenset[date], monday: date) -> Calendar:
    """28 years of duty from a Monday on; a week of it where all are alike."""
    days = round(CYCLE / DAY)
    spans = zones.stretches(spans_of(duties), zone, off, monday - timedelta(days=1), days + 2)
    inside = [(max(0.0, a - DAY), min(b - DAY, CYCLE)) for a, b in spans if b > DAY and a - DAY < CYCLE]
    whole = Calendar(inside, CYCLE)
    weeks = {whole.week(n) for n in range(round(CYCLE / WEEK))}
    return Calendar(weeks.pop()) if len(weeks) == 1 else whole


def spans_of(duties: Iterable[Duty]) -> list[zones.Span]:
    """Duty hours as ``zones`` takes them."""
    return [(duty.days, duty.begin, duty.end, duty.utc_offset) for duty in duties]


def calendar_of_duty(duty: Duty, where: str, offset: float | None = None) -> Calendar:
    """Duty hours as minutes of the week, at their own offset or another.

    Raises BadInput (``paths.duty``) naming ``where``.
    """
    times = [zones.CLOCK.fullmatch(text) for text in (duty.begin, duty.end)]
    right = duty.days and all(0 <= day <= 6 for day in duty.days) and -12 <= duty.utc_offset <= 14
    if not right or times[0] is None or times[1] is None:
        raise BadInput(
            "paths.duty", "days 0 to 6, times HH:MM, an offset from -12 to 14", f"other at {where}"
        )
    begin, end = (int(t[1]) * 60 + int(t[2]) for t in times if t)
    return weekly(duty.days, begin, end, duty.utc_offset if offset is None else offset)
