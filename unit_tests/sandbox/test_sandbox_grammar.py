"""What search accepts and refuses, and what its filters match."""

from __future__ import annotations

import pytest
from sandbox_client import NOW, Client, Json, ascending, either, error_of, every, where

DAY = 86_400
ANY_TIME = where("updated_at", ">", 1)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("contacts", where("created_at", ">=", NOW)),
        ("contacts", where("created_at", "<=", NOW)),
        ("contacts", where("updated_at", "!=", NOW)),
        ("contacts", where("last_seen_at", "IN", [NOW])),
        ("contacts", where("signed_up_at", "NIN", [NOW])),
        ("contacts", where("custom_attributes.renewal_at", ">=", NOW)),
        ("contacts", where("tag_id", "IN", ["1"])),
        ("contacts", where("name", ">", "a")),
        ("contacts", where("unsubscribed_from_emails", "~", True)),
        ("contacts", where("created_at", ">", "foobar")),
        ("contacts", where("created_at", ">", True)),
        ("contacts", where("created_at", ">", 1.5)),
        ("contacts", where("owner_id", "=", "someone")),
        ("contacts", where("unsubscribed_from_emails", "=", "perhaps")),
        ("contacts", where("email", "IN", "not a list")),
        ("contacts", where("email", "like", "x")),
        ("conversations", where("open", ">", True)),
        ("conversations", where("state", "<", "open")),
        ("tickets", where("created_at", "~", NOW)),
        ("contacts", {"operator": "AND", "value": []}),
        ("contacts", {"operator": "AND", "value": ANY_TIME}),
        ("contacts", {"operator": "XOR", "value": [ANY_TIME]}),
        ("contacts", {"field": "email", "operator": "="}),
        ("contacts", every(*[ANY_TIME] * 16)),
        ("contacts", every(either(every(ANY_TIME, ANY_TIME), ANY_TIME), ANY_TIME)),
        ("contacts", "not an object"),
    ],
)
def test_refused(shared: Client, kind: str, query: Json) -> None:
    assert error_of(shared.search(kind, query)) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("kind", "field"),
    [("contacts", "favourite_colour"), ("contacts", "custom_attributes.unheard_of"), ("contacts", "tag_ids"),
     ("conversations", "tag_id"), ("conversations", "email"), ("tickets", "statistics.count_reopens")],
)  # fmt: skip
def test_unknown_field(shared: Client, kind: str, field: str) -> None:
    assert error_of(shared.search(kind, where(field, "=", "1"))) == (400, "invalid_field")


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("contacts", every(*[ANY_TIME] * 15)),
        ("contacts", either(every(ANY_TIME, ANY_TIME), where("role", "=", "user"))),
        ("contacts", where("created_at", ">", str(NOW - DAY))),
        ("conversations", where("updated_at", ">=", 1)),
        ("conversations", where("updated_at", "<=", NOW)),
        ("conversations", where("updated_at", "!=", 1)),
        ("tickets", where("created_at", "<=", NOW)),
    ],
)
def test_accepted(shared: Client, kind: str, query: Json) -> None:
    assert shared.search(kind, query).status_code == 200


def test_the_body_must_be_right(shared: Client) -> None:
    assert error_of(shared.post("/contacts/search", [])) == (400, "parameter_invalid")
    assert error_of(shared.post("/contacts/search", {})) == (400, "parameter_invalid")
    url = shared.sandbox.url + "/contacts/search"
    assert error_of(shared.session.post(url, data="{oops", timeout=10)) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("sort", "code"),
    [({"field": "name", "order": "ascending"}, "invalid_field"), ({"order": "ascending"}, "parameter_invalid"),
     ("updated_at", "parameter_invalid")],
)  # fmt: skip
def test_bad_sort(shared: Client, sort: object, code: str) -> None:
    assert error_of(shared.search("contacts", ANY_TIME, sort=sort)) == (400, code)


def test_short_sort_orders_mean_descending_until_2_16(shared: Client) -> None:
    body = {"query": ANY_TIME, "sort": {"field": "updated_at", "order": "asc"}}
    times = [one["updated_at"] for one in shared.post("/contacts/search", body).json()["data"]]
    assert times == sorted(times, reverse=True)
    newer = shared.post("/contacts/search", body, headers={"Intercom-Version": "2.16"})
    assert error_of(newer) == (400, "invalid_sort_order")


@pytest.mark.parametrize("per_page", [0, 151, -1, "many", True])
def test_bad_page_size(shared: Client, per_page: object) -> None:
    assert error_of(shared.search("tickets", ANY_TIME, pagination={"per_page": per_page})) == (400, "parameter_invalid")


@pytest.mark.parametrize(("kind", "size"), [("contacts", 50), ("conversations", 20), ("tickets", 20)])
def test_default_page_size(shared: Client, kind: str, size: int) -> None:
    answer = shared.search(kind, ANY_TIME).json()
    assert len(answer["data" if kind == "contacts" else kind]) == answer["pages"]["per_page"] == size


