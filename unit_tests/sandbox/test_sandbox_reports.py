"""The reporting export of the sandbox: its datasets, the life of a job, its limits, and how its file looks."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from sandbox_client import NOW, Client, serve

DAY = 86_400
NEW = {"Intercom-Version": "2.16"}
OCTETS: dict[str, str | None] = {"Accept": "application/octet-stream", **NEW}
ID, STARTED = "standard.conversation_id", "timestamp.conversation_started_at"
Make = Callable[..., Client]


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serve(now=NOW, rate_limit=0, **settings))


def start(client: Client, version: str = "2.16", **more: Any) -> requests.Response:
    asked = {
        "dataset_id": "conversation",
        "attribute_ids": [ID, STARTED],
        "start_time": NOW - 60 * DAY,
        "end_time": NOW,
        **more,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    return client.post("/export/reporting_data/enqueue", body, headers={"Intercom-Version": version})


def finished(client: Client, **more: Any) -> str:
    """The name of a job that is complete."""
    name: str = start(client, **more).json()["job_identifier"]
    told = [client.get(f"/export/reporting_data/{name}", headers=NEW).json()["status"] for _ in range(2)]
    assert told == ["in_progress", "complete"]
    return name


def content(client: Client, **more: Any) -> bytes:
    return bytes(client.get(f"/download/reporting_data/{finished(client, **more)}", headers=OCTETS).content)


def table(client: Client, **more: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(client, **more).decode(), newline="")))


def said_by(answer: requests.Response) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["message"]


def datasets(client: Client, version: str = "2.16") -> list[dict[str, Any]]:
    found = client.get("/export/reporting_data/get_datasets", headers={"Intercom-Version": version}).json()
    assert found["type"] == "list"
    return list(found["data"])


def test_datasets_have_attributes_some_of_which_share_a_short_name(make: Make) -> None:
    conversation = datasets(make())[0]
    assert (conversation["id"], conversation["default_time_attribute_id"]) == (
        "conversation",
        "conversation_started_at",
    )
    brands = [one["qualified_id"] for one in conversation["attributes"] if one["id"] == "Brand"]
    assert brands == ["people.Brand", "conversation.Brand"]


@pytest.mark.parametrize(("version", "quirks"), [("2.15", []), ("2.16", ["report-names"])])
def test_older_versions_know_no_full_names(make: Make, version: str, quirks: list[str]) -> None:
    client = make(quirks=quirks)
    assert "qualified_id" not in datasets(client, version)[0]["attributes"][0]
    assert start(client, version, attribute_ids=["conversation_id"]).status_code == 200
    refused = start(client, version)
    assert said_by(refused) == (
        400,
        "bad_request",
        f"attribute_ids invalid for conversation dataset: {ID}, {STARTED}",
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dataset_id": None}, "'dataset_id' is a required parameter"),
        ({"dataset_id": "imaginary"}, "imaginary is not a valid dataset_id"),
        ({"attribute_ids": None}, "'attribute_ids' is a required parameter"),
        ({"attribute_ids": []}, "attribute_ids must contain at least one attribute_id"),
        ({"attribute_ids": "a"}, "'attribute_ids' not an array must be of type Array"),
        ({"attribute_ids": [ID, "a"]}, "attribute_ids invalid for conversation dataset: a"),
        ({"start_time": None}, "'start_time' is a required parameter"),
        ({"end_time": "x"}, "'end_time' must be of type Integer"),
        ({"end_time": NOW - 60 * DAY}, "end_time must be greater than start_time"),
        ({"start_time": NOW - 731 * DAY}, "start_time must be within the last 2 years"),
    ],
)
def test_a_request_that_is_none_is_refused(make: Make, asked: dict[str, Any], said: str) -> None:
    assert said_by(start(make(), **asked)) == (400, "bad_request", said)


def test_five_jobs_at_a_time(make: Make) -> None:
    client = make()
    names = [start(client).json()["job_identifier"] for _ in range(5)]
    expected = (429, "rate_limit_exceeded", "Exceeded rate limit of 5 pending reporting dataset export jobs")
    assert said_by(start(client)) == expected
    for _ in range(2):
        client.get(f"/export/reporting_data/{names[2]}", headers=NEW)
    assert start(client).status_code == 200
    assert start(client).status_code == 429


@pytest.mark.parametrize("ends", ["failed", "canceled", "expired"])
def test_a_job_that_ended_otherwise_is_not_pending(make: Make, ends: str) -> None:
    client = make(quirks=[f"report-ends={ends}"], export_polls=1)
    for _ in range(6):
        name = start(client).json()["job_identifier"]
        assert client.get(f"/export/reporting_data/{name}", headers=NEW).json()["status"] == ends


def test_a_missing_permission_names_its_scope(make: Make) -> None:
    client = make(scopes=["Read admins"])
    for answer in (start(client), client.get("/export/reporting_data/get_datasets", headers=NEW)):
        assert answer.status_code == 403
        assert "(export_reporting_data)" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("path", ["/export/reporting_data/job1", "/download/reporting_data/job1"])
def test_an_unknown_job_is_not_found(make: Make, path: str) -> None:
    expected = (404, "not_found", "Export job not found for identifier: job1")
    assert said_by(make().get(path, headers=OCTETS)) == expected


def test_a_file_is_there_when_its_job_is_complete_and_for_two_days(make: Make) -> None:
    client = make()
    name = start(client).json()["job_identifier"]
    assert client.get(f"/download/reporting_data/{name}", headers=OCTETS).status_code == 404
    for _ in range(2):
        told = client.get(f"/export/reporting_data/{name}", headers=NEW).json()
    assert told["download_url"] == f"{client.sandbox.url}/download/reporting_data/{name}"
    json = {"Accept": "application/json", **NEW}
    assert client.get(f"/download/reporting_data/{name}", headers=json).status_code == 406
    assert client.get(f"/download/reporting_data/{name}", headers=OCTETS).status_code == 200
    client.sandbox.settings.clock_ahead_seconds = 3 * DAY
    assert client.get(f"/download/reporting_data/{name}", headers=OCTETS).status_code == 404


def test_only_the_new_version_has_conversations_that_nobody_answered(make: Make) -> None:
    client = make(silent_conversations=200, conversations=100)
    new = {row["conversation_id"] for row in table(client)}
    old = {row["conversation_id"] for row in table(client, version="2.15", attribute_ids=["conversation_id"])}
    assert old < new
    assert all(name.startswith("314") for name in new - old)
    found = {one["id"] for one in client.all("/conversations", key="conversations")}
    assert old <= found
    assert not (new - old) & found


def moments(client: Client, **more: Any) -> list[str]:
    return sorted(row["conversation_started_at"] for row in table(client, attribute_ids=[STARTED], **more))


def test_the_end_belongs_to_the_range_or_not(make: Make) -> None:
    client = make(quirks=["report-times=unix"], conversations=100)
    last = int(moments(client)[-1])
    assert int(moments(client, end_time=last)[-1]) < last
    client.sandbox.settings.change({"quirks": ["report-times=unix", "report-end"]})
    assert int(moments(client, end_time=last)[-1]) == last


def test_times_are_text_of_the_workspace_or_of_utc(make: Make) -> None:
    here, utc = (moments(make(timezone="Asia/Tokyo", quirks=quirks))[0] for quirks in ([], ["report-times"]))
    assert here[4] == utc[4] == "-"
    assert here > utc


@pytest.mark.parametrize("quirk", ["gzip", "zip", "tgz", ""])
def test_a_file_may_be_packed(make: Make, quirk: str) -> None:
    packed = content(make(quirks=[f"report-file={quirk}"] if quirk else []))
    if quirk == "gzip":
        packed = gzip.decompress(packed)
    elif quirk == "zip":
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            packed = archive.read("report.csv")
    elif quirk == "tgz":
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            member = tar.extractfile("report/report.csv")
            assert member
            packed = member.read()
    assert packed.startswith(b"conversation_id,conversation_started_at\r\n")


@pytest.mark.parametrize(
    ("quirk", "head"),
    [
        ("full", f"{ID},{STARTED}"),
        ("shuffled", f"{STARTED},{ID}"),
        ("titles", "Conversation ID,Conversation started at"),
    ],
)
def test_heads_may_be_others(make: Make, quirk: str, head: str) -> None:
    assert content(make(quirks=[f"report-heads={quirk}"])).decode().startswith(f"{head}\r\n")


def test_a_report_of_nothing_looks_in_three_ways(make: Make) -> None:
    client = make()
    day = {"start_time": NOW - 400 * DAY, "end_time": NOW - 399 * DAY}
    assert content(client, **day) == b"conversation_id,conversation_started_at\r\n"
    client.sandbox.settings.change({"quirks": ["report-empty=file"]})
    assert content(client, **day) == b""
    client.sandbox.settings.change({"quirks": ["report-empty"], "export_polls": 1})
    name = start(client, **day).json()["job_identifier"]
    assert client.get(f"/export/reporting_data/{name}", headers=NEW).json()["status"] == "no_data"
    client.sandbox.settings.change({"quirks": ["report-ends"]})
    name = start(client).json()["job_identifier"]
    assert client.get(f"/export/reporting_data/{name}", headers=NEW).json()["status"] == "failed"


def test_teammates_have_periods_that_nothing_names(make: Make) -> None:
    rows = list(make().sandbox.records("report_admin_status_change"))
    times = [row["timestamp.teammate_status_period_started_at"] for row in rows]
    assert len(set(times)) < len(times)
