"""Coercion never changes what it is given: other streams are made from the same record."""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_fakes import Json

from source_intercom.shapes.coercion import coercion
from source_intercom.streams.contacts import Contacts, ContactTags
from source_intercom.streams.conversations import Conversations

TEXT, NUMBER = {"type": ["null", "string"]}, {"type": ["null", "integer"]}


def item_of(**properties: Json) -> Json:
    return {"type": ["null", "object"], "properties": properties}


INNER = item_of(id=TEXT, admin_id=NUMBER, created_at=NUMBER, name=TEXT)
SCHEMA = item_of(
    id=TEXT,
    owner_id=NUMBER,
    tag_ids={"type": ["null", "array"], "items": TEXT},
    updated_at=NUMBER,
    happened_at={"type": ["null", "string"], "format": "date-time"},
    avatar={"type": ["null", "object"], "properties": {}},
    inner=INNER,
    many={"type": ["null", "array"], "items": INNER},
    name=TEXT,
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 4 * 10**12)
    | st.sampled_from(["", "12", "-3", "soon", "2024-05-01T10:00:00Z", "1700000000", 1.5])
)
FLAT = st.dictionaries(st.sampled_from([*INNER["properties"], "more"]), SCALARS | st.lists(SCALARS, max_size=2))
RECORDS = st.dictionaries(
    st.sampled_from([*SCHEMA["properties"], "more"]), SCALARS | FLAT | st.lists(SCALARS | FLAT, max_size=3)
)


@settings(max_examples=200)
@given(record=RECORDS)
def test_a_record_of_any_kind_stays_as_it_was_and_coercing_twice_is_coercing_once(record: Json) -> None:
    coerce = coercion(SCHEMA)
    before = deepcopy(record)
    made = coerce(record)
    assert repr(record) == repr(before)
    assert made.keys() == record.keys(), "nothing is dropped"
    assert coerce(made) is made, "what fits is given back as it is"
    if repr(made) == repr(record):
        assert made is record, "what needs no change costs no copy"


class TestParts:
    """A changed copy shares all that did not change, and nothing that did."""

    RECORD: ClassVar[Json] = {"id": 5, "tags": {"data": [{"id": 1}, {"id": "2"}]}, "custom_attributes": {"x": [1]}}

    def test_of_the_copy_are_new_on_the_way_to_what_changed_only(self) -> None:
        record = deepcopy(self.RECORD)
        made = Contacts().finishing.coerce(record)
        assert record == self.RECORD
        assert made["id"] == "5"
        assert [tag["id"] for tag in made["tags"]["data"]] == ["1", "2"]
        assert made["tags"]["data"][1] is record["tags"]["data"][1]
        assert made["custom_attributes"] is record["custom_attributes"]

    def test_a_row_that_was_made_from_it_may_change_freely(self) -> None:
        record = deepcopy(self.RECORD)
        made = Contacts().finishing.coerce(record)
        made["tags"]["data"].append("more")
        made["tags"]["data"][0]["id"] = "changed"
        assert record == self.RECORD


class TestFields:
    """What is mended, each in a copy."""

    @pytest.mark.parametrize(
        ("given", "made"),
        [
            ({"created_at": "1700000000"}, {"created_at": 1_700_000_000}),
            ({"created_at": 1_700_000_000_000}, {"created_at": 1_700_000_000}),
            ({"created_at": 1_700_000_000.5}, {"created_at": 1_700_000_000}),
            ({"created_at": "2023-11-14T22:13:20Z"}, {"created_at": 1_700_000_000}),
            ({"created_at": "soon"}, {"created_at": "soon"}),
            ({"created_at": None}, {"created_at": None}),
            ({"avatar": "https://x/a.png"}, {"avatar": {"type": "avatar", "image_url": "https://x/a.png"}}),
            ({"avatar": {"image_url": None}}, {"avatar": {"image_url": None}}),
        ],
        ids=repr,
    )
    def test_of_contacts(self, given: Json, made: Json) -> None:
        before = deepcopy(given)
        assert Contacts().finishing.coerce(given) == made
        assert given == before

    @pytest.mark.parametrize("field", ["snoozed_until", "waiting_since"])
    def test_of_conversations_are_times_by_another_name(self, field: str) -> None:
        assert Conversations().finishing.coerce({field: "1700000000"}) == {field: 1_700_000_000}


@pytest.mark.parametrize("first", ["contacts", "tags"])
def test_streams_of_one_page_see_the_same_whoever_comes_first(first: str) -> None:
    contacts, tags = Contacts(), ContactTags()
    page = [{"id": 7, "updated_at": "1700000000", "tags": {"data": [{"id": 1}, {"id": 2}]}}]
    before = deepcopy(page)
    made: dict[str, list[Json]] = {}
    for turn in ("contacts", "tags") if first == "contacts" else ("tags", "contacts"):
        stream = contacts if turn == "contacts" else tags
        rows = page if turn == "contacts" else [dict(tag, contact_id=page[0]["id"]) for tag in page[0]["tags"]["data"]]
        made[turn] = [stream.finishing.coerce(row) for row in rows]
        assert page == before
    assert made["contacts"][0]["updated_at"] == 1_700_000_000
    assert [tag["id"] for tag in made["tags"]] == ["1", "2"]
    assert {tag["contact_id"] for tag in made["tags"]} == {"7"}
