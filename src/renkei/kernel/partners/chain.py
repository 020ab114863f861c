"""The chain of checks between a record and a partner: one place, and the first refusal decides (ADR 0010).

1. ``ours``       it is this headquarters' own, in the realm in which the partner is met;
2. ``kind``       its kind may leave at all, and this node can look inside;
3. ``recall``     it has not been recalled;
4. ``agreement``  one is in force with the partner and covers the kind: its ceiling is what counts;
5. ``label``      the ceiling covers the label, and portions it does not cover can be cut;
6. ``onward``     of what another headquarters wrote, that one's own labels allow it too;
7. ``review``     where the policy asks for it, enough disclosure officers have agreed to this version.

``reference``, the rendition's own reason for withholding a record, comes after these (``rendition``).

Releasing, explaining, previewing, the internal audit and the writer's help all ask ``Chain.decide``, so they
cannot disagree.  What steps 1 to 5 say depends on a record's *sort* (kind, owner, realm, label) and on the
agreements in force; it is worked out once and then looked up, until an agreement begins or ends.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from ..labels.model import Clearance, Label
from ..labels.policy import Denied, Gate, PolicyBook
from ..labels.release import Opened, Released, Sort, Withheld, covers_all, decide_opened, labels_in
from ..labels.terms import ReviewRule
from ..records import LIVE, Codec, Record, Unknown
from .records import Agreement, Onward
from .register import Register, ceiling_of

Rule = Literal["ours", "kind", "recall", "agreement", "label", "onward", "review", "reference"]
RULES: tuple[Rule, ...] = (
    "ours",
    "kind",
    "recall",
    "agreement",
    "label",
    "onward",
    "review",
    "reference",
)
MAX_USUAL = 20_000
"""Sorts remembered; a node sees dozens of labels, so this only bounds a flood."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_EVER = datetime.min.replace(tzinfo=UTC)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """With whom, and in which realm.  What the partner may hold is for its agreements to say."""

    hq: str
    realm: str = LIVE


class Stopped(msgspec.Struct, frozen=True):
    """The chain's no: which ``rule`` decided, a stable dotted ``code``, and the reason for our people."""

    rule: Rule
    code: str
    reason: str


class Held(msgspec.Struct, frozen=True):
    """Not yet: ``review`` asks for more signatures than the ``given`` ones."""

    review: ReviewRule
    given: int

    rule: Rule = "review"
    code: str = "review.waiting"

    @property
    def reason(self) -> str:
        """What it waits for."""
        return f"{self.given} of {self.review.signatures} signatures of disclosure officers are given"


_ALLOWED = Stopped("label", "", "")
"""Stands where there is no no."""
_MORE = Stopped("label", "", "")
"""Stands where more is to be asked."""


class _Usual(NamedTuple):
    """The answer for records of one sort, as long as no agreement begins or ends; without a gate it is no.

    ``plain``: there is nothing more to ask of one whose bytes hold a single label.
    """

    answer: Stopped
    gate: Gate | None = None
    review: ReviewRule | None = None
    plain: bool = True


