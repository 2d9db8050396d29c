"""Signs of life for the platform while a stream gives nothing."""

import threading
from collections.abc import Iterable
from functools import partial
from types import TracebackType

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)

from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.sync.cursor import WindowCursor

# Airbyte ends a source that sends no RECORD and no STATE for a while; logs do not count.
_EVERY = 240.0


class Heartbeat:
    """Repeats the last state of every stream that is being read, every four minutes while the block runs.

    A thread of its own reads the groups, which guard themselves; a state leaves through the queue of the records.
    """

    def __init__(self, groups: Iterable[Group], *, every: float = _EVERY) -> None:
        self._groups = list(groups)
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            for group in self._groups:
                group.while_open(partial(self._repeat, group))

    def _repeat(self, group: Group) -> None:
        for member in group.members:
            if isinstance(member.cursor, WindowCursor):
                member.cursor.repeat()
            else:
                group.queue.put(_nothing_read(member))


def _nothing_read(member: Member) -> AirbyteMessage:
    """A state of a stream that has none: it says nothing, and is one all the same."""
    return AirbyteMessage(
        type=Type.STATE,
        state=AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            stream=AirbyteStreamState(
                stream_descriptor=StreamDescriptor(name=member.stream.name), stream_state=AirbyteStateBlob()
            ),
        ),
    )
