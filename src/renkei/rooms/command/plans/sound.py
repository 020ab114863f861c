"""Whether the parts of a document fit together: everything named is there, and dates contradict nothing.

Complaints name the place as a path into the document (``$.structure.posts[3].unit``), what was expected there
and what came.  The first one found is raised; nothing is applied in part, for nothing is applied here at all.
"""

from collections.abc import Container, Iterable, Iterator

from ....kernel.errors import BadInput
from ..records import UNKNOWN
from .model import (
    FUNCTIONS,
    LISTS,
    Add,
    Amend,
    AnyFact,
    Function,
    Hours,
    LegalBasis,
    Plan,
    Post,
    Ref,
    Relation,
    Responsibility,
    Site,
    Strength,
    Structure,
    Unit,
    ref_of,
)
from .state import calendar
from .timeline import Op, Timeline

CHAINS = ("command", "opcon", "tacon", "administrative")
"""Hierarchies in which a structure that is read may have no cycle."""
FIXED = frozenset({"kind", "code", "key", "nation", "since", "until", "status"})
"""Fields no change amends: what a fact is known by, whose it is, and its own dates."""


def check_structure(structure: Structure) -> None:
    """Raises BadInput (``structure.*``)."""
    _Known(structure, ()).check("$")
    _no_cycle(structure)


def check_plan(plan: Plan) -> Timeline:
    """The plan's timeline.  Raises BadInput (``structure.*``, ``plan.*``)."""
    added = [change.fact for change in plan.changes if isinstance(change, Add)]
    known = _Known(plan.structure, added)
    known.check("$.structure")
    _no_cycle(plan.structure)
    _check_phases(plan)
    _check_choices(plan)
    _check_changes(plan, known)
    timeline = Timeline(plan)
    _check_order(plan, timeline, known)
    return timeline


def _wrong(code: str, expected: str, came: str, where: str) -> BadInput:
    return BadInput(code, expected, f"{came} at {where}")


class _Known:
    """Everything that a fact may name."""

    def __init__(self, structure: Structure, added: Iterable[AnyFact]) -> None:
        self.structure = structure
        self.nations = {nation.key for nation in structure.nations}
        self.keys: dict[str, set[str]] = {kind: set() for kind in LISTS}
        for kind, name in LISTS.items():
            self.keys[kind] = {ref_of(fact)[1] for fact in getattr(structure, name)}
        for fact in added:
            kind, key = ref_of(fact)
            self.keys[kind].add(key)
        self.functions = self.keys["function"] | FUNCTIONS.keys()
        self.hours, self.bases = self.keys["hours"] | {UNKNOWN}, self.keys["legal basis"] | {UNKNOWN}

    def check(self, path: str) -> None:
        """Every list of the structure: each key once, and what it names there."""
        _once((n.key for n in self.structure.nations), f"{path}.nations")
        for name in LISTS.values():
            facts: tuple[AnyFact, ...] = getattr(self.structure, name)
            _once((ref_of(fact)[1] for fact in facts), f"{path}.{name}")
            for n, fact in enumerate(facts):
                if wrong := self.wrong(fact):
                    raise wrong_at(*wrong, f"{path}.{name}[{n}]")

    def wrong(self, fact: AnyFact) -> tuple[str, str, str, str] | None:
        """Code, expected, came and field of the first thing that does not fit; None if all does."""
        if fact.since and fact.until and fact.until <= fact.since:
            return "structure.dates", "until after since", f"{fact.since} to {fact.until}", "until"
        for field, value, allowed, expected in self._names(fact):
            if value not in allowed:
                return f"structure.{field.partition('[')[0]}", expected, value or "nothing", field
        if isinstance(fact, Relation) and fact.subject == fact.object:
            return "structure.ends", "two different units", f"{fact.subject} twice", "object"
        if isinstance(fact, Hours):
            calendar(fact)
        return None

    def _names(self, fact: AnyFact) -> Iterator[tuple[str, str, Container[str], str]]:
        keys, nations = self.keys, "a nation of the structure"
        match fact:
            case Unit():
                yield "nation", fact.nation, self.nations, nations
                if fact.site:
                    yield "site", fact.site, keys["site"], "a site of the structure"
            case Post():
                yield "unit", fact.unit, keys["unit"], "a unit of the structure"
                if fact.site:
                    yield "site", fact.site, keys["site"], "a site of the structure"
                if fact.hours:
                    yield "hours", fact.hours, self.hours, "hours of the structure, or unknown"
                yield from self._each("functions", fact.functions, self.functions, "a function")
            case Site():
                yield "nation", fact.nation, self.nations, nations
                yield "hours", fact.hours, self.hours, "hours of the structure, or unknown"
            case LegalBasis():
                yield from self._each("nations", fact.nations, self.nations, nations)
            case Relation():
                yield "subject", fact.subject, keys["unit"], "a unit of the structure"
                yield "object", fact.object, keys["unit"], "a unit of the structure"
                yield from self._under(fact)
            case Responsibility():
                yield (
                    "subject",
                    fact.subject,
                    keys[fact.subject_kind],
                    f"a {fact.subject_kind} of the structure",
                )
                yield "function", fact.function, self.functions, "a function"
                yield from self._under(fact)
            case Strength():
                subjects = self.nations if fact.subject_kind == "nation" else keys[fact.subject_kind]
                yield "subject", fact.subject, subjects, f"a {fact.subject_kind} of the structure"
            case Function():
                return

    def _under(self, fact: Relation | Responsibility) -> Iterator[tuple[str, str, Container[str], str]]:
        yield from self._each("under", fact.under, self.bases, "a legal basis of the structure, or unknown")

    @staticmethod
    def _each(
        field: str, values: Iterable[str], allowed: Container[str], expected: str
    ) -> Iterator[tuple[str, str, Container[str], str]]:
        for n, value in enumerate(values):
            yield f"{field}[{n}]", value, allowed, expected


