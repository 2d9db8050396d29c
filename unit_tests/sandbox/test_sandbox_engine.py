"""Search by bisection finds what a plain look at every record finds, for any query and any page size."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import NOW, Json

from sandbox import Settings
from sandbox.search.cursor import Cursor
from sandbox.search.engine import Engine, Order
from sandbox.search.fields import CONTACTS, CONVERSATIONS, TICKETS, Grammar
from sandbox.search.grammar import parse
from sandbox.truths import truth
from sandbox.workspace import Workspace

WORKSPACE = Workspace(Settings(now=NOW, conversations=120, contacts=10, history_days=4, skew="burst"))
TRUTH: list[dict[str, Any]] = list(truth(WORKSPACE, "conversations"))
ENGINE = Engine(WORKSPACE)
STAMPS = sorted({one[field] for one in TRUTH for field in ("created_at", "updated_at")})

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "IN": lambda a, b: a in b, "NIN": lambda a, b: a not in b,
}  # fmt: skip


def holds(query: Json, record: dict[str, Any]) -> bool:
    if query["operator"] in ("AND", "OR"):
        return (all if query["operator"] == "AND" else any)(holds(one, record) for one in query["value"])
    return COMPARE[query["operator"]](record[query["field"]], query["value"])


stamps = st.sampled_from(STAMPS).flatmap(lambda stamp: st.sampled_from([stamp - 1, stamp, stamp + 1]))
one_stamp = st.fixed_dictionaries({
    "field": st.sampled_from(["updated_at", "created_at"]),
    "operator": st.sampled_from(["=", "!=", ">", "<", ">=", "<="]),
    "value": stamps,
})  # fmt: skip
many_stamps = st.fixed_dictionaries({
    "field": st.sampled_from(["updated_at", "created_at"]),
    "operator": st.sampled_from(["IN", "NIN"]),
    "value": st.lists(stamps, min_size=1, max_size=4),
})  # fmt: skip
states = st.fixed_dictionaries({
    "field": st.just("state"), "operator": st.sampled_from(["=", "!="]), "value": st.sampled_from(["open", "closed"]),
})  # fmt: skip
names = st.fixed_dictionaries({
    "field": st.just("id"), "operator": st.just("IN"),
    "value": st.lists(st.sampled_from([one["id"] for one in TRUTH]), min_size=1, max_size=9),
})  # fmt: skip
filters = one_stamp | many_stamps | states | names
queries = filters
for _ in range(2):
    queries = filters | st.fixed_dictionaries(
        {"operator": st.sampled_from(["AND", "OR"]), "value": st.lists(queries, min_size=1, max_size=4)}
    )


@settings(max_examples=400, deadline=None)
@given(
    query=queries,
    field=st.sampled_from(["updated_at", "created_at", "id"]),
    descending=st.booleans(),
    per_page=st.integers(1, 150),
)
def test_search_against_a_plain_look(query: Json, field: str, descending: bool, per_page: int) -> None:
    node, order = parse(query, CONVERSATIONS), Order(field, descending, True)
    wanted = [one for one in TRUTH if holds(query, one)]
    wanted.sort(key=lambda one: (one[field], one["id"]), reverse=descending)
    found: list[str] = []
    after: Cursor | None = None
    while True:
        page = ENGINE.page(CONVERSATIONS, node, order, per_page, after)
        assert page.total == len(wanted)
        found += [WORKSPACE.conversations.id(number) for number in page.numbers]
        if page.next is None:
            break
        assert len(page.numbers) == per_page
        after = Cursor.decode(page.next.encode())
        assert after == page.next
    assert found == [one["id"] for one in wanted]


@pytest.mark.parametrize("grammar", [CONTACTS, CONVERSATIONS, TICKETS], ids=lambda grammar: grammar.kind)
def test_fields_under_another_name_lead_to_plain_values(grammar: Grammar) -> None:
    workspace = Workspace(Settings(now=NOW))
    records = grammar.collection(workspace)
    assert grammar.elsewhere
    for name in grammar.elsewhere:
        kinds = {type(grammar.value(workspace, number, records.body(number), name)) for number in range(60)}
        assert len(kinds - {type(None)}) == 1, name
        assert kinds <= {str, int, type(None)}, name
