from collections.abc import Iterator

import pytest

from rooms.duo import Duo


@pytest.fixture
def duo() -> Iterator[Duo]:
    duo = Duo()
    yield duo
    duo.close()
