"""Sums and plans that the answers rest on."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.labels.model import Label
from renkei.rooms.coordination.records import Commitment, Item, Offer
from renkei.rooms.coordination.rules import fulfilled, reconcile
from renkei.rooms.coordination.states import Promised

NOW = datetime(2022, 9, 18, 7, tzinfo=UTC)
LABEL = Label(policy="urn:x", classification="U")


def commitment(number: int, what: str, state: Any = "planned") -> Commitment:
    return Commitment(
        id=f"us.usfj/{number:026d}", label=LABEL, at=NOW, by="w", what=what, quantity=1, state=state
    )


def test_things_add_up_across_spelling_and_what_was_cancelled_counts_only_as_delivered() -> None:
    items = (Item(what="Water", quantity=100, unit="L"), Item(what="water ", quantity=50, unit="l"))
    promises = (
        Promised("done", "WATER", "L", 60, 60),
        Promised("cancelled", "water", "L", 40, 10),
        Promised("planned", "Blankets", "", 5, 0),
    )
    assert [(s.what, s.asked, s.offered, s.done) for s in fulfilled(items, promises)] == [
        ("Water", 150, 70, 70),
        ("Blankets", 0, 5, 0),
    ]


promises = st.builds(
    Promised,
    st.sampled_from(["planned", "under way", "done", "cancelled"]),
    st.sampled_from(["pump", "Pump", "boat"]),
    st.just(""),
    st.integers(0, 9).map(float),
    st.integers(0, 9).map(float),
)


@given(st.lists(promises), st.data())
def test_sums_do_not_depend_on_the_order_of_arrival(given_: list[Promised], data: st.DataObject) -> None:
    assert fulfilled((), given_) == fulfilled((), data.draw(st.permutations(given_)))


def test_an_amendment_keeps_what_is_offered_again_cancels_what_is_not_and_leaves_what_is_done() -> None:
    kept, dropped, finished = commitment(1, "Boat"), commitment(2, "Crew"), commitment(3, "Pump", "done")
    offers = [(Offer(what=w, quantity=1), None) for w in ("Tent", "boat", "Pump")]
    plan = reconcile([kept, dropped, finished], offers)
    assert plan.keep == ((kept, 1),)
    assert plan.create == (0,)
    assert plan.cancel == (dropped,)


@given(st.lists(st.sampled_from("ABC"), max_size=6), st.lists(st.sampled_from("ABC"), max_size=6))
def test_every_offer_has_one_commitment_after_an_amendment(before: list[str], after: list[str]) -> None:
    existing = [commitment(i, what) for i, what in enumerate(before)]
    plan = reconcile(existing, [(Offer(what=w, quantity=1), None) for w in after])
    assert sorted([i for _, i in plan.keep] + list(plan.create)) == list(range(len(after)))
    assert len(plan.keep) + len(plan.cancel) == len(existing)
