"""The process: hands the source to the CDK's entrypoint (console script ``source-intercom``)."""

import source_intercom.startup  # noqa: F401  # it makes the imports below cheaper

# isort: split
import argparse
import gc
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.entrypoint import logger as cdk_logger
from airbyte_cdk.logger import is_platform_debug_log_enabled
from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    ConnectorSpecification,
    FailureType,
    Level,
    SyncMode,
    TraceType,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, get_secrets, update_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.api.masking import forms_of
from source_intercom.ending import Ending
from source_intercom.engine.output import RecordPage
from source_intercom.inputs.catalog import Facts, Known, catalog_from
from source_intercom.inputs.json_files import config_of, load
from source_intercom.inputs.state_files import known_states_from
from source_intercom.options.config import Config
from source_intercom.source import SourceIntercom
from source_intercom.stdout import Stdout, StdoutEnded

# What the CDK says of a read in which streams failed. Each of them has reported its own error before.
_FAILED_STREAMS = "Concurrent read failure"
_WITHOUT_STATE = (
    "To go on without it, leave out --state or clear the connection's state: every stream is then read from its start."
)


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint, with some differences.

    What is wrong with a config, a catalog or a state is said in our own words before anything else happens. A config
    is written to no file. And a read takes the pages of finished lines that our streams make, which the CDK's way to
    stdout has no place for.
    """

    def __init__(self, source: SourceIntercom) -> None:
        # All that the CDK has to say here is at which shares of the memory it will act.
        logging.disable(logging.INFO)
        super().__init__(source)
        logging.disable(logging.NOTSET)
        self._source = source
        # The types of the errors that streams have reported.
        self._told: list[FailureType] = []

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        Config.load(config)

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Mask the secrets also in the forms in which URLs and headers carry them."""
        secrets = [secret for secret in get_secrets(connection_specification, config) if isinstance(secret, str)]
        # The longest first: a secret that is a part of another would leave the rest of that one.
        update_secrets(sorted({form for secret in secrets for form in forms_of(secret)}, key=len, reverse=True))

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage, stream_message_count: "defaultdict[HashableStreamDescriptor, float]"
    ) -> AirbyteMessage:
        if isinstance(message, RecordPage):
            stream_message_count[HashableStreamDescriptor(name=message.stream, namespace=None)] += message.count
            return message
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    def messages(self, arguments: argparse.Namespace) -> Iterator[AirbyteMessage]:
        """The messages of a command. Raises what ends it early."""
        level = logging.DEBUG if arguments.debug or is_platform_debug_log_enabled() else logging.INFO
        for log in (self.logger, cdk_logger):
            log.setLevel(level)
        spec = self.source.spec(self.logger)
        if arguments.command == "spec":
            yield AirbyteMessage(type=Type.SPEC, spec=spec)
            return
        config = load(arguments.config, "config", config_of)
        if arguments.command == "check":
            yield from self.check(spec, config)
        elif arguments.command == "discover":
            yield from self.discover(spec, config)
        else:
            yield from self._read(spec, config, arguments)

    def _read(
        self, spec: ConnectorSpecification, config: Mapping[str, Any], arguments: argparse.Namespace
    ) -> Iterator[AirbyteMessage]:
        Config.load(config)
        known = _known(self._source, config)
        catalog = load(arguments.catalog, "catalog", lambda text: catalog_from(text, known))
        state = []
        if arguments.state:
            state = load(arguments.state, "state", lambda text: known_states_from(text, known), advice=_WITHOUT_STATE)
        if not catalog.streams:
            yield _log("The catalog has no streams: there is nothing to read.")
        for message in self.read(spec, config, catalog, state):
            if message.trace and message.trace.type is TraceType.ERROR and message.trace.error:
                self._told.append(message.trace.error.failure_type or FailureType.system_error)
            yield message

    def failure(self, error: BaseException) -> AirbyteMessage:
        """The last message of a command that an error has ended."""
        if isinstance(error, AirbyteTracedException):
            if error.internal_message == _FAILED_STREAMS:
                # The CDK calls every such end a fault of the config, after which a platform does not try again.
                error.failure_type = _worst(self._told)
            message = error.as_airbyte_message()
            if message.trace and message.trace.error and error.failure_type is not FailureType.system_error:
                # It was raised on purpose: where helps nobody.
                message.trace.error.stack_trace = None
            return message
        return AirbyteTracedException.from_exception(error).as_airbyte_message()


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run one protocol command, print its messages to stdout, and end the process with its exit code.

    ``arguments`` are those of the command line when None.
    """
    parsed = _parsed(sys.argv[1:] if arguments is None else arguments)
    if sys.__stdout__ is None:
        # Started with a closed stdout, whose number any file or connection that is opened now would get.
        os.write(2, b"source-intercom: stdout is closed\n")
        os._exit(1)
    source = SourceIntercom(pages=True)
    stdout = Stdout(sys.__stdout__.fileno())
    ending = Ending(stdout, _line, lambda: source.message_repository, source.release)
    with stdout.as_text(), _plain_logs():
        ending.watch()
        entrypoint = Entrypoint(source)
        # Nothing that has been loaded needs to be looked at again.
        gc.freeze()
        try:
            print_lines(stdout, _noted(entrypoint.messages(parsed), ending))
        except StdoutEnded:
            ending.hand_over()
        except Exception as error:
            ending.leave(1, entrypoint.failure(error))
        ending.leave(0)


def print_lines(stdout: Stdout, pieces: Iterable[bytes]) -> None:
    """Print pieces of whole lines while other threads log. Raises ``StdoutEnded``."""
    for lines in pieces:
        stdout.write(lines)


@contextmanager
def _plain_logs() -> Iterator[None]:
    """Leave stack traces out of log lines that tell of what had to be expected, such as a server that is not there."""

    def without_trace(line: logging.LogRecord) -> bool:
        error = line.exc_info[1] if line.exc_info else None
        if isinstance(error, (AirbyteTracedException, BaseBackoffException)):
            line.exc_info = line.exc_text = None
        return True

    handlers = logging.getLogger().handlers[:]
    for handler in handlers:
        handler.addFilter(without_trace)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(without_trace)


def _noted(messages: Iterable[AirbyteMessage], ending: Ending) -> Iterator[bytes]:
    for message in messages:
        ending.note(message)
        yield _line(message)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    # Meltano's wrapper writes `--` between the image and the command, which older argparse takes for the command.
    arguments = arguments[arguments[:1] == ["--"] :]
    parsed = AirbyteEntrypoint.parse_args(arguments)
    # The CDK's parser lets a command line without a command pass.
    return parsed if parsed.command else AirbyteEntrypoint.parse_args([""])


def _known(source: SourceIntercom, config: Mapping[str, Any]) -> Known:
    """What a catalog may ask for. A catalog that was made before ``order_by`` was changed stays good."""
    known: dict[str, Facts] = {}
    for order in ("updated_at", "created_at"):
        for stream in source.known_streams({**config, "order_by": order}):
            modes = [SyncMode.full_refresh, *([SyncMode.incremental] if stream.supports_incremental else [])]
            facts = known.setdefault(stream.name, Facts(modes, []))
            if isinstance(stream.cursor_field, str) and stream.cursor_field not in facts.cursor_fields:
                facts.cursor_fields.append(stream.cursor_field)
    return known


def _worst(failures: list[FailureType]) -> FailureType:
    """The type of several failures together: one that another try may heal decides that there is one."""
    for kind in (FailureType.transient_error, FailureType.system_error):
        if kind in failures:
            return kind
    return FailureType.config_error


def _log(text: str) -> AirbyteMessage:
    return AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message=text))


def _line(message: AirbyteMessage) -> bytes:
    if isinstance(message, RecordPage):
        return message.lines
    if message.log:
        message.log.message = filter_secrets(message.log.message)
    elif message.connectionStatus:
        message.connectionStatus.message = _masked(message.connectionStatus.message)
    elif message.trace and message.trace.error:
        error = message.trace.error
        error.message = filter_secrets(error.message)
        error.internal_message = _masked(error.internal_message)
        error.stack_trace = _masked(error.stack_trace)
    return AirbyteEntrypoint.airbyte_message_to_string(message).encode() + b"\n"


def _masked(text: str | None) -> str | None:
    return filter_secrets(text) if text else text


if __name__ == "__main__":
    run()
