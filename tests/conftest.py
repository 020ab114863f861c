"""Options and settings common to all tests."""

import pytest
from hypothesis import settings

# Deadlines measure the machine, not the code; time belongs to bench/.
settings.register_profile("renkei", deadline=None)
settings.load_profile("renkei")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--crash-rounds", type=int, default=None, help="how often the crash suites kill")
