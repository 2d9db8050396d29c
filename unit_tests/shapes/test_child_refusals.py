"""One parent that is refused costs its own rows; the others are read, and nobody is told that all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json

from source_intercom.api.errors import (
    AccessDenied,
    IntercomError,
    NotOffered,
    RecordGone,
    RequestRefused,
    TokenRejected,
    Unavailable,
)
from source_intercom.shapes.base import Sync
from source_intercom.shapes.child import Child
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, NOW)


class OneByOne(Child):
    parent = Tickets
    child = "/tickets/{id}/children"
    parent_key = "ticket_id"


class WithACursor(OneByOne):
    cursor_time = "updated_at"


class OfAll(WithACursor):
    every_parent = True


class Skipping(WithACursor):
    skips_failures = True  # type: ignore[assignment]  # an option in real streams


class Table:
    """Parents, each with an answer of its own: a row for those that are not said to be otherwise."""

    def __init__(self, new_sync: NewSync, kind: type[OneByOne], parents: int, **answers: Any) -> None:
        self.stream = kind(new_sync())
        self.intercom = FakeIntercom().attach(self.stream.client)
        self.page = [{"id": str(number), "updated_at": 5} for number in range(parents)]
        for number in range(parents):
            answer = answers.get(f"of_{number}", {"data": [{"id": f"row {number}"}]})
            self.intercom.on("GET", f"/tickets/{number}/children", answer)

    def rows(self) -> tuple[list[Json], IntercomError | None]:
        """The rows that were given, and the error that ended them."""
        given: list[Json] = []
        try:
            for rows in self.stream.rows(self.page, WINDOW):
                given += rows
        except IntercomError as error:
            return given, error
        return given, None


REFUSALS = [AccessDenied("no", "HTTP 403"), RequestRefused("no", "HTTP 400"), Unavailable("busy", "HTTP 504")]


@pytest.mark.complaint(77)
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
def test_one_of_three_hundred_is_named_and_all_others_are_read(refusal: IntercomError, new_sync: NewSync) -> None:
    given, error = Table(new_sync, OneByOne, 300, of_123=refusal).rows()
    assert len(given) == 299
    assert "row 123" not in {row["id"] for row in given}
    assert isinstance(error, Unavailable)
    assert error.final is False, "what one parent lacks does not end the stream"
    assert "1 record: 123." in str(error.message)
    assert str(refusal.message) in str(error.message)


@pytest.mark.parametrize("refusal", [AccessDenied("no"), RequestRefused("no")], ids=lambda error: type(error).__name__)
def test_all_of_a_page_refused_for_good_are_the_refusal_of_the_stream(
    refusal: IntercomError, new_sync: NewSync
) -> None:
    given, error = Table(new_sync, OneByOne, 4, **{f"of_{number}": refusal for number in range(4)}).rows()
    assert given == []
    assert error is refusal


@pytest.mark.parametrize("refused", [1, 2])
def test_of_so_few_parents_nothing_is_told_about_the_stream(refused: int, new_sync: NewSync) -> None:
    """A page of one or two is no proof that the permission is missing."""
    answers = {f"of_{number}": AccessDenied("no") for number in range(refused)}
    _, error = Table(new_sync, OneByOne, refused, **answers).rows()
    assert type(error) is Unavailable


def test_all_of_a_page_without_an_answer_are_named(new_sync: NewSync) -> None:
    _, error = Table(new_sync, OneByOne, 4, **{f"of_{number}": Unavailable("busy") for number in range(4)}).rows()
    assert "4 records: 0, 1, 2, 3." in str(error and error.message)


def test_refusals_and_one_that_is_gone_are_not_all_of_a_page(new_sync: NewSync) -> None:
    answers: dict[str, Any] = {f"of_{number}": AccessDenied("no") for number in range(3)}
    table = Table(new_sync, OneByOne, 4, **answers, of_3=RecordGone("gone"))
    _, error = table.rows()
    assert type(error) is Unavailable
    assert table.stream.client.tally.gone == 1


class TestAPathThatIsNotThere:
    """A workspace can lack an endpoint, or lose it for hours: that is no deletion of all that it is asked about."""

    def read(self, table: Table, owner: Json | IntercomError) -> tuple[list[Json], IntercomError | None]:
        table.intercom.on("GET", "/tickets/0", owner)
        return table.rows()

    @pytest.mark.parametrize(("kind", "parents"), [(OneByOne, 1), (WithACursor, 3), (Skipping, 3), (OfAll, 1)])
    def test_is_said_where_the_parents_are_there(self, kind: type[OneByOne], parents: int, new_sync: NewSync) -> None:
        table = Table(new_sync, kind, parents, **{f"of_{number}": RecordGone("gone") for number in range(parents)})
        given, error = self.read(table, {"id": "0"})
        assert given == []
        assert type(error) is NotOffered
        assert "does not offer /tickets/{id}/children" in str(error.message)
        assert table.stream.client.tally.gone == 0

    @pytest.mark.parametrize("owner", [RecordGone("gone"), Unavailable("busy")])
    def test_is_not_told_of_parents_that_are_gone(self, owner: IntercomError, new_sync: NewSync) -> None:
        table = Table(new_sync, OneByOne, 4, **{f"of_{number}": RecordGone("gone") for number in range(4)})
        assert self.read(table, owner) == ([], None)
        assert table.stream.client.tally.gone == 4

    @pytest.mark.parametrize(("parents", "gone"), [(2, 2), (300, 299)])
    def test_is_not_asked_about_where_few_or_not_all_are_gone(self, parents: int, gone: int, new_sync: NewSync) -> None:
        table = Table(new_sync, WithACursor, parents, **{f"of_{number}": RecordGone("gone") for number in range(gone)})
        _, error = self.read(table, {"id": "0"})
        assert error is None
        assert table.intercom.asked("/tickets/0") == []

    @pytest.mark.parametrize(("gone", "is_said"), [(9, False), (10, True)])
    @pytest.mark.parametrize("path", ["/tickets/{id}", "/companies/{id}/notes"])
    def test_is_believed_of_many_where_no_call_tells(
        self, path: str, gone: int, is_said: bool, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An archived company may be given, while what belongs to it is not."""
        monkeypatch.setattr(OneByOne, "child", path)
        table = Table(new_sync, OneByOne, gone)
        for number in range(gone):
            table.intercom.on("GET", path.replace("{id}", str(number)), RecordGone("gone"))
        assert isinstance(table.rows()[1], NotOffered) is is_said


