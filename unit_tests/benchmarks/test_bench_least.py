from collections.abc import Iterator
from typing import Any

import pytest
import requests

from benchmarks.least import LISTS, LONGEST, OWN, WAYS, Held, least_calls, list_calls, pages
from sandbox import Sandbox, Settings
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE

Records = dict[str, list[dict[str, Any]]]

KINDS = {stream().name: stream for stream in CATALOGUE}
# The scroll has no parameter for the length of a page.
PAGED = [kind for kind, size in LISTS.items() if size and kind != "companies"]
WHOLE = [kind for kind, size in LISTS.items() if not size]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Settings(rate_limit=0, contacts=400, companies=150)) as running:
        yield running


def _ask(sandbox: Sandbox, kind: str, per_page: int | None = None) -> requests.Response:
    stream = KINDS[kind]
    url = sandbox.url + stream.endpoint.format(type_identifier="Order")
    headers = {"Authorization": "Bearer sandbox-token", "Intercom-Version": "2.17"}
    if issubclass(stream, SearchStream):
        query = {"field": "updated_at", "operator": ">", "value": 0}
        body = {"query": query, "pagination": {"per_page": per_page}}
        return requests.post(url, json=body, headers=headers, timeout=10)
    params = {**dict(stream.params), **({"per_page": str(per_page)} if per_page else {})}
    return requests.get(url, params=params, headers=headers, timeout=10)


@pytest.mark.parametrize("kind", PAGED)
def test_the_sandbox_gives_pages_of_that_length_and_none_longer(sandbox: Sandbox, kind: str) -> None:
    longest = LISTS[kind] or 0

    assert _ask(sandbox, kind, longest).status_code == 200
    beyond = _ask(sandbox, kind, longest + 1)
    # Most lists refuse a longer page; some give their longest one instead.
    told = beyond.json()
    assert beyond.status_code == 400 or {**told, **told.get("pages", {})}["per_page"] == longest


@pytest.mark.parametrize("kind", WHOLE)
def test_a_list_without_a_length_has_no_pages(sandbox: Sandbox, kind: str) -> None:
    answer = _ask(sandbox, kind)

    assert answer.status_code == 200
    assert not {"pages", "total_pages", "next_cursor"} & {key for key, value in answer.json().items() if value}


def test_what_is_stated_by_hand_is_about_streams_that_exist() -> None:
    assert {*OWN, *LONGEST} <= set(KINDS)


def test_the_lists_are_those_of_streams_that_have_pages_of_their_own() -> None:
    assert {kind: WAYS[kind].lists for kind in ("tags", "contact_tags", "company_notes", "side_conversations")} == {
        "tags": ("tags",),
        "contact_tags": ("contacts",),
        "company_notes": ("companies",),
        "side_conversations": ("conversations",),
    }
    assert {kind for way in WAYS.values() for kind in way.lists} == set(LISTS)


@pytest.mark.parametrize(("count", "size", "calls"), [(0, 150, 1), (150, 150, 1), (151, 150, 2), (999, None, 1)])
def test_pages(count: int, size: int | None, calls: int) -> None:
    assert pages(count, size) == calls


def _held(records: Records) -> Held:
    return Held(lambda kind: records.get(kind, []))


def _contact(name: str, tags: int = 0, notes: int = 0, companies: int = 0) -> dict[str, Any]:
    def nested(count: int) -> dict[str, Any]:
        return {"total_count": count, "has_more": count > 10}

    return {
        "id": name, "tags": nested(tags), "notes": nested(notes), "companies": nested(companies),
        "opted_in_subscription_types": nested(0), "opted_out_subscription_types": nested(11),
    }  # fmt: skip


def test_a_scroll_ends_with_an_empty_page() -> None:
    assert list_calls("companies", _held({"companies": [{"id": str(at)} for at in range(200)]})) == 3


def test_custom_objects_are_listed_by_type() -> None:
    instances = [{"type_identifier": kind} for kind in ["Order"] * 151 + ["Subscription"]]

    assert list_calls("custom_object_instances", _held({"custom_object_instances": instances})) == 3


def test_lists_that_are_cut_cost_their_completion() -> None:
    held = _held({"contacts": [_contact("1", tags=10, companies=61), _contact("2", tags=11, companies=12)]})

    calls = {name: least_calls([name], held) for name in ("contact_tags", "contact_companies", "contact_subscriptions")}

    assert calls == {"contact_tags": 1 + 1, "contact_companies": 1 + 2 + 1, "contact_subscriptions": 1 + 2}


def test_only_parents_with_children_are_asked_where_they_tell() -> None:
    contacts = [_contact("1"), _contact("2", notes=3), _contact("3", notes=151)]
    notes = [{"contact_id": "2"}] * 3 + [{"contact_id": "3"}] * 151
    held = _held({"contacts": contacts, "contact_notes": notes})

    assert least_calls(["contact_notes"], held) == 1 + 1 + 2


def test_a_parent_that_does_not_tell_is_asked() -> None:
    conversations = [
        {"id": "1", "statistics": {"count_conversation_parts": 0}},
        {"id": "2", "statistics": {"count_conversation_parts": 7}},
        {"id": "3", "statistics": None},
    ]
    held = _held({"conversations": conversations, "side_conversations": [{"conversation_id": "2"}] * 51})

    assert least_calls(["conversation_parts"], held) == 1 + 2
    assert least_calls(["side_conversations"], held) == 1 + 1 + 2 + 1


def test_transcripts_are_asked_for_twenty_conversations_at_a_time() -> None:
    calls = [{"conversation_id": str(at % 21)} for at in range(30)] + [{"conversation_id": None}]

    assert least_calls(["call_transcripts"], _held({"calls": calls})) == 2 + 2


def test_streams_read_together_share_their_lists() -> None:
    held = _held({"contacts": [_contact("1", notes=1)], "tags": [{"id": "1"}, {"id": "2"}]})

    assert least_calls(["contacts", "contact_notes", "tags", "counts"], held) == (1 + 1) + (1 + 1 + 9 + 2)


def test_streams_that_ask_the_same_share_the_answers() -> None:
    file = {"attachments": [{"name": "log.txt"}]}
    conversations = [
        {"id": "1", "statistics": {"count_conversation_parts": 0}, "source": {}},
        {"id": "2", "statistics": {"count_conversation_parts": 7}, "source": file},
        {"id": "3", "statistics": {"count_conversation_parts": 7}},
        {"id": "4", "statistics": {"count_conversation_parts": 0}, "source": file},
    ]
    held = _held({"conversations": conversations})
    parts, attachments = "conversation_parts", "conversation_attachments"

    assert [least_calls([name], held) for name in (parts, attachments)] == [1 + 2, 1 + 3]
    assert least_calls([parts, attachments], held) == 1 + 3
    assert least_calls([parts, attachments, "conversation_handling_events"], held) == 1 + 3 + 4
