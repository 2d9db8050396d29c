"""When all of a stream is read again, and how that goes on over several syncs."""

from __future__ import annotations

from typing import Any

import pytest

from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.windows import DAY, Window

START, NOW = 1_000_000, 100 * DAY


def due(raw: dict[str, Any], *, last: int = NOW - 8 * DAY, every_days: int = 7) -> Reconciliation | None:
    return Reconciliation.due(raw, start=START, now=NOW, last=last, every_days=every_days)


@pytest.mark.complaint(71)
@pytest.mark.parametrize(("days", "is_due"), [(6, False), (7, True), (8, True)])
def test_is_due_so_many_days_after_the_last_one(days: int, is_due: bool) -> None:
    assert (due({}, last=NOW - days * DAY) is not None) == is_due


def test_is_never_due_when_it_is_turned_off() -> None:
    assert due({"reconciling": {"began_at": NOW - DAY, "slices": []}}, every_days=0) is None


def test_goes_on_with_what_an_earlier_sync_has_read() -> None:
    began = NOW - 2 * DAY
    first = Reconciliation(START, began, [])
    first.add(Window(START, began - DAY))
    first.count(41)
    again = due(first.beside(), last=NOW)
    assert again is not None
    assert (again.began, again.done) == (began, [Window(START, began - DAY)])
    assert not again.is_over
    again.add(Window(began - DAY + 1, NOW))
    again.count(1)
    assert again.beside() == {"reconciled_at": began}
    assert again.claim_end() == 42
    assert again.claim_end() is None


@pytest.mark.parametrize(
    "odd",
    [
        "text",
        {},
        {"began_at": "soon", "slices": [[START, NOW]]},
        {"began_at": None},
    ],
)
def test_what_is_not_as_we_write_it_begins_anew(odd: Any) -> None:
    made = due({"reconciling": odd})
    assert made is not None
    assert (made.began, made.done) == (NOW, [])


@pytest.mark.parametrize("slices", [None, [[1]], [["a", "b"]], [[1, 2, 3]], [{"start": 1}]])
def test_windows_that_are_none_have_not_been_read(slices: Any) -> None:
    made = due({"reconciling": {"began_at": NOW - DAY, "slices": slices}})
    assert made is not None
    assert made.done == []
