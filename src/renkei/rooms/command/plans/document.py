"""Documents as files: a plan or a structure, and rules, in TOML or JSON, read whole or not at all."""

from datetime import date
from typing import TypeVar

import msgspec

from ....kernel.errors import BadInput
from ..records import Names
from .checks.rules import Rules
from .model import Plan, Structure
from .sound import check_plan, check_structure

MAX_DOCUMENT = 128 * 1024 * 1024
"""Bytes of a plan: 100,000 posts with their units and relations take some 30 million."""
MAX_RULES = 1024 * 1024
"""Bytes of a file of rules; a headquarters has dozens, of a few hundred bytes."""

T = TypeVar("T")


def read_plan(raw: bytes, *, as_json: bool, today: date | None = None) -> Plan:
    """A sound plan; a bare structure becomes a plan without changes that starts ``today``, if that is given.

    Raises BadInput (``plan.*``, ``structure.*``) naming the place.
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


def _fits(raw: bytes, limit: int, code: str) -> None:
    if len(raw) > limit:
        raise BadInput(code, f"at most {limit} bytes", str(len(raw)))


class _Outline(msgspec.Struct):
    nations: msgspec.Raw | None = None
    structure: msgspec.Raw | None = None


def _is_structure(raw: bytes, as_json: bool) -> bool:
    try:
        if as_json:
            outline = msgspec.json.decode(raw, type=_Outline)
            return outline.structure is None and outline.nations is not None
        plain = msgspec.toml.decode(raw)
        return "structure" not in plain and "nations" in plain
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def _decoded(raw: bytes, kind: type[T], as_json: bool, code: str) -> T:
    decode = msgspec.json.decode if as_json else msgspec.toml.decode
    try:
        return decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
        raise BadInput(code, f"a {kind.__name__.lower()} as documented", str(err)[:300]) from None
