"""The source: spec, check, discover and read. Wiring only."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Queue
from typing import Any

from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    DestinationSyncMode,
    Status,
    SyncMode,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem

from source_intercom.api.client import Transport
from source_intercom.api.errors import IntercomError
from source_intercom.engine.access import Access, explain, missing_for
from source_intercom.engine.assembly import concurrent_streams, member_of, refuse_unusable
from source_intercom.engine.begin import begin_sync, newest_position
from source_intercom.engine.failures import Failures
from source_intercom.engine.group import groups_of
from source_intercom.engine.heartbeat import Heartbeat
from source_intercom.engine.member import Member
from source_intercom.engine.progress import Progress, reading_log
from source_intercom.engine.report_columns import describe_reports
from source_intercom.engine.repository import Messages
from source_intercom.options.config import Config, ConfigError
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.shapes.report_export import Report
from source_intercom.streams import CATALOGUE
from source_intercom.streams.reports import report_streams

# Records wait here for stdout. A conversation can weigh 100 KB, so the CDK's 10,000 would be gigabytes.
_QUEUED_RECORDS = 1_000
# A page can weigh a megabyte.
_QUEUED_PAGES = 64
# A person waits for `check`: two retries, not five.
_CHECK_RETRIES = 2


class SourceIntercom(AbstractSource):
    """Airbyte's source for Intercom."""

    def __init__(self, *, pages: bool = False) -> None:
        """``pages``: read in pages of finished lines, for a process that can print them (``engine.output``)."""
        self._pages = pages
        self._messages: MessageRepository = InMemoryMessageRepository()
        self._sync: Sync | None = None

    @property
    def name(self) -> str:
        return "source-intercom"

    @property
    def message_repository(self) -> MessageRepository:
        return self._messages

    def release(self) -> None:
        """Let go of what a read that ends early holds at Intercom. May be called from any thread, more than once."""
        if self._sync:
            self._sync.exports.release()
            self._sync.reports.release()

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return Config.spec()

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """The catalogue, described; the streams that are read are made by :meth:`read`, where the state is.

        Asks Intercom only where the options name reports, which have the columns that the workspace gives them.
        """
        streams = self.known_streams(config)
        if reports := [stream for stream in streams if isinstance(stream, Report)]:
            logger = logging.getLogger("airbyte")
            describe_reports(reports, Config.load(config), logger, retries=_CHECK_RETRIES)
        return [*streams]

    def known_streams(self, config: Mapping[str, Any]) -> list[IntercomStream]:
        """The streams that a catalog may ask for, as far as they can be described without Intercom."""
        kinds = _kinds(Config.load(config)) if config.get("reports") else CATALOGUE
        return [stream(order_by=config.get("order_by") or "updated_at") for stream in kinds]

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Succeeds when anything can be read; the message lists what cannot."""
        succeeded, message = self.check_connection(logger, config)
        return AirbyteConnectionStatus(status=Status.SUCCEEDED if succeeded else Status.FAILED, message=message or None)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str]:
        options = Config.load(config)
        transport = Transport(options)
        try:
            sync = begin_sync(options, transport, logger, retries=_CHECK_RETRIES)
            access = Access(cls(sync) for cls in _kinds(options))
            access.probe()
        except IntercomError as error:
            logger.info(f"Check failed: {error.internal_message}")
            return False, explain(error, transport.host)
        finally:
            transport.close()
        report = access.report()
        if report:
            logger.warning(report)
        return not access.nothing_is_readable, report

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        options = Config.load(config)
        if options.advice:
            logger.warning(options.advice)
        made = _streams_of(options, catalog)
        if not catalog.streams:
            return
        transport = Transport(options)
        try:
            states = ConnectorStateManager(state=state)
            refuse_unusable(states, made(None), options.start)
            self._sync = sync = _begin(options, transport, logger, catalog, states)
            # States and logs must leave through the queue of the records, or a state would overtake the
            # records that it covers.
            queue: Queue[QueueItem] = Queue(maxsize=_QUEUED_PAGES if self._pages else _QUEUED_RECORDS)
            self._messages = Messages(queue)
            streams = made(sync)
            concurrent = ConcurrentSource.create(
                # A thread for each stream's planner besides the workers, so that planners never starve them.
                num_workers=options.num_workers + len(streams),
                initial_number_of_partitions_to_generate=len(streams),
                logger=reading_log(streams, logger),
                slice_logger=self._slice_logger,
                message_repository=self._messages,
                queue=queue,
            )
            groups = groups_of(self._members(streams, catalog, states), queue, pages=self._pages)
            failures = Failures(lambda: made(sync), logger)
            with Progress(streams, transport.budget, logger, failures.failed), Heartbeat(groups):
                yield from failures.watch(concurrent.read(concurrent_streams(groups)))
        finally:
            self.release()
            transport.close()

    def _members(
        self, streams: Sequence[IntercomStream], catalog: ConfiguredAirbyteCatalog, states: ConnectorStateManager
    ) -> list[Member]:
        missing, unknown = missing_for(streams)
        return [
            member_of(
                stream,
                states,
                self._messages,
                missing=missing,
                unknown=unknown,
                deduplicates=wanted.destination_sync_mode is DestinationSyncMode.append_dedup,
            )
            for stream, wanted in zip(streams, catalog.streams, strict=True)
        ]


def _begin(
    options: Config,
    transport: Transport,
    logger: logging.Logger,
    catalog: ConfiguredAirbyteCatalog,
    states: ConnectorStateManager,
) -> Sync:
    names = frozenset(wanted.stream.name for wanted in catalog.streams)
    return begin_sync(
        options,
        transport,
        logger,
        selected=names,
        without_files=frozenset(wanted.stream.name for wanted in catalog.streams if wanted.include_files is False),
        newest_state=newest_position(states.get_stream_state(name, None) for name in names),
    )


def _kinds(options: Config) -> tuple[type[IntercomStream], ...]:
    """The streams that there are under some options."""
    return *CATALOGUE, *report_streams(options.reports)


def _streams_of(options: Config, catalog: ConfiguredAirbyteCatalog) -> Callable[[Sync | None], list[IntercomStream]]:
    """A function that makes the streams of a catalog, in its order. Raises ``ConfigError`` for an unknown stream."""
    classes = {stream().name: stream for stream in _kinds(options)}
    unknown = [wanted.stream.name for wanted in catalog.streams if wanted.stream.name not in classes]
    if unknown:
        raise ConfigError(
            f"The catalog asks for streams that this connector does not have: {', '.join(unknown)}. "
            "Refresh the connection's schema."
        )
    return lambda sync: [
        classes[wanted.stream.name](sync, full=wanted.sync_mode == SyncMode.full_refresh, order_by=options.order_by)
        for wanted in catalog.streams
    ]
