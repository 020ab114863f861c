"""The states of a conversation, as tables.

A session has three machines that hardly touch: the *conversation* itself, the *outgoing* direction
(``sender``) and the *incoming* one (``receiver``).  A direction that must stop is ``halted``; the other
goes on.  ``step`` is the only way from one state to the next; a move that is not in the table is a
mistake of ours and raises.  ``diagram`` draws what ``docs/protocol/link.md`` shows.
"""

from collections.abc import Mapping

Table = Mapping[tuple[str, str], str]

CONVERSATION: Table = {
    ("new", "greeted"): "open",
    ("new", "broken"): "closed",
    ("open", "broken"): "closed",
    ("new", "replaced"): "closed",
    ("open", "replaced"): "closed",
}
"""``greeted``: a sound HELLO came.  ``broken``: the bytes or the greeting made no sense.
``replaced``: a newer conversation with the same partner has begun."""

OUTGOING: Table = {
    ("waiting", "greeted"): "offering",
    ("offering", "window full"): "full",
    ("offering", "wanted"): "offering",
    ("offering", "receipt"): "offering",
    ("full", "receipt"): "offering",
    ("full", "wanted"): "offering",
    ("waiting", "halted"): "halted",
    ("offering", "halted"): "halted",
    ("full", "halted"): "halted",
    ("halted", "wanted"): "halted",
    ("halted", "receipt"): "halted",
    ("halted", "halted"): "halted",
}
"""``window full``: as much is out without a receipt as may be.  ``wanted``: the partner said where to go
on.  ``halted``: the partner takes no more of this log, or it holds more of it than we do."""

INCOMING: Table = {
    ("waiting", "greeted"): "following",
    ("following", "entries"): "staging",
    ("following", "sealed"): "following",
    ("following", "gap"): "following",
    ("staging", "entries"): "staging",
    ("staging", "partly sealed"): "staging",
    ("staging", "sealed"): "following",
    ("staging", "gap"): "staging",
    ("staging", "discarded"): "following",
    ("following", "discarded"): "following",
    ("staging", "mismatch"): "proving",
    ("proving", "discarded"): "following",
    ("following", "halted"): "halted",
    ("staging", "halted"): "halted",
    ("proving", "halted"): "halted",
    ("waiting", "halted"): "halted",
    ("halted", "halted"): "halted",
}
"""``sealed``: a checkpoint covers all that was staged; it is logged and receipted.  ``mismatch``: a
checkpoint does not fit what was staged, so a proof is asked for.  ``discarded``: what was staged is dropped
and asked for again.  ``halted``: the partner contradicted itself, or sent what cannot be logged."""


def step(table: Table, state: str, what: str) -> str:
    """The state after ``what`` happened in ``state``."""
    try:
        return table[state, what]
    except KeyError:
        raise AssertionError(f"no way on from {state!r} by {what!r}") from None


def diagram(table: Table) -> str:
    """``table`` as a Mermaid state diagram."""
    first = next(iter(table))[0]
    lines = [f"    [*] --> {_word(first)}"]
    lines += [f"    {_word(a)} --> {_word(b)}: {what}" for (a, what), b in table.items()]
    return "\n".join(["stateDiagram-v2", *lines])


def _word(state: str) -> str:
    return state.replace(" ", "_")
