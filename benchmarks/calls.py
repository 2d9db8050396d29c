"""How many calls this connector makes for each stream, beside the fewest that could do, and when nothing is new."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from benchmarks.cases import OUT_OF_REACH, start_date, workspace_settings
from benchmarks.contenders import Airbyte, Json
from benchmarks.least import Held, least_calls
from benchmarks.measure import folder, reason
from benchmarks.process import run
from benchmarks.report import number
from benchmarks.workspace import TOKEN, Workspace, sandbox
from source_intercom.shapes.search import SearchStream
from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE
from tools.facts import asks_every_parent, name_of, parent_of

# Several pages of most lists, and no whole number of them.
COUNTS = {
    "contacts": 5_021, "companies": 1_013, "conversations": 2_017, "tickets": 611, "activity_logs": 1_511,
    "admins": 17, "articles": 431, "audiences": 113, "calls": 163, "collections": 173, "content_import_sources": 7,
    "content_snippets": 131, "custom_object_instances": 421, "data_connectors": 61,
    "data_connector_execution_results": 1_021, "deleted_conversations": 137, "external_pages": 317,
    "help_center_redirects": 811, "internal_articles": 211, "macros": 317, "news_items": 163, "newsfeeds": 17,
    "segments": 11, "tags": 53,
}  # fmt: skip
OPTIONS: Json = {"custom_object_types": ["Order", "Subscription"]}
"""The sandbox's types, which nobody can list."""
ONE_BY_ONE = [
    name_of(kind)
    for kind in CATALOGUE
    if kind.cursor_time and asks_every_parent(kind) and issubclass(parent_of(kind) or kind, SearchStream)
]
"""Incremental streams that must ask for each contact, whether or not there is anything new."""
_COUNTED = {"counts", "reconciliations"}
"""Streams whose rows the workspace does not hold."""
_LOGGER = logging.getLogger("airbyte.benchmark")
_ME = "GET /me"
_RUNS = 3
_LIMIT_SECONDS = 300


@dataclass(frozen=True)
class Read:
    """One read."""

    records: Counter[str]
    """By stream."""
    endpoints: dict[str, int]
    """Calls by endpoint, ``GET /me`` left out: a read makes one of them."""
    state: list[Json]
    """The last of each stream."""
    error: str

    @property
    def calls(self) -> int:
        return sum(self.endpoints.values())


@dataclass(frozen=True)
class Row:
    """A stream, or all of them in one read."""

    stream: str
    records: int
    held: int | None
    """In the workspace; None where it does not say."""
    calls: int
    least: int
    quiet: int | None
    """Calls of an incremental sync that finds nothing new; None for streams without one."""
    endpoints: dict[str, int]
    quiet_endpoints: dict[str, int]
    error: str = ""


@dataclass(frozen=True)
class OwnTime:
    """The process of a sync that finds nothing new, no latency: the run in the middle, seconds."""

    streams: str
    seconds: float
    cpu_seconds: float
    calls: int


@dataclass
class CallFigures:
    """All of it."""

    rows: list[Row] = field(default_factory=list)
    together: Row | None = None
    own_times: list[OwnTime] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Reader:
    """Reads streams in this process, in the CDK's own record mode, and counts what the sandbox was asked.

    ``catalogued`` is what the connector discovers, by stream.
    """

    def __init__(self, workspace: Workspace, catalogued: Mapping[str, Json]) -> None:
        self._workspace = workspace
        self._config: Json = {"access_token": TOKEN, "start_date": start_date(), **OPTIONS}
        self._streams = catalogued

    @property
    def streams(self) -> list[str]:
        return list(self._streams)

    @property
    def incremental(self) -> list[str]:
        return [name for name, stream in self._streams.items() if "incremental" in stream["supported_sync_modes"]]

    def read(self, names: Sequence[str], state: Sequence[Json] = ()) -> Read:
        """Read streams incrementally where they can, from the states of those among ``state`` that are read."""
        chosen = [
            {
                "stream": self._streams[name],
                "sync_mode": "incremental" if name in self.incremental else "full_refresh",
                "destination_sync_mode": "append",
            }
            for name in names
        ]
        catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": chosen})
        states = [AirbyteStateMessageSerializer.load(one) for one in state if _stream_of(one) in names]
        records: Counter[str] = Counter()
        last: dict[str, Json] = {}
        error = ""
        self._workspace.reset_calls()
        try:
            for message in SourceIntercom().read(_LOGGER, self._config, catalog, states):
                if message.type == Type.RECORD and message.record:
                    records[message.record.stream] += 1
                elif message.type == Type.STATE and message.state:
                    dumped: Json = AirbyteStateMessageSerializer.dump(message.state)
                    last[_stream_of(dumped)] = dumped
        except AirbyteTracedException as failure:
            error = failure.message or str(failure)
        endpoints: dict[str, int] = self._workspace.calls()["by_endpoint"]
        endpoints.pop(_ME, None)
        return Read(records, endpoints, list(last.values()), error)


