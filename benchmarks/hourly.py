"""What an hourly sync of a large workspace costs: computed for its size, and measured on a sandbox a fraction of it.

A sandbox holds a fiftieth of the workspace. All streams are read in one sync, then a little changes, as within an
hour, and all are read again. The calls of each stream, as its log tells them, stand beside those that are computed
from what the sandbox holds, and beside those computed in the same way for the whole workspace.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.calls import COUNTS as SMALL_COUNTS
from benchmarks.calls import OPTIONS
from benchmarks.cases import CALLS_A_MINUTE, OUT_OF_REACH, start_date, workspace_settings
from benchmarks.contenders import Airbyte, Json
from benchmarks.least import LISTS, WAYS, Held, list_calls, own_calls
from benchmarks.measure import folder, reason
from benchmarks.process import run
from benchmarks.report import number
from benchmarks.workspace import Workspace, sandbox
from source_intercom.shapes.content_export import Exported
from source_intercom.shapes.lists import NewestFirstStream
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.state import INDEX_LAG
from tools.facts import name_of

FACTOR = 50
"""How much larger the workspace is than the sandbox."""
COUNTS = {**SMALL_COUNTS, "contacts": 10_000, "companies": 400, "conversations": 4_000, "tickets": 600}
CHANGES = {
    "contacts": {"update": 100},
    "companies": {"update": 2},
    "conversations": {"update": 20, "create": 5},
    "tickets": {"update": 3, "create": 1},
}
"""What changes between the two syncs: one contact in a hundred, and 1,250 conversations of the whole workspace."""
EVENTS: Json = {"events_all_contacts_every_days": 7}
SCALED = frozenset({"contacts", "companies", "conversations", "tickets", "contact_segments"})
"""What there is more of in the larger workspace. It has no more segments, tags, teammates or articles."""
_ASKED_ALL = ("contact_events", "contact_event_summaries")
_SEEN = 2
"""Searches for contacts that were seen, and for those that change while they are read."""
_EXPORTED = [name_of(kind) for kind in CATALOGUE if issubclass(kind, Exported)]
_POLLS = 3
_LIMIT_SECONDS = 900
_LINE = re.compile(r"^(\w+) +[\d,]+ +([\d,]+) +[\d,.]+(?:  .*)?$")
_KINDS = {name_of(kind): kind for kind in CATALOGUE}
_FILTERED = frozenset(name for name, kind in _KINDS.items() if issubclass(kind, (SearchStream, NewestFirstStream))) | {
    "activity_logs",
    "contact_activities",
    "macros",
}
"""Lists of which a later sync reads only what changed."""


class Part(Held):
    """What a sync reads of what is held: so many times as much, and of some lists only what changed since a moment."""

    def __init__(self, held: Held, factor: int, since: int = 0) -> None:
        super().__init__(held.records)
        self._factor, self._since = factor, since

    def records(self, kind: str) -> list[dict[str, Any]]:
        found = super().records(kind)
        if self._since and kind in _FILTERED:
            field = _KINDS[kind].time_field
            found = [one for one in found if (seconds_of(one.get(field)) or self._since) >= self._since]
        return found * self._factor if kind in SCALED else found


def calls_of(name: str, part: Held, active: int | None = None) -> int:
    """Calls of one stream in a sync of all: those for its list, if it lists one, and its own.

    ``active`` contacts are asked for their events; None for all of them.
    """
    if name in _EXPORTED:
        return _POLLS if name == _EXPORTED[0] else 0
    listed = list_calls(name, part) if name in LISTS else 0
    if name in _ASKED_ALL and active is not None:
        return active + (_SEEN + -(-active // 150) if name == _ASKED_ALL[0] else 0)
    if name in _ASKED_ALL:
        return len(part.records("contacts")) + (list_calls("contacts", part) if name == _ASKED_ALL[0] else 0)
    # Answers that several streams are given stand beside the first of them.
    names = list(_KINDS)
    before = [one for one in names[: names.index(name)] if WAYS[one].asks and WAYS[one].asks == WAYS[name].asks]
    return listed + own_calls([*before, name], part) - own_calls(before, part)


@dataclass(frozen=True)
class Row:
    """Calls of a stream: measured and computed for the sandbox, and computed for the whole workspace."""

    stream: str
    first: int
    first_computed: int
    first_large: int
    hourly: int
    hourly_computed: int
    hourly_large: int
    all_asked_large: int
    """An hourly sync of the large workspace without the option that asks active contacts only."""


def told_calls(stdout: Path) -> dict[str, int]:
    """Calls by stream, from the table at the end of a run's log."""
    found: dict[str, int] = {}
    with stdout.open("rb") as lines:
        for line in lines:
            if b'"LOG"' in line and (message := json.loads(line)).get("type") == "LOG":
                told = _LINE.match(message["log"]["message"])
                if told and told[1] in _KINDS:
                    found[told[1]] = int(told[2].replace(",", ""))
    return found


