"""What the simulation knows of each stream: by which time it goes, and whose time that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sandbox.records.reports import DATASETS, time_of
from source_intercom.api.datasets import PATH
from source_intercom.options.report_options import ReportOptions
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Coercion, Record, coercion
from source_intercom.shapes.content_export import Exported
from source_intercom.shapes.jobs import ExportedStream
from source_intercom.shapes.report_export import Report
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE
from source_intercom.streams.contacts import Contacts, ContactSegments
from source_intercom.streams.reports import report_streams

Key: TypeAlias = tuple[object, ...]
HOUR = 3_600
DAY = 86_400
_RECEIPTS = "message_receipts"


@dataclass(frozen=True)
class Facts:
    """One stream.

    ``owner`` is the stream whose records its rows belong to, ``owner_id`` the field that names such a record and
    ``owner_key`` the field of the row that does. ``moves_with_owner`` says that its windows go by the owner's time,
    ``owner_time``; ``own_time`` is the field of the row itself that they go by otherwise, "" where every sync brings
    all rows. ``shows`` is the field of a delivered row in which the time stands that windows go by, "" where it shows
    none. ``family`` is the collection whose changes it follows. ``lookback`` is the option that says how many days
    before its state each sync reads again, "" for none of its own. ``dataset`` is that of a report, whose rows are
    owned by what the sandbox tells of them.
    """

    name: str
    key: tuple[str, ...]
    cursor: str
    owner: str
    owner_id: str
    owner_key: str
    owner_time: str
    moves_with_owner: bool
    own_time: str
    shows: str
    family: str
    lookback: str
    dataset: str
    is_exported: bool
    is_searched: bool
    is_compared_whole: bool
    is_costly: bool
    is_resumable: bool
    is_nested: bool
    permissions: frozenset[str]
    paths: tuple[str, ...]
    coerce: Coercion

    @property
    def asks_in_turns(self) -> bool:
        """Whether an option has most syncs ask only the contacts that were active."""
        return "GET /events" in self.paths

    def key_of(self, record: Record) -> Key:
        return tuple(record.get(name) for name in self.key)


def _parent_of(kind: type[IntercomStream]) -> type[IntercomStream] | None:
    """What its rows hang on; that of memberships in segments is no fact of the class, as they are found two ways."""
    return Contacts if kind is ContactSegments else kind.parent


def _owner_of(kind: type[IntercomStream]) -> str:
    parent = _parent_of(kind)
    if parent is None:
        return ""
    if issubclass(kind, Exported):
        # Those of receipts too: exports are cut by the time at which a message was received.
        return _RECEIPTS
    owners = [base().name for base in parent.__mro__ if base in CATALOGUE]
    # The ids of all companies come from a source that is no stream.
    return owners[0] if owners else "companies"


def _shown(kind: type[IntercomStream], owner: str, own_time: str) -> str:
    if not owner:
        return own_time
    told = str(getattr(kind, "parent_time", ""))
    if kind.__name__ == "ConversationParts":
        return "conversation_updated_at"
    return told or own_time


def _paths(kind: type[IntercomStream]) -> tuple[str, ...]:
    """The requests of a stream and of what it is made from, such as ``GET /tags``."""
    if issubclass(kind, Exported):
        return _exporting("/export/content/data", "/download/content/data", "job")
    if issubclass(kind, Report):
        return f"GET {PATH}", *_exporting("/export/reporting_data", "/download/reporting_data", "job_identifier")
    paths = [getattr(kind, "endpoint", ""), getattr(kind, "child", ""), getattr(kind, "complete", "")]
    parent = _parent_of(kind)
    if parent is not None:
        paths.append(parent.endpoint)
    if kind is ContactSegments:
        paths += ["/segments", "/contacts/{id}/segments"]
    plain = [path.partition("?")[0] for path in paths if path]
    named = [f"{'POST' if path.endswith('/search') else 'GET'} {path}" for path in plain]
    if kind.__name__ == "CallTranscripts":
        named.append("POST /calls/search")
    return tuple(dict.fromkeys(named))


def _exporting(job: str, file: str, called: str) -> tuple[str, ...]:
    create = f"{job}/enqueue" if "reporting" in job else job
    return f"POST {create}", f"GET {job}/{{{called}}}", f"GET {file}/{{{called}}}"


def _facts(kind: type[IntercomStream]) -> Facts:
    stream = kind()
    owner = _owner_of(kind)
    dataset = kind.options.dataset if issubclass(kind, Report) else ""
    cursor = stream.cursor_field if isinstance(stream.cursor_field, str) else ""
    moves_with_owner = bool(owner or dataset) and not kind.every_parent
    # Every sync brings all memberships of companies and all counts of events: Intercom keeps no time of them.
    timeless = not cursor or kind.__name__ in ("CompanySegments", "ContactEventSummaries")
    own_time = "" if timeless or moves_with_owner else (cursor if owner else stream.time_field)
    source = _parent_of(kind) or kind
    owner_keys = {"call_transcripts": "call_id", "contact_segments": "contact_id"}
    is_message = owner == _RECEIPTS
    return Facts(
        name=stream.name,
        key=stream.key,
        cursor=cursor,
        owner=owner,
        owner_id="receipt_id" if is_message else "id",
        owner_key="receipt_id" if is_message else owner_keys.get(stream.name, str(getattr(kind, "parent_key", ""))),
        owner_time=time_of(dataset) if dataset else "received_at" if is_message else "updated_at",
        moves_with_owner=moves_with_owner and bool(cursor),
        own_time=own_time,
        shows=_shown(kind, owner, own_time) if cursor and not timeless else "",
        family=owner or ("conversations" if dataset else stream.name),
        lookback=_lookback(stream.name),
        dataset=dataset,
        is_exported=issubclass(source, ExportedStream),
        is_searched=issubclass(source, SearchStream),
        is_compared_whole=bool(cursor) and source.is_reconciled and not stream.is_costly,
        is_costly=stream.is_costly,
        is_resumable=stream.is_resumable,
        is_nested=bool(owner),
        permissions=frozenset({kind.permission, *kind.also_needs}),
        paths=_paths(kind),
        coerce=coercion(stream.get_json_schema()),
    )


def _lookback(name: str) -> str:
    if name == "contact_events":
        return "events_lookback_days"
    prefix = name.partition("_")[0]
    return f"{prefix}_lookback_days" if prefix in ("message", "report") else ""


# Counts are figures of a moment, and reconciliations are made by the connector: the sandbox has no truth of them.
_NOT_HELD = ("counts", "reconciliations")
_REPORTS = report_streams(ReportOptions(dataset=name) for name in DATASETS)
FACTS: dict[str, Facts] = {
    facts.name: facts for facts in map(_facts, (*CATALOGUE, *_REPORTS)) if facts.name not in _NOT_HELD
}
"""Every stream of which the sandbox can tell the truth, by name."""
