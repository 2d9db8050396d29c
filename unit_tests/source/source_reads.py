"""The source as a whole, on a network that is made of answers: what its tests share."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import requests_mock
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    FailureType,
    Status,
    TraceType,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.api.exports import CONTENT
from source_intercom.shapes.jobs import NO_JOB
from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE
from source_intercom.sync.windows import DAY

Json = dict[str, Any]
API = "https://api.intercom.io"
LOGGER = logging.getLogger("airbyte.test_source")
NOW = 1_760_000_000
CONFIG = {"access_token": "secret-token", "num_workers": 4}
NAMES = [stream().name for stream in CATALOGUE]
# Without options there is nothing to read of custom objects.
READABLE = [stream for stream in CATALOGUE if stream.__name__ != "CustomObjectInstances"]

SEARCHES = {"contacts": "data", "conversations": "conversations", "tickets": "tickets"}
# Where the records of all kinds of answers stand: an answer that has none of anything.
NOTHING = {
    key: []
    for stream in CATALOGUE
    for key in (*stream.records_key.split("|"), getattr(stream, "child_key", "data"), "events", "segments")
} | {"conversation_parts": None, "statistics": None}
OFFICIAL = list(json.loads((Path(__file__).parents[1] / "resource" / "official_types.json").read_text()))
LISTS = {
    "/admins": "admins",
    "/teams": "teams",
    "/tags": "data",
    "/segments": "segments",
    "/data_attributes": "data",
    "/admins/activity_logs": "activity_logs",
}
# Permission -> the paths that answer 401 without it.
GUARDED = {
    "Read users and companies": ["/contacts/search", "/companies/scroll", "/segments", "/data_attributes"],
    "Read conversations": ["/conversations/search"],
    "Read tickets": ["/tickets/search"],
    "Read admins": ["/admins", "/teams"],
    "Read tags": ["/tags"],
    "Read admin activity logs": ["/admins/activity_logs"],
    "Read events": ["/events"],
    "Read and list articles": ["/articles"],
    "Read help center redirects": ["/help_center/help_centers"],
    "Read and list news items and newsfeeds": ["/news/news_items"],
    "Read data connectors": ["/data_connectors"],
    "Read brands": ["/brands"],
    "Read emails": ["/emails"],
    "Read and write office hours": ["/office_hours_schedules"],
    "Read audiences": ["/audiences"],
    "Read content snippets": ["/content_snippets"],
    "Read and write AI content": ["/ai/content_import_sources", "/ai/external_pages"],
    "Read dynamic content": ["/dynamic_contents"],
    "Export content data": [f"{CONTENT.create}/{NO_JOB}"],
}


def fault(code: str, message: str = "no") -> Json:
    return {"type": "error.list", "request_id": "r-1", "errors": [{"code": code, "message": message}]}


class Workspace:
    """An Intercom that holds a few records and may lack permissions."""

    def __init__(self, network: requests_mock.Mocker) -> None:
        self.network = network
        self.server_time: int | None = NOW
        self.me: Json = {"type": "admin", "app": {"timezone": "America/New_York", "created_at": NOW - 100 * DAY}}
        self.records: dict[str, list[Json]] = {}
        self.lists: dict[str, list[Json]] = {}
        self.bodies: dict[str, list[Json]] = {name: [] for name in SEARCHES}
        network.register_uri(requests_mock.ANY, re.compile(f"{API}/"), json=NOTHING)
        network.get(f"{API}/me", json=self._me)
        for name, key in SEARCHES.items():
            network.post(f"{API}/{name}/search", json=self._search(name, key))
        for path, key in LISTS.items():
            network.get(f"{API}{path}", json=self._list(path, key))
        network.post(f"{API}{CONTENT.create}", json={"job_identifier": "job", "status": "no_data"})
        network.get(f"{API}/companies/scroll", json={"data": [], "scroll_param": "p"})

    def deny(self, *permissions: str, status: int = 401, code: str = "token_unauthorized") -> None:
        for permission in permissions:
            own = {stream.endpoint.partition("?")[0] for stream in READABLE if stream.permission == permission}
            for path in own.union(GUARDED[permission]):
                method = "POST" if path.endswith("/search") else "GET"
                self.network.register_uri(method, f"{API}{path}", status_code=status, json=fault(code))

    def fail(self, method: str, path: str, **answer: Any) -> None:
        self.network.register_uri(method, f"{API}{path}", **answer)

    def calls(self, path: str = "") -> int:
        return sum(request.path.startswith(path) for request in self.network.request_history)

    def _me(self, request: Any, context: Any) -> Json:
        if self.server_time is not None:
            context.headers["Date"] = formatdate(self.server_time, usegmt=True)
        return self.me

    def _search(self, name: str, key: str) -> Callable[[Any, Any], Json]:
        def answer(request: Any, _context: Any) -> Json:
            self.bodies[name].append(request.json())
            return {key: self.records.get(name, []), "pages": {}, "total_count": 0}

        return answer

    def _list(self, path: str, key: str) -> Callable[[Any, Any], Json]:
        return lambda _request, _context: {key: self.lists.get(path, []), "pages": {"next": None}}


def catalog(*names: str, mode: str = "incremental") -> ConfiguredAirbyteCatalog:
    return ConfiguredAirbyteCatalogSerializer.load(
        {
            "streams": [
                {
                    "stream": {
                        "name": name,
                        "json_schema": {},
                        "supported_sync_modes": ["full_refresh", "incremental"],
                    },
                    "sync_mode": mode,
                    "destination_sync_mode": "append",
                }
                for name in names
            ]
        }
    )


def saved(**states: Json) -> list[AirbyteStateMessage]:
    return [
        AirbyteStateMessageSerializer.load(
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
        )
        for name, state in states.items()
    ]


class Output:
    """What a read gave, up to its error if it ended with one."""

    def __init__(self, messages: Iterator[AirbyteMessage]) -> None:
        self.messages: list[AirbyteMessage] = []
        self.error: AirbyteTracedException | None = None
        try:
            for message in messages:
                self.messages.append(message)
        except AirbyteTracedException as error:
            self.error = error

    def ids(self, stream: str) -> list[Any]:
        return [m.record.data["id"] for m in self.messages if m.record is not None and m.record.stream == stream]

    def statuses(self, stream: str) -> list[AirbyteStreamStatus]:
        found = (m.trace.stream_status for m in self.messages if m.trace and m.trace.type is TraceType.STREAM_STATUS)
        return [s.status for s in found if s is not None and s.stream_descriptor.name == stream]

    def states(self, stream: str) -> list[Json]:
        found = (m.state.stream for m in self.messages if m.state is not None)
        states = [vars(s.stream_state) for s in found if s is not None and s.stream_descriptor.name == stream]
        # The start date that was read from has tests of its own.
        return [{key: value for key, value in state.items() if key != "read_from"} for state in states]

    def errors(self) -> list[tuple[str, FailureType | None, str]]:
        found = (m.trace.error for m in self.messages if m.trace and m.trace.error)
        return [(e.stream_descriptor.name if e.stream_descriptor else "", e.failure_type, e.message) for e in found]


def read(
    *names: str, mode: str = "incremental", state: list[AirbyteStateMessage] | None = None, **options: Any
) -> Output:
    return Output(SourceIntercom().read(LOGGER, CONFIG | options, catalog(*names, mode=mode), state))


def check(**options: Any) -> tuple[Status, str]:
    result = SourceIntercom().check(LOGGER, CONFIG | options)
    return result.status, result.message or ""
