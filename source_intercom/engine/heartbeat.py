"""Signs of life for the platform while a stream gives nothing."""

from collections.abc import Iterable
from functools import partial

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
from source_intercom.engine.ticker import Ticker
from source_intercom.sync.cursor import WindowCursor

# Airbyte ends a source that sends no RECORD and no STATE for a while; logs do not count.
_EVERY = 240.0


class Heartbeat(Ticker):
    """Repeats the last state of every stream that is being read, every four minutes while the block runs.

    Its thread reads the groups, which guard themselves; a state leaves through the queue of the records.
    """

    def __init__(self, groups: Iterable[Group], *, every: float = _EVERY) -> None:
        super().__init__("heartbeat", every, self._beat)
        self._groups = list(groups)

    def _beat(self) -> None:
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
