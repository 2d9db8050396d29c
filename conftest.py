"""In which order tests run, and which measure coverage of the connector: those of unit_tests that are about it.

They reach nearly every line of it. Measuring slows down all Python code, also the sandbox and the processes that tests
start: the other tests would take twice as long. Property tests are not measured either: they go the same ways many
times.
"""

import source_intercom.startup  # noqa: F401  # it makes the imports of all tests cheaper

# isort: split
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test

HERE = Path(__file__).parent
UNMEASURED = [
    HERE / "integration_tests",
    *(HERE / "unit_tests" / name for name in ("benchmarks", "contract", "sandbox", "simulation")),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: of those that begin last, one would keep a single worker busy while the others are done."""
    items.sort(key=lambda item: not item.path.is_relative_to(HERE / "integration_tests"))


class Measure:
    """The measure of coverage in this process, which can be put away for a while."""

    def __init__(self) -> None:
        # What coverage has the processes of a test begin with; None while it is not put away.
        self._put_away: dict[str, str] | None = None

    def pause(self, controller: Any) -> None:
        import coverage

        if self._put_away is None:
            self._put_away = {
                name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_PROCESS")
            }
            controller.pause()
            # A worker of pytest-xdist measures more than once: coverage begins by itself in each process that tests
            # start, and pytest-cov begins twice. When the last of these measures stops, the one before it goes on.
            while beneath := coverage.Coverage.current():
                beneath.stop()

    def go_on(self, controller: Any) -> None:
        if self._put_away is not None:
            os.environ.update(self._put_away)
            self._put_away = None
            controller.resume()


MEASURE = Measure()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Pause before the first of some tests that need no measure, and go on before the next that does."""
    controller = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if controller is not None:
        needs_none = any(map(item.path.is_relative_to, UNMEASURED)) or is_hypothesis_test(getattr(item, "obj", None))
        MEASURE.pause(controller) if needs_none else MEASURE.go_on(controller)
    return (yield)
