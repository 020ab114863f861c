"""Policies at work: a node's own and its partners', deciding and remembering.

A ``PolicyBook`` answers every label question a node has.  Its own policy rules wherever two meet: what
a foreign label is worth at home, and what of ours a foreign policy can express, is stated by our
file alone, never by the partner's.

Decisions are made once per clearance and distinct label and then looked up: ``gate(clearance)`` is a
dictionary that fills itself.  It is bounded and is emptied when full, which costs time, not truth.
Safe for use from several threads: the dictionary operations are atomic, and a decision made twice
is the same decision.
"""

from collections.abc import Sequence

from ..errors import BadInput, Refused
from . import rules
from .marking import Marking, mark
from .model import Clearance, Label
from .rules import Allowed, Decision, Denied
from .spif import read
from .terms import ReviewRule, Terms

__all__ = ["Allowed", "Decision", "Denied", "Gate", "Marking", "Policy", "PolicyBook", "ReviewRule"]

MAX_LABELS_REMEMBERED = 20_000
"""Per clearance; a node sees dozens of distinct labels, so this only bounds a flood of made-up ones."""

MAX_CLEARANCES_REMEMBERED = 1_000
"""Posts share clearances; there are as many as there are kinds of posts, plus one per partner."""


class Policy(Terms, frozen=True, kw_only=True):
    """A security policy read from its SPIF file."""

    @classmethod
    def load(cls, xml: bytes) -> "Policy":
        """The policy in ``xml`` (SPIF 2.1).  Raises BadInput naming element and line.

        Labels that the file suggests must be ones it permits.
        """
        policy = read(xml, cls)
        for suggestion in policy.suggestions:
            wrong = rules.validate(policy, suggestion.label)
            if wrong is not None:
                raise BadInput("policy.suggestion", wrong.expected, f"{wrong.came} in {suggestion.key}")
        return policy

    def reviews(self, label: Label, kind: str) -> ReviewRule | None:
        """The review rule that covers a record of ``kind`` under ``label``, or None (``rules.reviews``)."""
        return rules.reviews(self, label, kind)


class Gate(dict[Label, Decision]):
    """What one clearance may see: ``gate[label]`` decides on first asking and remembers."""

    def __init__(self, book: "PolicyBook", clearance: Clearance) -> None:
        super().__init__()
        self._book = book
        self.clearance = clearance

    def __missing__(self, label: Label) -> Decision:
        if len(self) >= MAX_LABELS_REMEMBERED:
            self.clear()
        decision = self[label] = self._book.decide(self.clearance, label)
        return decision


