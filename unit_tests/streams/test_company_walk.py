"""Companies and their segments: one walk for both, children after it, failures told to whoever waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, Json, in_thread, rows_of

from source_intercom.api.errors import AccessDenied, RecordGone, RequestRefused, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.streams.companies import Companies, CompanySegments
from source_intercom.sync.windows import Window

pytestmark = pytest.mark.timeout(30)

NewSync = Callable[..., Sync]
SCROLL = "/companies/scroll"
BOTH = frozenset({"companies", "company_segments"})
WINDOW = Window(1_000, 2_000)


def scroll(*numbers: int | None, updated_at: Any = 1_500) -> Json:
    companies = [{"id": f"c{number}", "updated_at": updated_at} for number in numbers]
    return {"type": "list", "data": companies, "scroll_param": "always-the-same", "pages": None, "total_count": None}


def segments(*names: str) -> Json:
    return {"type": "list", "data": [{"id": name, "updated_at": 5} for name in names]}


def attach(intercom: FakeIntercom, sync: Sync, *streams: Any) -> FakeIntercom:
    intercom.attach(sync.companies.client)
    for stream in streams:
        intercom.attach(stream.client)
    return intercom


def scroll_calls(intercom: FakeIntercom) -> int:
    return len(intercom.asked(SCROLL))


class TestWalk:
    def test_gives_pages_to_who_walks_and_ids_to_who_comes_after(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        sync = new_sync(selected=BOTH)
        attach(intercom, sync).on("GET", SCROLL, scroll(1, 2), scroll(3), scroll())
        assert [[company["id"] for company in page] for page in sync.companies.pages()] == [["c1", "c2"], ["c3"]]
        assert sync.companies.ids(read_by_another=True) == ["c1", "c2", "c3"]
        assert scroll_calls(intercom) == 3

    def test_ids_are_kept_back_until_it_is_over(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync(selected=BOTH)
        attach(intercom, sync).on("GET", SCROLL, scroll(1), scroll(2), scroll())
        walking = sync.companies.pages()
        waiting, got = in_thread(lambda: sync.companies.ids(read_by_another=True))
        for _ in range(2):
            next(walking)
            waiting.join(0.05)
            assert got == [], "ids were given out while the scroll was open"
        assert next(walking, None) is None
        waiting.join(10)
        assert got == [["c1", "c2"]]

    @pytest.mark.parametrize("error", [AccessDenied("no"), RequestRefused("no")])
    def test_a_failure_reaches_who_waits(self, error: Exception, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync(selected=BOTH)
        attach(intercom, sync).on("GET", SCROLL, scroll(1), error)
        waiting, got = in_thread(lambda: sync.companies.ids(read_by_another=True))
        with pytest.raises(type(error)):
            list(sync.companies.pages())
        waiting.join(10)
        assert got == [error]

    def test_that_is_dropped_halfway_ends_who_waits_with_an_error_that_the_cdk_catches(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        # The CDK catches Exception. A GeneratorExit in a worker thread would leave the sync waiting for ever.
        sync = new_sync(selected=BOTH)
        attach(intercom, sync).on("GET", SCROLL, scroll(1), scroll(2), scroll())
        walking = sync.companies.pages()
        next(walking)
        walking.close()
        waiting, got = in_thread(lambda: sync.companies.ids(read_by_another=True))
        waiting.join(10)
        assert len(got) == 1
        assert isinstance(got[0], Exception), f"a part of the companies is not all of them: {got[0]!r}"

    def test_without_another_who_walks_it_walks_itself(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync(selected=frozenset({"company_segments"}))
        attach(intercom, sync).on("GET", SCROLL, scroll(1), scroll())
        assert sync.companies.ids(read_by_another=False) == ["c1"]

    def test_its_own_failure_is_raised(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync()
        attach(intercom, sync).on("GET", SCROLL, AccessDenied("no"))
        with pytest.raises(AccessDenied):
            sync.companies.ids(read_by_another=False)


class TestCompanies:
    def test_are_kept_by_window(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        moments = (999, 1_000, 2_000, 2_001, None)
        pages = [scroll(moment, updated_at=moment) for moment in moments]
        for full, kept in ((False, [1_000, 2_000, None]), (True, [1_000, 2_000, 2_001, None])):
            sync = new_sync()
            stream = Companies(sync, full=full)
            attach(intercom, sync, stream).on("GET", SCROLL, *pages, scroll())
            assert [company["updated_at"] for company in rows_of(stream, WINDOW)] == kept

    def test_that_are_not_kept_are_walked_for_their_segments_all_the_same(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        sync = new_sync(selected=BOTH)
        attach(intercom, sync).on("GET", SCROLL, scroll(1, updated_at=5), scroll())
        assert list(rows_of(Companies(sync), WINDOW)) == []
        assert sync.companies.ids(read_by_another=True) == ["c1"]

    def test_count_the_calls_of_the_walk(self, new_sync: NewSync) -> None:
        sync = new_sync(selected=BOTH)
        assert Companies(sync).client is sync.companies.client
        assert CompanySegments(sync).client is not sync.companies.client

    def test_segments_alone_count_them(self, new_sync: NewSync) -> None:
        sync = new_sync(selected=frozenset({"company_segments"}))
        assert CompanySegments(sync).client is sync.companies.client


class TestSegments:
    @pytest.mark.complaint(27)
    def test_are_a_row_for_each_membership_whenever_it_changed(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync(selected=frozenset({"company_segments"}))
        stream = CompanySegments(sync)
        attach(intercom, sync, stream).on("GET", SCROLL, scroll(1, 2), scroll(3), scroll())
        intercom.on("GET", "/companies/c1/segments", segments("s1", "s2"))
        intercom.on("GET", "/companies/c2/segments", segments())
        intercom.on("GET", "/companies/c3/segments", segments("s1"))
        assert [(row["company_id"], row["id"]) for row in rows_of(stream, WINDOW)] == [
            ("c1", "s1"),
            ("c1", "s2"),
            ("c3", "s1"),
        ]

    @pytest.mark.complaint(37)
    def test_are_asked_for_only_after_the_walk(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync(selected=frozenset({"company_segments"}))
        stream = CompanySegments(sync)
        attach(intercom, sync, stream).on("GET", SCROLL, *(scroll(number) for number in range(20)), scroll())
        for number in range(20):
            intercom.on("GET", f"/companies/c{number}/segments", segments("s"))
        assert len(list(rows_of(stream, WINDOW))) == 20
        paths = [path for _, path, _ in intercom.calls]
        assert paths[:21] == [SCROLL] * 21
        assert SCROLL not in paths[21:]

    def test_of_a_company_that_is_gone_are_skipped_and_counted(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync()
        stream = CompanySegments(sync)
        attach(intercom, sync, stream).on("GET", SCROLL, scroll(1, 2), scroll())
        intercom.on("GET", "/companies/c1/segments", RecordGone("gone"))
        intercom.on("GET", "/companies/c2/segments", segments("s"))
        assert [row["company_id"] for row in rows_of(stream, WINDOW)] == ["c2"]
        assert stream.client.tally.gone == 1

    def test_of_a_company_that_cannot_be_read_end_the_window(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync()
        stream = CompanySegments(sync)
        attach(intercom, sync, stream).on("GET", SCROLL, scroll(1), scroll())
        intercom.on("GET", "/companies/c1/segments", Unavailable("x"))
        with pytest.raises(Unavailable):
            list(rows_of(stream, WINDOW))

    def test_of_more_companies_than_a_batch(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        sync = new_sync()
        stream = CompanySegments(sync)
        numbers = range(1_201)
        attach(intercom, sync, stream).on("GET", SCROLL, scroll(*numbers), scroll())
        for number in numbers:
            intercom.on("GET", f"/companies/c{number}/segments", segments("s"))
        # In the order of their ids, in which a read that breaks off can go on.
        assert [row["company_id"] for row in rows_of(stream, WINDOW)] == sorted(f"c{number}" for number in numbers)

    @pytest.mark.complaint(27)
    def test_the_same_segment_of_two_companies_is_two_objects(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        shared = segments("s")
        sync = new_sync()
        stream = CompanySegments(sync)
        attach(intercom, sync, stream).on("GET", SCROLL, scroll(1, 2), scroll())
        intercom.on("GET", "/companies/c1/segments", shared).on("GET", "/companies/c2/segments", shared)
        assert [row["company_id"] for row in rows_of(stream, WINDOW)] == ["c1", "c2"]


class TestTogether:
    """Both streams in threads, whichever begins."""

    def prepare(self, new_sync: NewSync, intercom: FakeIntercom, *pages: Any) -> tuple[Companies, CompanySegments]:
        sync = new_sync(selected=BOTH)
        companies, of_companies = Companies(sync), CompanySegments(sync)
        attach(intercom, sync, companies, of_companies).on("GET", SCROLL, *pages)
        for number in range(1, 4):
            intercom.on("GET", f"/companies/c{number}/segments", segments("s"))
        return companies, of_companies

    @pytest.mark.parametrize("first", ["companies", "segments"])
    def test_both_end(self, first: str, new_sync: NewSync, intercom: FakeIntercom) -> None:
        companies, of_companies = self.prepare(new_sync, intercom, scroll(1, 2), scroll(3), scroll())
        work = [lambda: list(rows_of(companies, WINDOW)), lambda: list(rows_of(of_companies, WINDOW))]
        started = [in_thread(one) for one in (work if first == "companies" else work[::-1])]
        for thread, _ in started:
            thread.join(10)
        assert not any(thread.is_alive() for thread, _ in started), "the two streams wait for each other"
        results = [result for _, (result,) in started]
        assert sorted(map(len, results)) == [3, 3]
        assert scroll_calls(intercom) == 3

    @pytest.mark.parametrize("first", ["companies", "segments"])
    def test_both_fail_together(self, first: str, new_sync: NewSync, intercom: FakeIntercom) -> None:
        error = AccessDenied("no")
        companies, of_companies = self.prepare(new_sync, intercom, scroll(1), error)
        work = [lambda: list(rows_of(companies, WINDOW)), lambda: list(rows_of(of_companies, WINDOW))]
        started = [in_thread(one) for one in (work if first == "companies" else work[::-1])]
        for thread, _ in started:
            thread.join(10)
        assert [result for _, result in started] == [[error], [error]]
        assert all("/segments" not in path for _, path, _ in intercom.calls)

    def test_nobody_waits_for_a_walk_whose_reader_broke(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """A record that breaks the companies stream ends the walk; the other stream must end too."""
        companies, of_companies = self.prepare(new_sync, intercom, scroll(1), scroll(2), scroll())
        broken = threading.Event()

        def wanted(_record: Json, _window: Window) -> bool:
            broken.set()
            raise TypeError("no such comparison")

        companies.wants = wanted
        waiting, got = in_thread(lambda: list(rows_of(of_companies, WINDOW)))
        with pytest.raises(TypeError):
            list(rows_of(companies, WINDOW))
        assert broken.is_set()
        waiting.join(10)
        assert len(got) == 1
        assert isinstance(got[0], Exception), f"the CDK does not catch {got[0]!r}, and the sync would hang"
