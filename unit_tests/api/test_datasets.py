"""Datasets of reports: their attributes, what these are called in a warehouse, and how a file's columns are known."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from source_intercom.api.client import Client
from source_intercom.api.datasets import Attribute, Dataset, Datasets, datasets_in, fields_of
from source_intercom.api.errors import AccessDenied, NotOffered, RecordGone, RequestRefused, Unavailable, unavailable

NAMES = (
    "standard.conversation_id",
    "people.Brand",
    "conversation.Brand",
    "people.language",
    "conversation.Language",
    "conversation.Escalation reason, if any:",
    "standard.channel",
)
DATASET = Dataset("conversation", attributes=tuple(Attribute(name) for name in NAMES))
COLUMNS = [
    "conversation_id",
    "people_Brand",
    "conversation_Brand",
    "people_language",
    "conversation_Language",
    "Escalation reason, if any:",
    "channel",
]


def test_columns_have_short_names_where_these_are_clear() -> None:
    assert list(DATASET.fields().values()) == COLUMNS


def test_a_key_has_its_short_name_whoever_shares_it() -> None:
    dataset = Dataset("a", attributes=(Attribute("people.user_id"), Attribute("standard.user_id"), Attribute("x.n")))
    assert list(dataset.fields(["user_id"], ["n"]).values()) == ["user_id", "standard_user_id", "x_n"]


@given(some.lists(some.text(alphabet="aA.b _", min_size=1, max_size=5), unique=True, max_size=8))
def test_no_two_columns_have_one_name_in_a_warehouse(names: list[str]) -> None:
    fields = Dataset("a", attributes=tuple(Attribute(name) for name in names)).fields(taken=["a"])
    folded = [re.sub("[^0-9a-z]+", "_", field.casefold()) for field in fields.values()]
    assert len({"a", *folded}) == len(names) + 1


def test_an_attribute_is_called_by_its_full_or_short_name() -> None:
    assert DATASET.called("CHANNEL") == DATASET.called("standard.channel") == Attribute("standard.channel")
    assert DATASET.called("conversation.Brand") == Attribute("conversation.Brand")
    assert DATASET.called("brand") == Attribute("people.Brand")
    assert DATASET.called("chanel") is None


ASKED = [Attribute(name, f"Title of {name}") for name in NAMES]
FIELDS = Dataset("a", attributes=tuple(ASKED)).fields()


@pytest.mark.parametrize(
    "head",
    [
        [one.short for one in ASKED],
        [one.name for one in ASKED],
        [f" {one.title.upper()}" for one in ASKED],
        [one.name if number % 2 else one.short for number, one in enumerate(ASKED)],
    ],
    ids=["short", "full", "titles", "mixed"],
)
def test_columns_in_the_order_asked_for(head: list[str]) -> None:
    assert fields_of(head, ASKED, FIELDS) == COLUMNS


def test_columns_in_another_order_are_known_by_their_heads() -> None:
    assert fields_of([one.name for one in reversed(ASKED)], ASKED, FIELDS) == COLUMNS[::-1]


def test_columns_that_could_be_of_several_keep_their_heads() -> None:
    """Nobody can tell which is which, and a value in the wrong column would be a lie."""
    head = ["channel", "Brand", "Brand", "", "new", "Conversation_id"]
    assert fields_of(head, ASKED, FIELDS) == ["channel", "Brand", "Brand_2", "", "new", "conversation_id"]
    assert fields_of(["Brand"], ASKED, FIELDS) == ["Brand"]
    assert fields_of(["Channel", "channel"], ASKED, FIELDS) == ["Channel_2", "channel_3"]


class Answers:
    """A client whose answers are written down before."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls = 0

    def get(self, path: str) -> Any:
        assert path == "/export/reporting_data/get_datasets"
        self.calls += 1
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_datasets_are_asked_for_once_and_again_after_an_error() -> None:
    client = Answers(unavailable("503"), {"data": [{"id": "call"}]})
    datasets = Datasets()
    with pytest.raises(Unavailable):
        datasets.all(cast(Client, client))
    assert [*datasets.all(cast(Client, client)), *datasets.all(cast(Client, client))] == ["call", "call"]
    assert client.calls == 2


def test_a_token_that_may_not_ask_is_told_once() -> None:
    client = Answers(AccessDenied("no"))
    datasets = Datasets()
    for _ in range(2):
        with pytest.raises(AccessDenied):
            datasets.all(cast(Client, client))
    assert client.calls == 1


def test_a_workspace_without_the_endpoint_is_told_of() -> None:
    with pytest.raises(NotOffered, match="does not offer /export/reporting_data/get_datasets"):
        Datasets().all(cast(Client, Answers(RecordGone("no"))))


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"id": "a"}}])
def test_another_shape_is_no_list_of_nothing(answer: Any) -> None:
    with pytest.raises(RequestRefused):
        datasets_in(answer)


def test_odd_items_are_left_out() -> None:
    attributes = [
        {"id": "channel", "qualified_id": "standard.channel", "name": "Channel"},
        {"id": "plain", "name": None},
        {"id": "channel", "qualified_id": "standard.channel"},
        {"name": "nameless"},
        None,
    ]
    found = datasets_in({"data": [{"id": "call", "name": 3, "attributes": attributes}, {"name": "nameless"}, None]})
    assert found == {"call": Dataset("call", attributes=(Attribute("standard.channel", "Channel"), Attribute("plain")))}