class PolicyBook:
    """A node's own policy and those of its partners."""

    def __init__(self, own: Policy, others: Sequence[Policy] = ()) -> None:
        """Raises BadInput when two policies share an id, or an equivalence points at nothing."""
        self.own = own
        self._policies: dict[str, Policy] = {}
        for policy in (own, *others):
            if policy.id in self._policies:
                raise BadInput("policy.twice", "policies with different ids", f"{policy.id} twice")
            self._policies[policy.id] = policy
        for policy in self._policies.values():
            _check_equivalents(policy, self._policies)
        self._gates: dict[Clearance, Gate] = {}
        self._markings: dict[Label, Marking] = {}

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies known here, the own one first."""
        return tuple(self._policies.values())

    def policy(self, policy_id: str) -> Policy | None:
        """The policy of that id, or None."""
        return self._policies.get(policy_id)

    # --- decisions -----------------------------------------------------------------------------------

    def gate(self, clearance: Clearance) -> Gate:
        """The remembered decisions for ``clearance``; hold on to it where many labels are asked."""
        gate = self._gates.get(clearance)
        if gate is None:
            if len(self._gates) >= MAX_CLEARANCES_REMEMBERED:
                self._gates.clear()
            gate = self._gates[clearance] = Gate(self, clearance)
        return gate

    def access(self, clearance: Clearance, label: Label) -> Decision:
        """Whether ``clearance`` covers ``label``, remembered; a foreign label is translated first."""
        return self.gate(clearance)[label]

    def decide(self, clearance: Clearance, label: Label) -> Decision:
        """``access`` afresh, without memory."""
        terms = self._policies.get(clearance.policy)
        if terms is None:
            return Denied("access.policy", "the clearance's policy is not known here")
        if label.policy != clearance.policy:
            translated = self.translate(label, clearance.policy)
            if isinstance(translated, Refused):
                code = "access.no-equivalent" if translated.code == "label.no-equivalent" else "access.label"
                return Denied(code, translated.came)
            label = translated
        return rules.access(terms, clearance, label)

    # --- labels --------------------------------------------------------------------------------------

    def validate(self, label: Label, *, known_only: bool = False) -> Refused | None:
        """A refusal unless ``label`` may be put on something new.

        With ``known_only``, as for what partners sent or what was written under older rules, its
        parts must be known, but may be obsolete or break rules on what goes together.
        """
        terms = self._policies.get(label.policy)
        if terms is None:
            return _unknown(label.policy, tuple(self._policies))
        return rules.check_form(terms, label) if known_only else rules.validate(terms, label)

    def check_clearance(self, clearance: Clearance) -> Refused | None:
        """A refusal unless ``clearance`` is one its policy can mean, without gaps below its top."""
        terms = self._policies.get(clearance.policy)
        if terms is None:
            return _unknown(clearance.policy, tuple(self._policies))
        return rules.check_clearance(terms, clearance)

    def translate(self, label: Label, policy_id: str) -> Label | Refused:
        """``label`` under the policy ``policy_id``, by the own policy's statements where it is a side."""
        source, target = self._policies.get(label.policy), self._policies.get(policy_id)
        if source is None or target is None:
            return _unknown(label.policy if source is None else policy_id, tuple(self._policies))
        if source is target:
            return rules.check_form(source, label) or label
        return rules.translate(label, source, target, by=target if target is self.own else source)

    def aggregate(self, labels: Sequence[Label]) -> Label | Refused:
        """The label of things put together; labels of several policies meet under the own one."""
        policies = {label.policy for label in labels}
        if len(policies) == 1 and (terms := self._policies.get(next(iter(policies)))) is not None:
            return rules.aggregate(terms, labels)
        ours = [self.translate(label, self.own.id) for label in labels]
        for label in ours:
            if isinstance(label, Refused):
                return label
        return rules.aggregate(self.own, [label for label in ours if isinstance(label, Label)])

    def reviews(self, label: Label, kind: str) -> ReviewRule | None:
        """The own policy's review rule for a record of ``kind`` under ``label``, or None.

        A label under another policy is judged by its equivalent; without one it falls under every rule for
        the kind.
        """
        ours = self.translate(label, self.own.id)
        return self.own.reviews(label if isinstance(ours, Refused) else ours, kind)

    def open_label(self) -> Label:
        """The own label of the lowest classification with the fewest limits: what all our people may know."""
        rank = {level.name: level.rank for level in self.own.classifications}
        lowest = Label(self.own.id, self.own.classifications[0].name)
        candidates = (lowest, *(suggestion.label for suggestion in self.own.suggestions))
        sound = [label for label in candidates if self.validate(label) is None]
        return min(sound, key=lambda one: (rank[one.classification], len(one.categories)), default=lowest)

    def mark(self, label: Label) -> Marking:
        """The marking of ``label`` by its own policy, remembered; plain names if that is not known."""
        marking = self._markings.get(label)
        if marking is None:
            if len(self._markings) >= MAX_LABELS_REMEMBERED:
                self._markings.clear()
            marking = self._markings[label] = mark(self._policies.get(label.policy), label)
        return marking


def _unknown(policy_id: str, known: tuple[str, ...]) -> Refused:
    expected = f"a policy out of {', '.join(known)}"
    return Refused(code="label.policy", expected=expected, came=policy_id, status=rules.INVALID)


def _check_equivalents(policy: Policy, known: dict[str, Policy]) -> None:
    """An equivalence that points at nothing, or at a tag of another type, is a mistake, not a refusal."""
    for level in policy.classifications:
        for e in level.equivalents:
            if e.policy in known and known[e.policy].level(e.lacv) is None:
                raise _dangling(policy, level.name, known[e.policy])
    for tag in policy.tags:
        for value in tag.values:
            for v in value.equivalents:
                if v.policy not in known or v.discard:
                    continue
                there = known[v.policy].tag_numbered(v.tag_id, v.type)
                if v.type != tag.type or there is None or there.numbered(v.lacv) is None:
                    raise _dangling(policy, f"{tag.name} {value.name}", known[v.policy])


def _dangling(policy: Policy, what: str, other: Policy) -> BadInput:
    expected = f"the equivalent of {what} in {policy.name} to exist in {other.name}, with the same type"
    return BadInput("policy.equivalent", expected, "a reference to nothing there")
