"""The process: hands the source to the CDK's entrypoint (console script ``source-intercom``)."""

import source_intercom.startup  # noqa: F401  # it makes the imports below cheaper

# isort: split
import argparse
import gc
import logging
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor

from source_intercom.engine.output import RecordPage
from source_intercom.options.config import Config
from source_intercom.source import SourceIntercom


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint, with two differences.

    A faulty config is explained in our own words instead of a JSON Schema validator's. And a read takes the
    pages of finished lines that our streams make, which the CDK's way to stdout has no place for.
    """

    def __init__(self, source: SourceIntercom) -> None:
        super().__init__(source)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        Config.load(config)

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage, stream_message_count: "defaultdict[HashableStreamDescriptor, float]"
    ) -> AirbyteMessage:
        if isinstance(message, RecordPage):
            stream_message_count[HashableStreamDescriptor(name=message.stream, namespace=None)] += message.count
            return message
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    def lines(self, arguments: argparse.Namespace) -> Iterator[bytes]:
        """The lines that a command prints, some thousand at once where a page of records is one piece."""
        if arguments.command == "read":
            yield from self._read_lines(arguments)
        else:
            for text in self.run(arguments):
                yield f"{text}\n".encode()

    def _read_lines(self, arguments: argparse.Namespace) -> Iterator[bytes]:
        self.logger.setLevel(logging.DEBUG if arguments.debug else logging.INFO)
        try:
            # Not configure(): it writes the config, token and all, to a file that nobody here needs.
            config = self.source.read_config(arguments.config)
            catalog = self.source.read_catalog(arguments.catalog)
            state = self.source.read_state(arguments.state)
            for message in self.read(self.source.spec(self.logger), config, catalog, state):
                yield _line(message)
        finally:
            for message in self._emit_queued_messages(self.source):
                yield _line(message)


def run(arguments: list[str] | None = None) -> None:
    """Run one protocol command and print its messages to stdout.

    ``arguments`` are those of the command line when None. Raises what ends the process with a non-zero code,
    after the CDK has printed it as a trace.
    """
    entrypoint = Entrypoint(SourceIntercom(pages=True))
    parsed = entrypoint.parse_args(sys.argv[1:] if arguments is None else arguments)
    # Nothing that has been loaded needs to be looked at again.
    gc.freeze()
    print_lines(entrypoint.lines(parsed))


def print_lines(pieces: Iterable[bytes]) -> None:
    """Print pieces of whole lines while other threads log."""
    stdout = sys.stdout.buffer
    with PRINT_BUFFER:
        for lines in pieces:
            # Log lines of all threads go through the CDK's buffer, which writes under this lock. Without it a page
            # and a log line ran into each other on a pipe, which takes a page in several pieces.
            with PRINT_BUFFER.lock:
                stdout.write(lines)
                stdout.flush()


def _line(message: AirbyteMessage) -> bytes:
    if isinstance(message, RecordPage):
        return message.lines
    return AirbyteEntrypoint.airbyte_message_to_string(message).encode() + b"\n"


if __name__ == "__main__":
    run()
