"""Reads a group window by window, in the order that a test wants, as the concurrent CDK does in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record as CdkRecord
from stream_fakes import NOW

from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.partition import Following, Leading
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.windows import Window

Row = dict[str, Any]


class Messages(InMemoryMessageRepository):
    """States go where the records go, in their order."""

    def __init__(self, out: list[Any]) -> None:
        super().__init__()
        self._out = out

    def emit_message(self, message: AirbyteMessage) -> None:
        self._out.append(message)


class Read:
    """A group and everything that came of it, in the order in which the CDK would print it."""

    def __init__(
        self,
        *streams: Any,
        windows: list[Window],
        start: int = 0,
        end: int = NOW,
        pages: bool = False,
        most: int = 1_000,
    ) -> None:
        self.out: list[Any] = []
        self.errors: list[tuple[str, Exception]] = []
        self.estimates: list[Any] = []
        self.queue: Queue[Any] = Queue()
        self.windows = windows
        self._bounds = Window(start, end)
        self._most = most
        self.members = [Member(stream, self._cursor(stream)) for stream in streams]
        self.group = Group(self.members, self.queue, pages=pages)
        self.made = iter(Leading(self.group).generate())
        self.waiting: list[Any] = []

    def _cursor(self, stream: Any) -> WindowCursor:
        return WindowCursor(
            stream=stream.name,
            field="updated_at",
            done=[],
            start=self._bounds.start,
            end=self._bounds.end,
            overlap=0,
            planner=lambda: lambda _gap: iter(self.windows),
            message_repository=Messages(self.out),
            state_manager=ConnectorStateManager(),
        )

    def make(self) -> bool:
        """Have the next window made; false when there is none."""
        made = next(self.made, None)
        self.waiting += [made] if made is not None else []
        return made is not None

    def make_all(self) -> Read:
        while self.make():
            pass
        return self

    def read_one(self, number: int = 0) -> None:
        """Read a window as the CDK's ``PartitionReader`` does."""
        for _ in self._reading(self.waiting.pop(number)):
            pass

    def read_in_turns(self, choose: Callable[[int], int]) -> Read:
        """Read all windows, several at a time, a piece of one after a piece of another."""
        under_way: list[Iterator[None]] = []
        for _ in range(self._most * 10):
            if not under_way and not self.waiting:
                return self
            number = choose(len(under_way) + len(self.waiting))
            if number >= len(under_way):
                under_way.append(self._reading(self.waiting.pop(number - len(under_way))))
            elif next(under_way[number], self) is self:
                under_way.pop(number)
        raise AssertionError("the group never ends")

    def _reading(self, partition: Partition) -> Iterator[None]:
        try:
            for item in partition.read():
                self._take_queued()
                self.out.append(item)
                yield
        except Exception as error:
            self.errors.append((self.members[0].stream.name, error))
        self._take_queued()

    def _take_queued(self) -> None:
        while not self.queue.empty():
            item = self.queue.get_nowait()
            if isinstance(item, StreamThreadException):
                self.errors.append((item.stream_name, item.exception))
            elif isinstance(item, Partition):
                self.waiting.append(item)
            elif isinstance(item, AirbyteMessage) and item.trace and item.trace.estimate:
                self.estimates.append(item.trace.estimate)
            else:
                raise AssertionError(f"what is this to the CDK: {item!r}")

    def all(self) -> Read:
        self.make_all()
        reads = 0
        while self.waiting:
            reads += 1
            assert reads < self._most, "the group never ends"
            self.read_one()
        return self

    def one_by_one(self) -> Read:
        """Read each window before the next is made."""
        while self.make():
            self.read_one()
        while self.waiting:
            self.read_one()
        return self

    def ids(self, name: str = "things") -> list[Any]:
        return [item.data["id"] for item in self.out if isinstance(item, CdkRecord) and item.stream_name == name]

    def states(self, name: str = "things") -> list[Row]:
        found = (item.state.stream for item in self.out if isinstance(item, AirbyteMessage) and item.state)
        return [vars(s.stream_state) for s in found if s and s.stream_descriptor.name == name]

    def unread(self, name: str = "things") -> list[Window]:
        """Windows that the last state of a stream does not cover."""
        self.members[[m.stream.name for m in self.members].index(name)].cursor.ensure_at_least_one_state_emitted()
        state = self.states(name)[-1]
        slices = state.get("slices") or [{"start": self._bounds.start, "end": state["updated_at"]}]
        covered = [Window(s["start"], s["end"]) for s in slices]
        return [w for w in self.windows if not any(c.start <= w.start and w.end <= c.end for c in covered)]

    def follower(self) -> list[Exception]:
        """The failure of a member that waits."""
        try:
            assert list(Following(self.group).generate()) == []
        except Exception as error:
            return [error]
        return []


def furthest(state: Row) -> int:
    return max([state["updated_at"], *(item["end"] for item in state.get("slices", ()))])
