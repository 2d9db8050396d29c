"""The content export of the sandbox: the life of a job, what its file counts, and how that file looks."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from sandbox_client import NOW, Client, serve

DAY = 86_400
OCTETS: dict[str, str | None] = {"Accept": "application/octet-stream"}
Make = Callable[..., Client]


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serve(now=NOW, rate_limit=0, message_receipts=200, **settings))


def start(client: Client, after: int = NOW - 60 * DAY, before: int = NOW) -> requests.Response:
    return client.post("/export/content/data", {"created_at_after": after, "created_at_before": before})


def finished(client: Client, *bounds: int) -> str:
    """The name of a job that is completed."""
    name: str = start(client, *bounds).json()["job_identifier"]
    told = [client.get(f"/export/content/data/{name}").json()["status"] for _ in range(2)]
    assert told == ["in_progress", "completed"]
    return name


def files(client: Client, name: str) -> dict[str, list[dict[str, str]]]:
    content = client.get(f"/download/content/data/{name}", headers=OCTETS).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            file.rpartition("_")[0]: list(csv.DictReader(io.StringIO(archive.read(file).decode(), newline="")))
            for file in archive.namelist()
        }


def test_one_job_at_a_time(make: Make) -> None:
    client = make()
    first = start(client).json()
    assert (first["status"], first["download_url"]) == ("pending", "")
    refused = start(client)
    assert refused.status_code == 429
    assert said_by(refused) == "Exceeded rate limit of 1 pending message data export jobs"
    canceled = client.post(f"/export/cancel/{first['job_identifier']}", {})
    assert canceled.json()["status"] == "canceled"
    assert start(client).status_code == 200


def test_a_job_that_nobody_asks_after_ends_by_itself(make: Make) -> None:
    client = make(export_seconds=0)
    assert [start(client).status_code for _ in range(3)] == [200, 200, 200]


def test_a_file_is_there_when_its_job_is_completed(make: Make) -> None:
    client = make()
    name = start(client).json()["job_identifier"]
    assert client.get(f"/download/content/data/{name}", headers=OCTETS).status_code == 404
    for _ in range(2):
        told = client.get(f"/export/content/data/{name}").json()
    assert told["download_url"] == f"{client.sandbox.url}/download/content/data/{name}"
    assert client.get(f"/download/content/data/{name}", headers={"Accept": "application/json"}).status_code == 406
    assert client.get(f"/download/content/data/{name}", headers=OCTETS).content[:2] == b"PK"


@pytest.mark.parametrize("path", ["/export/content/data/none", "/download/content/data/none"])
def test_an_unknown_job_is_not_found(make: Make, path: str) -> None:
    assert make().get(path, headers=OCTETS).status_code == 404


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ((NOW - 91 * DAY, NOW), "export period is longer than 90 days"),
        ((NOW, NOW - 1), "created_at_before must not lie before created_at_after"),
        (("x", NOW), "created_at_after must be a whole number"),
    ],
)
def test_a_range_that_is_none_is_refused(make: Make, bounds: tuple[Any, int], said: str) -> None:
    answer = start(make(), *bounds)
    assert answer.status_code == 400
    assert said_by(answer) == said


def test_days_are_whole_and_a_day_without_messages_has_no_data(make: Make) -> None:
    client = make()
    noon = NOW - NOW % DAY - 20 * DAY + DAY // 2
    sent = {int(row["received_at"]) // DAY for row in files(client, finished(client, noon, noon + 5 * DAY))["receipt"]}
    assert sent == set(range(noon // DAY, noon // DAY + 6)) & sent
    assert {noon // DAY, noon // DAY + 5} & sent
    name = start(client, 1_000, 2_000).json()["job_identifier"]
    assert [client.get(f"/export/content/data/{name}").json()["status"] for _ in range(2)][-1] == "no_data"


def said_by(answer: requests.Response) -> str:
    """The words of an error."""
    return str(answer.json()["errors"][0]["message"])


def opens(client: Client, after: int, before: int) -> list[int]:
    return [int(row["opened_at"]) for row in files(client, finished(client, after, before)).get("open", [])]


def test_what_the_range_counts_is_told_in_three_ways(make: Make) -> None:
    after, before = NOW - NOW % DAY - 80 * DAY, NOW - NOW % DAY - 70 * DAY - 1
    described, later, by_time = (
        opens(make(quirks=quirks), after, before)
        for quirks in ([], ["export-statistics"], ["export-statistics=by-time"])
    )
    assert all(after <= moment <= before for moment in described + by_time)
    assert set(described) < set(later)
    assert set(described) < set(by_time)
    assert not set(by_time) - set(described) & set(later) - set(described)


@pytest.mark.parametrize(("kind", "unpack"), [("gzip", gzip.decompress), ("plain", bytes)])
def test_a_file_may_be_no_zip(make: Make, kind: str, unpack: Callable[[bytes], bytes]) -> None:
    client = make(quirks=[f"export-file={kind}"])
    content = client.get(f"/download/content/data/{finished(client)}", headers=OCTETS).content
    assert unpack(content).startswith(b"user_id,")


def test_jobs_may_end_otherwise_and_times_be_text(make: Make) -> None:
    client = make(quirks=["export-ends", "export-text-times"], export_polls=1)
    name = start(client).json()["job_identifier"]
    assert client.get(f"/export/content/data/{name}").json()["status"] == "failed"
    client.sandbox.settings.change({"quirks": ["export-text-times"]})
    name = start(client).json()["job_identifier"]
    assert client.get(f"/export/content/data/{name}").json()["status"] == "completed"
    assert files(client, name)["receipt"][0]["received_at"].endswith(" UTC")