def test_a_token_that_is_refused_ends_the_stream_at_once(new_sync: NewSync) -> None:
    refusal = TokenRejected("copy it again")
    _, error = Table(new_sync, OneByOne, 300, of_0=refusal).rows()
    assert error is refusal


def test_no_more_are_named_than_a_person_reads(new_sync: NewSync) -> None:
    answers = {f"of_{number}": Unavailable("busy") for number in range(25)}
    _, error = Table(new_sync, OneByOne, 30, **answers).rows()
    message = str(error and error.message)
    assert "25 records: 0, 1, " in message
    assert ", 19 and more." in message


class TestTheOptionToLeaveThemOut:
    @pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
    def test_counts_and_names_them(
        self, refusal: IntercomError, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        table = Table(new_sync, Skipping, 3, of_1=refusal)
        given, error = table.rows()
        assert [row["id"] for row in given] == ["row 0", "row 2"]
        assert error is None
        assert table.stream.client.tally.skipped == 1
        assert "1 record: 1." in caplog.text

    def test_does_not_hide_that_everything_is_refused(self, new_sync: NewSync) -> None:
        refusal = AccessDenied("no")
        _, error = Table(new_sync, Skipping, 4, **{f"of_{number}": refusal for number in range(4)}).rows()
        assert error is refusal


def test_items_that_are_no_objects_are_counted_and_left_out(new_sync: NewSync) -> None:
    table = Table(new_sync, OneByOne, 1, of_0={"data": [{"id": "a"}, None, "text", 5, ["x"], {"id": "b"}]})
    given, error = table.rows()
    assert (error, [row["id"] for row in given]) == (None, ["a", "b"])
    assert table.stream.client.tally.odd == 4


def test_parents_that_are_known_to_have_none_cost_no_request(new_sync: NewSync) -> None:
    class Chosen(OneByOne):
        def has_children(self, parent: Json) -> bool:
            return str(parent["id"]) == "2"

    table = Table(new_sync, Chosen, 4)
    given, _ = table.rows()
    assert [row["id"] for row in given] == ["row 2"]
    assert len(table.intercom.calls) == 1