def wrong_at(code: str, expected: str, came: str, field: str, path: str) -> BadInput:
    """The complaint with its place."""
    return _wrong(code, expected, came, f"{path}.{field}")


def _once(keys: Iterable[str], path: str) -> None:
    seen: dict[str, int] = {}
    for n, key in enumerate(keys):
        if key in seen:
            raise _wrong(
                "structure.twice", "each key once", f"{key} of {path}[{seen[key]}] again", f"{path}[{n}]"
            )
        seen[key] = n


def _no_cycle(structure: Structure) -> None:
    for kind in CHAINS:
        above: dict[str, list[str]] = {}
        for one in structure.relations:
            if one.relation == kind and one.status == "in force" and not (one.since or one.until):
                above.setdefault(one.subject, []).append(one.object)
        if cycle := cycle_in(above):
            raise _wrong(
                "structure.cycle", f"no {kind} that leads back", " > ".join(cycle), "$.structure.relations"
            )


def cycle_in(above: dict[str, list[str]]) -> list[str]:
    """A way from somebody back to himself; empty if there is none."""
    done: set[str] = set()
    for begin in sorted(above):
        way: dict[str, Iterator[str]] = {}
        at = begin
        while at:
            if at not in way and at not in done:
                way[at] = iter(sorted(above.get(at, ())))
            elif at in way:
                steps = list(way)
                return [*steps[steps.index(at) :], at]
            at = _next(way, done)
    return []


def _next(way: dict[str, Iterator[str]], done: set[str]) -> str:
    """The next unit to walk to from the end of the way, going back from those that lead nowhere."""
    while way:
        last = next(reversed(way))
        if (step := next(way[last], None)) is not None:
            return step
        done.add(last)
        del way[last]
    return ""


def _check_phases(plan: Plan) -> None:
    _once((phase.key for phase in plan.phases), "$.phases")
    latest = plan.start
    for n, phase in enumerate(plan.phases):
        low = max(latest, phase.not_before or latest)
        if phase.on and (phase.on < low or phase.on == plan.start):
            expected = f"a day after the start, {plan.start}, and not before {low}"
            raise _wrong("plan.phase", expected, str(phase.on), f"$.phases[{n}].on")
        latest = max(low, phase.on or low)


