"""The warehouse keeps the newest version of each row by what the stream declares."""

from __future__ import annotations

from simulation_samples import contact

from tools.simulation.destination import Destination


def test_the_newest_version_wins_whichever_comes_last() -> None:
    made = Destination({"contacts": "incremental"})
    for updated, name in ((20, "new"), (10, "old")):
        made.take("contacts", contact(1, updated, name=name))
    assert made.rows("contacts") == {("1",): contact(1, 20, name="new")}


def test_of_two_versions_of_one_second_the_later_wins() -> None:
    made = Destination({"contacts": "incremental"})
    for name in ("first", "second"):
        made.take("contacts", contact(1, 20, name=name))
    assert made.rows("contacts")[("1",)]["name"] == "second"


def test_a_new_full_refresh_forgets_the_rows_before_it_and_an_incremental_sync_does_not() -> None:
    made = Destination({"contacts": "incremental", "tags": "full_refresh", "teams": "full_refresh"})
    for name in ("contacts", "tags", "teams"):
        made.take(name, contact(1, 20))
    made.begin(["contacts", "tags"])
    assert (len(made.rows("contacts")), len(made.rows("tags")), len(made.rows("teams"))) == (1, 0, 1)
