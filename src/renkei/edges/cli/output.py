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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...kernel.errors import RenkeiError


class Output:
    """Prints for one command."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False)
        self._err = Console(stderr=True, highlight=False)

    def data(self, value: Any, *, text: str | None = None) -> None:
        """Print ``value``: as JSON, or as ``text`` (default: one ``key  value`` line per entry)."""
        if self.as_json:
            sys.stdout.write(_json(value) + "\n")
        elif text is not None:
            self._out.print(text, markup=False)
        else:
            plain = msgspec.to_builtins(value)
            for key, item in plain.items():
                self._out.print(f"{key:<16} {_cell(item)}", markup=False, soft_wrap=True)

    def rows(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Print a table with the named columns of ``rows``; as JSON, all of every row."""
        listed = list(rows)
        if self.as_json:
            sys.stdout.write(_json(listed) + "\n")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in listed:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        self._out.print(table if listed else "none")

    def note(self, text: str) -> None:
        """A notice beside the result; silent with ``--json``."""
        if not self.as_json:
            self._err.print(text, markup=False)

    def fail(self, error: RenkeiError) -> None:
        """Print a failure."""
        if self.as_json:
            problem = {"code": error.code, "expected": error.expected, "came": error.came}
            sys.stdout.write(_json({"error": problem}) + "\n")
        else:
            self._err.print(f"[bold red]{error.code}[/]")
            self._err.print(f"  expected  {error.expected}", markup=False, soft_wrap=True)
            self._err.print(f"  came      {error.came}", markup=False, soft_wrap=True)

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
            task = bar.add_task(what, total=total)
            yield Ticker(bar, task)


class Ticker:
    """Moves one progress bar."""

    def __init__(self, bar: Progress, task: Any) -> None:
        self._bar, self._task = bar, task

    def to(self, done: int) -> None:
        """So much is done."""
        self._bar.update(self._task, completed=done)


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list | tuple):
        return msgspec.json.encode(value).decode()
    return str(value)
