"""Whether the parts of a document fit together: everything named is there, and dates contradict nothing.

Complaints name the place as a path into the document (``$.structure.posts[3].unit``), what was expected there
and what came.  All that are found are told at once, up to a limit; whether changes can be made in their order
is asked only where every part is sound.  Nothing is applied in part, for nothing is applied here at all.
"""

from collections.abc import Container, Iterable, Iterator, Mapping

from ....kernel.errors import BadInput
from ..paths.sound import Wrong, settle
from ..records import UNKNOWN
from ..rules import check_hours
from .model import (
    FUNCTIONS,
    LISTS,
    Add,
    Amend,
    AnyChange,
    AnyFact,
    Function,
    Hours,
    LegalBasis,
    Phase,
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
from .timeline import Branch, Op, Timeline

CHAINS = ("command", "opcon", "tacon", "administrative")
"""Hierarchies in which a structure that is read may have no cycle."""
FIXED = frozenset({"kind", "code", "key", "nation", "since", "until", "status"})
"""Fields no change amends: what a fact is known by, whose it is, and its own dates."""


def check_structure(structure: Structure) -> None:
    """Raises Faulty (``structure.*``, by the first fault) with everything that is wrong."""
    settle(_wrong_structure(structure, _Known(structure, ()), "$"))


def check_plan(plan: Plan) -> Timeline:
    """The plan's timeline.

    Raises Faulty (``structure.*``, ``plan.*``, by the first fault) with everything that is wrong, and
    BadInput (``plan.branches``) if there are too many.
    """
    added = [change.fact for change in plan.changes if isinstance(change, Add)]
    known = _Known(plan.structure, added)
    settle(_wrong_plan(plan, known))
    timeline = Timeline(plan)
    settle(_wrong_order(plan, timeline, known))
    return timeline


def _wrong_plan(plan: Plan, known: "_Known") -> Iterator[Wrong]:
    yield from _wrong_structure(plan.structure, known, "$.structure")
    yield from _wrong_phases(plan)
    yield from _wrong_choices(plan)
    yield from _wrong_changes(plan, known)


def _wrong_structure(structure: Structure, known: "_Known", path: str) -> Iterator[Wrong]:
    """Every list of the structure: each key once, and what it names there."""
    yield from _twice((n.key for n in structure.nations), f"{path}.nations")
    for name in LISTS.values():
        facts: tuple[AnyFact, ...] = getattr(structure, name)
        yield from _twice((ref_of(fact)[1] for fact in facts), f"{path}.{name}")
        for n, fact in enumerate(facts):
            yield from known.wrong(fact, f"{path}.{name}[{n}]")
    yield from _cycles(structure, path)


class _Known:
    """Everything that a fact may name."""

    def __init__(self, structure: Structure, added: Iterable[AnyFact]) -> None:
        self.nations = {nation.key for nation in structure.nations}
        self.keys: dict[str, set[str]] = {kind: set() for kind in LISTS}
        for kind, name in LISTS.items():
            self.keys[kind] = {ref_of(fact)[1] for fact in getattr(structure, name)}
        for fact in added:
            kind, key = ref_of(fact)
            self.keys[kind].add(key)
        self.functions = self.keys["function"] | FUNCTIONS.keys()
        self.hours, self.bases = self.keys["hours"] | {UNKNOWN}, self.keys["legal basis"] | {UNKNOWN}

    def wrong(self, fact: AnyFact, path: str) -> Iterator[Wrong]:
        """Everything that does not fit."""
        if fact.since and fact.until and fact.until <= fact.since:
            yield Wrong(
                "structure.dates", f"{path}.until", "until after since", f"{fact.since} to {fact.until}"
            )
        for field, value, allowed, expected in self._names(fact):
            if value not in allowed:
                code = f"structure.{field.partition('[')[0]}"
                yield Wrong(code, f"{path}.{field}", expected, value or "nothing")
        if isinstance(fact, Relation) and fact.subject == fact.object:
            yield Wrong("structure.ends", f"{path}.object", "two different units", f"{fact.subject} twice")
        if isinstance(fact, Hours) and (no := check_hours(fact.spans, fact.zone, fact.off)):
            yield Wrong(no[1].code, f"{path}.{no[0]}", no[1].expected, no[1].came)

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


def _twice(keys: Iterable[str], path: str) -> Iterator[Wrong]:
    seen: dict[str, int] = {}
    for n, key in enumerate(keys):
        if key in seen:
            yield Wrong(
                "structure.twice", f"{path}[{n}]", "each key once", f"{key} of {path}[{seen[key]}] again"
            )
        seen.setdefault(key, n)


def _cycles(structure: Structure, path: str) -> Iterator[Wrong]:
    for kind in CHAINS:
        above: dict[str, list[str]] = {}
        for one in structure.relations:
            if one.relation == kind and one.status == "in force" and not (one.since or one.until):
                above.setdefault(one.subject, []).append(one.object)
        if cycle := cycle_in(above):
            expected = f"no {kind} that leads back"
            yield Wrong("structure.cycle", f"{path}.relations", expected, " > ".join(cycle))


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


def _wrong_phases(plan: Plan) -> Iterator[Wrong]:
    yield from _twice((phase.key for phase in plan.phases), "$.phases")
    latest = plan.start
    for n, phase in enumerate(plan.phases):
        low = max(latest, phase.not_before or latest)
        if phase.on and (phase.on < low or phase.on == plan.start):
            expected = f"a day after the start, {plan.start}, and not before {low}"
            yield Wrong("plan.phase", f"$.phases[{n}].on", expected, str(phase.on))
        latest = max(low, phase.on or low)


def _wrong_choices(plan: Plan) -> Iterator[Wrong]:
    yield from _twice((choice.key for choice in plan.choices), "$.choices")
    for n, choice in enumerate(plan.choices):
        yield from _twice((option.key for option in choice.options), f"$.choices[{n}].options")
        if not choice.options:
            yield Wrong("plan.choice", f"$.choices[{n}].options", "an option or more", "none")


def _wrong_changes(plan: Plan, known: _Known) -> Iterator[Wrong]:
    yield from _twice((change.key for change in plan.changes), "$.changes")
    phases = {phase.key: phase for phase in plan.phases}
    options = {choice.key: {option.key for option in choice.options} for choice in plan.choices}
    for n, change in enumerate(plan.changes):
        path = f"$.changes[{n}]"
        yield from (
            Wrong("plan.branch", f"{path}.when", "a choice and one of its options", f"{choice}={option}")
            for choice, option in change.when.items()
            if option not in options.get(choice, ())
        )
        if (phase := phases.get(change.phase)) is None:
            yield Wrong("plan.phase", f"{path}.phase", "a phase of the plan", change.phase)
        else:
            yield from _wrong_days(plan, change, phase, path)
        if isinstance(change, Add):
            yield from known.wrong(change.fact, f"{path}.fact")
        elif change.of not in known.keys[change.kind]:
            yield Wrong("plan.fact", f"{path}.of", f"a {change.kind} of the plan", change.of)
        elif isinstance(change, Amend) and (fixed := FIXED.intersection(change.fields)):
            came = ", ".join(sorted(fixed))
            yield Wrong("plan.amend", f"{path}.fields", "fields that may change", came)


def _wrong_days(plan: Plan, change: AnyChange, phase: Phase, path: str) -> Iterator[Wrong]:
    low = phase.on or plan.start
    if change.on and (change.on < low or change.on <= plan.start):
        yield Wrong("plan.dates", f"{path}.on", f"a day from {low} on, after the start", str(change.on))
    if not isinstance(change, Add):
        return
    since, until, day = change.fact.since, change.fact.until, change.on or phase.on
    if since:
        expected = "no since: the change says when"
        yield Wrong("plan.dates", f"{path}.fact.since", expected, str(since))
    if until and (day is None or until <= day):
        expected = "until after a known day of the change"
        yield Wrong("plan.dates", f"{path}.fact.until", expected, str(until))


def _wrong_order(plan: Plan, timeline: Timeline, known: _Known) -> Iterator[Wrong]:
    """In every branch a fact is ended or amended only while it is there, and added only while it is not.

    Of each change what is found first, in the first branch where anything is.
    """
    number = {change.key: n for n, change in enumerate(plan.changes)}
    told: set[str] = set()
    for branch in timeline.branches:
        for change, wrong in _wrong_in(timeline, branch, known, number):
            if change not in told:
                told.add(change)
                yield wrong


def _wrong_in(
    timeline: Timeline, branch: Branch, known: _Known, number: Mapping[str, int]
) -> Iterator[tuple[str, Wrong]]:
    dated = {op.ref for op in timeline.ops if op.change is None and op.act != "clock"}
    at_start = {ref_of(fact): fact for fact in timeline.at_start}
    there: dict[Ref, AnyFact | None] = {}
    for op in timeline.ops_in(branch):
        before, change = there[op.ref] if op.ref in there else at_start.get(op.ref), op.change
        if change is None or (isinstance(change, Add) and op.act == "end"):
            there[op.ref] = op.result(before)
            continue
        path = f"$.changes[{number[change.key]}]"
        if misplaced := _misplaced(op, before, op.ref in dated):
            where = f"{path}, on {timeline.moments[op.at]} in branch {branch.key}"
            yield change.key, Wrong("plan.order", where, *misplaced)
        try:
            there[op.ref] = after = op.result(before)
        except BadInput as err:
            yield change.key, Wrong(err.code, f"{path}.fields", err.expected, err.came)
            continue
        if op.act == "amend" and after is not None:
            yield from ((change.key, wrong) for wrong in known.wrong(after, f"{path}.fields"))


def _misplaced(op: Op, before: AnyFact | None, dated: bool) -> tuple[str, str] | None:
    """What was expected and what came, if the fact is there, or not there, as it should not be."""
    kind, key = op.ref
    if op.act == "begin" and (before is not None or dated):
        return f"a {kind} not in the plan yet", f"{key}, which is there already"
    if op.act != "begin" and before is None:
        return f"a {kind} in force", f"{key}, which is not"
    return None
