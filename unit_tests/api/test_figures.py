"""What an answer tells: its records, and how many pages there are."""

from __future__ import annotations

import pytest

from source_intercom.api.client import Json
from source_intercom.api.errors import RequestRefused
from source_intercom.api.figures import next_cursor, pages_told, record_in, records_in


@pytest.mark.parametrize("answer", [{}, {"data": []}, {"tags": None}, {"tags": {"tags": []}}, {"tags": "none"}])
def test_an_answer_without_its_list_is_no_empty_list(answer: Json) -> None:
    with pytest.raises(RequestRefused) as caught:
        records_in(answer, "tags")
    assert f"no list under 'tags', but the keys {sorted(answer)}" in str(caught.value.internal_message)


@pytest.mark.parametrize(
    "answer", [{"data": [{"id": 1}]}, {"companies": [{"id": 1}]}, {"data": None, "companies": [{"id": 1}]}]
)
def test_records_may_stand_in_either_of_two_places(answer: Json) -> None:
    assert records_in(answer, "data|companies") == [{"id": 1}]
    with pytest.raises(RequestRefused):
        records_in(answer, "tags|things")


def test_records_as_they_came() -> None:
    records = [{"id": 1}, {"id": 2}]
    assert records_in({"type": "list", "tags": records}, "tags") is records


@pytest.mark.parametrize(
    ("answer", "pages"),
    [
        ({"pages": {"total_pages": 7}}, 7),
        ({"pages": {"total_pages": None}}, 1),
        ({"pages": {}}, 1),
        ({"pages": None}, 1),
        ({"pages": {"total_pages": "7"}}, 7),
        ({"total_pages": 7}, 7),
        ({}, 1),
    ],
)
def test_the_number_of_pages_that_an_answer_tells(answer: Json, pages: int) -> None:
    assert pages_told(answer) == pages


@pytest.mark.parametrize("cursor", [True, False, 1.5, ["x"], {}])
def test_a_cursor_of_another_kind_is_not_taken_for_the_end(cursor: object) -> None:
    """The records behind it would be missing without a word."""
    with pytest.raises(RequestRefused) as caught:
        next_cursor({"pages": {"next": {"starting_after": cursor}}})
    assert "a next page without a cursor" in str(caught.value.internal_message)


@pytest.mark.parametrize(("cursor", "sent"), [("abc", "abc"), (17, "17"), (0, "0"), ("", None), (None, None)])
def test_a_cursor_is_a_text_or_a_number(cursor: object, sent: str | None) -> None:
    assert next_cursor({"pages": {"next": {"starting_after": cursor}}}) == sent


class TestARecord:
    @pytest.mark.parametrize("answer", [{"id": "1"}, {"parts": None}, {"id": "1", "parts": {}}], ids=repr)
    def test_may_lack_what_is_empty(self, answer: Json) -> None:
        assert record_in(answer, "parts") is answer

    @pytest.mark.parametrize("answer", [{}, {"type": "error", "message": "oops"}, {"data": None}], ids=repr)
    def test_is_no_answer_of_another_kind(self, answer: Json) -> None:
        with pytest.raises(RequestRefused, match="another shape"):
            record_in(answer, "parts")
