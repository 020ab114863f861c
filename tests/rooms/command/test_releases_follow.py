"""What a plan in force does to releases: who signs for them, and never what may be let go."""

from datetime import date
from typing import Any

import msgspec
import pytest

from renkei.kernel.labels.model import Label
from renkei.kernel.partners.records import ReleaseDecision
from renkei.kernel.people import Person, Role
from renkei.rooms.command import HeadquartersIn, Names, PostIn, name_headquarters, name_post
from renkei.rooms.command.plans import Add, Amend, Phase, Post
from renkei.rooms.command.signing import PlanIn, ProposedIn, handled_by, propose_plan, reviewers
from renkei.rooms.coordination import Decision, DecisionIn, OptionIn, record_decision
from renkei.rooms.release import DecisionsIn, HeldIn, decide_held
from rooms.command.test_two_keys import DAY, done, names, refused, sign, until
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

JP_LABEL = suggested(JJOC, "usa")
OLD, NEW = "Disclosure officer, J2", "Disclosure officer, J5"
HERE = HeadquartersIn(hq=JJOC, names=names(JJOC), label=JP_LABEL, unit_code="JP-JJOC")
SEAT = {"unit_code": "JP-JJOC", "functions": ("release-review",), "holder": "role", "label": JP_LABEL}


@pytest.fixture
def planned(duo: Duo) -> Duo:
    """JJOC's review lies with J2, and a plan signed on both sides gives it to J5 from ``DAY`` on."""
    jp = duo.jjoc.desk()
    done(name_headquarters(jp, HERE))
    done(name_post(jp, PostIn(code="JP-J2", names=Names(en=OLD, ja="旧"), **SEAT)))
    fact = Post(
        code="JP-J5",
        unit="JP-JJOC",
        names=Names(en=NEW, ja="新"),
        functions=("release-review",),
        holder="role",
    )
    changes = (
        Add(key="new", phase="1", fact=fact),
        Amend(key="old", phase="1", kind="post", of="JP-J2", fields={"functions": []}),
    )
    phases = (Phase(key="1", names=names("one"), on=DAY),)
    given = PlanIn(
        name="Review moves",
        title="Review moves",
        phases=phases,
        label=JP_LABEL,
        changes=tuple(ProposedIn(change=change) for change in changes),
    )
    done(propose_plan(jp, given))
    duo.carry_all()
    return duo


def officer(side: Side, post: str) -> Any:
    desk = side.desk("officer", Role.DISCLOSURE_OFFICER)
    return msgspec.structs.replace(desk, person=msgspec.structs.replace(desk.person, post=post, account=post))


def written(side: Side, key: str = "guarded-usa") -> str:
    """A new decision; GUARDED ones wait for a disclosure officer by the policy's own rule."""
    label: Label = suggested(side.hq, key)
    given = DecisionIn(
        title="Open the port",
        options=(OptionIn(title="open"), OptionIn(title="close")),
        chosen="A",
        reasons="The wind has dropped",
        authority="Watch officer",
        label=label,
    )
    made: Decision = done(record_decision(side.desk(), given))
    side.fold()
    return made.id


def signs(side: Side, post: str, record: str, verdict: Any = "release") -> list[ReleaseDecision] | Any:
    """As the HTTP operation has it: the action, and whom the structure in force gives the review to."""
    desk = officer(side, post)
    items = (HeldIn(record=record, version=1, partner=side.partner),)
    given = DecisionsIn(verdict=verdict, reason="Needed by the other side", items=items)
    held = side.releaser.register.items.get
    today = desk.clock.now().date()
    found = decide_held(desk, given, lambda one, _: held(one), reviewers(desk, today))
    side.fold()
    return found


def there(duo: Duo, record: str) -> bool:
    """Whether the partner has it."""
    duo.carry_all()
    return duo.usfj.desk().views.get(duo.jjoc.alias(record)) is not None


def test_who_signs_for_releases_changes_on_the_day_of_the_plan_and_not_before(planned: Duo) -> None:
    duo = planned
    sign(duo.jjoc, "1", ("Japan",))
    first = written(duo.jjoc)
    assert refused(signs(duo.jjoc, NEW, first)) == "decision.post"
    assert not there(duo, first)
    done(signs(duo.jjoc, OLD, first))
    assert there(duo, first)
    until(duo, DAY)
    second = written(duo.jjoc)
    assert refused(signs(duo.jjoc, OLD, second)) == "decision.post"
    done(signs(duo.jjoc, OLD, second, "return"))  # lets nothing go: any disclosure officer's
    third = written(duo.jjoc)
    assert not there(duo, third)
    done(signs(duo.jjoc, NEW, third))
    assert there(duo, third)
    assert not there(duo, second)
    today = duo.clock.now().date()
    for post, functions in ((OLD, []), (NEW, ["release-review"])):
        desk = officer(duo.jjoc, post)
        assert handled_by(desk, desk.person, today) == functions


def test_a_plan_gives_nobody_a_right_that_the_role_does_not_and_lets_nothing_go_that_the_label_keeps(
    planned: Duo,
) -> None:
    duo = planned
    sign(duo.jjoc, "1", ("Japan",))
    until(duo, DAY)
    record = written(duo.jjoc)
    watch = duo.jjoc.desk()
    person: Person = msgspec.structs.replace(watch.person, post=NEW)
    desk = msgspec.structs.replace(watch, person=person)
    items = (HeldIn(record=record, version=1, partner=USFJ),)
    given = DecisionsIn(verdict="release", reason="mine now", items=items)
    names_there = reviewers(desk, duo.clock.now().date())
    assert NEW in names_there
    found = decide_held(desk, given, lambda one, _: duo.jjoc.releaser.register.items.get(one), names_there)
    assert refused(found) == "person.permission"
    kept = written(duo.jjoc, "guarded-own")
    assert refused(signs(duo.jjoc, NEW, kept)) == "decision.not-held"
    assert not there(duo, kept) and not there(duo, record)


def test_a_vacant_post_or_another_headquarters_word_leaves_it_to_the_policy(duo: Duo) -> None:
    jp, us, today = duo.jjoc.desk(), duo.usfj.desk(), date(2022, 9, 18)
    done(name_headquarters(jp, HERE))
    done(name_post(jp, PostIn(code="JP-J2", names=names("J2"), **SEAT | {"holder": ""})))
    assert reviewers(jp, today) == frozenset()
    record = written(duo.jjoc)
    done(signs(duo.jjoc, "Anybody with the role", record))
    assert there(duo, record)
    assert reviewers(us, today) == frozenset()
