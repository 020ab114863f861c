"""Two nations sign their parts of a plan; what they signed takes effect on its day, and routing follows."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Role
from renkei.kernel.records import LIVE
from renkei.rooms.command import (
    HeadquartersIn,
    Names,
    PostIn,
    Relation,
    RelationIn,
    assert_relation,
    name_headquarters,
    name_post,
    nations_of,
    structure_of,
    take_in_document,
)
from renkei.rooms.command.plans import Structure, check_plan, examine
from renkei.rooms.command.plans.checks import HandOver
from renkei.rooms.command.plans.model import Add, Amend, End, Phase, Post, Responsibility, Unit
from renkei.rooms.command.plans.model import Relation as RelationFact
from renkei.rooms.command.signing import (
    ApproveIn,
    PlanApproval,
    PlanIn,
    PlanView,
    ProposedIn,
    TakeBackIn,
    amend_plan,
    apply_plans,
    approve_part,
    digest_of,
    handled_by,
    plan_document,
    plan_view,
    plans_here,
    propose_plan,
    route_of,
    standing_of,
    structure_in_force,
    take_back_approval,
    withdraw_plan,
)
from renkei.rooms.coordination import RequestIn, addressee, send_request
from rooms.duo import JJOC, START, USFJ, Duo, Side, suggested

US_LABEL, JP_LABEL = suggested(USFJ, "jpn"), suggested(JJOC, "usa")
DAY = START.date() + timedelta(days=30)
SHARED, US, JAPAN = ("Japan", "US"), ("US",), ("Japan",)


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def names(word: str) -> Names:
    return Names(en=word, ja=word)


def unit(code: str, nation: str) -> Unit:
    return Unit(code=code, names=names(code), nation=nation)


def answers(key: str, who: str, function: str = "operations") -> Responsibility:
    return Responsibility(key=key, subject=who, function=function, part="accountable")


COUNTERPART = RelationFact(
    key="counterpart US-USFJ JP-JJOC", relation="counterpart", subject="US-USFJ", object="JP-JJOC"
)
SEAT = Post(
    code="J3", unit="US-USFJ", names=Names(en="Watch officer, us.usfj", ja="運用"), functions=("operations",)
)
CHANGES = (
    Add(key="today", phase="1", fact=answers("ops", "US-INDOPACOM")),
    Add(key="seat", phase="2", fact=SEAT),
    Amend(key="moves", phase="2", kind="responsibility", of="ops", fields={"subject": "US-USFJ"}),
    Add(key="pair", phase="2", fact=COUNTERPART),
)
PHASES = (Phase(key="1", names=names("today"), on=START.date()), Phase(key="2", names=names("joint")))


def plan_in(changes: tuple[Any, ...] = CHANGES, label: Label = US_LABEL, **more: Any) -> PlanIn:
    given = {
        "name": "Joint headquarters",
        "title": "Phase by phase",
        "phases": PHASES,
        "label": label,
        **more,
    }
    return PlanIn(changes=tuple(ProposedIn(change=c) for c in changes), **given)


def approver(side: Side) -> Any:
    return side.desk("officer", Role.APPROVER)


def mine(side: Side) -> PlanView:
    return plans_here(side.desk())[0]


def states(side: Side) -> dict[tuple[str, tuple[str, ...]], str]:
    return {s.part: s.state for s in mine(side).standing}


def sign(side: Side, phase: str, nations: tuple[str, ...], effective: date | None = None) -> PlanApproval:
    given = ApproveIn(phase=phase, nations=nations, effective=effective)
    approval: PlanApproval = done(approve_part(approver(side), mine(side).seen.record.id, given))
    return approval


def until(duo: Duo, day: date) -> None:
    duo.clock.advance(day - duo.clock.now().date())


@pytest.fixture
def proposed(duo: Duo) -> Duo:
    """Both sides know who is there and the plan; nobody has signed."""
    us = duo.usfj.desk()
    for hq, code in (("us.usfj", "US-USFJ"), ("us.indopacom", "US-INDOPACOM")):
        done(name_headquarters(us, HeadquartersIn(hq=hq, names=names(hq), label=US_LABEL, unit_code=code)))
    link = RelationIn(relation="command", subject_code="US-USFJ", object_code="US-INDOPACOM", label=US_LABEL)
    done(assert_relation(us, link))
    jp = duo.jjoc.desk()
    done(
        name_headquarters(jp, HeadquartersIn(hq=JJOC, names=names(JJOC), label=JP_LABEL, unit_code="JP-JJOC"))
    )
    done(name_post(jp, PostIn(code="JP-WATCH", names=names("w"), label=JP_LABEL, unit_code="JP-JJOC")))
    duo.carry_all()
    done(propose_plan(duo.usfj.desk(), plan_in()))
    duo.carry_all()
    return duo


def test_who_must_sign_follows_from_what_a_change_touches(proposed: Duo) -> None:
    plan = mine(proposed.jjoc).seen.record
    assert {p.change.key: p.nations for p in plan.changes} == {
        "today": US,
        "seat": US,
        "moves": US,
        "pair": SHARED,
    }
    assert states(proposed.jjoc) == {("1", US): "open", ("2", SHARED): "open", ("2", US): "open"}


def test_signed_by_both_it_takes_effect_on_its_day_and_routing_follows(proposed: Duo) -> None:
    duo = proposed
    sign(duo.usfj, "1", US)
    sign(duo.usfj, "2", US, DAY)
    sign(duo.usfj, "2", SHARED, DAY)
    duo.carry_all()
    assert states(duo.jjoc) == {("1", US): "in force", ("2", SHARED): "partly signed", ("2", US): "signed"}
    sign(duo.jjoc, "2", SHARED, DAY)
    duo.carry_all()
    for side in (duo.usfj, duo.jjoc):
        assert states(side)["2", SHARED] == "signed"
        assert addressee_of(duo.jjoc) == "us.indopacom"
    until(duo, DAY)
    for side in (duo.usfj, duo.jjoc):
        assert set(states(side).values()) == {"in force"}
        today = duo.clock.now().date()
        assert ("relation", COUNTERPART.key) in structure_in_force(side.desk(), today).facts
        first = route_of(side.desk(), "operations", "US", today)[0]
        assert (first.unit, first.hq, first.posts, first.plan) == (
            "US-USFJ",
            USFJ,
            ("J3",),
            "Joint headquarters",
        )
    assert addressee_of(duo.jjoc) == USFJ
    assert handled_by(duo.usfj.desk(), duo.usfj.desk().person, duo.clock.now().date()) == ["operations"]
    assert handled_by(duo.jjoc.desk(), duo.jjoc.desk().person, duo.clock.now().date()) == []


def addressee_of(side: Side) -> str:
    found: str = done(addressee(side.desk(), "operations"))
    return found


def test_a_request_names_its_function_and_finds_its_way(proposed: Duo) -> None:
    duo, now = proposed, proposed.clock.now()
    sign(duo.usfj, "1", US)
    sign(duo.usfj, "2", US, START.date())
    duo.carry_all()
    asked = RequestIn(
        title="t",
        need="n",
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=JP_LABEL,
        function="operations",
    )
    made = done(send_request(duo.jjoc.desk(), asked))
    assert (made.to, made.function) == (USFJ, "operations")
    nobody = msgspec.structs.replace(asked, function="logistics")
    assert refused(send_request(duo.jjoc.desk(), nobody)) == "request.route"
    assert refused(send_request(duo.jjoc.desk(), msgspec.structs.replace(asked, function=""))) == "request.to"


def test_nobody_signs_for_another_nation_or_without_the_role(proposed: Duo) -> None:
    duo = proposed
    plan = mine(duo.jjoc).seen.record.id
    given = ApproveIn(phase="1", nations=US)
    assert refused(approve_part(approver(duo.jjoc), plan, given)) == "plan.nation"
    assert refused(approve_part(duo.usfj.desk(), mine(duo.usfj).seen.record.id, given)) == "person.permission"
    forged = msgspec.structs.replace(sign(duo.usfj, "1", US), id=f"{JJOC}/{'0' * 26}")
    assert standing_of([forged], nations_of, DAY)[0].state == "open"


def test_a_signature_is_for_what_it_holds_and_for_nothing_else(proposed: Duo) -> None:
    signed = sign(proposed.usfj, "2", US, DAY)
    assert signed.digest == digest_of(signed)
    other = msgspec.structs.replace(signed, changes=signed.changes[:1])
    assert standing_of([other], nations_of, DAY)[0:] == []
    assert standing_of([signed], nations_of, DAY)[0].state == "in force"


def test_taken_back_before_the_day_it_never_was_and_afterwards_it_stands(proposed: Duo) -> None:
    duo, reason = proposed, TakeBackIn(reason="Second thoughts")
    sign(duo.usfj, "2", SHARED, DAY)
    duo.carry_all()
    theirs = sign(duo.jjoc, "2", SHARED, DAY)
    done(take_back_approval(approver(duo.jjoc), theirs.id, reason))
    duo.carry_all()
    assert states(duo.usfj)["2", SHARED] == "partly signed"
    again = sign(duo.jjoc, "2", SHARED, DAY)
    assert (again.id, again.version) == (theirs.id, 3)
    duo.carry_all()
    until(duo, DAY)
    assert states(duo.usfj)["2", SHARED] == "in force"
    assert refused(take_back_approval(approver(duo.jjoc), theirs.id, reason)) == "plan.in-force"
    late = msgspec.structs.replace(again, decision="withdrawn", at=duo.clock.now(), version=4)
    ours = [s.approval for p in mine(duo.jjoc).standing for s in p.signatures if s.hq == USFJ]
    assert standing_of([late, *ours], nations_of, DAY)[0].state == "in force"


def test_different_days_are_at_odds(proposed: Duo) -> None:
    duo = proposed
    sign(duo.usfj, "2", SHARED, DAY)
    duo.carry_all()
    sign(duo.jjoc, "2", SHARED, DAY + timedelta(days=1))
    duo.carry_all()
    assert states(duo.usfj)["2", SHARED] == states(duo.jjoc)["2", SHARED] == "at odds"
    until(duo, DAY + timedelta(days=2))
    assert ("relation", COUNTERPART.key) not in structure_in_force(duo.usfj.desk(), DAY).facts


def test_an_amended_plan_leaves_what_was_signed(proposed: Duo) -> None:
    duo = proposed
    sign(duo.usfj, "2", US, DAY)
    plan = mine(duo.usfj).seen.record.id
    changed = (*CHANGES[:2], End(key="ends", phase="2", kind="responsibility", of="ops"))
    done(amend_plan(duo.usfj.desk(), plan, plan_in(changed)))
    duo.carry_all()
    standing = next(s for s in mine(duo.jjoc).standing if s.part == ("2", US))
    assert (standing.state, standing.amended) == ("signed", True)
    done(withdraw_plan(duo.usfj.desk(), plan, TakeBackIn(reason="No")))
    assert refused(amend_plan(duo.usfj.desk(), plan, plan_in())) == "plan.withdrawn"
    assert (
        refused(approve_part(approver(duo.usfj), plan, ApproveIn(phase="1", nations=US))) == "plan.withdrawn"
    )
    assert [s.state for s in mine(duo.usfj).standing] == ["signed"]


def test_what_concerns_one_nation_alone_is_cut_from_what_the_other_gets(duo: Duo) -> None:
    national = suggested(USFJ, "national")
    us = duo.usfj.desk()
    seats = tuple(unit(code, "US") for code in ("US-A", "US-B"))
    changes = (
        ProposedIn(change=Add(key="open", phase="1", fact=seats[0])),
        ProposedIn(change=Add(key="4711", phase="2", fact=seats[1]), label=national),
    )
    given = msgspec.structs.replace(plan_in(), changes=changes)
    done(propose_plan(us, given))
    signed = sign(duo.usfj, "2", US, DAY)
    assert signed.label == national
    sign(duo.usfj, "1", US)
    duo.carry_all()
    plan = mine(duo.jjoc)
    assert [p.change.key for p in plan.seen.record.changes] == ["open"]
    assert states(duo.jjoc) == {("1", US): "in force"}
    assert b"4711" not in b"".join(b for p in duo.usfj.sent.read(0, 100) for b in p.bodies if b)


def test_applied_once_it_is_in_the_records_and_changes_nothing_more(proposed: Duo) -> None:
    duo = proposed
    for phase, nations in (("1", US), ("2", US), ("2", SHARED)):
        sign(duo.usfj, phase, nations, START.date())
    duo.carry_all()
    sign(duo.jjoc, "2", SHARED, START.date())
    duo.carry_all()
    today = duo.clock.now().date()
    before = structure_in_force(duo.usfj.desk(), today)
    applied = done(apply_plans(duo.usfj.desk(), US_LABEL))
    written = [duo.usfj.views.reader(LIVE, duo.usfj.desk().person.clearance).get(i) for i in applied.written]
    assert sorted(row.kind for row in written if row) == ["post", "relation", "responsibility"]
    assert applied.left == ()
    again = done(apply_plans(duo.usfj.desk(), US_LABEL))
    assert again.written == ()
    after = structure_in_force(duo.usfj.desk(), today)
    relations = [f for f in after.facts.values() if isinstance(f, RelationFact)]
    assert sorted(r.relation for r in relations) == ["command", "counterpart"]
    assert without_keys(after.facts.values()) == without_keys(before.facts.values())
    assert done(apply_plans(duo.jjoc.desk(), JP_LABEL)).written == ()


def without_keys(found: Any) -> list[tuple[Any, ...]]:
    """What facts say, whatever they are called, on whose word and since when."""
    said = {"source": "", "by": "", "since": None, "status": "in force", "officers": 0}
    bare = []
    for fact in found:
        changes = {name: value for name, value in said.items() if hasattr(fact, name)}
        changes |= {"key": "k"} if isinstance(fact, RelationFact | Responsibility) else {}
        bare.append(repr(msgspec.structs.replace(fact, **changes)))
    return sorted(bare)


def handing_over(duo: Duo) -> PlanIn:
    """Authority over exercises in the west passes from USFJ to JJOC on one day; each signs its own part."""
    us, jp = answers("us", "US-USFJ", "exercises"), answers("jp", "JP-JJOC", "exercises")
    changes = (
        Add(key="today", phase="1", fact=msgspec.structs.replace(us, extent="west")),
        End(key="out", phase="2", kind="responsibility", of="us"),
        Add(key="in", phase="2", fact=msgspec.structs.replace(jp, extent="west")),
    )
    return plan_in(changes, name="Handing over", phases=(PHASES[0], Phase(key="2", names=names("2"), on=DAY)))


def holders(side: Side) -> list[str]:
    """Who is accountable for exercises in the west by what this side knows now."""
    found = structure_in_force(side.desk(), side.clock.now().date()).facts.values()
    return [f.subject for f in found if isinstance(f, Responsibility) and f.extent == "west"]


@pytest.mark.parametrize("applied", ["by nobody", "by one", "by both", "by both, late"])
def test_at_every_second_of_a_hand_over_exactly_one_nation_holds_it(proposed: Duo, applied: str) -> None:
    """To the last second of the day before by the clock of Greenwich, whatever that is in Tokyo or Hawaii."""
    duo = proposed
    done(propose_plan(duo.usfj.desk(), handing_over(duo)))
    duo.carry_all()
    sign(duo.usfj, "1", US)
    sign(duo.usfj, "2", US)
    duo.carry_all()
    sign(duo.jjoc, "2", JAPAN)
    duo.carry_all()
    midnight = datetime.combine(DAY, time(), UTC)

    def write(*sides: Side) -> None:
        for side in sides:
            done(apply_plans(side.desk(), US_LABEL if side is duo.usfj else JP_LABEL))
            duo.carry_all()

    if applied == "by both":
        write(duo.usfj, duo.jjoc)
    for moment, holder in (
        (midnight - timedelta(hours=9), "US-USFJ"),  # midnight in Tokyo
        (midnight - timedelta(seconds=1), "US-USFJ"),
        (midnight, "JP-JJOC"),
        (midnight + timedelta(seconds=1), "JP-JJOC"),
        (midnight + timedelta(hours=10), "JP-JJOC"),  # midnight in Hawaii
        (midnight + timedelta(days=1), "JP-JJOC"),
    ):
        duo.clock.advance(moment - duo.clock.now())
        assert holders(duo.usfj) == holders(duo.jjoc) == [holder], moment
        if applied != "by nobody":
            write(duo.usfj, *([duo.jjoc] if applied == "by both" or moment > midnight else []))
            assert holders(duo.usfj) == holders(duo.jjoc) == [holder], moment
    if applied.startswith("by both"):
        for side in (duo.usfj, duo.jjoc):
            dates = {
                (f.subject, f.since, f.until)
                for f in structure_of(side.desk()).responsibilities
                if f.extent == "west"
            }
            assert dates == {("US-USFJ", START.date(), DAY), ("JP-JJOC", DAY, None)}


@pytest.mark.parametrize(
    ("later", "problem"), [(None, None), (0, None), (1, "gap"), (-1, "two nations"), (200, "gap")]
)
def test_what_each_nation_signed_for_is_checked_as_it_stands(
    proposed: Duo, later: int | None, problem: str | None
) -> None:
    """A phase without a day: USFJ signs for one, JJOC for another, for the same or not at all."""
    duo = proposed
    given = handing_over(duo)
    given = msgspec.structs.replace(given, phases=(PHASES[0], Phase(key="2", names=names("2"))))
    done(propose_plan(duo.usfj.desk(), given))
    duo.carry_all()
    sign(duo.usfj, "1", US)
    sign(duo.usfj, "2", US, DAY)
    duo.carry_all()
    if later is not None:
        sign(duo.jjoc, "2", JAPAN, DAY + timedelta(days=later))
        duo.carry_all()
    for side in (duo.usfj, duo.jjoc):
        document = plan_document(side.desk(), mine(side).seen.record.id)
        assert document is not None and check_plan(document).plan is document
        assert {change.key for change in document.changes} == {"in", "out"}
        (result,) = examine(document, [HandOver(key="r")]).results
        if later is None:
            # The one part has a day and the other none: what comes of it depends on that.
            assert result.outcome == "unknown"
            continue
        assert {one.problem for one in result.findings} == ({problem} if problem else set())
        for one in result.findings:
            days = sorted((DAY, DAY + timedelta(days=later)))
            assert (one.since.day, one.until and one.until.day, one.outcome) == (*days, "refuted")


def test_a_record_that_names_what_is_only_announced_can_be_checked(proposed: Duo) -> None:
    duo, us = proposed, proposed.usfj.desk()
    cell = Unit(code="US-NEW", names=names("New"), nation="US", status="announced")
    done(take_in_document(us, Structure(nations=structure_of(us).nations, units=(cell,)), US_LABEL))
    link = RelationIn(relation="command", subject_code="US-NEW", object_code="US-USFJ", label=US_LABEL)
    done(assert_relation(us, link))
    document = plan_document(us, mine(duo.usfj).seen.record.id)
    assert document is not None
    assert "US-NEW" not in {f.code for f in check_plan(document).at_start if isinstance(f, Unit)}


def test_what_took_effect_is_in_the_structure_and_no_change_any_more(proposed: Duo) -> None:
    duo = proposed
    done(propose_plan(duo.usfj.desk(), handing_over(duo)))
    plan_id = mine(duo.usfj).seen.record.id
    sign(duo.usfj, "1", US)
    sign(duo.usfj, "2", US)
    until(duo, DAY)
    document = plan_document(duo.usfj.desk(), plan_id)
    assert document is not None
    assert [change.key for change in document.changes] == ["in"]
    assert [phase.on for phase in document.phases] == [None, None]
    check_plan(document)
    # What a part that has taken effect ended is there as of the past, for somebody may still name it.
    held = [r for r in check_plan(document).at_start if isinstance(r, Responsibility) and r.extent == "west"]
    assert held == []
    assert plan_document(duo.usfj.desk(), duo.usfj.desk().new_id(duo.clock.now())) is None


def test_a_later_plan_speaks_of_what_an_earlier_one_wrote_and_nothing_comes_back(proposed: Duo) -> None:
    duo = proposed
    sign(duo.usfj, "1", US, START.date())
    done(apply_plans(duo.usfj.desk(), US_LABEL))
    (key,) = [f.key for f in facts(duo) if isinstance(f, Responsibility)]
    assert key == f"US-INDOPACOM operations accountable {START.date()}"
    later = (End(key="out", phase="2", kind="responsibility", of=key),)
    phases = (Phase(key="2", names=names("2"), on=DAY),)
    done(propose_plan(duo.usfj.desk(), plan_in(later, name="Later", phases=phases)))
    sign(duo.usfj, "2", US)
    for written in (False, True):
        duo.clock.advance(datetime.combine(DAY, time(), UTC) - duo.clock.now() + timedelta(hours=written))
        if written:
            done(apply_plans(duo.usfj.desk(), US_LABEL))
        assert [f for f in facts(duo) if isinstance(f, Responsibility)] == []
    assert done(apply_plans(duo.usfj.desk(), US_LABEL)).written == ()


def test_ending_a_relation_on_record_is_written_with_its_day(proposed: Duo) -> None:
    duo = proposed
    key = next(f.key for f in facts(duo) if isinstance(f, RelationFact) and f.relation == "command")
    changes = (End(key="out", phase="1", kind="relation", of=key),)
    done(propose_plan(duo.usfj.desk(), plan_in(changes, name="Leaving")))
    sign(duo.usfj, "1", US)
    done(apply_plans(duo.usfj.desk(), US_LABEL))
    ended = duo.usfj.desk().views.newest("relation").rows[0]
    record = duo.usfj.desk().views.record(ended)[0]
    assert isinstance(record, Relation)
    assert (record.until, record.status, record.version) == (START.date(), "superseded", 2)


def facts(duo: Duo) -> Any:
    return structure_in_force(duo.usfj.desk(), duo.clock.now().date()).facts.values()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"changes": (End(key="x", phase="1", kind="unit", of="US-NOWHERE"),)}, "plan.fact"),
        ({"changes": (Add(key="x", phase="9", fact=SEAT),)}, "plan.phase"),
        ({"changes": (Add(key="x", phase="1", fact=SEAT), Add(key="x", phase="1", fact=SEAT))}, "plan.twice"),
        ({"changes": (Add(key="x", phase="1", when={"a": "b"}, fact=SEAT),)}, "plan.option"),
    ],
)
def test_a_plan_that_does_not_hang_together_is_refused(proposed: Duo, more: Any, code: str) -> None:
    given = plan_in(more["changes"], name="Another")
    assert refused(propose_plan(proposed.usfj.desk(), given)) == code
    assert len(plans_here(proposed.usfj.desk())) == 1


def test_a_part_may_not_leave_out_a_nation_that_it_touches(proposed: Duo) -> None:
    pair = ProposedIn(change=CHANGES[3], nations=US)
    given = msgspec.structs.replace(plan_in(name="Another"), changes=(pair,))
    assert refused(propose_plan(proposed.usfj.desk(), given)) == "plan.nations"


def test_a_name_is_one_plan_and_a_day_is_not_past(proposed: Duo) -> None:
    duo = proposed
    assert refused(propose_plan(duo.jjoc.desk(), plan_in(label=JP_LABEL))) == "plan.name"
    plan = mine(duo.usfj).seen.record.id
    early = ApproveIn(phase="2", nations=US, effective=START.date() - timedelta(days=1))
    none = ApproveIn(phase="2", nations=US)
    other = ApproveIn(phase="1", nations=US, effective=DAY)
    for wrong in (early, none, other):
        assert refused(approve_part(approver(duo.usfj), plan, wrong)) == "plan.day"
    sign(duo.usfj, "1", US)
    assert (
        refused(approve_part(approver(duo.usfj), plan, ApproveIn(phase="1", nations=US))) == "plan.in-force"
    )
    assert plan_view(duo.usfj.desk(), f"{USFJ}/{'0' * 26}") is None


@given(st.permutations(range(4)))
def test_standing_is_the_same_in_any_order_of_arrival(order: list[int]) -> None:
    all_four = _signatures()
    expected = standing_of(all_four, nations_of, DAY)
    assert standing_of([all_four[n] for n in order], nations_of, DAY) == expected


def _signatures() -> list[PlanApproval]:
    from renkei.rooms.command.signing import Part, digest

    change = CHANGES[3]
    found = []
    for n, (hq, day) in enumerate(((USFJ, DAY), (JJOC, DAY), (USFJ, DAY), (JJOC, DAY + timedelta(1)))):
        phase = "2" if n < 2 else "3"
        made = digest("p", Part(phase, SHARED), {}, day, (change,))
        found.append(
            PlanApproval(
                id=f"{hq}/{n:026}",
                label=US_LABEL,
                at=START,
                by="post",
                name="p",
                phase=phase,
                nations=SHARED,
                effective=day,
                changes=(change,),
                digest=made,
            )
        )
    return found