def _stream_of(state: Json) -> str:
    return str(state["stream"]["stream_descriptor"]["name"])


def measure_calls(ours: Airbyte, log: Callable[[str], None]) -> CallFigures:
    """Every stream alone, all together, and the same again with nothing new."""
    figures = CallFigures()
    with sandbox(workspace_settings(COUNTS, 0, OUT_OF_REACH)) as workspace, _addressed(workspace.url):
        held, reader = Held(workspace.records), Reader(workspace, ours.catalogued)
        log("calls: all streams in one read, then their states")
        first = reader.read(reader.streams)
        quiet = reader.read(reader.incremental, first.state)
        figures.together = _row("all in one read", reader.streams, held, first, quiet)
        for stream in reader.streams:
            whole = reader.read([stream])
            again = reader.read([stream], first.state) if stream in reader.incremental else None
            figures.rows.append(_row(stream, [stream], held, whole, again))
            log(f"calls: {stream}: {whole.calls} calls")
        light = [stream for stream in reader.incremental if stream not in ONE_BY_ONE]
        figures.own_times = [
            _own_time(ours, workspace, f"all {len(reader.incremental)} incremental streams", reader.incremental, first),
            _own_time(ours, workspace, f"without {', '.join(ONE_BY_ONE)}", light, first),
        ]
    return figures


def _row(name: str, streams: Sequence[str], held: Held, whole: Read, quiet: Read | None) -> Row:
    return Row(
        stream=name,
        records=sum(whole.records.values()),
        held=sum(len(held.records(stream)) for stream in streams) if _COUNTED.isdisjoint(streams) else None,
        calls=whole.calls,
        least=least_calls(streams, held),
        quiet=quiet.calls if quiet else None,
        endpoints=whole.endpoints,
        quiet_endpoints=quiet.endpoints if quiet else {},
        error=whole.error or (quiet.error if quiet else ""),
    )


def _own_time(ours: Airbyte, workspace: Workspace, name: str, streams: Sequence[str], first: Read) -> OwnTime:
    """``source-intercom read`` as a process of its own, from the states of a first sync."""
    done: list[OwnTime] = []
    with folder() as files:
        ours.write(files, start_date(), streams, [one for one in first.state if _stream_of(one) in streams], OPTIONS)
        for _ in range(_RUNS):
            workspace.reset_calls()
            one = run(ours.command(files), ours.env(workspace.url), files, _LIMIT_SECONDS)
            if one.code:
                raise RuntimeError(f"a sync with nothing new failed: {reason(ours.read(one.stdout), one)}")
            done.append(OwnTime(name, one.seconds, one.cpu_seconds, workspace.calls()["total"]))
    return sorted(done, key=lambda one: one.seconds)[_RUNS // 2]


@contextmanager
def _addressed(url: str) -> Iterator[None]:
    """Point the connector in this process at a sandbox, and keep its log out of the way."""
    before, disabled = os.environ.get("INTERCOM_API_URL"), logging.root.manager.disable
    os.environ["INTERCOM_API_URL"] = url
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        if before is None:
            del os.environ["INTERCOM_API_URL"]
        else:
            os.environ["INTERCOM_API_URL"] = before


def calls_text(figures: CallFigures) -> str:
    """The section of the report."""
    counts = ", ".join(f"{number(count)} {name.replace('_', ' ')}" for name, count in list(COUNTS.items())[:5])
    lines = [
        f"A workspace of {counts} and more; the first sync of each stream alone, incremental where it can be. A full "
        "refresh of a stream that Intercom can search makes one call more, its look back at the end. `GET /me`, one "
        "call a read, is left out. *Least*: the pages of its lists at the endpoints' greatest length, and a call for "
        "each record that has children or does not tell whether it has any. *Nothing new*: an incremental sync right "
        "after that; streams with a dash have none and are read whole each time.",
        "",
        "| stream | records | calls | least possible | ratio | calls, nothing new |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows = [*figures.rows, *([figures.together] if figures.together else [])]
    for row in rows:
        ratio = f"{row.calls / row.least:.2f}x" if row.least else "-"
        cells = [number(row.records), number(row.calls), number(row.least), ratio]
        lines.append(f"| {row.stream} | {' | '.join(cells)} | {number(row.quiet)} |")
    lines.append("")
    if figures.own_times:
        times = "; ".join(
            f"{one.streams} {one.seconds:.1f} s, {one.cpu_seconds:.1f} s of CPU, {number(one.calls)} calls"
            for one in figures.own_times
        )
        lines.append(f"- The process of a sync with nothing new, no latency, the middle of {_RUNS} runs: {times}.")
    for row in rows:
        if row.error:
            lines.append(f"- {row.stream} failed: {row.error}")
        elif row.held is not None and row.held != row.records:
            lines.append(f"- {row.stream}: {number(row.records)} records came, the workspace holds {number(row.held)}.")
    return "\n".join(lines)
