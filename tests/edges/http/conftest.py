"""One served node for each module."""

from collections.abc import Iterator

import pytest

from edges.http.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("node") / "data")
    yield one
    one.close()
