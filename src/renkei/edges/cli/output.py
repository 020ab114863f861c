"""What commands print: tables and lines for people, JSON for programs.

With ``--json`` a command prints exactly one JSON document on standard output; everything else, progress
and notices, goes to standard error, so a pipe never sees it.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...kernel.errors import Faulty, RenkeiError

PIPE_WIDTH = 4096
"""Columns where there is no terminal: a line for each row, never folded, so that ``grep`` finds whole ids."""


class Output:
    """Prints for one command."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self.console = Console(highlight=False, width=width)
        self._err = Console(stderr=True, highlight=False)

    def data(self, value: Any, *, text: str | None = None) -> None:
        """Print ``value``: as JSON, or as ``text`` (default: one ``key  value`` line per entry)."""
        if self.as_json:
            self._json(value)
        elif text is not None:
            self.say(text)
        else:
            plain: dict[str, Any] = msgspec.to_builtins(value)
            for key, item in plain.items():
                self.say(f"{key:<16} {cell(item)}")

    def rows(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, whole: Any = None) -> None:
        """Print a table with the named columns of ``rows``; as JSON, ``whole`` or all of every row."""
        listed = list(rows)
        if self.as_json:
            self._json(listed if whole is None else whole)
            return
        self.table(columns, listed)

    def table(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """A table for people; nothing with ``--json``."""
        if self.as_json:
            return
        if not rows:
            self.say("none")
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(_plain(cell(row.get(column))) for column in columns))
        self.console.print(table)

    def say(self, text: str) -> None:
        """A line for people; nothing with ``--json``."""
        if not self.as_json:
            self.console.print(text, markup=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A notice beside the result, on standard error; silent with ``--json``."""
        if not self.as_json:
            self._err.print(text, markup=False, soft_wrap=True)

    def fail(self, error: RenkeiError) -> None:
        """Print a failure."""
        if self.as_json:
            problem: dict[str, Any] = {"code": error.code, "expected": error.expected, "came": error.came}
            if isinstance(error, Faulty):
                problem |= {"faults": error.faults, "more": error.more}
            self._json({"error": problem})
            return
        self._err.print(error.code, style="bold red", markup=False)
        if isinstance(error, Faulty):
            self._fail_each(error)
            return
        self._err.print(f"  expected  {error.expected}", markup=False, soft_wrap=True)
        self._err.print(f"  came      {error.came}", markup=False, soft_wrap=True)

    def _fail_each(self, error: Faulty) -> None:
        """Every fault of a file on a line of its own."""
        for fault in error.faults:
            line = f"  {fault.where}: expected {fault.expected}; {fault.came} came"
            self._err.print(line, markup=False, soft_wrap=True)
        more, count = ", and there may be more" if error.more else "", len(error.faults)
        self._err.print(f"  {count} fault{'s' if count > 1 else ''}{more}; nothing was taken", markup=False)

    def _json(self, value: Any) -> None:
        """The one document; flushed, since the command may go on for days (``demo``, ``serve``)."""
        sys.stdout.write(to_json(value) + "\n")
        sys.stdout.flush()

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator["Ticker"]:
        """A progress bar on standard error, shown to people at a terminal."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._err,
            transient=True,
            disable=self.as_json or not self._err.is_terminal,
        )
        with bar:
            yield Ticker(bar, bar.add_task(what, total=total))


class Ticker:
    """Moves one progress bar."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def to(self, done: int, total: int | None = None) -> None:
        """So much is done."""
        self._bar.update(self._task, completed=done, total=total)

    def start(self, what: str, total: int | None) -> None:
        """Begin with something else."""
        self._bar.reset(self._task, description=what, total=total)


def to_json(value: Any) -> str:
    """``value`` as one indented JSON document."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def cell(value: Any) -> str:
    """``value`` for a table's cell."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict | list | tuple):
        return msgspec.json.encode(value).decode()
    return str(value)


def _plain(text: str) -> str:
    # Table cells are markup to rich; what came from a log or a partner must never be.
    return text.replace("[", "\\[")
