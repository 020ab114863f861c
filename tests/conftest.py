"""Options and marks common to all tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--crash-rounds", type=int, default=None, help="how often the crash suites kill")
