"""The source as a whole, on a network that is made of answers: check, discover, read, state."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
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
    Type,
)
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.test import entrypoint_wrapper
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom import source as module
from source_intercom.api.errors import TokenRejected, Unavailable
from source_intercom.config import ConfigError
from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE
from source_intercom.streams.base import Reading
from source_intercom.streams.output import RecordPage
from source_intercom.streams.search import SearchStream
from source_intercom.sync.state import StateError, WindowCursor
from source_intercom.sync.windows import DAY, HOUR, Planner, Window

pytestmark = pytest.mark.timeout(60)

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
}
OFFICIAL = [
    "contacts",
    "companies",
    "conversations",
    "conversation_parts",
    "tickets",
    "activity_logs",
    "admins",
    "teams",
    "tags",
    "segments",
    "contact_attributes",
    "company_attributes",
    "company_segments",
]
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
    "Read content data": ["/data_connectors"],
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
        network.get(f"{API}/companies/scroll", json={"data": [], "scroll_param": "p"})

    def deny(self, *permissions: str, status: int = 401, code: str = "token_unauthorized") -> None:
        for permission in permissions:
            for path in GUARDED[permission]:
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


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(module, "time", lambda: float(NOW))
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with requests_mock.Mocker() as network:
        yield Workspace(network)


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
        return [vars(s.stream_state) for s in found if s is not None and s.stream_descriptor.name == stream]

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


class TestCheck:
    def test_with_all_permissions_succeeds_without_a_word(self, workspace: Workspace) -> None:
        assert check() == (Status.SUCCEEDED, "")
        # One call for who we are, one for each permission.
        assert workspace.calls() == 1 + len(GUARDED)
        assert workspace.calls("/companies") == 0

    @pytest.mark.parametrize(("status", "code"), [(401, "token_unauthorized"), (403, "forbidden")])
    @pytest.mark.parametrize("permission", GUARDED)
    def test_with_one_missing_names_it_and_its_streams(
        self, permission: str, status: int, code: str, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        workspace.deny(permission, status=status, code=code)
        costs = [stream().name for stream in READABLE if permission in (stream.permission, *stream.also_needs)]
        with caplog.at_level(logging.WARNING):
            status_of_check, message = check()
        assert status_of_check is Status.SUCCEEDED
        assert message == f'Without the permission "{permission}" these streams cannot be synced: {", ".join(costs)}.'
        assert message in caplog.text

    def test_with_none_fails(self, workspace: Workspace) -> None:
        workspace.deny(*GUARDED)
        status, message = check()
        assert status is Status.FAILED
        assert all(stream().name in message for stream in READABLE)
        assert all(permission in message for permission in GUARDED)

    @pytest.mark.parametrize("code", ["unauthorized", "token_revoked", "token_not_found", "missing_authorization"])
    def test_with_a_bad_token_fails_and_says_where_to_get_a_good_one(self, code: str, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault(code))
        status, message = check()
        assert status is Status.FAILED
        assert "token" in message
        assert "region" in message
        assert "api.intercom.io" in message
        assert "secret-token" not in message
        assert workspace.calls() == 1

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({"exc": requests.exceptions.ConnectionError}, id="refused"),
            pytest.param({"exc": requests.exceptions.ConnectTimeout}, id="timeout"),
            pytest.param({"status_code": 503, "text": "<html>down</html>"}, id="down"),
            pytest.param({"status_code": 200, "text": ""}, id="empty"),
        ],
    )
    def test_of_a_host_that_does_not_answer_names_it_after_few_tries(self, answer: Json, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", **answer)
        status, message = check()
        assert status is Status.FAILED
        assert message.startswith("Intercom's host api.intercom.io cannot be reached or does not answer")
        assert workspace.calls() == 3

    def test_asks_the_host_of_the_region(self, workspace: Workspace) -> None:
        workspace.network.get("https://api.eu.intercom.io/me", status_code=401, json=fault("unauthorized"))
        assert "api.eu.intercom.io" in check(region="eu")[1]

    def test_a_probe_that_gets_no_answer_fails(self, workspace: Workspace) -> None:
        workspace.fail("POST", "/tickets/search", status_code=502, text="bad gateway")
        status, message = check()
        assert status is Status.FAILED
        assert "cannot be reached or does not answer" in message

    def test_a_plan_that_lacks_a_feature_is_no_failure(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets", status=403, code="api_plan_restricted")
        status, message = check()
        assert status is Status.SUCCEEDED
        assert "tickets" in message

    def test_a_faulty_config_is_our_sentence(self, workspace: Workspace) -> None:
        with pytest.raises(ConfigError, match="Option 'num_workers'"):
            check(num_workers=0)
        assert workspace.calls() == 0

    def test_who_we_are_denied_is_not_blamed_on_a_permission_without_name(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("token_unauthorized"))
        status, message = check()
        assert status is Status.FAILED
        assert '""' not in message


class TestSpecAndDiscover:
    def test_need_no_network(self, workspace: Workspace) -> None:
        source = SourceIntercom()
        assert source.name == "source-intercom"
        assert source.spec(LOGGER).connectionSpecification["required"] == ["access_token"]
        assert [stream.name for stream in source.discover(LOGGER, CONFIG).streams] == NAMES
        assert workspace.calls() == 0


class TestReadBounds:
    """What one read asks for, and where its state ends."""

    def test_ends_when_it_began_and_keeps_later_changes_for_the_next(self, workspace: Workspace) -> None:
        times = {"1": NOW - 5, "2": NOW, "3": NOW + 1}
        workspace.records["tickets"] = [{"id": number, "updated_at": time} for number, time in times.items()]
        output = read("tickets", start_date="2025-10-01")
        assert output.ids("tickets") == ["1", "2"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_ends_at_intercoms_time_when_our_clock_is_ahead(self, workspace: Workspace) -> None:
        workspace.server_time = NOW - 500
        workspace.records["tickets"] = [{"id": "1", "updated_at": NOW - 500}, {"id": "2", "updated_at": NOW - 499}]
        output = read("tickets", start_date="2025-10-01")
        assert output.ids("tickets") == ["1"]
        assert output.states("tickets")[-1] == {"updated_at": NOW - 500}

    @pytest.mark.parametrize("server_time", [NOW + 500, None])
    def test_ends_at_our_time_when_our_clock_is_behind_or_intercom_names_none(
        self, server_time: int | None, workspace: Workspace
    ) -> None:
        workspace.server_time = server_time
        output = read("tickets", start_date="2025-10-01")
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_a_start_that_intercoms_clock_has_not_reached_is_the_moment_it_began(self, workspace: Workspace) -> None:
        workspace.server_time = 1_700_000_000
        output = read("tickets", start_date="2024-01-01")
        assert output.error is None
        assert output.states("tickets")[-1] == {"updated_at": 1_700_000_000}

    @pytest.mark.parametrize(("server_time", "end"), [(NOW - 500, NOW - 500), (NOW, NOW - 100)])
    def test_ends_at_the_end_date_unless_intercom_has_not_reached_it(
        self, server_time: int, end: int, workspace: Workspace
    ) -> None:
        workspace.server_time = server_time
        end_date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 100))
        output = read("tickets", start_date="2025-10-01", end_date=end_date)
        assert output.states("tickets")[-1] == {"updated_at": end}

    def test_incremental_begins_an_hour_before_its_state(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        workspace.records["tickets"] = [
            {"id": "old", "updated_at": NOW - DAY - HOUR},
            {"id": "again", "updated_at": NOW - DAY - HOUR + 1},
            {"id": "new", "updated_at": NOW},
        ]
        assert read("tickets", state=state).ids("tickets") == ["again", "new"]

    def test_and_by_the_lookback_window_more(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        first = NOW - DAY - HOUR - 3 * DAY + 1
        workspace.records["tickets"] = [{"id": "a", "updated_at": first - 1}, {"id": "b", "updated_at": first}]
        assert read("tickets", state=state, lookback_window=3).ids("tickets") == ["b"]

    def test_full_refresh_ignores_an_old_state(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        workspace.records["tickets"] = [{"id": "old", "updated_at": NOW - 50 * DAY}]
        output = read("tickets", state=state, mode="full_refresh")
        assert output.ids("tickets") == ["old"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_full_refresh_bears_a_state_that_nobody_can_read(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": "garbage"}), mode="full_refresh")
        assert output.error is None

    def test_full_refresh_looks_again_at_the_end(self, workspace: Workspace) -> None:
        workspace.records["tickets"] = [{"id": "moved", "updated_at": NOW + 60}]
        output = read("tickets", mode="full_refresh")
        assert output.ids("tickets") == ["moved"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}
        lower = workspace.bodies["tickets"][-1]["query"]["value"][0]["value"]
        assert lower == NOW

    def test_the_start_date_bounds_the_first_read(self, workspace: Workspace) -> None:
        start = 1_759_276_800  # 2025-10-01
        workspace.records["tickets"] = [{"id": "a", "updated_at": start - 1}, {"id": "b", "updated_at": start}]
        assert read("tickets", start_date="2025-10-01T00:00:00Z").ids("tickets") == ["b"]

    def test_a_state_in_the_future_reads_the_last_hour(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": NOW + 10**6}))
        lower = workspace.bodies["tickets"][0]["query"]["value"][0]["value"]
        assert lower == NOW - HOUR
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
    def test_every_stream_gives_a_state_even_when_there_was_nothing(
        self, name: str, mode: str, workspace: Workspace
    ) -> None:
        output = read(name, mode=mode)
        assert output.error is None
        assert output.statuses(name)[-1] is AirbyteStreamStatus.COMPLETE
        assert output.states(name)
        field = {stream().name: stream().cursor_field for stream in CATALOGUE}[name]
        expected = {field: NOW} if field else {"__ab_no_cursor_state_message": True}
        assert output.states(name)[-1] == expected

    def test_a_second_read_of_unchanged_data_is_one_search(self, workspace: Workspace) -> None:
        state = saved(conversation_parts={"updated_at": NOW - 600})
        read("conversation_parts", state=state)
        assert workspace.calls("/conversations") == 1


class TestZone:
    def starts(self, workspace: Workspace) -> list[int]:
        """Where windows of contacts begin when there are many: the first search says so, none after it."""
        moments = [NOW - 40 * DAY + number for number in range(150)]
        workspace.records["contacts"] = [{"id": str(moment), "updated_at": moment} for moment in moments]
        totals = iter([8 * 40 * 150])

        def search(request: Any, _context: Any) -> Json:
            workspace.bodies["contacts"].append(request.json())
            return {"data": workspace.records["contacts"], "pages": {}, "total_count": next(totals, 0)}

        workspace.network.post(f"{API}/contacts/search", json=search)
        output = read("contacts")
        assert output.error is None
        assert sorted(output.ids("contacts")) == sorted(str(moment) for moment in moments)
        queries = [body["query"] for body in workspace.bodies["contacts"][1:]]
        return [query["value"][0]["value"][0]["value"] for query in queries]

    def test_contacts_are_read_by_the_workspaces_days(self, workspace: Workspace) -> None:
        workspace.me["app"]["timezone"] = "Pacific/Kiritimati"
        starts = self.starts(workspace)
        assert len(starts) == 7
        # 14 hours ahead of UTC
        assert {(start + 14 * HOUR) % DAY for start in starts} == {0}

    @pytest.mark.parametrize(
        "me",
        [
            pytest.param({"app": {"timezone": "Mars/Olympus_Mons"}}, id="unknown"),
            pytest.param({"app": {"timezone": ""}}, id="empty"),
            pytest.param({"app": {"timezone": None}}, id="null"),
            pytest.param({"app": {"timezone": "America"}}, id="a region without a city"),
            pytest.param({"app": {"timezone": "../etc/passwd"}}, id="a path"),
            pytest.param({"app": {"timezone": "Pacific Time (US & Canada)"}}, id="another naming"),
            pytest.param({"app": {}}, id="none"),
            pytest.param({"app": None}, id="no app"),
            pytest.param({}, id="nothing"),
        ],
    )
    def test_without_a_usable_one_days_are_utc(
        self, me: Json, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        workspace.me = {"type": "admin", **me}
        with caplog.at_level(logging.INFO):
            starts = self.starts(workspace)
        assert {start % DAY for start in starts} == {0}
        assert "is not known here" in caplog.text

    @pytest.mark.parametrize("created_at", [NOW - 45 * DAY, None, "2020-01-01"])
    def test_a_birth_that_is_unknown_is_that_of_intercom(self, created_at: Any, workspace: Workspace) -> None:
        workspace.me["app"]["created_at"] = created_at
        output = read("activity_logs")
        assert output.error is None
        months = workspace.calls("/admins/activity_logs")
        assert months == 2 if isinstance(created_at, int) else months > 100

    def test_a_zone_that_airbytes_image_must_know(self) -> None:
        assert ZoneInfo("America/Argentina/Buenos_Aires")


class TestWholeReads:
    def test_every_stream_completes(self, workspace: Workspace) -> None:
        workspace.lists["/tags"] = [{"id": 1, "name": "a"}]
        workspace.records["conversations"] = [
            {"id": 7, "updated_at": NOW - 5, "statistics": {"count_conversation_parts": 1}}
        ]
        detail = {"conversation_parts": {"conversation_parts": [{"id": 8}], "total_count": 1}}
        workspace.network.get(f"{API}/conversations/7", json=detail)
        company = {"id": "c", "updated_at": NOW - 9}
        pages = [{"data": [company], "scroll_param": "p"}, {"data": [], "scroll_param": "p"}]
        workspace.network.get(f"{API}/companies/scroll", [{"json": page} for page in pages])
        workspace.network.get(f"{API}/companies/c/segments", json={"data": [{"id": "s"}]})
        output = read(*OFFICIAL)
        assert output.error is None
        complete = dict.fromkeys(OFFICIAL, AirbyteStreamStatus.COMPLETE)
        assert {name: output.statuses(name)[-1] for name in OFFICIAL} == complete
        found = {name: output.ids(name) for name in OFFICIAL if output.ids(name)}
        assert found == {
            "tags": ["1"],
            "conversations": ["7"],
            "conversation_parts": ["8"],
            "companies": ["c"],
            "company_segments": ["s"],
        }
        # One walk for both of its streams, an empty page at its end.
        assert workspace.calls("/companies/scroll") == 2
        # One search for conversations and their parts.
        assert workspace.calls("/conversations/search") == 1

    @pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
    def test_all_streams_of_the_catalogue_together(self, mode: str, workspace: Workspace) -> None:
        output = read(*NAMES, mode=mode)
        assert output.error is None
        complete = dict.fromkeys(NAMES, AirbyteStreamStatus.COMPLETE)
        assert {name: output.statuses(name)[-1] for name in NAMES} == complete

    def test_each_list_is_a_stream_of_its_own(self, workspace: Workspace) -> None:
        for number, path in enumerate(("/admins", "/tags", "/segments")):
            workspace.lists[path] = [{"id": number}]
        output = read("admins", "tags", "segments")
        assert [output.ids(name) for name in ("admins", "tags", "segments")] == [["0"], ["1"], ["2"]]

    def scroll(self, workspace: Workspace) -> Callable[[], int]:
        """One company; counts how often a scroll is opened."""
        opened: list[str] = []

        def answer(request: Any, _context: Any) -> Json:
            if "scroll_param" not in request.qs:
                opened.append(request.url)
                company = {"id": "c", "updated_at": NOW - 9, "tags": {"tags": [{"id": "t"}]}}
                return {"data": [company], "scroll_param": "p"}
            return {"data": [], "scroll_param": "p"}

        workspace.network.get(f"{API}/companies/scroll", json=answer)
        return lambda: len(opened)

    def test_companies_and_a_stream_that_was_added_later_are_one_walk(self, workspace: Workspace) -> None:
        """The one has a state, the other has none; Intercom allows one scroll at a time all the same."""
        opened = self.scroll(workspace)
        workspace.network.get(f"{API}/companies/c/segments", json={"data": [{"id": "s"}]})
        state = saved(companies={"updated_at": NOW - DAY})
        output = read("companies", "company_tags", "company_segments", state=state)
        assert output.error is None
        assert (output.ids("companies"), output.ids("company_tags")) == (["c"], ["t"])
        assert output.ids("company_segments") == ["s"]
        assert opened() == 1

    def test_children_of_companies_in_two_modes_are_one_walk(self, workspace: Workspace) -> None:
        opened = self.scroll(workspace)
        wanted = [*catalog("company_segments").streams, *catalog("company_notes", mode="full_refresh").streams]
        output = Output(SourceIntercom().read(LOGGER, CONFIG, ConfiguredAirbyteCatalog(streams=wanted), None))
        assert output.error is None
        assert opened() == 1

    def test_events_of_a_contact_that_changes_while_it_is_read_are_not_lost(self, workspace: Workspace) -> None:
        """The next sync asks for its events since this one only."""
        workspace.records["contacts"] = [{"id": "1", "updated_at": NOW + 5}]
        event = {"id": "e", "event_name": "bought", "created_at": NOW - 7 * DAY, "intercom_user_id": "1"}
        workspace.network.get(f"{API}/events", json={"type": "event.list", "events": [event]})
        assert read("contact_events").ids("contact_events") == ["e"]

    @pytest.mark.parametrize("names", [("companies", "company_segments"), ("company_segments", "companies")])
    def test_a_company_that_breaks_its_stream_does_not_hang_the_other(
        self, names: tuple[str, ...], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (companies,) = [stream for stream in CATALOGUE if stream.__name__ == "Companies"]

        def wanted(_self: Any, _record: Json, _window: Window) -> bool:
            raise TypeError("a record of another kind")

        monkeypatch.setattr(companies, "_wanted", wanted)
        pages = [{"data": [{"id": "c"}], "scroll_param": "p"}, {"data": [], "scroll_param": "p"}]
        workspace.network.get(f"{API}/companies/scroll", [{"json": page} for page in pages])
        ended = threading.Event()
        outputs: list[Output] = []

        def work() -> None:
            outputs.append(read(*names))
            ended.set()

        threading.Thread(target=work, daemon=True).start()
        assert ended.wait(10), "the read never ends"
        assert {name: outputs[0].statuses(name)[-1] for name in names} == dict.fromkeys(
            names, AirbyteStreamStatus.INCOMPLETE
        )

    def test_as_airbyte_runs_it(self, workspace: Workspace) -> None:
        workspace.lists["/tags"] = [{"id": 1}, {"id": 2}]
        output = entrypoint_wrapper.read(SourceIntercom(), CONFIG, catalog("tags", mode="full_refresh"))
        assert [message.record.data for message in output.records if message.record] == [{"id": "1"}, {"id": "2"}]
        assert output.errors == []
        assert output.get_stream_statuses("tags")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.state_messages[-1].state is not None
        assert output.state_messages[-1].state.sourceStats is not None
        assert output.state_messages[-1].state.sourceStats.recordCount == 2.0


class TestFailures:
    def test_a_missing_permission_ends_its_stream_and_no_other(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets")
        workspace.lists["/tags"] = [{"id": 1}]
        workspace.records["conversations"] = [{"id": "7", "updated_at": NOW}]
        output = read("tickets", "tags", "conversations", state=saved(tickets={"updated_at": NOW - 99 * DAY}))
        assert output.statuses("tickets")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert output.statuses("tags")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.statuses("conversations")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.ids("tags") == ["1"]
        assert output.ids("conversations") == ["7"]
        ((stream, kind, message),) = output.errors()
        assert (stream, kind) == ("tickets", FailureType.config_error)
        assert '"Read tickets"' in message
        assert output.error is not None, "a read that missed a stream must not look like a success"
        # Nothing of the stream was read, so its state stays where it was.
        assert output.states("tickets")[-1] == {"updated_at": NOW - 99 * DAY}

    def test_a_stream_that_failed_at_once_has_a_state_that_covers_nothing(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets")
        output = read("tickets", start_date="2025-09-01")
        start = 1_756_684_800
        assert output.states("tickets")[-1]["updated_at"] < start

    def test_a_window_that_cannot_be_read_leaves_a_hole_and_the_rest(self, workspace: Workspace) -> None:
        heavy = NOW - 50 * DAY

        def logs(request: Any, context: Any) -> Json:
            after, before = int(request.qs["created_at_after"][0]), int(request.qs["created_at_before"][0])
            if after < heavy < before:
                context.status_code = 504
                return {}
            return {"activity_logs": [{"id": str(before), "created_at": before - 1}], "pages": {}}

        workspace.network.get(f"{API}/admins/activity_logs", json=logs)
        output = read("activity_logs")
        assert output.statuses("activity_logs")[-1] is AirbyteStreamStatus.INCOMPLETE
        state = output.states("activity_logs")[-1]
        first, second = state["slices"]
        assert first["end"] == state["created_at"] < heavy < second["start"]
        assert second["end"] == NOW
        repeated = read("activity_logs", state=saved(activity_logs=state))
        assert repeated.statuses("activity_logs")[-1] is AirbyteStreamStatus.INCOMPLETE
        # The hole keeps its place, but for the hour before it that is always read again with it.
        kept, behind = repeated.states("activity_logs")[-1]["slices"]
        assert kept == first
        assert 0 <= second["start"] - behind["start"] <= HOUR
        assert behind["end"] == NOW

    def test_what_a_follower_could_not_get_is_read_again(self, workspace: Workspace) -> None:
        """Conversations complete; their parts are tried again by the next sync."""
        conversation = {"id": "7", "updated_at": NOW - 5}
        workspace.records["conversations"] = [conversation]
        workspace.fail("GET", "/conversations/7", status_code=503, text="busy")
        output = read("conversations", "conversation_parts", start_date="2025-09-01")
        assert output.statuses("conversations")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.statuses("conversation_parts")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert output.states("conversations")[-1] == {"updated_at": NOW}
        state = output.states("conversation_parts")[-1]
        assert state["updated_at"] < NOW - 5
        detail = {"conversation_parts": {"conversation_parts": [{"id": "8"}], "total_count": 1}}
        workspace.network.get(f"{API}/conversations/7", json=detail)
        states = saved(conversations=output.states("conversations")[-1], conversation_parts=state)
        again = read("conversations", "conversation_parts", start_date="2025-09-01", state=states)
        assert again.ids("conversation_parts") == ["8"]
        assert again.states("conversation_parts")[-1] == {"updated_at": NOW}

    def test_a_bad_token_ends_a_read_at_once(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        output = read(*NAMES)
        assert isinstance(output.error, TokenRejected)
        assert output.error.failure_type is FailureType.config_error
        assert output.messages == []
        assert workspace.calls() == 1

    def test_a_bad_token_is_a_config_error_for_airbyte(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        output = entrypoint_wrapper.read(SourceIntercom(), CONFIG, catalog("tags"), expecting_exception=True)
        (message,) = output.errors
        assert message.trace is not None
        assert message.trace.error is not None
        assert message.trace.error.failure_type is FailureType.config_error
        assert "secret-token" not in str(output.get_formatted_error_message())

    def test_a_host_that_does_not_answer_ends_a_read(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", exc=requests.exceptions.ConnectionError)
        output = read("tags")
        assert isinstance(output.error, Unavailable)
        assert output.error.failure_type is FailureType.transient_error

    def test_an_unknown_stream_is_named(self, workspace: Workspace) -> None:
        output = read("tags", "visitors", "leads")
        assert isinstance(output.error, ConfigError)
        assert "visitors, leads" in str(output.error.message)
        assert "tags" not in str(output.error.message)
        assert workspace.calls() == 0

    def test_an_empty_catalog_reads_nothing(self, workspace: Workspace) -> None:
        output = read()
        assert output.messages == []
        assert output.error is None
        assert workspace.calls() == 0

    def test_a_faulty_config_reads_nothing(self, workspace: Workspace) -> None:
        output = read("tags", start_date="soon")
        assert isinstance(output.error, ConfigError)
        assert workspace.calls() == 0

    def test_a_state_that_nobody_can_read_is_named(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": "garbage"}))
        assert isinstance(output.error, StateError)
        assert "'tickets'" in str(output.error.message)
        assert output.ids("tickets") == []

    def test_threads_and_connections_are_let_go(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        closed: list[str] = []
        original = module.Transport.close

        def close(self: Any) -> None:
            closed.append("closed")
            original(self)

        monkeypatch.setattr(module.Transport, "close", close)
        read("tags")
        check()
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        read("tags")
        check()
        assert closed == ["closed"] * 4


class Things(SearchStream):
    """A stream of many records in several windows, made here and not on the network."""

    endpoint = "/things"
    permission = "Read things"
    cursor_time = "updated_at"
    windows = 6
    each = 700

    @property
    def planner(self) -> Planner:
        def plan(gap: Window) -> Iterator[Window]:
            for number in range(self.windows):
                end = gap.end if number == self.windows - 1 else gap.start + DAY * (number + 1) - 1
                yield Window(gap.start + DAY * number, end)

        return plan

    def get_json_schema(self) -> Json:
        return {"type": "object", "properties": {"id": {"type": ["null", "string"]}}}

    def pages(self, window: Window, reading: Reading) -> Iterator[list[Json]]:
        for start in range(0, self.each, 50):
            numbers = range(start, min(start + 50, self.each))
            yield [{"id": f"{window.start}-{number}", "updated_at": window.start + number} for number in numbers]


START = NOW - 30 * DAY
START_DATE = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START))


def ran_ahead(messages: list[AirbyteMessage], *, each: int) -> list[Json]:
    """States that say a window was read although not all of its records had been given before."""
    given: Counter[int] = Counter()
    found: list[Json] = []
    states = 0
    for message in messages:
        if isinstance(message, RecordPage):
            given.update(int(line.split(b'"id":"')[1].split(b"-")[0]) for line in message.lines.splitlines())
        elif message.record is not None:
            given[int(str(message.record.data["id"]).split("-")[0])] += 1
        elif message.type is Type.STATE and message.state is not None and message.state.stream is not None:
            states += 1
            state = vars(message.state.stream.stream_state)
            slices = state.get("slices") or [{"start": START, "end": state["updated_at"]}]
            for number in range(Things.windows):
                window = START + DAY * number
                if any(s["start"] <= window <= s["end"] for s in slices) and given[window] != each:
                    found.append(state)
    assert states > Things.windows
    return found


class TestOrder:
    """A state that leaves before its records is data lost in the next crash (design §2)."""

    @pytest.fixture(autouse=True)
    def only_things(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "CATALOGUE", (Things,))

    def messages(self, closed: threading.Event, *, pages: bool) -> Iterator[AirbyteMessage]:
        """Messages of a read that stands still at its first record until the first window was closed."""
        waited = False
        config = CONFIG | {"start_date": START_DATE}
        for message in SourceIntercom(pages=pages).read(LOGGER, config, catalog("things"), None):
            yield message
            if (isinstance(message, RecordPage) or message.record is not None) and not waited:
                waited = True
                assert closed.wait(20), "no window was ever closed"

    @pytest.fixture
    def closed(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        event = threading.Event()
        original = WindowCursor.close_partition

        def close_partition(self: WindowCursor, partition: Partition) -> None:
            original(self, partition)
            event.set()

        monkeypatch.setattr(WindowCursor, "close_partition", close_partition)
        return event

    @pytest.mark.parametrize("pages", [True, False], ids=["pages", "records"])
    def test_no_state_precedes_its_records(
        self, pages: bool, workspace: Workspace, closed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Few enough to fit into the queue, so that a window ends while its records wait there.
        monkeypatch.setattr(Things, "each", 150)
        assert ran_ahead(list(self.messages(closed, pages=pages)), each=150) == []

    def test_with_the_cdks_usual_repository_states_run_ahead(
        self, workspace: Workspace, closed: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Shows that the test above can fail: this is what most sources pass to the CDK."""
        monkeypatch.setattr(Things, "each", 150)
        monkeypatch.setattr(module, "ConcurrentMessageRepository", lambda *_: InMemoryMessageRepository())
        assert ran_ahead(list(self.messages(closed, pages=False)), each=150) != []

    @pytest.mark.parametrize("workers", [1, 4, 50])
    def test_nor_with_thousands_of_records(self, workers: int, workspace: Workspace) -> None:
        output = read("things", start_date=START_DATE, num_workers=workers)
        assert output.error is None
        assert len(set(output.ids("things"))) == len(output.ids("things")) == Things.windows * Things.each
        assert ran_ahead(output.messages, each=Things.each) == []
        assert output.states("things")[-1] == {"updated_at": NOW}
        assert output.statuses("things") == [
            AirbyteStreamStatus.STARTED,
            AirbyteStreamStatus.RUNNING,
            AirbyteStreamStatus.COMPLETE,
        ]

    def test_what_waits_is_bounded(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        sizes: list[int] = []
        original = module.Queue

        def queue(maxsize: int) -> Any:
            sizes.append(maxsize)
            return original(maxsize)

        monkeypatch.setattr(module, "Queue", queue)
        read("things", start_date=START_DATE)
        assert len(sizes) == 1
        assert 0 < sizes[0] <= 2_000
