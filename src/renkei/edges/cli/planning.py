"""``renkei command propose | plans | approve | take-back | apply | route``: plans at a running node."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from ...kernel.errors import BadInput
from ...rooms.command.plans.model import Plan
from .app import Remote
from .decisions import command_app
from .labelling import LABEL, label_named
from .local import read_file
from .work import text

Label = Annotated[str | None, Parameter(help=LABEL)]
_COLUMNS = ("phase", "nations", "state", "effective", "missing")


@command_app.command
def propose(
    file: Path,
    /,
    *,
    name: str | None = None,
    amends: str | None = None,
    label: Label = None,
    remote: Remote | None = None,
) -> None:
    """Put the changes of a plan on record, for nations to sign.

    Parameters
    ----------
    file
        The plan as a document (JSON, or TOML if it ends in .toml); its structure stays here.
    name
        What both sides call the plan; its English title if left out.
    amends
        The id of a plan of ours that this is now.
    """
    remote = remote or Remote()
    api, plan = remote.api(), _plan_in(file)
    body = {
        "name": name or plan.title.en,
        "title": text(plan.title.en or plan.title.ja, None),
        "phases": msgspec.to_builtins(plan.phases),
        "choices": msgspec.to_builtins(plan.choices),
        "changes": [{"change": change} for change in msgspec.to_builtins(plan.changes)],
        "label": label_named(api, label),
    }
    _show(remote, api.post(f"/plans/{amends}/amend" if amends else "/plans", body))


@command_app.command
def plans(plan: str | None = None, /, *, remote: Remote | None = None) -> None:
    """List plans with how far their parts have got: signed by whom, for which day.

    Parameters
    ----------
    plan
        The id of one; all, if left out.
    """
    remote = remote or Remote()
    found = [remote.api().get(f"/plans/{plan}")] if plan else remote.api().get("/plans")
    if remote.json:
        remote.out.data(found)
        return
    for each in found:
        _show(remote, each)


@command_app.command
def approve(
    plan: str,
    phase: str,
    nations: str,
    /,
    *,
    on: date | None = None,
    option: list[str] | None = None,
    reason: str | None = None,
    label: Label = None,
    remote: Remote | None = None,
) -> None:
    """Sign for our nation under one part of a plan.

    Parameters
    ----------
    plan
        Its id.
    phase
        The phase.
    nations
        The nations that sign for the part, such as US, or Japan,US for what they share.
    on
        The day on which it takes effect, where the phase has none.
    option
        CHOICE=OPTION; once for each choice on which the part depends.
    reason
        Why, for the record.
    """
    remote = remote or Remote()
    api = remote.api()
    body: dict[str, Any] = {
        "phase": phase,
        "nations": sorted(nations.split(",")),
        "options": dict(_option(one) for one in option or ()),
        "effective": on,
        "reason": text(reason, None) if reason else None,
        "label": label_named(api, label) if label else None,
    }
    _show(remote, api.post(f"/plans/{plan}/approve", body))


@command_app.command(name="take-back")
def take_back(approval: str, /, *, reason: str, remote: Remote | None = None) -> None:
    """Take our signature back, before the day on which it takes effect.

    Parameters
    ----------
    approval
        Its id.
    reason
        Why, for the record.
    """
    remote = remote or Remote()
    body = {"reason": text(reason, None)}
    made = remote.api().post(f"/plan-approvals/{approval}/take-back", body)
    remote.out.data(made, text=f"{approval} taken back")


@command_app.command
def apply(*, label: Label = None, remote: Remote | None = None) -> None:
    """Write what took effect into our own records, of our own nation's units; again writes nothing."""
    remote = remote or Remote()
    api = remote.api()
    made = api.post("/plans/apply", {"label": label_named(api, label)})
    left = ", ".join(made["left"]) or "nothing"
    told = f"{len(made['written'])} written, {made['unchanged']} as they were; in plans alone: {left}"
    remote.out.data(made, text=told)


@command_app.command
def route(function: str, nation: str, /, *, on: date | None = None, remote: Remote | None = None) -> None:
    """Tell who handles a function for a nation by the structure in force, the first to be asked first.

    Parameters
    ----------
    function
        Such as logistics.
    nation
        By the word its units use, such as US or Japan.
    on
        A day past or to come; today if left out.
    """
    remote = remote or Remote()
    found = remote.api().get("/command/routes", function=function, nation=nation, on=str(on) if on else None)
    remote.out.rows(("hq", "unit", "posts", "part", "plan"), found)


def _plan_in(file: Path) -> Plan:
    decode = msgspec.toml.decode if file.suffix == ".toml" else msgspec.json.decode
    try:
        return decode(read_file(file), type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        expected = "a plan as a document of structure, phases and changes"
        raise BadInput("plan.form", expected, str(err)) from None


def _option(written: str) -> tuple[str, str]:
    choice, equals, option = written.partition("=")
    if not (choice and equals and option):
        raise BadInput("plan.option", "CHOICE=OPTION", repr(written[:80]))
    return choice, option


def _show(remote: Remote, found: dict[str, Any]) -> None:
    """A plan's name and parts."""
    if remote.json:
        remote.out.data(found)
        return
    record = found["plan"]["record"]
    withdrawn = " (withdrawn)" if record.get("withdrawn") else ""
    remote.out.say(f"{record['name']}{withdrawn}  {record['id']}")
    remote.out.table(_COLUMNS, [_row(part) for part in found["parts"]])


def _row(part: dict[str, Any]) -> dict[str, Any]:
    state = part["state"] + (", amended since" if part["amended"] else "")
    return {**part, "nations": "+".join(part["nations"]), "state": state}
