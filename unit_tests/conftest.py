"""What many tests stand on: reads without a network, and property tests that do not mind a slow machine.

SOAK times their usual number of examples is how long property tests run (scripts/soak).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from stream_fakes import FakeIntercom, make_sync

from source_intercom.shapes.base import Sync

FACTOR = int(os.environ.get("SOAK", "1"))

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def deepen(test: Any, factor: int) -> None:
    """Give a property test so many times its examples. Where hypothesis keeps a test's settings is its own affair, so
    a test of this file watches it."""
    usual: settings = test._hypothesis_internal_use_settings
    test._hypothesis_internal_use_settings = settings(usual, max_examples=usual.max_examples * factor)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = {id(item.function): item.function for item in items if isinstance(item, pytest.Function)}
    for test in tests.values():
        if FACTOR > 1 and is_hypothesis_test(test):
            deepen(test, FACTOR)


@pytest.fixture
def new_sync() -> Iterator[Callable[..., Sync]]:
    """Makes what the streams of a read share, and lets go of its threads when the test ends."""
    made: list[Sync] = []

    def new(**options: Any) -> Sync:
        made.append(make_sync(**options))
        return made[-1]

    yield new
    for sync in made:
        sync.transport.close()


@pytest.fixture
def intercom() -> FakeIntercom:
    """An Intercom that answers from a table."""
    return FakeIntercom()
