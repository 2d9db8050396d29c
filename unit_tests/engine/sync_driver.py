"""Whole syncs, each begun with a saved state, whose every message is kept in the order in which it would leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStateMessage, AirbyteStateMessageSerializer
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record as CdkRecord
from stream_fakes import FakeIntercom, Json

from source_intercom.api import pages
from source_intercom.engine.assembly import member_of
from source_intercom.engine.group import groups_of
from source_intercom.engine.member import Member
from source_intercom.engine.partition import Leading
from source_intercom.shapes import base, cutting, search
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import Window

MOST_STEPS = 20_000


def make_pages_small(patch: pytest.MonkeyPatch, *, window_pages: int = 2, lag: int = INDEX_LAG) -> None:
    """Pages of three, so that a few records are as heavy as thousands, and a state after each of them.

    With a ``lag`` of 0 no hour is read again, which would hide a state that is wrong by a second.
    """
    patch.setattr(base, "INDEX_LAG", lag)
    patch.setattr(search, "INDEX_LAG", lag)
    patch.setattr(pages, "SEARCH_PAGE", 3)
    patch.setattr(cutting, "SEARCH_PAGE", 3)
    patch.setattr(cutting, "_LEAST_PAGES", window_pages)
    patch.setattr(cutting, "_MOST_PAGES", window_pages)
    patch.setattr(search, "_CHECKPOINT_PAGES", 1)


def saved(states: dict[str, Json]) -> list[AirbyteStateMessage]:
    return [
        AirbyteStateMessageSerializer.load(
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
        )
        for name, state in states.items()
    ]


class _Messages(InMemoryMessageRepository):
    def __init__(self, out: list[Any]) -> None:
        super().__init__()
        self._out = out

    def emit_message(self, message: AirbyteMessage) -> None:
        self._out.append(message)


def members_of(streams: Iterable[IntercomStream], states: dict[str, Json], out: list[Any], **more: Any) -> list[Member]:
    manager = ConnectorStateManager(state=saved(states))
    return [member_of(stream, manager, _Messages(out), **more) for stream in streams]


def unread_after(kind: type[IntercomStream], sync: Sync, state: Json | None, *, full: bool = False) -> list[Window]:
    """What a sync that begins with a state reads."""
    made = kind(sync, full=full)
    (member,) = members_of([made], {made.name: state} if state else {}, [])
    return member.cursor.unread()


class Syncing:
    """One sync of some streams. ``choose`` picks which of several readers takes its next step."""

    def __init__(
        self,
        kinds: Iterable[type[IntercomStream]],
        sync: Sync,
        intercom: FakeIntercom,
        *,
        states: dict[str, Json] | None = None,
        full: bool = False,
        **more: Any,
    ) -> None:
        self.out: list[Any] = []
        self.errors: list[Exception] = []
        self.queue: Queue[Any] = Queue()
        self.streams = [kind(sync, full=full) for kind in kinds]
        self.members = members_of(self.streams, states or {}, self.out, **more)
        for stream in self.streams:
            intercom.attach(stream.client)
            intercom.attach(stream.source.client)
        self.groups = groups_of(self.members, self.queue, pages=False)

    def run(self, choose: Callable[[int], int] = lambda _number: 0) -> Syncing:
        """Read to the end, several partitions at a time, a piece of one after a piece of another."""
        waiting: list[Partition] = []
        for group in self.groups:
            waiting += Leading(group).generate()
        under_way: list[Iterator[None]] = []
        for _ in range(MOST_STEPS):
            if not under_way and not waiting:
                break
            number = choose(len(under_way) + len(waiting))
            if number >= len(under_way):
                under_way.append(self._reading(waiting.pop(number - len(under_way)), waiting))
            elif next(under_way[number], self) is self:
                under_way.pop(number)
        else:
            raise AssertionError("the sync never ends")
        for member in self.members:
            member.cursor.ensure_at_least_one_state_emitted()
        return self

    def _reading(self, partition: Partition, waiting: list[Partition]) -> Iterator[None]:
        try:
            for item in partition.read():
                self._take_queued(waiting)
                self.out.append(item)
                yield
        except Exception as error:
            self.errors.append(error)
        self._take_queued(waiting)

    def _take_queued(self, waiting: list[Partition]) -> None:
        while not self.queue.empty():
            item = self.queue.get_nowait()
            if isinstance(item, Partition):
                waiting.append(item)
            elif not isinstance(item, AirbyteMessage):
                self.errors.append(item.exception)

    def rows(self, name: str, key: str = "id") -> list[Any]:
        return [item.data[key] for item in self.out if isinstance(item, CdkRecord) and item.stream_name == name]

    def states(self, name: str) -> list[Json]:
        return [state for state in (state_in(item, name) for item in self.out) if state is not None]


def state_in(item: Any, name: str) -> Json | None:
    """The state of a stream that a message carries, None for any other message."""
    if not isinstance(item, AirbyteMessage) or item.state is None or item.state.stream is None:
        return None
    told = item.state.stream
    return dict(vars(told.stream_state)) if told.stream_descriptor.name == name else None
