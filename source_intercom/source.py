"""The source: spec, check, discover and read. Wiring only."""

import logging
from collections.abc import Iterator, Mapping
from datetime import timezone, tzinfo
from queue import Queue
from time import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    Status,
    SyncMode,
)
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import RETRIES, IntercomError
from source_intercom.engine.report import Progress, explain, missing_permissions, permission_report, reading_log
from source_intercom.engine.walks import Following, Leading, Member, Walk
from source_intercom.options.config import Config, ConfigError
from source_intercom.shapes.base import INTERCOM_BIRTH, Sync
from source_intercom.streams import CATALOGUE, IntercomStream
from source_intercom.sync.state import FILTERS, INDEX_LAG, WindowCursor, fingerprint, read_state
from source_intercom.sync.windows import DAY

# Records wait here for stdout. A conversation can weigh 100 KB, so the CDK's 10,000 would be gigabytes.
_QUEUED_RECORDS = 1_000
# A page can weigh a megabyte.
_QUEUED_PAGES = 64
# A person waits for `check`: two retries, not five.
_CHECK_RETRIES = 2


class SourceIntercom(AbstractSource):
    """Airbyte's source for Intercom."""

    def __init__(self, *, pages: bool = False) -> None:
        """``pages``: read in pages of finished lines, for a process that can print them (``streams.output``)."""
        self._pages = pages
        self._messages: MessageRepository = InMemoryMessageRepository()

    @property
    def name(self) -> str:
        return "source-intercom"

    @property
    def message_repository(self) -> MessageRepository:
        return self._messages

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return Config.spec()

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """The catalogue, described; the streams that are read are made by :meth:`read`, where the state is."""
        return [stream(order_by=config.get("order_by") or "updated_at") for stream in CATALOGUE]

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Succeeds when anything can be read; the message lists what cannot."""
        succeeded, message = self.check_connection(logger, config)
        return AirbyteConnectionStatus(status=Status.SUCCEEDED if succeeded else Status.FAILED, message=message or None)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str]:
        transport = Transport(Config.load(config))
        try:
            sync = _begin(Config.load(config), transport, logger, retries=_CHECK_RETRIES)
            streams = [stream for stream in (cls(sync) for cls in CATALOGUE) if stream.is_configured]
            missing = missing_permissions(streams)
        except IntercomError as error:
            logger.info(f"Check failed: {error.internal_message}")
            return False, explain(error, transport.host)
        finally:
            transport.close()
        report = permission_report(missing)
        if report:
            logger.warning(report)
        return set(streams) != {stream for without in missing.values() for stream in without}, report

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        options = Config.load(config)
        classes = {stream().name: stream for stream in CATALOGUE}
        unknown = [wanted.stream.name for wanted in catalog.streams if wanted.stream.name not in classes]
        if unknown:
            raise ConfigError(
                f"The catalog asks for streams that this connector does not have: {', '.join(unknown)}. "
                "Refresh the connection's schema."
            )
        if not catalog.streams:
            return
        transport = Transport(options)
        try:
            names = frozenset(wanted.stream.name for wanted in catalog.streams)
            sync = _begin(options, transport, logger, selected=names)
            # States and logs must leave through the queue of the records, or a state would overtake the
            # records that it covers (design §2).
            queue: Queue[QueueItem] = Queue(maxsize=_QUEUED_PAGES if self._pages else _QUEUED_RECORDS)
            self._messages = ConcurrentMessageRepository(queue, InMemoryMessageRepository())
            states = ConnectorStateManager(state=state)
            streams = [
                classes[wanted.stream.name](
                    sync, full=wanted.sync_mode == SyncMode.full_refresh, order_by=options.order_by
                )
                for wanted in catalog.streams
            ]
            concurrent = ConcurrentSource.create(
                # A thread for each stream's planner besides the workers, so that planners never starve them.
                num_workers=options.num_workers + len(streams),
                initial_number_of_partitions_to_generate=len(streams),
                logger=reading_log(streams, logger),
                slice_logger=self._slice_logger,
                message_repository=self._messages,
                queue=queue,
            )
            members = [self._member(stream, states, logger) for stream in streams]
            with Progress(streams, transport.budget, logger):
                yield from concurrent.read(self._concurrent(members, queue))
        finally:
            transport.close()

    def _member(self, stream: IntercomStream, states: ConnectorStateManager, logger: logging.Logger) -> Member:
        """A stream with the cursor that knows what of it has been read. Raises ``StateError``."""
        sync = stream.sync
        field = stream.cursor_field
        if not isinstance(field, str):
            return Member(stream, FinalStateCursor(stream.name, None, self._messages))
        # A full refresh is whole whatever the state says: half a table is no refresh.
        raw = {} if stream.full else states.get_stream_state(stream.name, None)
        filters = fingerprint(stream.filters)
        cursor = WindowCursor(
            stream=stream.name,
            field=field,
            done=read_state(raw, stream=stream.name, field=field, start=sync.config.start, now=sync.begin),
            start=min(sync.config.start, sync.begin),
            end=sync.begin,
            overlap=INDEX_LAG + sync.config.lookback_window * DAY,
            planner=lambda: stream.planner,
            message_repository=self._messages,
            state_manager=states,
            filters=filters,
        )
        if raw and raw.get(FILTERS) != filters:
            logger.warning(
                f"{stream.name}: the filters have changed since the saved state. What matches only now and has not "
                "changed since stays out; clear the stream's state to sync it."
            )
        return Member(stream, cursor)

    def _concurrent(self, members: list[Member], queue: "Queue[QueueItem]") -> list[AbstractStream]:
        """The streams as the concurrent CDK wants them, those that are made from the same pages on one walk."""
        together: dict[object, list[Member]] = {}
        for member in members:
            stream = member.stream
            # What is walked whole is walked once, whatever each stream has of it; a search is asked for the gaps.
            done = member.cursor.done if isinstance(member.cursor, WindowCursor) else []
            gaps = () if stream.walks_whole else (stream.full, tuple(done))
            together.setdefault((stream.walk or stream.name, gaps), []).append(member)
        streams: list[AbstractStream] = []
        for sharing in together.values():
            if sharing[0].stream.walks_whole:
                _make_alike(sharing)
            walk = Walk(sharing, queue, pages=self._pages)
            streams += [
                _concurrent_stream(member, Leading(walk) if member is walk.leader else Following(walk))
                for member in sharing
            ]
        return streams


def _make_alike(sharing: list[Member]) -> None:
    """Let streams of one whole walk want the same of it; who has read more than another gets some rows again."""
    cursors = [member.cursor for member in sharing if isinstance(member.cursor, WindowCursor)]
    alike = len({tuple(cursor.done) for cursor in cursors}) <= 1
    full = any(member.stream.full for member in sharing)
    for cursor in cursors:
        if not alike or full:
            cursor.done = []
    for member in sharing:
        member.stream.full = full


def _concurrent_stream(member: Member, partitions: PartitionGenerator) -> DefaultStream:
    stream = member.stream
    field = stream.cursor_field
    return DefaultStream(
        partition_generator=partitions,
        name=stream.name,
        json_schema=stream.get_json_schema(),
        primary_key=stream.primary_key,
        cursor_field=CursorField(field) if isinstance(field, str) else None,
        logger=stream.logger,
        cursor=member.cursor,
    )


def _begin(
    config: Config,
    transport: Transport,
    logger: logging.Logger,
    *,
    selected: frozenset[str] = frozenset(),
    retries: int = RETRIES,
) -> Sync:
    """Ask ``/me`` who we are, in which zone the workspace keeps its days, and what time it is there.

    A read ends at the moment it began, on Intercom's clock if ours is ahead: a state in Intercom's future
    would leave a hole. Raises an ``IntercomError``.
    """
    me = Client("me", transport, logger, permission="", retries=retries)
    workspace, server_time = me.server_time()
    return Sync(
        config=config,
        transport=transport,
        logger=logger,
        begin=min(int(time()), server_time, config.end or server_time),
        birth=_birth(workspace),
        zone=_zone(workspace, logger),
        selected=selected,
        retries=retries,
    )


def _birth(workspace: Json) -> int:
    """When the workspace was made; windows begin there, though the first one looks before it too."""
    created = (workspace.get("app") or {}).get("created_at")
    return created if isinstance(created, int) else INTERCOM_BIRTH


def _zone(workspace: Json, logger: logging.Logger) -> tzinfo:
    """The workspace's zone. Without one, windows are cut at UTC's midnights, which costs pages and loses nothing."""
    name = (workspace.get("app") or {}).get("timezone")
    try:
        return ZoneInfo(name or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.info(f"The workspace's time zone {name!r} is not known here; contacts are read by UTC days")
        return timezone.utc
