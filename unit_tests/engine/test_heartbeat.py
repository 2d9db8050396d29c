"""Streams that give nothing say all the same that they are alive: a platform ends a source that is silent for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from stream_fakes import FakeIntercom
from sync_driver import Syncing, state_in

from source_intercom.engine.heartbeat import Heartbeat
from source_intercom.shapes.base import Sync
from source_intercom.streams.tickets import Tickets
from source_intercom.streams.workspace import Tags

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
POSITION = 1_750_000_000


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def queued(syncing: Syncing) -> list[Any]:
    return [syncing.queue.get_nowait() for _ in range(syncing.queue.qsize())]


@pytest.mark.complaint(5, 101)
def test_a_stream_with_a_state_repeats_it(new_sync: NewSync) -> None:
    states = {"tickets": {"updated_at": POSITION}}
    syncing = Syncing([Tickets], new_sync(), FakeIntercom(), states=states)
    with Heartbeat(syncing.groups, every=0.01):
        until(lambda: len(syncing.states("tickets")) >= 3)
    assert {state["updated_at"] for state in syncing.states("tickets")} == {POSITION}


@pytest.mark.complaint(5)
def test_a_stream_without_one_says_an_empty_state_through_the_queue_of_the_records(new_sync: NewSync) -> None:
    syncing = Syncing([Tags], new_sync(), FakeIntercom())
    told: list[Any] = []
    with Heartbeat(syncing.groups, every=0.01):
        until(lambda: bool(told.extend(queued(syncing)) or len(told) >= 2))
    assert all(isinstance(message, AirbyteMessage) for message in told)
    assert [state_in(message, "tags") for message in told] == [{}] * len(told)


def test_a_stream_that_has_ended_says_nothing_more(new_sync: NewSync) -> None:
    """A state after the end of its stream would open it again."""
    intercom = FakeIntercom().on("GET", "/tags", {"data": [{"id": "1"}]})
    syncing = Syncing([Tags], new_sync(), intercom).run()
    queued(syncing)
    with Heartbeat(syncing.groups, every=0.005):
        time.sleep(0.1)
    assert queued(syncing) == []


def test_it_stops_with_the_read(new_sync: NewSync) -> None:
    syncing = Syncing([Tags], new_sync(), FakeIntercom())
    with Heartbeat(syncing.groups, every=0.005):
        until(lambda: syncing.queue.qsize() > 0)
    time.sleep(0.02)
    queued(syncing)
    time.sleep(0.05)
    assert queued(syncing) == []
