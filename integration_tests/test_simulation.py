"""A few simulated syncs; scripts/soak --seeds runs as many as one likes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tools.simulation.plan import Plan
from tools.simulation.process import Launcher
from tools.simulation.simulation import Simulation


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
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_warehouse_becomes_the_workspace(launcher: Launcher, seed: int) -> None:
    result = Simulation(Plan.of(seed), launcher).run()
    told = "\n".join(str(violation) for violation in result.violations)
    assert not result.violations, f"see it again with: scripts/soak --seed {seed}\n{told}"
    assert result.counts["syncs"] >= 3
