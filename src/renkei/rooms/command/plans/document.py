"""Documents as files: a plan or a structure, and rules, in TOML or JSON, read whole or not at all.

What is wrong with one is told all at once: first what has not the form, line by line, then what does not fit.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from ....kernel.errors import BadInput
from ..paths.sound import Wrong, settle
from ..records import Names
from .checks.rules import AnyRule, Rules
from .model import Plan, Structure
from .sound import check_plan, check_structure

MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes of a plan: 100,000 posts with their units and relations take some 20 million."""
MAX_RULES = 1024 * 1024
"""Bytes of a file of rules; a headquarters has dozens, of a few hundred bytes."""

T = TypeVar("T")


def read_plan(raw: bytes, *, as_json: bool, today: date | None = None) -> Plan:
    """A sound plan; a bare structure becomes a plan without changes that starts ``today``, if that is given.

    Raises BadInput and Faulty (``plan.*``, ``structure.*``) naming every place that is wrong.
    """
    _fits(raw, MAX_DOCUMENT, "plan.size")
    if today is not None and _is_structure(raw, as_json):
        structure = _decoded(raw, Structure, as_json, "structure.form")
        check_structure(structure)
        return Plan(title=Names(en="Structure", ja="編制・指揮関係"), start=today, structure=structure)
    plan = _decoded(raw, Plan, as_json, "plan.form")
    check_plan(plan)
    return plan


def read_rules(raw: bytes, *, as_json: bool) -> Rules:
    """Rules, each key once.  Raises BadInput (``rules.*``) naming the place."""
    _fits(raw, MAX_RULES, "rules.size")
    rules = _decoded(raw, Rules, as_json, "rules.form")
    seen: set[str] = set()
    for n, rule in enumerate(rules.rules):
        if rule.key in seen:
            raise BadInput("rules.twice", "each key once", f"{rule.key} again at $.rules[{n}]")
        seen.add(rule.key)
    return rules


def together(files: Iterable[Rules]) -> Rules:
    """Rules of several files: of one key the last counts, and of costs the last given.

    Raises BadInput (``rules.none``) if there are none.
    """
    rules: dict[str, AnyRule] = {}
    costs = None
    for one in files:
        rules |= {rule.key: rule for rule in one.rules}
        costs = one.costs or costs
    if not rules:
        raise BadInput("rules.none", "a rule or more", "none")
    return Rules(rules=tuple(rules.values()), costs=costs)


def _fits(raw: bytes, limit: int, code: str) -> None:
    if len(raw) > limit:
        raise BadInput(code, f"at most {limit} bytes", str(len(raw)))


def _is_structure(raw: bytes, as_json: bool) -> bool:
    try:
        keys = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]) if as_json else msgspec.toml.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return "nations" in keys and "structure" not in keys


def _decoded(raw: bytes, kind: type[T], as_json: bool, code: str) -> T:
    decode = msgspec.json.decode if as_json else msgspec.toml.decode
    try:
        return decode(raw, type=kind)
    except msgspec.ValidationError:
        return converted(decode(raw), kind, code)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
        raise BadInput(code, f"a {kind.__name__.lower()} as documented", str(err)[:300]) from None


def converted(document: Any, kind: type[T], code: str) -> T:
    """What was read, as ``kind``.  Raises Faulty (``code``) with every line that has not its form."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as err:
        settle(_misshapen(document, kind, "$", code))
        raise BadInput(code, f"a {kind.__name__.lower()} as documented", str(err)[:300]) from None


def _misshapen(value: Any, kind: Any, path: str, code: str) -> Iterator[Wrong]:
    """What keeps it from being a ``kind``: by lines of lists and fields of fields, or as a whole."""
    try:
        msgspec.convert(value, kind)
        return
    except msgspec.ValidationError as err:
        said, _, inside = str(err).partition(" - at `$")
    within = list(_within(value, kind, path, code))
    if not within:
        within = [Wrong(code, path + inside.rstrip("`"), "what is documented", said[:300])]
    yield from within


def _within(value: Any, kind: Any, path: str, code: str) -> Iterator[Wrong]:
    if not isinstance(value, dict) or not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if kind.__struct_config__.forbid_unknown_fields:
        known = {*fields, kind.__struct_config__.tag_field}
        for name in sorted(value.keys() - known):
            yield Wrong(code, f"{path}.{name}"[:200], "a field as documented", "another")
    for name, field in fields.items():
        if name not in value:
            if field.required:
                yield Wrong(code, f"{path}.{name}", "what is documented", "nothing")
        elif get_origin(field.type) is tuple and isinstance(value[name], list | tuple):
            of = get_args(field.type)[0]
            for n, line in enumerate(value[name]):
                yield from _misshapen(line, of, f"{path}.{name}[{n}]", code)
        else:
            yield from _misshapen(value[name], field.type, f"{path}.{name}", code)
