"""What tests of reports share: what is asked for, and what the sandbox holds of it."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from integration_tests.support import Json, Output, Process, State, config
from sandbox import Sandbox
from tools.simulation.reports import field_of, text_of

DAY = 86_400
DATASETS = "GET /export/reporting_data/get_datasets"
CREATE = "POST /export/reporting_data/enqueue"
KEYS = {
    "report_conversation": ("conversation_id",),
    "report_consolidated_conversation_part": ("action_id",),
    "report_admin_status_change": ("occurred_at",),
}
TIMES = {
    "report_conversation": "timestamp.conversation_started_at",
    "report_consolidated_conversation_part": "timestamp.action_time",
    "report_admin_status_change": "timestamp.teammate_status_period_started_at",
}
ALL = tuple(KEYS)
REPORTS = [{"dataset": name.removeprefix("report_")} for name in ALL]

# Quirks under which everything can still be read, those of a workspace without rows, and those that end a job badly.
MANNERS = [
    "",
    "report-end report-times=utc report-heads=full report-file=gzip",
    "report-times=unix report-heads=shuffled report-file=tgz",
    "report-heads=titles report-file=zip",
    "report-names",
]
EMPTY = ["", "report-empty=no_data", "report-empty=file"]
ENDS = ["report-ends", "report-ends=canceled", "report-ends=expired"]


def options(*reports: Json, **more: Any) -> Json:
    return config(reports=list(reports) or REPORTS, **more)


def discovered(process: Process, sandbox: Sandbox, *reports: Json, **more: Any) -> tuple[dict[str, Json], Output]:
    """The streams that discover finds, by their names."""
    output = process.run("discover", sandbox.url, config=options(*reports, **more))
    assert output.code == 0, output.errors
    return {stream["name"]: stream for stream in output.of("CATALOG")[0]["streams"]}, output


def catalog(streams: Iterable[Json], mode: str = "incremental") -> Json:
    return {"streams": [{"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"} for stream in streams]}


def wanted(process: Process, sandbox: Sandbox, *names: str, mode: str = "incremental") -> Json:
    """What a platform that has discovered asks for."""
    streams, _ = discovered(process, sandbox)
    return catalog([streams[name] for name in names or ALL], mode)


def plain(*names: str) -> Json:
    """The same without asking Intercom for the columns."""
    return catalog(
        {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
        for name in names or ALL
    )


def read(
    process: Process, sandbox: Sandbox, *names: str, state: State | None = None, asked: Json | None = None, **more: Any
) -> Output:
    return process.run("read", sandbox.url, config=options(**more), catalog=asked or plain(*names), state=state)


def held(sandbox: Sandbox, stream: str, start: int = 0, end: int = 1 << 40) -> list[Json]:
    """The rows that a stream must have, but for their numbers; of a range of time, both ends included."""
    rows = []
    for record in sandbox.records(stream):
        if start <= record[TIMES[stream]] <= end:
            row = {field_of(name): text_of(sandbox.settings, name, value) for name, value in record.items()}
            rows.append({**row, "occurred_at": text_of(sandbox.settings, TIMES[stream], record[TIMES[stream]])})
    return rows


def counted(rows: Iterable[Json]) -> Counter[str]:
    """Rows without their numbers, and how often each is there."""
    return Counter(
        json.dumps({name: value for name, value in row.items() if name != "row_number"}, sort_keys=True) for row in rows
    )


def kept(stream: str, *outputs: Output) -> list[Json]:
    """What a destination that keeps one row a key holds after some runs."""
    rows = {
        (*(record[name] for name in KEYS[stream]), record["row_number"]): record
        for output in outputs
        for record in output.records[stream]
    }
    return list(rows.values())


def assert_whole(output: Output, sandbox: Sandbox, *streams: str) -> None:
    """Every stream has been delivered whole, and no key twice."""
    assert output.code == 0, output.errors
    for stream in streams or ALL:
        assert len(kept(stream, output)) == len(output.records[stream]), f"{stream}: a key came twice"
        assert counted(output.records[stream]) == counted(held(sandbox, stream)), stream


def calls(sandbox: Sandbox, endpoint: str) -> int:
    found = sandbox.calls()["by_endpoint"]
    assert isinstance(found, dict)
    return int(found.get(endpoint, 0))


def jobs(sandbox: Sandbox, dataset: str = "") -> list[str]:
    """How the jobs stand, in the order in which they were made."""
    return [job.status for job in sandbox.server.ws.reports if dataset in ("", job.dataset)]
