"""``docs/protocol/link.md`` says what the code does: diagrams, limits, codes and types are held to it."""

import re
from pathlib import Path

import pytest

from renkei.kernel.partners import chunks, frames, receiver, sender, staging, states

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/protocol/link.md").read_text()
COURIER_PAGE = (ROOT / "docs/protocol/courier.md").read_text()
SOURCE = "".join(p.read_text() for p in (ROOT / "src/renkei/kernel/partners").glob("*.py"))


@pytest.mark.parametrize("table", ["CONVERSATION", "OUTGOING", "INCOMING"])
def test_the_diagrams_are_the_tables(table):
    assert f"```mermaid\n{states.diagram(getattr(states, table))}\n```" in PAGE


def test_the_frame_table_is_the_code():
    rows = re.findall(r"^\| (0x\w\w) \| (\w+) \|.*\| ([\d,]+) \|$", PAGE, re.M)
    written = [(int(kind, 16), name, int(limit.replace(",", ""))) for kind, name, limit in rows]
    assert written == [(k, t.__name__.upper(), t.limit) for k, t in sorted(frames._TYPES.items())]


@pytest.mark.parametrize(
    "limit",
    [
        frames.MAX_ENTRIES,
        frames.MAX_RECORD_BYTES,
        frames.MAX_ENTRIES_BYTES + 4 * frames.MAX_ENTRIES,
        chunks.CHUNK_ENTRIES,
        staging.MAX_STAGED_ENTRIES,
        sender.WINDOW_CHUNKS,
    ],
)
def test_limits_are_written_down(limit):
    assert f"{limit:,}" in PAGE


def test_limits_written_in_words_are_the_limits():
    assert staging.MAX_STAGED_BYTES == 16 * 1024**2
    assert sender.WINDOW_BYTES == 32 * 1024**2
    assert chunks.CHUNK_BYTES == 2 * 1024**2
    assert (receiver.MAX_REPAIRS, receiver.MAX_FAULTS) == (3, 16)


def test_every_code_is_explained():
    kinds = "frame|session|want|prove|receipt|checkpoint|entries|entry|sent|courier"
    codes = set(re.findall(rf'"((?:{kinds})\.[a-z-]+)"', SOURCE))
    internal = {"sent.damaged", "sent.writers", "sent.origin", "session.replaced", "courier.first"}
    unexplained = {c for c in codes - internal if f"`{c}`" not in PAGE + COURIER_PAGE}
    assert not unexplained


def test_every_state_can_be_reached_and_every_move_is_defined_once():
    for table in (states.CONVERSATION, states.OUTGOING, states.INCOMING):
        first = next(iter(table))[0]
        reached = {first, *table.values()}
        assert {state for state, _ in table} <= reached
    with pytest.raises(AssertionError, match="no way on"):
        states.step(states.CONVERSATION, "closed", "greeted")
