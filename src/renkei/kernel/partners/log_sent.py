"""What deciding asks of the log sent to a partner: which versions are in it, and what is kept beside them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..log.until import Source


class LogSent(Source, Protocol):
    """A ``Log``, or what stands for one while the audit decides again."""

    def newest_version(self, key: str) -> int:
        """The newest version under ``key``, 0 if there is none."""
        ...

    def facts_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Those of ``names`` that were set."""
        ...

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All whose name begins with ``prefix``."""
        ...
