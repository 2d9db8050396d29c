"""A stream that is added to a connection later shares the scroll of those that have a state, and gets all of it."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStreamStatus
from source_reads import API, NOW, Json, Workspace, read, saved

from source_intercom.sync.windows import DAY

pytestmark = pytest.mark.timeout(60)

OLD, NEW = NOW - 50 * DAY, NOW - 60


@pytest.fixture
def opened(workspace: Workspace) -> list[str]:
    """An old company that has not changed since the saved state, and one that has; gets each scroll that is opened."""
    companies = [
        {"id": "old", "updated_at": OLD, "tags": {"tags": [{"id": "t"}]}},
        {"id": "new", "updated_at": NEW, "tags": {"tags": [{"id": "t"}]}},
    ]
    scrolls: list[str] = []

    def answer(request: Any, _context: Any) -> Json:
        if "scroll_param" in request.qs:
            return {"data": [], "scroll_param": "p"}
        scrolls.append(request.url)
        return {"data": companies, "scroll_param": "p"}

    workspace.network.get(f"{API}/companies/scroll", json=answer)
    for company in ("old", "new"):
        workspace.network.get(f"{API}/companies/{company}/segments", json={"data": [{"id": "s"}]})
    return scrolls


def companies_of(output: Any, stream: str) -> list[str]:
    rows = [m.record.data for m in output.messages if m.record is not None and m.record.stream == stream]
    return sorted(row.get("company_id") or row["id"] for row in rows)


@pytest.mark.parametrize(
    ("known", "later", "field"),
    [("companies", "company_tags", "updated_at"), ("company_tags", "companies", "company_updated_at")],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_unchanged_old_records_come_for_it_only(
    known: str, later: str, field: str, is_first: bool, opened: list[str]
) -> None:
    names = (known, later) if is_first else (later, known)
    output = read(*names, state=saved(**{known: {field: NOW - DAY}}))
    assert output.error is None
    assert companies_of(output, known) == ["new"]
    assert companies_of(output, later) == ["new", "old"]
    assert len(opened) == 1, "Intercom allows one scroll at a time"
    assert {name: output.statuses(name)[-1] for name in names} == dict.fromkeys(names, AirbyteStreamStatus.COMPLETE)
    for name in names:
        assert [value for key, value in output.states(name)[-1].items() if key.endswith("updated_at")] == [NOW]


def test_nothing_that_is_unchanged_comes_again_for_streams_that_have_both_a_state(opened: list[str]) -> None:
    state = saved(companies={"updated_at": NOW - DAY}, company_tags={"company_updated_at": NOW - 100 * DAY})
    output = read("companies", "company_tags", state=state)
    assert companies_of(output, "companies") == ["new"]
    assert companies_of(output, "company_tags") == ["new", "old"], "each goes by its own state"
    assert len(opened) == 1


def test_what_hangs_on_each_company_comes_whatever_the_company_did(opened: list[str]) -> None:
    state = saved(companies={"updated_at": NOW - DAY}, company_segments={"updated_at": NOW - DAY})
    output = read("companies", "company_segments", state=state)
    assert companies_of(output, "companies") == ["new"]
    assert companies_of(output, "company_segments") == ["new", "old"]
    assert len(opened) == 1


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("scrolls", "field"), [("companies", "updated_at"), ("company_tags", "company_updated_at")])
def test_a_stream_that_has_nothing_to_read_leaves_the_scroll_to_those_that_need_the_ids(
    scrolls: str, field: str, opened: list[str]
) -> None:
    """An end date before the saved state leaves nothing to read of the companies themselves."""
    state = saved(**{scrolls: {field: NOW - DAY}})
    output = read(scrolls, "company_segments", "company_contacts", state=state, end_date="2025-01-01")
    assert output.error is None
    assert companies_of(output, scrolls) == []
    assert companies_of(output, "company_segments") == ["new", "old"]
    assert output.statuses("company_contacts")[-1] is AirbyteStreamStatus.COMPLETE
    assert len(opened) == 1