def _check_choices(plan: Plan) -> None:
    _once((choice.key for choice in plan.choices), "$.choices")
    for n, choice in enumerate(plan.choices):
        _once((option.key for option in choice.options), f"$.choices[{n}].options")
        if not choice.options:
            raise _wrong("plan.choice", "an option or more", "none", f"$.choices[{n}].options")


def _check_changes(plan: Plan, known: _Known) -> None:
    _once((change.key for change in plan.changes), "$.changes")
    phases = {phase.key: phase for phase in plan.phases}
    options = {choice.key: {option.key for option in choice.options} for choice in plan.choices}
    for n, change in enumerate(plan.changes):
        path = f"$.changes[{n}]"
        if change.phase not in phases:
            raise _wrong("plan.phase", "a phase of the plan", change.phase, f"{path}.phase")
        for choice, option in change.when.items():
            if option not in options.get(choice, ()):
                raise _wrong(
                    "plan.branch", "a choice and one of its options", f"{choice}={option}", f"{path}.when"
                )
        low = phases[change.phase].on or plan.start
        if change.on and (change.on < low or change.on <= plan.start):
            raise _wrong("plan.dates", f"a day from {low} on, after the start", str(change.on), f"{path}.on")
        if isinstance(change, Add):
            _check_added(plan, change, known, path)
        elif change.of not in known.keys[change.kind]:
            raise _wrong("plan.fact", f"a {change.kind} of the plan", change.of, f"{path}.of")
        elif isinstance(change, Amend) and (fixed := FIXED.intersection(change.fields)):
            raise _wrong("plan.amend", "fields that may change", ", ".join(sorted(fixed)), f"{path}.fields")


def _check_added(plan: Plan, change: Add, known: _Known, path: str) -> None:
    if wrong := known.wrong(change.fact):
        raise wrong_at(*wrong, f"{path}.fact")
    since, until = change.fact.since, change.fact.until
    if since:
        raise _wrong("plan.dates", "no since: the change says when", str(since), f"{path}.fact.since")
    day = change.on or next(phase.on for phase in plan.phases if phase.key == change.phase)
    if until and (day is None or until <= day):
        expected = "until after a known day of the change"
        raise _wrong("plan.dates", expected, str(until), f"{path}.fact.until")


def _check_order(plan: Plan, timeline: Timeline, known: _Known) -> None:
    """In every branch a fact is ended or amended only while it is there, and added only while it is not."""
    number = {change.key: n for n, change in enumerate(plan.changes)}
    dated = {op.ref for op in timeline.ops if op.change is None}
    at_start = {ref_of(fact): fact for fact in timeline.at_start}
    for branch in timeline.branches:
        there: dict[Ref, AnyFact | None] = {}
        for op in timeline.ops_in(branch):
            before = there[op.ref] if op.ref in there else at_start.get(op.ref)
            if op.change is not None and not (isinstance(op.change, Add) and op.act == "end"):
                path = f"$.changes[{number[op.change.key]}]"
                where = f"on {timeline.moments[op.at]} in branch {branch.key}"
                _check_op(op, before, op.ref in dated, f"{where}, {path}")
            after = op.result(before)
            wrong = known.wrong(after) if op.act == "amend" and after is not None else None
            if wrong and op.change:
                raise wrong_at(*wrong, f"$.changes[{number[op.change.key]}].fields")
            there[op.ref] = after


def _check_op(op: Op, before: AnyFact | None, dated: bool, where: str) -> None:
    kind, key = op.ref
    if op.act == "begin" and (before is not None or dated):
        raise _wrong("plan.order", f"a {kind} not in the plan yet", f"{key}, which is there already,", where)
    if op.act != "begin" and before is None:
        raise _wrong("plan.order", f"a {kind} in force", f"{key}, which is not,", where)
