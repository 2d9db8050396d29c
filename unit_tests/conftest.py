"""What many tests stand on: reads without a network, and property tests that do not mind a slow machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from stream_fakes import FakeIntercom, make_sync

from examples import set_number
from source_intercom.shapes.base import Sync

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = {id(item.function): item.function for item in items if isinstance(item, pytest.Function)}
    for test in tests.values():
        if is_hypothesis_test(test):
            set_number(test, int(os.environ.get("SOAK", "0")) or None)


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
