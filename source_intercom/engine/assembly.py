"""Puts streams, their states and the concurrent CDK together."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from source_intercom.engine.group import Following, Group, Leading, Member
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.lists import NewestFirstStream, WalkedStream
from source_intercom.shapes.search import SearchStream
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.reconciling import RECONCILED, Reconciliation, last_reconciled
from source_intercom.sync.state import INDEX_LAG, Remembered, UnderWay, fingerprint, read_state, until
from source_intercom.sync.turns import turn_of
from source_intercom.sync.windows import END_OF_TIME

_USUAL_DAYS = 7


def refuse_unusable(states: ConnectorStateManager, streams: Iterable[IntercomStream], start: int) -> None:
    """Read the states of streams once before anything is asked of Intercom. Raises ``StateError``.

    ``start`` is the configured start in Unix seconds. Whether a position lies in the future is left to when the time is
    known.
    """
    for stream in streams:
        field = stream.cursor_field
        if isinstance(field, str) and not stream.full:
            raw = states.get_stream_state(stream.name, None)
            read_state(raw, stream=stream.name, field=field, start=start, now=END_OF_TIME)


def member_of(
    stream: IntercomStream,
    states: ConnectorStateManager,
    messages: MessageRepository,
    logger: logging.Logger,
    *,
    missing: frozenset[str] = frozenset(),
    deduplicates: bool = False,
) -> Member:
    """A stream with the cursor that knows what of it has been read.

    ``missing`` are permissions without which Intercom leaves records out; ``deduplicates`` says whether the destination
    keeps one row for each key. Raises ``StateError``.
    """
    sync = stream.sync
    field = stream.cursor_field
    if not isinstance(field, str):
        return Member(stream, FinalStateCursor(stream.name, None, messages))
    raw = states.get_stream_state(stream.name, None)
    if stream.full and not (stream.is_resumable and Remembered.of(raw).refreshing):
        # A full refresh is whole whatever an incremental sync has read. Only one that broke off is gone on with.
        raw = {}
    remembered = Remembered.of(raw)
    without = tuple(sorted(missing.intersection(stream.shrinks_without)))
    reads = Remembered(
        filters=fingerprint(stream.filters),
        read_from=sync.config.start,
        without=without,
        refreshing=(remembered.refreshing or sync.begin) if stream.full and stream.is_resumable else 0,
    )
    if raw and remembered.filters != reads.filters:
        logger.warning(
            f"{stream.name}: the filters have changed since the saved state. A record that matches only now is "
            "delivered when it changes next. Clear the state of the stream to get all of them at once."
        )
    saved = read_state(raw, stream=stream.name, field=field, start=sync.config.start, now=sync.now)
    done = until(saved, sync.now)
    # Of a state that whoever wrote it had a clock ahead of ours. Each sync reads the hour before its saved position
    # again, so it need not go back by as much.
    ahead = min(saved[0].end - done[0].end, INDEX_LAG) if done else 0
    if granted := [permission for permission in remembered.without if permission not in without]:
        logger.warning(
            f'{stream.name}: the access token has been granted "{", ".join(granted)}" since the saved state. '
            "Records that Intercom left out until then can have any time, so the whole stream is read once more."
        )
        done = []
    if done and max(window.end for window in done) > sync.begin:
        logger.warning(
            f"{stream.name}: the saved state is later than the end date of the options, so this sync reads only what "
            "earlier syncs left out before the end date. The state stays as it is."
        )
    start = min(sync.config.start, sync.begin)
    under_way = _under_way(stream, remembered, reads)
    position = max((window.end for window in done), default=0)
    end = under_way.began if under_way else sync.begin
    turn = turn_of(
        asked_all=remembered.asked_all,
        position=position,
        now=end,
        every_days=0 if stream.full else stream.asks_all_every_days,
        # What broke off had asked some of all.
        must_ask_all=not done or done[0].start > start or under_way is not None,
    )
    stream.take_turn(asks_all=turn.is_of_all)
    every_days = _days_between_reconciliations(stream, deduplicates)
    last = last_reconciled(raw, position or sync.begin)
    cursor = WindowCursor(
        stream=stream.name,
        field=field,
        done=done,
        ahead=ahead,
        start=start,
        # What broke off is finished first, as of the moment at which it began.
        end=end,
        overlap=stream.source.overlap + turn.again,
        planner=lambda: stream.source.planner,
        message_repository=messages,
        state_manager=states,
        remembered=remembered,
        reads=replace(reads, under_way=under_way, asked_all=turn.asked_all),
        asked_all=turn.then,
        reconciliation=Reconciliation.due(raw, start=start, now=sync.begin, last=last, every_days=every_days),
        reconciled={RECONCILED: last} if every_days else {},
    )
    return Member(stream, cursor)


def _under_way(stream: IntercomStream, remembered: Remembered, reads: Remembered) -> UnderWay | None:
    """A reading of every parent that an earlier sync broke off, if it asked them for the same rows."""
    under_way = remembered.under_way
    if under_way is None or not stream.asks_every_parent or under_way.began > stream.sync.begin:
        return None
    same = (remembered.filters, remembered.without) == (reads.filters, reads.without)
    return under_way if same and remembered.read_from <= reads.read_from else None


def _days_between_reconciliations(stream: IntercomStream, deduplicates: bool) -> int:
    """How many days after a reconciliation the next one is due, 0 for never.

    What is walked is read again for its pages alone; newest-first lists are long histories. It gives every record
    again, which only a destination that keeps one row a key can take unasked.
    """
    source = stream.source
    by_pages = isinstance(source, (SearchStream, WalkedStream)) and not isinstance(source, NewestFirstStream)
    if not by_pages or stream.is_costly or stream.full:
        return 0
    chosen = stream.sync.config.reconcile_every_days
    if chosen is not None:
        return chosen
    return _USUAL_DAYS if deduplicates else 0


def concurrent_streams(groups: Sequence[Group]) -> list[AbstractStream]:
    """The streams of some groups as the concurrent CDK wants them."""
    return [
        _concurrent(member, group, [other for other in groups if other is not group])
        for group in groups
        for member in group.members
    ]


def _concurrent(member: Member, group: Group, others: list[Group]) -> DefaultStream:
    stream = member.stream
    field = stream.cursor_field
    after = others if stream.comes_last else []
    return DefaultStream(
        partition_generator=Leading(group, after) if member is group.leader else Following(group),
        name=stream.name,
        json_schema=stream.get_json_schema(),
        primary_key=stream.primary_key,
        cursor_field=CursorField(field) if isinstance(field, str) else None,
        logger=stream.logger,
        cursor=member.cursor,
    )
