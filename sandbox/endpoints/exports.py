"""The content export: a job is asked for, asked after, and its file fetched."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone

import orjson

from ..collection import Record
from ..errors import ApiError, bad_parameter
from ..exports import ExportJob
from ..permissions import Permission
from ..records import messages
from ..router import Call, Reply, Router, whole_number
from ..times import DAY, iso
from ..world import World

MOST_DAYS = 90
OCTETS = "application/octet-stream"


def add(router: Router) -> None:
    router.post("/export/content/data", Permission.EXPORT_CONTENT)(start)
    router.get("/export/content/data/{job}", Permission.EXPORT_CONTENT)(show)
    router.post("/export/cancel/{job}", Permission.EXPORT_CONTENT)(cancel)
    router.get("/download/content/data/{job}", Permission.EXPORT_CONTENT)(download)


def start(call: Call) -> Reply:
    """Days are whole ones, those of both ends included."""
    asked, ws = call.json(), call.ws
    after, before = (whole_number(asked.get(name), name, 0, None) for name in ("created_at_after", "created_at_before"))
    if before < after:
        raise bad_parameter("created_at_before must not lie before created_at_after", "created_at_before")
    if before - after > MOST_DAYS * DAY:
        raise ApiError(400, "parameter_invalid", f"export period is longer than {MOST_DAYS} days")
    first, last = after - after % DAY, before - before % DAY + DAY - 1
    job = ws.exports.start(first, last, ws.clock(), has_data=False)
    job.has_data = any(True for _ in _receipts(ws, job))
    return shown(job, call)


def show(call: Call) -> Reply:
    return shown(call.ws.exports.ask(call.params["job"]), call)


def cancel(call: Call) -> Reply:
    return shown(call.ws.exports.cancel(call.params["job"]), call)


def shown(job: ExportJob, call: Call) -> Reply:
    url = f"{call.url.partition('/export/')[0]}/download/content/data/{job.name}" if job.status == "completed" else ""
    expires = str(job.made + 2 * DAY) if url else ""
    return Reply(orjson.dumps({"job_identifier": job.name, "status": job.status, "download_url": url,
                               "download_expires_at": expires}))  # fmt: skip


def download(call: Call) -> Reply:
    """A ZIP of a CSV file for each statistic that has rows; as gzip or plain it has room for the receipts only."""
    job = call.ws.exports.ready(call.params["job"], call.ws.clock())
    if call.accept != OCTETS:
        raise ApiError(406, "not_acceptable", f"Accept must be {OCTETS}")
    kind = call.ws.settings.quirk("export-file")
    if kind is not None:
        only = next(content for name, content in _files(call.ws, job) if name.startswith("receipt"))
        return Reply(only if kind == "plain" else gzip.compress(only), content_type=OCTETS)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(call.ws, job):
            archive.writestr(name, content)
    return Reply(packed.getvalue(), content_type=OCTETS)


def _files(ws: World, job: ExportJob) -> Iterator[tuple[str, bytes]]:
    stamp = datetime.fromtimestamp(job.made, timezone.utc).strftime("%Y%m%d")
    numbers = list(_receipts(ws, job))
    rows = (messages.with_firsts(ws, number, {
        kind: _counted(ws, job, messages.times(ws, kind, number, job.made)) for kind in messages.STATISTICS
    }) for number in numbers)  # fmt: skip
    yield f"receipt_{stamp}.csv", _csv(ws, list(rows), messages.COLUMNS)
    for kind in messages.STATISTICS:
        told = [row for number in _told_of(ws, numbers) for row in messages.rows(
            ws, kind, number, _counted(ws, job, messages.times(ws, kind, number, job.made)))]  # fmt: skip
        if told:
            yield f"{kind}_{stamp}.csv", _csv(ws, told, tuple(told[0]))


def _receipts(ws: World, job: ExportJob) -> Iterator[int]:
    """Numbers of the messages that were sent in the range."""
    return (
        number
        for number in ws.collection("message_receipts")
        if job.after <= messages.received_at(ws, number) <= min(job.before, job.made)
    )


def _told_of(ws: World, sent: list[int]) -> list[int]:
    """Numbers of the messages of which the files of statistics tell."""
    by_time = ws.settings.quirk("export-statistics") == "by-time"
    return [*ws.collection("message_receipts")] if by_time else sent


def _counted(ws: World, job: ExportJob, moments: list[int]) -> list[int]:
    """Those of a statistic's times that the export counts: only such as lie in its range, says the description."""
    if ws.settings.quirk("export-statistics") in ("", "all"):
        return moments
    return [moment for moment in moments if job.after <= moment <= job.before]


def _csv(ws: World, rows: list[Record], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    as_text = ws.settings.quirk("export-text-times") is not None
    for row in rows:
        writer.writerow([_cell(name, row.get(name), as_text) for name in columns])
    return text.getvalue().encode()


def _cell(name: str, value: object, as_text: bool) -> object:
    if as_text and isinstance(value, int) and (name.endswith("_at") or name.startswith("first_")):
        return iso(value).replace("T", " ").replace("Z", " UTC")
    return "" if value is None else value
