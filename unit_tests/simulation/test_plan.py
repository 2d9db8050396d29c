"""A seed decides everything, and chance reaches everything."""

from __future__ import annotations

from itertools import chain

import pytest

from sandbox import Sandbox, Settings
from sandbox.changes import verbs_of
from sandbox.faults import Fault as Rule
from sandbox.quirks.names import QUIRKS, check_quirks
from source_intercom.options.config import Config
from tools.simulation.choices import CHANGES, CLOCKS, FAULTS, LOUD, PERMISSIONS, QUIET, ZONES
from tools.simulation.facts import FACTS
from tools.simulation.options import ALL_CONTACTS
from tools.simulation.plan import Plan, Turn

PLANS = [Plan.of(seed) for seed in range(400)]


def test_a_seed_decides_everything() -> None:
    assert [Plan.of(seed) for seed in range(20)] == PLANS[:20]
    assert len({str(plan) for plan in PLANS}) == len(PLANS)


def test_every_plan_can_be_carried_out() -> None:
    for plan in PLANS:
        Settings(**plan.workspace, quirks=list(plan.quirks))  # type: ignore[arg-type]
        Config.load({"access_token": "token", **plan.options.config})
        for fault in chain.from_iterable(one.faults for one in plan.rounds):
            Rule(fault.match, fault.kind, fault.times, fault.skip, fault.every)


def test_chance_reaches_every_stream_in_each_of_its_modes() -> None:
    chosen = {(name, mode) for plan in PLANS for name, mode in plan.modes.items()}
    assert {name for name, _ in chosen} == set(FACTS)
    assert {name for name, mode in chosen if mode == "incremental"} == {n for n, facts in FACTS.items() if facts.cursor}
    assert {name for name, mode in chosen if mode == "full_refresh"} == set(FACTS)


def test_every_quirk_is_among_the_choices() -> None:
    """The hidden tickets come with a token that lacks a permission."""
    assert any("hidden-tickets" in plan.quirks for plan in PLANS)
    known = {name.partition("=")[0] for name in (*QUIET, *CLOCKS, *(one.quirk for one in LOUD))}
    # A feed that is empty although it should not be is said, and nothing of it can be compared.
    assert set(QUIRKS) - known == {"hidden-tickets", "empty-activities"}
    check_quirks([*QUIET, *CLOCKS, *(one.quirk for one in LOUD)])


def test_chance_reaches_every_quirk_fault_and_change() -> None:
    assert {quirk for plan in PLANS for quirk in plan.quirks} >= {*QUIET, *CLOCKS}
    rounds = list(chain.from_iterable(plan.rounds for plan in PLANS))
    assert {fault.kind for one in rounds for fault in one.faults} == set(FAULTS)
    live = [change.counts for one in rounds for change in one.live]
    assert {kind for counts in live for kind in counts} == set(CHANGES)
    assert {one.kill.by for one in rounds if one.kill} == {"SIGKILL", "SIGTERM", "SIGINT", "pipe"}


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_one_that_the_sandbox_knows(kind: str) -> None:
    assert set(CHANGES[kind]) <= set(verbs_of(kind))


def test_chance_reaches_the_options_of_exports_and_events() -> None:
    for name in (ALL_CONTACTS, "events_lookback_days", "message_lookback_days", "report_lookback_days"):
        assert len({plan.options.days(name) for plan in PLANS}) > 2, name
    chosen = {dataset for plan in PLANS for dataset, columns in plan.options.columns.items() if columns}
    assert chosen == {facts.dataset for facts in FACTS.values() if facts.dataset}


def test_parts_of_messages_have_room_for_what_comes_later() -> None:
    """Half of a part at most is for it, or else the truth would hold more than the options promise."""
    for plan in PLANS:
        assert plan.options.days("message_lookback_days") <= plan.small.message_days // 2


def test_every_request_of_an_export_is_one_that_the_sandbox_knows() -> None:
    with Sandbox(Settings()) as sandbox:
        known = {endpoint.name for endpoint in sandbox.server.router.endpoints}
    assert {path for facts in FACTS.values() if facts.is_exported for path in facts.paths} <= known


def test_loud_quirks_name_streams() -> None:
    for one in LOUD:
        assert one.streams, one.quirk
        assert one.streams <= set(FACTS)


def test_chance_reaches_every_turn_and_the_last_syncs_have_none() -> None:
    turns = [one.turn for plan in PLANS for one in plan.rounds]
    assert sum(turn == Turn() for turn in turns) > len(turns) // 3
    assert {bool(turn.start) for turn in turns if turn.start is not None} == {True, False}
    assert {turn.zone for turn in turns} >= {*ZONES, ""}
    assert {turn.lacking for turn in turns} > {"Read tickets", ""}
    assert {turn.lacking for turn in turns} <= {*PERMISSIONS, ""}
    assert any(turn.away for turn in turns)
    assert all(turn.away < plan.modes.keys() for plan in PLANS for turn in (one.turn for one in plan.rounds))


def test_a_turn_changes_the_options_and_the_catalog_of_one_sync() -> None:
    plan = PLANS[0]
    gone = next(iter(plan.modes))
    other = plan.turned(Turn(start=1_740_000_000, away=frozenset({gone})))
    assert {*plan.modes} - {*other.modes} == {gone}
    assert (other.options.start, other.options.config["start_date"]) == (1_740_000_000, "2025-02-19T21:20:00Z")
    whole = other.turned(Turn(start=0)).options
    assert (whole.start, "start_date" in whole.config) == (0, False)
    assert plan.turned(Turn()) == plan
