"""The reporting export: a job is asked for, asked after, and its file fetched."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import orjson

from ..collection import Record
from ..errors import ApiError, not_found
from ..exports import ExportJob
from ..permissions import Permission
from ..records.reports import DATASETS, short, time_of
from ..router import Call, Reply, Router
from ..times import DAY
from ..world import World

KEPT = 2 * 365 * DAY
OCTETS = "application/octet-stream"
WITH_SILENT = "2.16"
"""The first version that exports conversations which nobody answered, and whose names of attributes are full."""


def add(router: Router) -> None:
    permission, since = Permission.EXPORT_REPORTS, "2.14"
    router.get("/export/reporting_data/get_datasets", permission, since)(datasets)
    router.post("/export/reporting_data/enqueue", permission, since)(start)
    router.get("/export/reporting_data/{job_identifier}", permission, since)(show)
    router.get("/download/reporting_data/{job_identifier}", permission, since)(download)


def datasets(call: Call) -> Reply:
    has_full = _has_full_names(call)
    found = [
        {
            "id": name,
            "name": one.title,
            "description": one.description,
            "default_time_attribute_id": one.time if has_full else one.time.rpartition(".")[2],
            "attributes": [
                {"id": short(full), **({"qualified_id": full} if has_full else {}), "name": title}
                for full, title in one.attributes.items()
            ],
        }
        for name, one in DATASETS.items()
    ]
    return Reply(orjson.dumps({"type": "list", "data": found}))


def _has_full_names(call: Call) -> bool:
    return call.at_least(WITH_SILENT) and call.ws.settings.quirk("report-names") is None


def start(call: Call) -> Reply:
    """A new job. Its rows are those of the moment at which it was made."""
    ws, asked = call.ws, call.json()
    dataset, attributes = _chosen(call, asked)
    first, last = (_moment(asked, name) for name in ("start_time", "end_time"))
    if last <= first:
        raise bad("end_time must be greater than start_time")
    if first < ws.clock() - KEPT:
        raise bad("start_time must be within the last 2 years")
    job = ws.reports.start(first, last, ws.clock(), has_data=True)
    job.dataset, job.attributes = dataset, attributes
    job.is_whole = call.at_least(WITH_SILENT)
    if ws.settings.quirk("report-empty") in ("", "no_data"):
        job.has_data = any(True for _ in rows(ws, job))
    return shown(job, call)


def bad(message: str) -> ApiError:
    return ApiError(400, "bad_request", message)


def _chosen(call: Call, asked: Record) -> tuple[str, list[str]]:
    """The dataset and the full names of the attributes that are asked for."""
    for name in ("dataset_id", "attribute_ids"):
        if name not in asked:
            raise bad(f"'{name}' is a required parameter")
    dataset, attributes = asked["dataset_id"], asked["attribute_ids"]
    if dataset not in DATASETS:
        raise bad(f"{dataset} is not a valid dataset_id")
    if not isinstance(attributes, list):
        raise bad("'attribute_ids' not an array must be of type Array")
    if not attributes:
        raise bad("attribute_ids must contain at least one attribute_id")
    has_full = _has_full_names(call)
    known = {full if has_full else short(full): full for full in DATASETS[str(dataset)].attributes}
    unknown = [str(one) for one in attributes if one not in known]
    if unknown:
        raise bad(f"attribute_ids invalid for {dataset} dataset: {', '.join(unknown)}")
    return str(dataset), [known[one] for one in attributes]


def _moment(asked: Record, name: str) -> int:
    value = asked.get(name)
    if value is None:
        raise bad(f"'{name}' is a required parameter")
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad(f"'{name}' must be of type Integer")
    return value


def show(call: Call) -> Reply:
    return shown(call.ws.reports.ask(call.params["job_identifier"]), call)


def shown(job: ExportJob, call: Call) -> Reply:
    url = f"{call.url.partition('/export/')[0]}/download/reporting_data/{job.name}" if job.status == "complete" else ""
    return Reply(orjson.dumps({"job_identifier": job.name, "status": job.status, "download_url": url,
                               "download_expires_at": str(job.made + 2 * DAY) if url else ""}))  # fmt: skip


def download(call: Call) -> Reply:
    ws, name = call.ws, call.params["job_identifier"]
    try:
        job = ws.reports.ready(name, ws.clock())
    except ApiError:
        raise not_found("not_found", f"Export job not found for identifier: {name}") from None
    if call.accept != OCTETS:
        raise ApiError(406, "not_acceptable", f"Accept must be {OCTETS}")
    table = _csv(ws, job)
    return Reply(_packed(table, ws.settings.quirk("report-file")), content_type=OCTETS)


def rows(ws: World, job: ExportJob) -> Iterator[Record]:
    """The rows whose time lies in the range of a job."""
    time, after = time_of(job.dataset), ws.settings.quirk("report-end") is not None
    for row in DATASETS[job.dataset].rows(ws, job.is_whole):
        moment = row[time]
        assert isinstance(moment, int)
        if job.after <= moment < job.before + after and moment <= job.made:
            yield row


def _csv(ws: World, job: ExportJob) -> bytes:
    heads, columns = ws.settings.quirk("report-heads"), list(job.attributes)
    if heads == "shuffled":
        # Short names are shared by two columns, of which nobody could tell which is which.
        columns.reverse()
    titles = DATASETS[job.dataset].attributes
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            one if heads in ("", "full", "shuffled") else titles[one] if heads == "titles" else short(one)
            for one in columns
        ]
    )
    found = [[_cell(ws, name, row.get(name)) for name in columns] for row in rows(ws, job)]
    if not found and ws.settings.quirk("report-empty") == "file":
        return b""
    writer.writerows(found)
    return text.getvalue().encode()


def _cell(ws: World, name: str, value: object) -> object:
    if value is None:
        return ""
    manner = ws.settings.quirk("report-times")
    if not name.startswith("timestamp.") or not isinstance(value, int) or manner == "unix":
        return value
    zone = timezone.utc if manner is not None else ZoneInfo(ws.settings.timezone)
    return datetime.fromtimestamp(value, zone).strftime("%Y-%m-%d %H:%M:%S")


def _packed(table: bytes, how: str | None) -> bytes:
    if how is None or not table:
        return table
    packed = io.BytesIO()
    if how == "gzip":
        return gzip.compress(table)
    if how == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("report.csv", table)
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo("report/report.csv")
            member.size = len(table)
            tar.addfile(member, io.BytesIO(table))
    return packed.getvalue()