class Chain:
    """The chain for one partner, by one policy book.  Any thread may ask while one fills the register."""

    def __init__(self, hq: str, terms: Terms, register: Register, book: PolicyBook, codec: Codec) -> None:
        self.terms, self.register = terms, register
        self.book, self._codec = book, codec
        self._usual: dict[Sort, _Usual] = {}
        self._at_once: dict[Sort, Stopped | None] = {}
        """Of the usual ones the plain no, and None for a plain yes: what one look-up answers."""
        self._epoch, self._from, self._until = -1, _NEVER, _EVER
        self._at = _EVER
        self._hq = hq

    def decide(self, it: Opened, now: datetime) -> Released | Stopped | Held:
        """Whether, and how much of, a record may go to the partner ``now``."""
        register = self.register
        # 3. Recall.
        if register.recalls and (barred := self._taken_back(it)) is not None:
            return barred
        if now is not self._at or self._epoch != register.epoch:
            self._turn(now)
        answer = self._at_once.get(it.sort, _MORE)  # nearly all are answered here
        if answer is None:
            if it.whole is not None:
                return it.whole
        elif answer is not _MORE:
            return answer
        released, rule = self.but_for_review(it, now)
        if rule is None or isinstance(released, Stopped):
            return released
        # 7. Review.
        return self._reviewed(released.record, rule) or released

    def but_for_review(self, it: Opened, now: datetime) -> tuple[Released | Stopped, ReviewRule | None]:
        """What steps 1 to 6 say, and the rule by which step 7 asks for a review, if it does."""
        if now is not self._at or self._epoch != self.register.epoch:
            self._turn(now)
        # 1 to 5 for all of its sort.
        usual = self._usual.get(it.sort) or self._work_out(it.sort, now)
        if usual.gate is None:
            return usual.answer, None
        released = decide_opened(it, usual.gate, self._codec)
        if isinstance(released, Withheld):
            return Stopped("label", released.code, released.reason), None
        if it.single and it.sort.kind is not Onward:
            return released, usual.review
        # 6. Onward.
        record = released.record
        if isinstance(record, Onward) and not self._originator_allows(record, usual.gate):
            reason = f"{record.originator} does not allow it to go to {self.terms.hq}"
            return Stopped("onward", "onward.originator", reason), None
        return released, self._review_of(released)

    def standing(self, kind: type[Record], label: Label, now: datetime) -> Stopped | ReviewRule | None:
        """What would come of a record of ``kind`` that has ``label`` and no other: for whoever writes one."""
        usual = self._of_sort(Sort(kind, self._hq, self.terms.realm, label), now)
        return usual.review if usual.gate is not None else usual.answer

    def _taken_back(self, it: Opened) -> Stopped | None:
        record = it.record
        recalled = self.register.taken_back(record.header.id if isinstance(record, Unknown) else record.id)
        if recalled is None or recalled.narrowed:
            return None
        return Stopped("recall", "recall.in-force", f"taken back on {recalled.at.isoformat()}")

    def _turn(self, now: datetime) -> None:
        """Forget what was worked out under other agreements."""
        if self._from <= now < self._until and self._epoch == self.register.epoch:
            self._at = now
            return
        self._usual, self._at_once = {}, {}
        self._epoch, self._at = self.register.epoch, now
        self._from = self.register.turn_before(now) or _EVER
        self._until = self.register.turn_after(now) or _NEVER

    def _work_out(self, sort: Sort, now: datetime) -> _Usual:
        if len(self._usual) >= MAX_USUAL:
            self._usual, self._at_once = {}, {}
        usual = self._usual[sort] = self._of_sort(sort, now)
        if usual.plain:
            self._at_once[sort] = usual.answer if usual.gate is None else None
        return usual

    def _of_sort(self, sort: Sort, now: datetime) -> _Usual:
        # 1. Ours, in the realm.
        if sort.owner != self._hq:
            return _Usual(Stopped("ours", "release.owner", f"only records of {self._hq} are ours to release"))
        if sort.realm != self.terms.realm:
            where = f"the partner is met in realm {self.terms.realm} alone"
            return _Usual(Stopped("ours", "release.realm", where))
        # 2. Kind.
        if not issubclass(sort.kind, Record):
            code, reason = "release.kind", "this node does not know the kind and cannot look inside"
            return _Usual(Stopped("kind", code, reason))
        name = str(sort.kind.__struct_config__.tag)
        if not sort.kind.releasable:
            return _Usual(Stopped("kind", "release.never", f"records of kind {name} never leave"))
        return self._by_agreement(name, sort.label, now)

    def _by_agreement(self, kind: str, label: Label, now: datetime) -> _Usual:
        # 4. Agreement.
        ceiling = self.ceiling(kind, now)
        if ceiling is None:
            return _Usual(Stopped("agreement", *self._no_agreement(kind, now)))
        # 5. Label.
        gate = self.book.gate(ceiling)
        decision = gate[label]
        if isinstance(decision, Denied):
            return _Usual(Stopped("label", decision.code, decision.reason))
        rule = self.book.reviews(label, kind)
        return _Usual(_ALLOWED, gate, rule, rule is None and kind != str(Onward.__struct_config__.tag))

    def _review_of(self, released: Released) -> ReviewRule | None:
        """The rule for a record with portions under labels of their own, as far as they are released."""
        labels = dict.fromkeys((released.record.label, *labels_in(released.raw)))
        rules = (self.book.reviews(label, released.record.kind) for label in labels)
        return max(
            (rule for rule in rules if rule is not None),
            key=lambda r: (r.signatures, -r.within),
            default=None,
        )

    def ceiling(self, kind: str, now: datetime) -> Clearance | None:
        """What the partner may hold of records of ``kind`` now; None if no agreement covers them."""
        return ceiling_of(self.register.in_force(kind, now), kind)

    def _no_agreement(self, kind: str, now: datetime) -> tuple[str, str]:
        ended = [a for a in self.register.agreements.values() if a.ceiling(kind) and a.until is not None]
        over = max((a.until for a in ended if a.until is not None and a.until <= now), default=None)
        if over is not None:
            return "agreement.ended", f"the agreement that covered {kind} ended at {over.isoformat()}"
        return "agreement.none", f"no agreement with {self.terms.hq} in force covers {kind}"

    def _originator_allows(self, record: Onward, gate: Gate) -> bool:
        """Whether all whose hands it came through allow it, by their labels."""
        if record.sealed:
            return False  # what it passed on was taken back, and is forgotten
        try:
            return record.originator != self.terms.hq and all(
                covers_all(hand, gate) for hand in record.hands()
            )
        except (ValueError, RecursionError):
            return False

    def _reviewed(self, record: Record, rule: ReviewRule) -> Stopped | Held | None:
        item = self.register.item(record.id, record.version)
        if item is not None and item.settled_by is not None:
            said = "returned to its author" if item.state == "returned" else "refused"
            return Stopped("review", f"review.{item.state}", f"{said} by {item.settled_by.by}")
        given = 0 if item is None else len(item.signatures)
        return None if given >= rule.signatures else Held(rule, given)


def agreement_for(register: Register, kind: str, now: datetime) -> Agreement | None:
    """The agreement under which records of ``kind`` go to the partner now, None without one."""
    return next(iter(register.in_force(kind, now)), None)
