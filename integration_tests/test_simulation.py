"""A few simulated syncs; scripts/soak --seeds runs as many as one likes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tools.simulation.facts import FACTS
from tools.simulation.options import ALL_CONTACTS
from tools.simulation.plan import Plan
from tools.simulation.process import Launcher
from tools.simulation.simulation import Simulation

# Those that take a second or so, and meet most of what there is to meet.
SEEDS = (1, 3, 7, 8, 9, 10, 12, 17, 21, 24, 33)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    """One process for all, from which the connector is forked."""
    # The sandbox's server tells at length of every connection that a killed process leaves behind.
    log = logging.getLogger("aiohttp.server")
    before = log.level
    log.setLevel(logging.CRITICAL)
    yield Launcher()
    log.setLevel(before)


@pytest.mark.complaint(62)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_warehouse_becomes_the_workspace(launcher: Launcher, seed: int) -> None:
    result = Simulation(Plan.of(seed), launcher).run()
    told = "\n".join(str(violation) for violation in result.violations)
    assert not result.violations, f"see it again with: scripts/soak --seed {seed}\n{told}"
    assert result.counts["syncs"] >= 3


def test_the_seeds_meet_most_of_what_there_is_to_meet() -> None:
    plans = [Plan.of(seed) for seed in SEEDS]
    streams = {name for plan in plans for name in plan.modes}
    assert len({name for name in streams if FACTS[name].is_exported}) > 5
    assert any(FACTS[name].asks_in_turns and plan.options.days(ALL_CONTACTS) for plan in plans for name in plan.modes)
    assert {one.kill.by for plan in plans for one in plan.rounds if one.kill} == {
        "SIGKILL",
        "SIGTERM",
        "SIGINT",
        "pipe",
    }
    assert len({fault.kind for plan in plans for one in plan.rounds for fault in one.faults}) > 10
    assert len({quirk for plan in plans for quirk in plan.quirks}) > 30
