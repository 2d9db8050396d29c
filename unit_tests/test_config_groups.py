"""Config: the end date, the groups of options, and how faults in them are told."""

from __future__ import annotations

from typing import Any

import pytest
from config_samples import TOKEN, complaint, sentences

from source_intercom.options.config import Config


def test_an_end_may_be_given_with_or_without_a_start() -> None:
    assert Config.load({"access_token": TOKEN}).end is None
    assert Config.load({"access_token": TOKEN, "end_date": "2024-02-29T02:00:00+02:00"}).end == 1709164800
    both = Config.load({"access_token": TOKEN, "start_date": "2024-02-28", "end_date": "2024-02-29"})
    assert (both.start, both.end) == (1709078400, 1709164800 + 86399)
    assert Config.load({"access_token": TOKEN, "end_date": "9999-12-31"}).end == 253402214400 + 86399


@pytest.mark.parametrize("end_date", ["2024-02-27", "2024-02-28", "2024-02-28T00:00:00Z", "2024-02-28T01:00:00+02:00"])
def test_an_end_lies_behind_the_start(end_date: str) -> None:
    found = sentences({"access_token": TOKEN, "start_date": "2024-02-28", "end_date": end_date})

    assert list(found) == ["end_date"]
    assert found["end_date"][0] == f'is "{end_date}", which is not after the start date'
    assert "after the start date" in found["end_date"][1]


@pytest.mark.parametrize("end_date", ["0001-01-01", "1969-12-31T23:59:59Z"])
def test_an_end_before_1970_is_told_by_its_option(end_date: str) -> None:
    """Activity logs were asked for with a negative time, and told the refusal as a fault of the connector."""
    assert "which is before 1970." in complaint({"access_token": TOKEN, "end_date": end_date})


def test_a_faulty_start_is_not_blamed_on_the_end() -> None:
    assert list(sentences({"access_token": TOKEN, "start_date": "soon", "end_date": "2024-02-28"})) == ["start_date"]


def test_filters_are_read() -> None:
    filters = Config.load(
        {
            "access_token": TOKEN,
            "filters": {
                "conversations": {"states": ["open", "snoozed"], "assignee": "admins", "admin_ids": ["17"]},
                "contacts": {"roles": ["lead"], "emails": ["jo@example.com"]},
                "notes": {"ids": ["1", "2"]},
                "events": {"contact_roles": ["user"]},
            },
        }
    ).filters

    assert filters.conversations.states == ["open", "snoozed"]
    assert filters.conversations.admin_ids == ["17"]
    assert filters.contacts.roles == ["lead"]
    assert filters.contacts.tag_ids == []
    assert filters.notes.ids == ["1", "2"]
    assert filters.events.contact_roles == ["user"]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("open", "The option 'filters' is \"open\". It must be an object with the groups"),
        (
            {"conversation": {}},
            "The option 'filters.conversation' does not exist. There are, in 'filters': conversations",
        ),
        ({"notes": []}, "The option 'filters.notes' is an empty list. It must be an object with ids."),
        (
            {"contacts": {"email": "x"}},
            "The option 'filters.contacts.email' does not exist. There are, in 'filters.con",
        ),
        (
            {"contacts": {"roles": ["user", "boss"]}},
            "Item 2 of the option 'filters.contacts.roles' is \"boss\". The opt",
        ),
        (
            {"contacts": {"roles": "user"}},
            "The option 'filters.contacts.roles' is \"user\". It must be a list with user",
        ),
        (
            {"contacts": {"ids": [7]}},
            "Item 1 of the option 'filters.contacts.ids' is 7. The option must be a list of con",
        ),
        (
            {"conversations": {"states": [True]}},
            "Item 1 of the option 'filters.conversations.states' is true. The opti",
        ),
        (
            {"conversations": {"assignee": "jo"}},
            "The option 'filters.conversations.assignee' is \"jo\". It must be all, ",
        ),
        ({"conversations": {"assignee": "admins"}}, "The option 'filters.conversations' needs 'assignee' to be admins"),
        ({"conversations": {"admin_ids": ["1"]}}, "The option 'filters.conversations' needs 'assignee' to be admins"),
        (
            {"conversations": {"assignee": "admins", "admin_ids": ["jo@example.com"]}},
            "The option 'filters.conversations.admin_ids' names teammates by something else than their ids. It must be",
        ),
    ],
)
def test_a_fault_in_a_group_is_named_by_its_path(filters: Any, said: str) -> None:
    message = complaint({"access_token": TOKEN, "filters": filters})

    assert message.startswith(said)
    assert message.count(" option '") == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x" * 10**6, 'is "xxx'),
        (10**4000, "is 1000"),
        (["x"] * 10**5, "is a list"),
        ("\u202e\n", r'is "\u202e\n"'),
        ("é", 'is "é"'),
        ("true", 'is the text "true"'),
    ],
)
def test_a_value_is_shown_as_its_file_has_it_and_never_at_length(value: Any, said: str) -> None:
    message = complaint({"access_token": TOKEN, "region": value})

    assert said in message
    assert len(message) < 200


def test_many_faults_are_told_shortly() -> None:
    message = complaint({name: {"a": 1} for name in Config.model_fields} | {"expand": ["x"] * 10**5})

    assert message.count("must be") == 5
    assert "Faulty are also: client_secret, " in message
    assert len(message) < 2000


@pytest.mark.parametrize("nothing", ["", None], ids=["empty", "null"])
@pytest.mark.parametrize("group", ["conversations", "contacts"])
def test_an_empty_field_of_a_group_is_not_given_either(nothing: str | None, group: str) -> None:
    """A form that has been filled in and emptied sends the same nothing at every depth."""
    empty = dict.fromkeys(type(getattr(Config.load({"access_token": TOKEN}).filters, group)).model_fields, nothing)

    assert Config.load({"access_token": TOKEN, "filters": {group: empty}}) == Config.load({"access_token": TOKEN})
    assert Config.load({"access_token": TOKEN, "filters": {group: nothing}}) == Config.load({"access_token": TOKEN})
