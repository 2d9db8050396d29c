"""Tests of the shapes: a read without a network, on the fakes of the stream tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "streams"))

from hypothesis import HealthCheck, settings
from stream_fakes import FakeIntercom, make_sync

from source_intercom.shapes.base import Sync

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def new_sync() -> Iterator[Callable[..., Sync]]:
    made: list[Sync] = []

    def new(**options: Any) -> Sync:
        made.append(make_sync(**options))
        return made[-1]

    yield new
    for sync in made:
        sync.transport.close()


@pytest.fixture
def intercom() -> FakeIntercom:
    return FakeIntercom()