class _Syncs:
    """Syncs of all streams, each from the state of the one before it."""

    def __init__(self, ours: Airbyte, workspace: Workspace) -> None:
        self._ours, self._workspace = ours, workspace
        self._state: Any = None

    def sync(self) -> dict[str, int]:
        ours = self._ours
        with folder() as files:
            ours.write(files, start_date(), list(ours.catalogued), self._state, {**OPTIONS, **EVENTS})
            done = run(ours.command(files), ours.env(self._workspace.url), files, _LIMIT_SECONDS)
            delivered = ours.read(done.stdout)
            if done.code:
                raise RuntimeError(f"a sync failed: {reason(delivered, done)}")
            self._state = delivered.state
            return told_calls(done.stdout)


def measure_hourly(ours: Airbyte, log: Callable[[str], None]) -> list[Row]:
    """A row for each stream, in the order of the docs."""
    with sandbox({**workspace_settings(COUNTS, 0, OUT_OF_REACH), "export_seconds": 0}) as workspace:
        syncs = _Syncs(ours, workspace)
        log("hourly: a first sync of all streams")
        held = Held(workspace.records)
        before = {kind: len(held.records(kind)) for kind in SCALED}
        first = syncs.sync()
        whole, whole_large = Part(held, 1), Part(held, FACTOR)
        firsts = {name: (calls_of(name, whole), calls_of(name, whole_large)) for name in _KINDS}
        workspace.change(CHANGES)
        log(f"hourly: the sync after some changes of {before}")
        now = max(seconds_of(one["updated_at"]) or 0 for one in workspace.records("contacts"))
        hourly = syncs.sync()
        held = Held(workspace.records)
        part, large = (Part(held, factor, now - INDEX_LAG) for factor in (1, FACTOR))
        active = len(part.records("contacts"))
        return [
            Row(
                name,
                first.get(name, 0),
                *firsts[name],
                hourly.get(name, 0),
                calls_of(name, part, active),
                calls_of(name, large, active * FACTOR),
                calls_of(name, whole_large) if name in _ASKED_ALL else calls_of(name, large, active * FACTOR),
            )
            for name in _KINDS
        ]


def hourly_text(rows: Sequence[Row]) -> str:
    """The section of the report: streams that cost most in an hourly sync, the others together."""
    large = ", ".join(
        f"{number(COUNTS[kind] * FACTOR)} {kind}" for kind in ("contacts", "companies", "conversations", "tickets")
    )
    dear = sorted((row for row in rows if row.hourly_large >= _DEAR), key=lambda row: -row.hourly_large)
    rest = [row for row in rows if row.hourly_large < _DEAR]
    lines = [
        f"A workspace of {large}, in which one contact in a hundred changes within an hour, and a sandbox that is a "
        f"{FACTOR}th of it. All {len(rows)} streams in one sync, incremental where they can be, with "
        f"`events_all_contacts_every_days` set. *Computed*: from what the workspace holds, with pages of the greatest "
        "length. Pages and answers that streams share stand beside the first one that takes them.",
        "",
        "| stream | first sync, sandbox | computed | first sync, whole | hourly, sandbox | computed | hourly, whole |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_line(f"`{row.stream}`", [row]) for row in dear),
        _line(f"{len(rest)} others", rest),
        _line("**together**", rows),
        "",
        f"- The hourly sync of the whole workspace: {_minutes(rows, 'hourly_large')}.",
        "- The same with the option off, so that every contact is asked for its events: "
        f"{_minutes(rows, 'all_asked_large')}.",
    ]
    return "\n".join(lines)


_DEAR = 100
_FIGURES = ("first", "first_computed", "first_large", "hourly", "hourly_computed", "hourly_large")


def _line(name: str, rows: Sequence[Row]) -> str:
    sums: Mapping[str, int] = {figure: sum(getattr(row, figure) for row in rows) for figure in _FIGURES}
    return f"| {name} | {' | '.join(number(sums[figure]) for figure in _FIGURES)} |"


def _minutes(rows: Sequence[Row], figure: str) -> str:
    calls = sum(getattr(row, figure) for row in rows)
    return f"{number(calls)} requests, {calls / CALLS_A_MINUTE:.1f} minutes of the rate limit"


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For the file of figures."""
    return [asdict(row) for row in rows]
