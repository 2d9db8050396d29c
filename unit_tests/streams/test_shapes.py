"""Lists and searches: what a window keeps, what is asked, and what a probe costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from stream_fakes import NOW, FakeIntercom, Json, ids, made, page, rows_of

from source_intercom.api.errors import AccessDenied, IntercomError, RequestRefused, Unavailable
from source_intercom.api.exports import CONTENT
from source_intercom.api.queries import days_query
from source_intercom.shapes.base import Sync
from source_intercom.shapes.jobs import NO_JOB
from source_intercom.shapes.lists import NewestFirstStream
from source_intercom.streams import CATALOGUE, IntercomStream
from source_intercom.streams.companies import Companies, CompanyAttributes, CompanySegments
from source_intercom.streams.contacts import ContactAttributes, Contacts, Segments
from source_intercom.streams.conversations import Conversations
from source_intercom.streams.tickets import Tickets
from source_intercom.streams.workspace import Admins, Tags, Teams
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
SEARCHES = [
    pytest.param(Contacts, "data", id="contacts"),
    pytest.param(Conversations, "conversations", id="conversations"),
    pytest.param(Tickets, "tickets", id="tickets"),
]
WINDOW = Window(1_000, 2_000)
# What the connector makes itself needs no request.
PROBED = [stream for stream in CATALOGUE if not stream.comes_last]


class TestLists:
    @pytest.mark.parametrize(
        ("stream", "path", "key", "params"),
        [
            (Admins, "/admins", "admins", {"display_avatar": "true"}),
            (Teams, "/teams", "teams", {}),
            (Tags, "/tags", "data", {}),
            (ContactAttributes, "/data_attributes", "data", {"model": "contact", "include_archived": "true"}),
            (CompanyAttributes, "/data_attributes", "data", {"model": "company", "include_archived": "true"}),
            (Segments, "/segments", "segments", {"include_count": "true"}),
        ],
    )
    def test_are_read_whole_whatever_the_window(
        self, stream: Any, path: str, key: str, params: Json, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        intercom.on("GET", path, {key: [{"id": 1}, {"id": 2, "updated_at": None}]})
        reading = made(stream, new_sync(), intercom)
        assert ids(rows_of(reading, WINDOW)) == [1, 2]
        assert intercom.calls == [("GET", path, params)]

    def test_follow_the_next_page(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        following = "https://api.intercom.io/tags?page=2"
        intercom.on("GET", "/tags", {"data": [{"id": 1}], "pages": {"next": following}})
        intercom.on("GET", "/tags?page=2", {"data": [{"id": 2}], "pages": {"next": None}})
        assert ids(rows_of(made(Tags, new_sync(), intercom), WINDOW)) == [1, 2]

    def test_an_answer_without_its_list_is_no_empty_stream(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/tags", {"type": "list"})
        with pytest.raises(RequestRefused):
            list(rows_of(made(Tags, new_sync(), intercom), WINDOW))


def timed(*moments: int | None) -> list[Json]:
    return [{"id": moment, "updated_at": moment} for moment in moments]


class TestWalks:
    MOMENTS = (0, 999, 1_000, 1_001, 1_999, 2_000, 2_001, 10**11, None)

    @pytest.mark.parametrize(
        ("full", "kept"),
        [
            pytest.param(False, [1_000, 1_001, 1_999, 2_000, None], id="incremental keeps the window"),
            pytest.param(
                True,
                [1_000, 1_001, 1_999, 2_000, 2_001, 10**11, None],
                id="full refresh keeps what changes during the walk",
            ),
        ],
    )
    def test_keep(self, full: bool, kept: list[Any], new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/segments", {"segments": timed(*self.MOMENTS)})
        assert ids(rows_of(made(Segments, new_sync(), intercom, full=full), WINDOW)) == kept

    @pytest.mark.parametrize("full", [True, False])
    def test_keep_a_record_without_the_field(self, full: bool, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/segments", {"segments": [{"id": 1}]})
        assert ids(rows_of(made(Segments, new_sync(), intercom, full=full), WINDOW)) == [1]

    @pytest.mark.complaint(75)
    @pytest.mark.parametrize("full", [True, False])
    @pytest.mark.parametrize("strange", ["soon", "", " ", "²", "2024-13-45", "1e3", [], {}])
    def test_keep_a_record_whose_time_cannot_be_told(
        self, strange: Any, full: bool, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        # One record must not end its stream, and none may get lost.
        intercom.on("GET", "/segments", {"segments": [{"id": 1, "updated_at": strange}, *timed(1_000)]})
        assert ids(rows_of(made(Segments, new_sync(), intercom, full=full), WINDOW)) == [1, 1_000]

    @pytest.mark.parametrize("text", ["1500", "1970-01-01T00:25:00Z", "1970-01-01T00:25:00.000+00:00"])
    def test_know_times_in_text(self, text: str, new_sync: NewSync, intercom: FakeIntercom) -> None:
        # Intercom writes some so.
        intercom.on("GET", "/segments", {"segments": [{"id": 1, "updated_at": text}]})
        assert ids(rows_of(made(Segments, new_sync(), intercom), Window(1_500, 1_500))) == [1]
        assert ids(rows_of(made(Segments, new_sync(), intercom), Window(1_501, 9_999))) == []

    def test_of_a_bounded_back_fill_end_where_it_ends(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/segments", {"segments": timed(2_000, 2_001)})
        sync = new_sync(end_date="1970-01-01T00:33:20Z")
        assert ids(rows_of(made(Segments, sync, intercom, full=True), WINDOW)) == [2_000]

    def test_are_not_cut(self, new_sync: NewSync) -> None:
        for stream in (Segments, Companies, CompanySegments):
            assert list(stream(new_sync()).planner(Window(0, NOW))) == [Window(0, NOW)]

    def test_do_not_sweep(self, new_sync: NewSync) -> None:
        # One walk sees what changes while it lasts.
        for stream in (Segments, Companies, CompanySegments):
            assert stream(new_sync(), full=True).needs_last_look is False


class TestSearches:
    @pytest.mark.parametrize(("stream", "key"), SEARCHES)
    def test_keep_the_window_exactly(self, stream: Any, key: str, new_sync: NewSync, intercom: FakeIntercom) -> None:
        found = timed(0, 998, 999, 1_000, 1_001, 1_500, 1_999, 2_000, 2_001, 2_002, None)
        intercom.on("POST", stream.endpoint, page(key, *found))
        for full in (False, True):
            reading = made(stream, new_sync(), intercom, full=full)
            assert ids(rows_of(reading, WINDOW)) == [1_000, 1_001, 1_500, 1_999, 2_000, None]

    @pytest.mark.parametrize(("stream", "key"), SEARCHES)
    @pytest.mark.parametrize("strange", ["soon", "1970-01-01T00:25:00Z"])
    def test_a_strange_time_does_not_end_the_stream(
        self, strange: str, stream: Any, key: str, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        intercom.on("POST", stream.endpoint, page(key, {"id": 1, "updated_at": strange}, *timed(1_000)))
        assert ids(rows_of(made(stream, new_sync(), intercom), WINDOW)) == [1, 1_000]

    @pytest.mark.parametrize(("stream", "key"), SEARCHES)
    def test_send_the_whole_body_with_every_page_oldest_first(
        self, stream: Any, key: str, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        pages = [page(key, *timed(1_000), after="two"), page(key, after="three"), page(key, *timed(1_200))]
        intercom.on("POST", stream.endpoint, *pages)
        reading = made(stream, new_sync(), intercom)
        assert ids(rows_of(reading, WINDOW)) == [1_000, 1_200]
        bodies = intercom.asked(stream.endpoint)
        assert [body["pagination"].get("starting_after") for body in bodies] == [None, "two", "three"]
        assert all(body["query"] == days_query("updated_at", *WINDOW) for body in bodies)
        assert all(body["sort"] == {"field": "updated_at", "order": "ascending"} for body in bodies)

    @pytest.mark.parametrize(("stream", "key"), SEARCHES)
    def test_sweep_in_a_full_refresh_only(self, stream: Any, key: str, new_sync: NewSync) -> None:
        assert stream(new_sync(), full=True).needs_last_look is True
        assert stream(new_sync(), full=False).needs_last_look is False

    def test_do_not_sweep_in_a_bounded_back_fill(self, new_sync: NewSync) -> None:
        assert Tickets(new_sync(end_date="2024-01-01"), full=True).needs_last_look is False

    @pytest.mark.parametrize("stream", [Conversations, Tickets])
    def test_go_by_the_time_of_the_option(self, stream: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
        found = [{"id": 1, "created_at": 1_500, "updated_at": 9_999}, {"id": 2, "created_at": 5, "updated_at": 1_500}]
        intercom.on("POST", stream.endpoint, page(stream.records_key, *found))
        reading = stream(new_sync(), order_by="created_at")
        intercom.attach(reading.client)
        assert ids(rows_of(reading, WINDOW)) == [1]
        assert reading.cursor_field == "created_at"
        (body,) = intercom.asked(stream.endpoint)
        assert body["sort"]["field"] == "created_at"
        assert {term["field"] for term in body["query"]["value"][1:]} == {"created_at"}


def test_one_second_is_asked_for_as_its_day() -> None:
    assert days_query("updated_at", 5, 5) == {"field": "updated_at", "operator": "=", "value": 5}


class Newest(NewestFirstStream):
    endpoint = "/newest"
    permission = "Read new things"


class TestNewestFirst:
    def pages(self, *moments: list[int | None]) -> FakeIntercom:
        intercom = FakeIntercom()
        for number, found in enumerate(moments):
            following = f"https://api.intercom.io/newest?page={number + 1}" if number + 1 < len(moments) else None
            path = "/newest" if number == 0 else f"/newest?page={number}"
            intercom.on("GET", path, {"data": timed(*found), "pages": {"next": following}})
        return intercom

    def test_stop_behind_the_first_page_that_is_older_than_the_window(self, new_sync: NewSync) -> None:
        intercom = self.pages([2_500, 2_000], [1_500, 999], [998, 997], [1_400])
        assert ids(rows_of(made(Newest, new_sync(), intercom), WINDOW)) == [2_000, 1_500]
        assert len(intercom.calls) == 3

    @pytest.mark.parametrize("last", [[998, 1_000], [998, None]])
    def test_one_record_out_of_place_hides_none(self, last: list[int | None], new_sync: NewSync) -> None:
        intercom = self.pages([1_500], last, [1_001])
        assert ids(rows_of(made(Newest, new_sync(), intercom), WINDOW))[-1] == 1_001

    def test_an_empty_page_is_not_the_end(self, new_sync: NewSync) -> None:
        intercom = self.pages([1_500], [], [1_001])
        assert ids(rows_of(made(Newest, new_sync(), intercom), WINDOW)) == [1_500, 1_001]


class TestProbes:
    """What ``check`` asks for a permission."""

    def prepared(self, stream: type[IntercomStream], sync: Sync, intercom: FakeIntercom, answer: Any) -> IntercomStream:
        reading = made(stream, sync, intercom)
        custom = "/custom_object_instances/Order"
        for path in {getattr(stream, "endpoint", ""), "/segments", "/events", custom, f"{CONTENT.create}/{NO_JOB}"}:
            intercom.on("GET", path, answer).on("POST", path, answer)
        return cast(IntercomStream, reading)

    @pytest.mark.parametrize("stream", PROBED, ids=lambda stream: stream.__name__)
    def test_is_one_call_that_reads_next_to_nothing(
        self, stream: type[IntercomStream], new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        sync = new_sync(custom_object_types=["Order"])
        self.prepared(stream, sync, intercom, {stream.records_key: []}).probe()
        ((method, path, sent),) = intercom.calls
        assert path != "/companies/scroll", "a probe would leave a scroll open that the next sync waits for"
        assert "{" not in path
        if method == "POST":
            assert sent["pagination"] == {"per_page": 1}
            if "sort" in sent:
                assert sent["sort"] == {"field": "updated_at", "order": "ascending"}

    @pytest.mark.parametrize("stream", PROBED, ids=lambda stream: stream.__name__)
    @pytest.mark.parametrize("error", [AccessDenied("no"), Unavailable("later")])
    def test_passes_the_error_on(
        self, stream: type[IntercomStream], error: IntercomError, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        reading = self.prepared(stream, new_sync(custom_object_types=["Order"]), intercom, error)
        with pytest.raises(type(error)):
            reading.probe()
