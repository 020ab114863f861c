from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edges.links.world import Station
from renkei.kernel.clock import Clock


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Callable[..., Station]]:
    """Makes stations and closes their links at the end."""
    made: list[Station] = []

    def make(hq: str, clock: Clock | None = None) -> Station:
        made.append(Station(tmp_path / str(len(made)), hq, clock))
        return made[-1]

    yield make
    for one in made:
        one.close()
