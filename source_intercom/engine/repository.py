"""The way of states and logs to the main thread."""

import threading
from collections.abc import Iterable
from queue import Queue

from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem


class Messages(ConcurrentMessageRepository):
    """Messages of the workers go through the queue of the records, behind the records that they tell of.

    What the main thread itself has to say leaves at once: that is the last state of a stream, all of whose records it
    has printed by then. Through the queue it would come behind the stream's COMPLETE and behind whatever other streams
    have there. If the process ended in between, a full refresh that is through would go on instead of starting anew.

    Made by the thread that prints.
    """

    def __init__(self, queue: "Queue[QueueItem]") -> None:
        super().__init__(queue, InMemoryMessageRepository())
        self._printer = threading.get_ident()
        # Of the printing thread alone.
        self._own = InMemoryMessageRepository()

    def emit_message(self, message: AirbyteMessage) -> None:
        if threading.get_ident() == self._printer:
            self._own.emit_message(message)
        else:
            super().emit_message(message)

    def consume_queue(self) -> Iterable[AirbyteMessage]:
        """What is to be printed before anything else; the CDK asks after everything that it takes from the queue."""
        yield from self._own.consume_queue()
        yield from super().consume_queue()
