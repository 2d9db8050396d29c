"""Watches the errors of a read: notes which streams have one, and logs what the token may not read before the first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from logging import Logger

from airbyte_cdk.models import AirbyteMessage, FailureType

from source_intercom.api.errors import IntercomError
from source_intercom.engine.access import Access
from source_intercom.shapes.base import IntercomStream


class Failures:
    """Sees the messages of a read pass.

    ``streams`` makes the selected streams anew, to ask with; it is called once at most. Used by the main thread alone.
    """

    def __init__(self, streams: Callable[[], Sequence[IntercomStream]], logger: Logger) -> None:
        self._streams = streams
        self._logger = logger
        self._has_listed = False
        # Names of the streams that have reported an error.
        self.failed: set[str] = set()

    def watch(self, messages: Iterable[AirbyteMessage]) -> Iterator[AirbyteMessage]:
        """Pass the messages on.

        Before the first error that asks for another config or permission, everything that the token may not read is
        logged. airbyte-serverless and Meltano's wrapper end a read at its first error, and PyAirbyte throws away what
        it has read, so their users would try again and again. A read without such an error makes no request for this.
        """
        for message in messages:
            error = message.trace.error if message.trace else None
            if error and error.stream_descriptor:
                self.failed.add(error.stream_descriptor.name)
                if error.failure_type is FailureType.config_error and not self._has_listed:
                    self._has_listed = True
                    self._list()
            yield message

    def _list(self) -> None:
        access = Access(self._streams())
        try:
            access.probe()
        except IntercomError as error:
            self._logger.info(f"What else the token may not read is not known: {error.internal_message}")
            return
        report = access.report()
        if report:
            self._logger.warning(f"{report} Grant what is missing, or do not select these streams.")