FILTERS: list[tuple[str, Json, str]] = [
    ("contacts", where("role", "=", "lead"), "one['role'] == 'lead'"),
    ("contacts", where("role", "!=", "lead"), "one['role'] != 'lead'"),
    ("contacts", where("email", "~", "EXAMPLE1"), "'example1' in one['email']"),
    ("contacts", where("email", "!~", "example1"), "'example1' not in one['email']"),
    ("contacts", where("email", "^", "person1"), "one['email'].startswith('person1')"),
    ("contacts", where("email", "$", "7.com"), "one['email'].endswith('7.com')"),
    ("contacts", where("phone", "=", None), "one['phone'] is None"),
    ("contacts", where("owner_id", ">", 991267003), "(one['owner_id'] or 0) > 991267003"),
    ("contacts", where("owner_id", "NIN", [991267003, "991267004"]), "one['owner_id'] not in (991267003, 991267004)"),
    ("contacts", where("unsubscribed_from_emails", "=", True), "one['unsubscribed_from_emails']"),
    ("contacts", where("location.country", "IN", ["Japan", "Brazil"]),
     "one['location']['country'] in ('Japan', 'Brazil')"),
    ("contacts", where("custom_attributes.score", ">=", 20), "one['custom_attributes'].get('score', -1) >= 20"),
    ("contacts", where("custom_attributes.paid subscriber", "=", False),
     "one['custom_attributes'].get('paid subscriber') is False"),
    ("conversations", where("state", "=", "snoozed"), "one['state'] == 'snoozed'"),
    ("conversations", where("open", "=", True), "one['open']"),
    ("conversations", where("admin_assignee_id", "=", None), "one['admin_assignee_id'] is None"),
    ("conversations", where("admin_assignee_id", "IN", [991267001, 991267002]),
     "one['admin_assignee_id'] in (991267001, 991267002)"),
    ("conversations", where("statistics.count_conversation_parts", ">", 20),
     "(one['statistics'] or {}).get('count_conversation_parts', 0) > 20"),
    ("conversations", where("waiting_since", "=", None), "one['waiting_since'] is None"),
    ("tickets", where("category", "=", "task"), "one['category'] == 'Back-office'"),
    ("tickets", where("admin_assignee_id", "=", "0"), "one['admin_assignee_id'] == '0'"),
    ("tickets", where("state", "=", "resolved"), "one['ticket_state']['category'] == 'resolved'"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "query", "rule"), FILTERS)
def test_filters_match_what_they_say(shared: Client, kind: str, query: Json, rule: str) -> None:
    truth = {one["id"] for one in shared.sandbox.records(kind) if eval(rule, {"one": one})}
    found = [one["id"] for one in shared.walk(kind, query, ascending())]
    assert len(found) == len(set(found))
    assert set(found) == truth
    assert 0 < len(truth) < len(shared.sandbox.records(kind))


def test_tags_are_matched_past_the_ten_that_are_shown(shared: Client) -> None:
    many = next(one for one in shared.sandbox.records("contacts") if one["tags"]["has_more"])
    shown = {tag["id"] for tag in many["tags"]["data"]}
    matching = {
        tag["id"] for tag in shared.sandbox.records("tags")
        if many["id"] in {one["id"] for one in shared.walk("contacts", where("tag_id", "=", tag["id"]))}
    }  # fmt: skip
    assert shown < matching
    assert len(matching) == many["tags"]["total_count"]


def test_ids_are_found_without_a_walk(shared: Client) -> None:
    wanted = [str(one["id"]) for one in shared.sandbox.records("conversations")[5:9]]
    found = shared.walk("conversations", where("id", "IN", [*wanted, "215470999999", "nonsense"]))
    assert sorted(one["id"] for one in found) == wanted
    both = every(where("id", "IN", wanted), where("id", "=", wanted[2]))
    assert [one["id"] for one in shared.walk("conversations", both)] == [wanted[2]]


def test_body_is_matched_by_word(shared: Client) -> None:
    assert shared.search("conversations", where("source.body", "=", "seats")).json()["total_count"] > 0
    assert shared.search("conversations", where("source.body", "=", "of seats")).json()["total_count"] == 0


def test_milliseconds_match_nothing(shared: Client) -> None:
    for operator in (">", "<", "="):
        for kind in ("contacts", "conversations", "tickets"):
            answer = shared.search(kind, where("updated_at", operator, NOW * 1000))
            assert (answer.status_code, answer.json()["total_count"]) == (200, 0)


def test_exact_seconds_are_strict_unless_told_otherwise(shared: Client) -> None:
    stamp = shared.sandbox.records("conversations")[7]["updated_at"]
    settings = shared.sandbox.settings
    count = {}
    for inclusive in (False, True):
        settings.inclusive_bounds = inclusive
        for operator in (">", "<"):
            answer = shared.search("conversations", where("updated_at", operator, stamp)).json()
            count[inclusive, operator] = answer["total_count"]
    settings.inclusive_bounds = False
    same = shared.search("conversations", where("updated_at", "=", stamp)).json()["total_count"]
    assert same >= 1
    assert count[True, ">"] == count[False, ">"] + same
    assert count[True, "<"] == count[False, "<"] + same
    assert count[False, ">"] + count[False, "<"] + same == 300


def test_in_and_nin_of_seconds(shared: Client) -> None:
    stamps = [one["updated_at"] for one in shared.sandbox.records("tickets")[:3]]
    inside = shared.walk("tickets", where("updated_at", "IN", stamps))
    outside = shared.walk("tickets", where("updated_at", "NIN", stamps))
    assert {one["updated_at"] for one in inside} == set(stamps)
    assert len(inside) + len(outside) == 120
